"""Each group on its own: least squares within the groups, for the pictures of partial pooling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..fit import FitState

FloatArray = npt.NDArray[np.float64]

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


def no_pooling(rows: GroupRows, columns: tuple[str, ...]) -> pd.DataFrame:
    """Least squares within each level, (levels, r); NaN where its rows do not determine all coefficients."""
    out = np.full((len(rows.levels), rows.basis.shape[1]), np.nan)
    order = np.argsort(rows.codes, kind="stable")
    edges = np.searchsorted(rows.codes[order], np.arange(len(rows.levels) + 1))
    for level, (start, stop) in enumerate(pairwise(edges)):
        basis, y = rows.basis[order[start:stop]], rows.y[order[start:stop]]
        scale = np.sqrt((basis**2).sum(axis=0))
        if stop - start < basis.shape[1] or not scale.all():
            continue
        solution, _, rank, _ = np.linalg.lstsq(basis / scale, y, rcond=_RANK)
        if rank == basis.shape[1]:
            out[level] = solution / scale
    return pd.DataFrame(out, index=rows.levels, columns=list(columns))
