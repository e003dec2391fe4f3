"""What a subject's residuals at other times say of rows that a fit has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError
from ..frame import NumberColumn, Table
from ..frame.factors import as_factor, combine, recode


def given_observed(fit: Any, newdata: Any) -> tuple[FloatArray, FloatArray]:
    """Return what is added to the mean of new rows, and the share of the residual variance that is left.

    With r and s the correlations with the subject's last row before and the next one after, the weights of
    their residuals are r (1 - s^2) / (1 - r^2 s^2) and s (1 - r^2) / (1 - r^2 s^2), and what is left is
    (1 - r^2) (1 - s^2) / (1 - r^2 s^2): in a chain no other row says more.

    Raises
    ------
    ArgumentError, DataError
        Without times, or beside ``dispersion=``; times that are missing or no numbers.
    """
    noise = fit.model.noise
    chain, x = noise.chain, float(fit.outer.phi[-1]) if len(fit.outer.phi) else 0.0
    if chain is None or chain.time == "1":
        raise ArgumentError(
            "conditional=True needs residuals correlated in time, residual='ar1(time | subject)' or car1()"
        )
    if noise.dispersion is not None or noise.weights is not None:
        raise ArgumentError(
            "conditional=True is not available with dispersion= or weights=: the variance of the new rows is "
            "not known"
        )
    subject, when = _places(chain, newdata)
    rest = np.asarray(fit.resid)
    by_subject = {int(chain.subject[rows[0]]): rows for rows in _subjects(chain)}
    added, left = np.zeros(len(when)), np.ones(len(when))
    for row, (code, t) in enumerate(zip(subject.tolist(), when, strict=True)):
        if code not in by_subject or np.isnan(t):
            continue
        rows = by_subject[code]
        place = int(np.searchsorted(chain.when[rows], t))
        ends = [rows[k] for k in (place - 1, place) if 0 <= k < len(rows)]
        gaps = np.array([abs(t - chain.when[end]) for end in ends])
        r = chain.at_gaps(np.maximum(gaps, 1e-300), x)[0]
        r = np.where(gaps == 0, 1.0, r)
        added[row], left[row] = _between(r, rest[ends])
    return added, left


def _between(r: FloatArray, rest: FloatArray) -> tuple[float, float]:
    """Return mean and variance given one neighbour, or one before and one after."""
    if 1.0 in r:
        return float(rest[int(np.argmax(r == 1.0))]), 0.0
    if len(r) == 1:
        return float(r[0] * rest[0]), float(1 - r[0] ** 2)
    q = 1 - r**2
    both = 1 - (r[0] * r[1]) ** 2
    return float((r[0] * q[1] * rest[0] + r[1] * q[0] * rest[1]) / both), float(q[0] * q[1] / both)


def _subjects(chain: Any) -> list[Any]:
    """Return the rows of each subject in the order of time."""
    first = np.flatnonzero(chain.previous[chain.order] < 0)
    return np.split(chain.order, first[1:])


def _places(chain: Any, newdata: Any) -> tuple[Any, FloatArray]:
    table = Table(newdata, "the new data")
    factors = [as_factor(table.column(name)) for name in chain.names]
    factor = factors[0] if len(factors) == 1 else combine(":".join(chain.names), factors)[0]
    column = table.column(chain.time)
    if not isinstance(column, NumberColumn) or column.boolean:
        raise DataError(f"the times '{chain.time}' of the new data must be numbers, as those of the fit")
    when = np.asarray(column.values, dtype=np.float64)
    if chain.kind == "ar1" and not np.all((when == np.rint(when)) | np.isnan(when)):
        raise DataError(f"ar1() counts steps of time: '{chain.time}' of the new data has other values")
    return recode(factor, chain.levels)[0], when
