"""The factors of random effects: what draws of cross-products and of rows share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class LevelFactors:
    """The lower triangular factors by which standard normals become random effects, as flat arrays."""

    # the factors row by row: factor 0's, one or one for every level; then factor 1's; and so on
    values: np.ndarray
    # (T + 1,) int64: where each grouping factor's random effects begin; the last entry is q
    starts: np.ndarray
    widths: np.ndarray  # (T,) int64: random effects of a level
    # (T,) int64: from one level's factor to the next in ``values``; 0 when all levels of a grouping factor
    # share one
    steps: np.ndarray

    @classmethod
    def of(cls, levels: Sequence[int], factors: Sequence[np.ndarray]) -> LevelFactors:
        """Collect every grouping factor's number of levels and its factor: (r, r), or (levels, r, r)."""
        widths = np.array([factor.shape[-1] for factor in factors], np.int64)
        own = np.array([factor.ndim == 3 for factor in factors])
        return cls(
            values=np.concatenate([factor.ravel() for factor in factors]),
            starts=np.concatenate([[0], np.cumsum(np.asarray(levels, np.int64) * widths)]),
            widths=widths,
            steps=np.where(own, widths**2, 0),
        )

    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the core's loops, in their order."""
        return (self.values, self.starts, self.widths, self.steps)


def triangular_factor(*factors: np.ndarray) -> np.ndarray:
    """Lower triangular L with L L' the sum of F F' over the given (..., r, k) factors, singular or not.

    By a QR decomposition of the stacked transposes, so that nothing is squared.

    >>> L = triangular_factor(np.array([[3.0]]), np.array([[4.0]]))
    >>> float(L[0, 0].round(12))
    5.0
    """
    shape = np.broadcast_shapes(*(f.shape[:-2] for f in factors))
    stacked = [np.broadcast_to(f, (*shape, *f.shape[-2:])).swapaxes(-1, -2) for f in factors]
    upper = np.asarray(np.linalg.qr(np.concatenate(stacked, axis=-2), mode="r"))
    # LAPACK leaves the signs of the rows open; fixed, the draws do not depend on its version.
    signs = np.where(np.diagonal(upper, axis1=-2, axis2=-1) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray((upper * signs[..., :, None]).swapaxes(-1, -2))
