"""Each group on its own: least squares within the groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..fit import Fit
from .prediction import own_rows, random_part

_RANK = 1e-9  # singular values below this part of the largest one leave a coefficient undetermined
_ROUNDING = 1e-14  # of a column's size: what is left of a multiple of another column
_NUMBERS_AT_A_TIME = 4_000_000


@dataclass(frozen=True)
class GroupRows:
    """What one random term sees of the rows."""

    basis: FloatArray  # (n, r): the term's columns
    codes: npt.NDArray[np.int32]  # (n,) int: level of each row
    levels: np.ndarray  # labels
    # (n,): the response without what the term leaves to others: offset, fixed effects of other columns, other
    # random terms, all at their estimates
    y: FloatArray


def group_rows(fit: Fit, term: int) -> GroupRows:
    """Return the rows as one random term sees them, on the scale of ``coef``: fixed effect plus mode."""
    design = fit.model.design
    chosen = design.terms[term]
    y = design.without_offset(fit.y)
    rest = [i for i in fit.model.cross.columns if design.column_names[i] not in chosen.columns]
    others = [number for number in range(len(design.terms)) if number != term]
    modes = [fit.term_modes[number] for number in others]
    y = y - design.matrix.take(rest) @ fit.beta[rest]
    y = y - random_part(own_rows(design.terms[number] for number in others), modes, design.nobs)
    return GroupRows(chosen.basis, chosen.factor.codes, np.asarray(chosen.factor.levels), y)


@dataclass(frozen=True)
class OwnFits:
    """Least squares within each level."""

    coef: FloatArray  # (levels, r): NaN where the rows of a level do not determine all coefficients
    # (levels, r): diagonal of (X'X)^-1: the variance of a coefficient over that of a residual
    spread: FloatArray
    rss: FloatArray  # (levels,): sum of squared residuals
    rows: npt.NDArray[np.int64]  # (levels,) int


def least_squares_by_level(
    basis: FloatArray, y: FloatArray, codes: npt.NDArray[np.int32], n_levels: int
) -> OwnFits:
    """Fit y on the basis in each level alone; levels with as many rows as each other together."""
    r = basis.shape[1]
    rows = np.bincount(codes, minlength=n_levels)
    coef, spread = np.full((n_levels, r), np.nan), np.full((n_levels, r), np.nan)
    rss = np.full(n_levels, np.nan)
    order = np.argsort(codes, kind="stable")
    first = np.cumsum(rows) - rows
    for size in np.unique(rows[rows >= max(r, 1)]):
        alike = np.flatnonzero(rows == size)
        for levels in np.array_split(alike, -(-alike.size * size * r // _NUMBERS_AT_A_TIME) or 1):
            places = order[first[levels][:, None] + np.arange(size)]
            coef[levels], spread[levels], rss[levels] = _least_squares(basis[places], y[places])
    return OwnFits(coef, spread, rss, rows)


def _least_squares(X: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, diagonals of (X'X)^-1 and sums of squares of k fits: X (k, m, r), y (k, m).

    NaN where the rows do not determine them. The first column, the constant as a rule, is taken out of the
    others beforehand: in a column far from zero what is left of it has the digits.
    """
    whole, first = np.sqrt((X**2).sum(axis=1)), X[:, :, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (first * X).sum(axis=1) / (first**2).sum(axis=1)
    share[:, :1] = 0.0
    X = X - first * np.nan_to_num(share)[:, None, :]
    scale = np.sqrt((X**2).sum(axis=1))
    scale[~(scale > _ROUNDING * whole).all(axis=1)] = np.nan  # a column of zeros, or constant in the level
    unclear = np.isnan(scale).any(axis=1)
    left, singular, right = np.linalg.svd(np.where(unclear[:, None, None], 0.0, X / scale[:, None]), False)
    unclear |= (singular <= _RANK * singular[:, :1]).any(axis=1)
    singular[unclear] = np.nan
    root = right.swapaxes(1, 2) / singular[:, None]
    root /= scale[:, :, None]
    coef = np.einsum("krs,kms,km->kr", root, left, y, optimize=True)
    rss = ((y - np.einsum("kmr,kr->km", X, coef)) ** 2).sum(axis=1)
    coef[:, 0] -= (share * coef).sum(axis=1)
    root[:, 0] -= np.einsum("kr,krs->ks", share, root)
    return coef, (root**2).sum(axis=2), rss
