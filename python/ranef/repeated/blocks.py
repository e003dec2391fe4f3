"""Rows by subject, the subjects of one pattern of visits side by side: for answers that need rows again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray

if TYPE_CHECKING:
    from .fit import VisitFit
    from .visits import Visits


@dataclass(frozen=True, eq=False)
class Block:
    """Subjects of one arm that were seen at the same visits."""

    arm: int
    visits: npt.NDArray[np.intp]  # (m,): rising
    rows: npt.NDArray[np.intp] = field(repr=False)  # (subjects, m): positions among the rows used


def subject_blocks(visits: Visits) -> Iterator[Block]:
    """Yield the blocks of the rows used."""
    order = np.lexsort((visits.visit, visits.subject))
    subject = visits.subject[order]
    start = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
    size = np.diff(np.r_[start, subject.size])
    bits = np.bitwise_or.reduceat(np.left_shift(np.int64(1), visits.visit[order].astype(np.int64)), start)
    arm = np.zeros(start.size, np.int64) if visits.arm is None else visits.arm[order][start].astype(np.int64)
    _, first, block = np.unique(np.column_stack([arm, bits]), axis=0, return_index=True, return_inverse=True)
    members = np.split(np.argsort(block.ravel(), kind="stable"), np.cumsum(np.bincount(block.ravel()))[:-1])
    for one, own in zip(first, members, strict=True):
        rows = order[start[own][:, None] + np.arange(size[one])]
        yield Block(int(arm[one]), visits.visit[rows[0]].astype(np.intp), rows)


def cholesky_of(fit: VisitFit, block: Block) -> FloatArray:
    """Return the lower Cholesky factor of a block's covariance matrix, for rows of weight one."""
    sigma = fit.point.sigma[block.arm]
    return np.linalg.cholesky(sigma[np.ix_(block.visits, block.visits)])


def whitened(fit: VisitFit, block: Block, values: FloatArray) -> FloatArray:
    """Return L^-1 D^(1/2) times rows, D the weights: (n,) or (n, k) -> (subjects, m) or (subjects, m, k)."""
    weights = fit.model.design.weights
    own = values[block.rows]
    if weights is not None:
        root = np.sqrt(weights[block.rows])
        own = own * (root if own.ndim == 2 else root[:, :, None])
    inverse = np.linalg.inv(cholesky_of(fit, block))
    return np.einsum("st,jt...->js...", inverse, own, optimize=True)
