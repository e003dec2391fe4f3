"""The columns of X: a root of X'X, and dropped columns as combinations of kept ones."""

from __future__ import annotations

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..model import Model

_ROUNDING = 1e-7  # a coefficient of an alias this small, in units of the columns' sizes, is zero


def fixed_factor(model: Model) -> FloatArray:
    """Return A with A'A = X'X over the kept columns, without prior weights.

    Without weights it comes from the cross-products; with them X'X is not there, and the rows are read.
    """
    if model.design.weights is None:
        return _core.fixed_factor(model.cross.design)
    return np.asarray(np.linalg.qr(model.design.X[:, model.cross.kept], mode="r"))


def aliases(model: Model) -> FloatArray:
    """Return M with X = X_kept M, (kept, all): the identity but for the columns that were dropped."""
    kept, count = model.cross.kept, len(model.design.column_names)
    out = np.zeros((len(kept), count))
    out[np.arange(len(kept)), kept] = 1.0
    dropped = np.setdiff1d(np.arange(count), kept)
    if dropped.size == 0:
        return out
    X = model.design.X
    size = np.linalg.norm(X, axis=0)
    size = np.where(size > 0, size, 1.0)
    found = np.linalg.lstsq(X[:, kept] / size[kept], X[:, dropped] / size[dropped], rcond=None)[0]
    found[np.abs(found) < _ROUNDING] = 0.0
    out[:, dropped] = found * size[dropped] / size[kept][:, None]
    return out
