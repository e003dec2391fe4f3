"""Where the search for the residuals' parameters starts: at moments of residuals."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from .cells import Cells

_KNOWN = 1000  # rows of every stratum, from which one start will do
_MANY = 20_000  # pairs of neighbours
_WEAK = 0.1  # correlation over one unit of time
_LEAST = 1e-4  # a mean square below this, relative to sigma^2, says no more


def starts(cells: Cells, squares: FloatArray) -> list[FloatArray]:
    """Return starts from the mean squares of the sets' residuals, standardised by a fit without structure."""
    members = np.diff(cells.first).astype(float)
    plain = len(cells.as_first)
    moments = np.zeros(cells.size)
    k = cells.strata.shape[1]
    if k:
        of_stratum = _stratum(cells)
        sums = np.bincount(of_stratum, squares[:plain] * members[:plain], len(cells.strata))
        means = np.maximum(sums / cells.rows_of, _LEAST)
        D = np.column_stack([np.ones(len(means)), cells.strata])
        weight = np.sqrt(cells.rows_of)
        found = np.linalg.lstsq(D * weight[:, None], np.log(means) / 2 * weight, rcond=None)[0][1:]
        reach = np.maximum(np.ptp(cells.strata, axis=0), 1e-300)
        moments[:k] = np.clip(found, -3 / reach, 3 / reach)
    known = k == 0 or cells.rows_of.min() >= _KNOWN  # moments are near the only minimum
    if cells.chain is None:
        return [moments] if known else [moments, np.zeros(cells.size)]
    # of neighbours at the middle gap or nearer: E (a - b)^2 = 2 (1 - r) s^2
    middle = np.repeat(cells.gap, cells.pairs_of)
    near = cells.gap <= np.median(middle)
    variance = np.exp(2 * cells.strata @ moments[:k])
    scale = np.sqrt(variance[cells.later] * variance[cells.earlier])[near]
    apart = (squares[plain:] * members[plain:])[near] / scale
    r = 1 - float(apart.sum() / members[plain:][near].sum()) / 2
    gap = float(np.average(cells.gap[near], weights=cells.pairs_of[near]))
    out = []
    values = [np.clip(r, 0.05, 0.95), np.clip(0.5 + r / 2, 0.3, 0.97)]
    for value in values[:1] if known and cells.pairs_of.sum() >= _MANY else values:
        start = moments.copy()
        start[-1] = cells.chain.from_unit(float(value) ** (cells.chain.unit / gap))
        out.append(start)
    return out


def weak_start(cells: Cells, start: FloatArray) -> list[FloatArray]:
    """Return a start with little correlation in time: beside random effects, which may say the rest."""
    if cells.chain is None:
        return []
    return [np.append(start[:-1], cells.chain.from_unit(_WEAK))]


def _stratum(cells: Cells) -> np.ndarray:
    """Return the stratum of every set of rows."""
    if cells.chain is None:
        return cells.as_first
    return np.where(cells.as_first >= 0, cells.as_first, cells.later[cells.as_later])
