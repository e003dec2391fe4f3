"""The columns of X: a root of X'X, and dropped columns as combinations of kept ones."""

from __future__ import annotations

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..design.types import FixedMoments
from ..model import Model

_ROUNDING = 1e-7  # a coefficient of an alias this small, in units of the columns' sizes, is zero


def fixed_factor(model: Model) -> FloatArray:
    """Return A with A'A = X'X over the kept columns, without prior weights.

    Without weights it comes from the cross-products; with them X'X is not there, and the rows are read, or
    the moments that were kept of them.
    """
    moments, kept, repeats = model.design.moments, model.cross.columns, model.design.repeats
    if model.design.weights is None and not model.whitened and repeats is None:
        return _core.fixed_factor(model.cross.design)
    if moments is not None:
        size = np.sqrt(_squares(moments)[kept])
        gram = _gram(moments)[np.ix_(kept, kept)] / np.outer(size, size)
        return np.asarray(np.sqrt(model.nobs) * np.linalg.cholesky(gram).T * size)
    X = model.design.X[:, kept]
    return np.asarray(np.linalg.qr(X if repeats is None else np.sqrt(repeats)[:, None] * X, mode="r"))


def aliases(model: Model) -> FloatArray:
    """Return M with X = X_kept M, (kept, all): the identity but for the columns that were dropped."""
    kept, p = model.cross.columns, len(model.design.column_names)
    out = np.zeros((len(kept), p))
    out[np.arange(len(kept)), kept] = 1.0
    dropped = np.setdiff1d(np.arange(p), kept)
    if dropped.size == 0:
        return out
    moments = model.design.moments
    X = model.design.X if moments is None else _gram(moments)[kept]
    size = np.linalg.norm(X, axis=0) if moments is None else np.sqrt(_squares(moments))
    size = np.where(size > 0, size, 1.0)
    rows = 1.0 if moments is None else 1 / size[kept][:, None]
    X = X * rows / size
    found = np.linalg.lstsq(X[:, kept], X[:, dropped], rcond=None)[0]
    found[np.abs(found) < _ROUNDING] = 0.0
    out[:, dropped] = found * size[dropped] / size[kept][:, None]
    return out


def _gram(moments: FixedMoments) -> FloatArray:
    """Return X'X / n of rows that were read in batches."""
    return moments.covariance + np.outer(moments.mean, moments.mean)


def _squares(moments: FixedMoments) -> FloatArray:
    return np.asarray(np.diag(_gram(moments)))
