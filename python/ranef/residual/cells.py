"""Rows with equal weights: the residuals' precision as a weighted sum of a few known matrices.

For neighbours a (later) and b in time of a subject, with correlation r and standard deviations s_a, s_b,

    (a / s_a - r b / s_b)^2 / (1 - r^2) = w_A a^2 + w_B b^2 + w_D (a - b)^2,    w_D = r / ((1 - r^2) s_a s_b),

so that with the first rows of the subjects, a^2 / s_a^2, everything is a sum of squares of rows and of
differences of rows, and nothing cancels as r tends to one. Pairs of one gap and two strata have one weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .chain import Chain
from .dispersion import Dispersion

Codes = npt.NDArray[np.int64]
_FEW = 8  # codes that are found one by one, faster than by sorting


@dataclass(frozen=True, eq=False)
class Cells:
    """Sets of rows, and of differences of rows, whose weights are equal at any parameters."""

    chain: Chain | None
    strata: FloatArray = field(repr=False)  # (S, k): log sd of stratum s is strata[s] @ phi
    rows_of: Codes = field(repr=False)  # rows of each stratum
    gap: FloatArray = field(repr=False)  # of each kind of pair
    later: Codes = field(repr=False)  # its strata
    earlier: Codes = field(repr=False)
    pairs_of: Codes = field(repr=False)  # pairs of each kind
    # Of each set of rows: the stratum whose first rows they are (-1: not first), and the kinds of pair in
    # which they are the later and the earlier one (-1: none).
    as_first: Codes = field(repr=False)
    as_later: Codes = field(repr=False)
    as_earlier: Codes = field(repr=False)
    # row, other, (m,): members, set after set: a row, or its difference to another one (-1: none)
    row: Codes = field(repr=False)
    other: Codes = field(repr=False)
    first: Codes = field(repr=False)  # (sets + 1,)

    @property
    def size(self) -> int:
        """Number of parameters: of the dispersion, then of the correlation."""
        return self.strata.shape[1] + (self.chain is not None)

    @property
    def count(self) -> int:
        """Number of sets."""
        return len(self.first) - 1

    def information(self) -> FloatArray:
        """Return the expected curvature of the criterion in each parameter, as without random effects."""
        spread = 4 * self.rows_of @ self.strata**2
        if self.chain is None:
            return spread
        return np.append(spread, 2 * self.pairs_of.sum())

    def weights(self, phi: FloatArray) -> tuple[FloatArray, FloatArray, float, FloatArray]:
        """Return weights of the sets (m,) with derivatives (m, k), log|R| with its gradient (k,)."""
        k = self.strata.shape[1]
        inverse = np.exp(-(self.strata @ phi[:k]))
        own = inverse**2
        log_det = -2.0 * float(self.rows_of @ np.log(inverse))
        slope = np.zeros(self.size)
        slope[:k] = 2 * self.rows_of @ self.strata
        first = self.as_first >= 0
        plain, jacobian = np.zeros(len(self.as_first)), np.zeros((len(self.as_first), self.size))
        plain[first] = own[self.as_first[first]]
        jacobian[first, :k] = -2 * plain[first, None] * self.strata[self.as_first[first]]
        if self.chain is None:
            return plain, jacobian, log_det, slope
        (later, d_later), (earlier, d_earlier), (apart, d_apart), logs, d_logs = self._pairs(inverse, phi)
        for kinds, values, slopes in (
            (self.as_later, later, d_later),
            (self.as_earlier, earlier, d_earlier),
        ):
            there = kinds >= 0
            plain[there] += values[kinds[there]]
            jacobian[there] += slopes[kinds[there]]
        slope[-1] = float(self.pairs_of @ d_logs)
        weights = np.concatenate([plain, apart])
        return weights, np.vstack([jacobian, d_apart]), log_det + float(self.pairs_of @ logs), slope

    def _pairs(self, inverse: FloatArray, phi: FloatArray) -> tuple:
        """Return w_A, w_B, w_D with derivatives, log(1 - r^2) and its derivative, of each kind of pair."""
        assert self.chain is not None
        k = self.strata.shape[1]
        r, dr, q = self.chain.at_gaps(self.gap, float(phi[-1]))
        a, b = inverse[self.later], inverse[self.earlier]
        apart = r * a * b / q
        # no difference of nearly equal numbers: a - r b = a (1 - r) + r (a - b) = b (1 - r) + (a - b)
        one = np.where(r > 0, q / (1 + r), 1 - r)  # 1 - r
        later = a * (a * one + r * (a - b)) / q
        earlier = -r * b * (b * one + (a - b)) / q
        by_r = [
            a * (-one * one * b + 2 * r * (a - b)) / q**2,
            b * (-one * one * a + 2 * r * (b - a)) / q**2,
            a * b * (1 + r * r) / q**2,
        ]
        in_a, in_b = self.strata[self.later], self.strata[self.earlier]
        cross = -apart[:, None] * (in_a + in_b)
        by_scale = [
            -cross - 2 * (a * a / q)[:, None] * in_a,
            -cross - 2 * (r * r * b * b / q)[:, None] * in_b,
            cross,
        ]
        out = []
        for value, in_r, in_scale in zip((later, earlier, apart), by_r, by_scale, strict=True):
            slopes = np.empty((len(self.gap), k + 1))
            slopes[:, :k], slopes[:, k] = in_scale, in_r * dr
            out.append((value, slopes))
        return (*out, np.log(q), -2 * r * dr / q)


def find_cells(n: int, chain: Chain | None, dispersion: Dispersion | None) -> Cells:
    """Sort the rows into sets of equal weights."""
    strata = np.zeros((1, 0)) if dispersion is None else dispersion.strata
    of_row = np.zeros(n, np.int32) if dispersion is None else dispersion.codes.astype(np.int32)
    rows_of = np.bincount(of_row, minlength=len(strata))
    none = np.zeros(0, np.int64)
    if chain is None:
        order, first = _sorted(of_row, len(strata))
        every = np.arange(len(strata))
        unpaired = np.full(len(strata), -1)
        return Cells(None, strata, rows_of, np.zeros(0), none, none, none, every, unpaired, unpaired,
                     order, np.full(n, -1), first)  # fmt: skip
    later = np.flatnonzero(chain.previous >= 0)
    earlier = chain.previous[later]
    gaps, gap = _distinct(chain.gap[later])
    if len(strata) == 1:
        kinds, kind = np.arange(len(gaps)), gap
    else:
        kinds, kind = _distinct(
            (gap.astype(np.int64) * len(strata) + of_row[later]) * len(strata) + of_row[earlier]
        )
    rest, kind_earlier = np.divmod(kinds, len(strata))
    kind_gap, kind_later = np.divmod(rest, len(strata))
    as_later = len(kinds) + of_row  # the kind, or behind them the stratum of a first row
    as_later[later] = kind
    as_earlier = np.full(n, -1, np.int32)
    as_earlier[earlier] = kind
    wide = "int64" if (len(kinds) + len(strata)) * (len(kinds) + 1) >= 2**31 else "int32"
    numbers: npt.NDArray[Any] = as_later.astype(wide) * (len(kinds) + 1) + as_earlier + 1
    roles, role = _distinct(numbers)
    role_later, role_earlier = np.divmod(roles, len(kinds) + 1)
    first_rows = role_later >= len(kinds)
    rows, row_first = _sorted(role, len(roles))
    pairs, pair_first = _sorted(kind, len(kinds))
    return Cells(
        chain,
        strata,
        rows_of,
        gaps[kind_gap],
        kind_later,
        kind_earlier,
        np.diff(pair_first),
        np.where(first_rows, role_later - len(kinds), -1),
        np.where(first_rows, -1, role_later),
        role_earlier - 1,
        _joined(rows, later, pairs if len(kinds) > 1 else None),
        _joined(-1, earlier, pairs if len(kinds) > 1 else None, n),
        np.concatenate([row_first, n + pair_first[1:]]),
    )


def _joined(first: Any, second: Codes, order: Codes | None, size: int | None = None) -> Codes:
    """Return one array and then another in an order, written where they belong."""
    n = len(first) if size is None else size
    out = np.empty(n + len(second), dtype=np.int64)
    out[:n] = first
    out[n:] = second if order is None else second[order]
    return out


def _distinct(values: npt.NDArray) -> tuple[npt.NDArray, Codes]:
    """Return distinct values and each value's place among them, without sorting where that is easy."""
    low, high = values.min(), values.max()
    if low == high:
        return values[:1], np.zeros(len(values), np.int32)
    span = high - low
    if span < 4 * len(values) and values.dtype.kind == "f" and np.all(values == np.rint(values)):
        found, codes = _distinct(values.astype(np.int64))
        return found.astype(np.float64), codes
    if span < 4 * len(values) and values.dtype.kind == "i":
        shifted = values - low
        there = np.bincount(shifted) > 0
        return np.flatnonzero(there) + low, (np.cumsum(there, dtype=np.int32) - 1)[shifted]
    found, inverse = np.unique(values, return_inverse=True)
    return found, inverse.ravel()


def _sorted(codes: npt.NDArray[Any], count: int) -> tuple[Codes, Codes]:
    """Return places in the order of their codes, and where each code begins."""
    if count == 1:
        return np.arange(len(codes)), np.array([0, len(codes)])
    if count <= _FEW:
        parts = [np.flatnonzero(codes == code) for code in range(count)]
        return np.concatenate(parts), np.cumsum([0, *map(len, parts)])
    small = codes.astype(np.uint16) if count <= 2**16 else codes
    first = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=count))])
    return np.argsort(small, kind="stable"), first
