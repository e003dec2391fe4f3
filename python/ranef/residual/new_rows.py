"""What a subject's residuals at other times say of rows that a fit has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError
from ..frame import Column, NumberColumn, Table
from ..frame.factors import subjects_of
from .chain import Chain


@dataclass(frozen=True, eq=False)
class Given:
    """What a subject's rows next in time, before and after, say of each new row."""

    mean: FloatArray  # (m,): what their residuals add to the mean
    rows: npt.NDArray[np.intp]  # (m, 2): these rows; 0 with a share of zero where there is none
    shares: FloatArray  # (m, 2): what their residuals are multiplied by
    variance: FloatArray  # (m,): of the new row given them, over sigma^2

    def less(self, new: FloatArray, own: FloatArray) -> FloatArray:
        """Return columns of new rows (m, k) less the shares of those of the fit's rows (n, k)."""
        return new - np.einsum("ms,msk->mk", self.shares, own[self.rows])


def given_observed(fit: Any, newdata: Any) -> Given:
    """Return what the residuals of the same subject say of new rows, whose prior weight is one.

    With r and s the correlations with the subject's last row before and the next one after, the weights of
    their standardised residuals are r (1 - s^2) / (1 - r^2 s^2) and s (1 - r^2) / (1 - r^2 s^2), and what is
    left is (1 - r^2) (1 - s^2) / (1 - r^2 s^2): in a chain no other row says more.

    Raises ArgumentError, DataError without times; times that are missing or no numbers.
    """
    noise, phi = fit.model.noise, fit.outer.phi
    chain = noise.chain
    if chain is None or chain.time == "1":
        raise ArgumentError(
            "conditional=True needs residuals correlated in time, residual='ar1(time | subject)' or car1()"
        )
    subject, when = chain.group.codes(_columns(chain, newdata)), _times(chain, newdata)
    sd = np.exp(noise.log_sd_of_new(newdata, phi)) * np.ones(len(when))
    own_sd = np.exp(noise.log_sd(phi)) * np.ones(fit.nobs)
    by_subject = {int(chain.subject[rows[0]]): rows for rows in _subjects(chain)}
    rows, shares = np.zeros((len(when), 2), dtype=np.intp), np.zeros((len(when), 2))
    left = np.ones(len(when))
    for row, (code, t) in enumerate(zip(subject.tolist(), when, strict=True)):
        if code not in by_subject or np.isnan(t):
            continue
        own = by_subject[code]
        place = int(np.searchsorted(chain.when[own], t))
        ends = [own[k] for k in (place - 1, place) if 0 <= k < len(own)]
        gaps = np.array([abs(t - chain.when[end]) for end in ends])
        r = chain.at_gaps(np.maximum(gaps, 1e-300), float(phi[-1]))[0]
        rows[row, : len(ends)] = ends
        shares[row, : len(ends)], left[row] = _between(np.where(gaps == 0, 1.0, r))
    shares *= sd[:, None] / own_sd[rows]
    added = np.einsum("ms,ms->m", shares, np.asarray(fit.resid)[rows])
    return Given(added, rows, shares, left * sd**2)


def _between(r: FloatArray) -> tuple[FloatArray, float]:
    """Return the shares of one neighbour, or of one before and one after, and the variance left."""
    if 1.0 in r:
        return (np.arange(len(r)) == np.argmax(r == 1.0)).astype(float), 0.0
    if len(r) == 1:
        return r, float(1 - r[0] ** 2)
    q = 1 - r**2
    both = 1 - (r[0] * r[1]) ** 2
    return r * q[::-1] / both, float(q[0] * q[1] / both)


def _subjects(chain: Any) -> list[Any]:
    """Return the rows of each subject in the order of time."""
    first = np.flatnonzero(chain.previous[chain.order] < 0)
    return np.split(chain.order, first[1:])


def draws(fit: Any, newdata: Any, n: int, random: np.random.Generator) -> FloatArray:
    """Return residuals of new rows of weight one, over sigma, (m, n): those of a subject correlate in time.

    Raises DataError: two rows of a subject at one time.
    """
    noise, phi = fit.model.noise, fit.outer.phi
    sd = np.exp(np.asarray(noise.log_sd_of_new(newdata, phi)))
    out = random.standard_normal((Table(newdata, "the new data").n_rows, n))
    if noise.chain is not None:
        chain = _chain_of(noise.chain, newdata)
        if (chain.previous >= 0).any():
            out = chain.colour(out, chain.parameter(noise.chain.correlation(float(phi[-1]))))
    return out * (sd[:, None] if sd.ndim else sd)


def _chain_of(chain: Chain, newdata: Any) -> Chain:
    """Return the new rows of each subject in the order of time."""
    codes = subjects_of(list(_columns(chain, newdata).values())).codes
    when = np.arange(len(codes), dtype=float) if chain.time == "1" else _times(chain, newdata)
    if np.isnan(when).any():
        row = int(np.argmax(np.isnan(when)))
        raise DataError(f"'{chain.time}' of the new data is missing in row {row} (rows count from 0)")
    order = np.lexsort((when, codes))
    same = codes[order][1:] == codes[order][:-1]
    steps = np.ones(len(same)) if chain.time == "1" else np.diff(when[order])
    if (twice := same & (steps == 0)).any():
        row = int(order[1:][twice][0])
        raise DataError(
            f"the new data have two rows of one subject at one time (one is row {row}, rows count from 0): "
            "keep one"
        )
    previous, gap = np.full(len(codes), -1, dtype=np.intp), np.zeros(len(codes))
    previous[order[1:]] = np.where(same, order[:-1], -1)
    gap[order[1:]] = np.where(same, steps, 0.0)
    return replace(chain, previous=previous, gap=gap, subject=codes, order=order, when=when)


def _columns(chain: Chain, newdata: Any) -> dict[str, Column]:
    """Return the columns of the subjects."""
    table = Table(newdata, "the new data")
    return {name: table.column(name) for name in chain.group.columns}


def _times(chain: Chain, newdata: Any) -> FloatArray:
    table = Table(newdata, "the new data")
    column = table.column(chain.time)
    if not isinstance(column, NumberColumn) or column.boolean:
        raise DataError(f"the times '{chain.time}' of the new data must be numbers, as those of the fit")
    when = np.asarray(column.values, dtype=np.float64)
    if chain.kind == "ar1" and not np.all((when == np.rint(when)) | np.isnan(when)):
        raise DataError(f"ar1() counts steps of time: '{chain.time}' of the new data has other values")
    return when
