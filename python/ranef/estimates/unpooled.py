"""Each group on its own: least squares within the groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..fit import FitState

_RANK = 1e-9  # singular values below this part of the largest one leave a coefficient undetermined


@dataclass(frozen=True)
class GroupRows:
    """What one random term sees of the rows.

    Attributes
    ----------
    basis : (n, r) float64
        The term's columns.
    codes : (n,) int
        Level of each row.
    levels : numpy.ndarray
        Labels.
    y : (n,) float64
        The response without what the term leaves to others: offset, fixed effects of other columns, other
        random terms, all at their estimates.
    """

    basis: FloatArray
    codes: npt.NDArray[np.int32]
    levels: np.ndarray
    y: FloatArray

    def of(self, level: int) -> tuple[FloatArray, FloatArray]:
        """Basis and response of one level."""
        rows = self.codes == level
        return self.basis[rows], self.y[rows]


def group_rows(state: FitState, term: int) -> GroupRows:
    """Return the rows as one random term sees them, on the scale of ``coef``: fixed effect plus mode."""
    design = state.model.design
    chosen = design.terms[term]
    y = state.y - (design.offset if design.offset is not None else 0.0)
    for index in state.model.cross.kept:
        if design.column_names[index] not in chosen.columns:
            y = y - design.X[:, index] * state.beta[index]
    for number, (other, modes) in enumerate(zip(design.terms, state.term_modes, strict=True)):
        if number != term:
            y = y - np.einsum("nr,nr->n", other.basis, modes[other.factor.codes])
    return GroupRows(chosen.basis, chosen.factor.codes, np.asarray(chosen.factor.levels), y)


@dataclass(frozen=True)
class OwnFits:
    """Least squares within each level.

    Attributes
    ----------
    coef : (levels, r) float64
        NaN where the rows of a level do not determine all coefficients.
    spread : (levels, r) float64
        Diagonal of (X'X)^-1: the variance of a coefficient over that of a residual.
    rss : (levels,) float64
        Sum of squared residuals.
    rows : (levels,) int
    """

    coef: FloatArray
    spread: FloatArray
    rss: FloatArray
    rows: npt.NDArray[np.int64]


def least_squares_by_level(
    basis: FloatArray, y: FloatArray, codes: npt.NDArray[np.int32], n_levels: int
) -> OwnFits:
    """Fit y on the basis in each level alone."""
    r = basis.shape[1]
    coef, spread = np.full((n_levels, r), np.nan), np.full((n_levels, r), np.nan)
    rss = np.full(n_levels, np.nan)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(n_levels + 1))
    for level, (start, stop) in enumerate(pairwise(edges)):
        own, values = basis[order[start:stop]], y[order[start:stop]]
        scale = np.sqrt((own**2).sum(axis=0))
        if stop - start < r or not scale.all():
            continue
        left, singular, right = np.linalg.svd(own / scale, full_matrices=False)
        if r and singular[-1] <= _RANK * singular[0]:
            continue
        root = right.T / singular
        coef[level] = root @ (left.T @ values) / scale
        spread[level] = (root**2).sum(axis=1) / scale**2
        rss[level] = ((values - own @ coef[level]) ** 2).sum()
    return OwnFits(coef, spread, rss, np.diff(edges))


def no_pooling(rows: GroupRows, columns: tuple[str, ...]) -> pd.DataFrame:
    """Least squares within each level, (levels, r); NaN where its rows do not determine all coefficients."""
    fits = least_squares_by_level(rows.basis, rows.y, rows.codes, len(rows.levels))
    return pd.DataFrame(fits.coef, index=rows.levels, columns=list(columns))
