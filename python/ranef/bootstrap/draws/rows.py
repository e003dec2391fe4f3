"""Drawing a replicate row by row: y = mean + sum_t Z_t b_t + sigma e, on the user's scale.

The route for designs whose Gram factor would be larger than their rows (two crossed factors with very many
levels each). The core turns the rows into response cross-products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .level_factors import LevelFactors, triangular_factor


@dataclass(frozen=True)
class RowDraw:
    """What the core reads."""

    codes: np.ndarray  # (T, n) int32: level of every row, for each of the T grouping factors
    basis: np.ndarray  # (K, n): the random terms' columns, factor by factor
    effects: LevelFactors  # ``sigma Lambda_t`` of every factor
    mean: np.ndarray  # (n,): what the rows vary about
    scale: np.ndarray  # (n,): residual sd of each row, ``sigma / sqrt(weight)``
    response_size: int  # length of a response in the core's layout, q + p + 1

    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the core's loop, in its order."""
        return (*self.effects.arguments(), self.codes, self.basis, self.mean, self.scale, self.response_size)


def row_draw(
    factors: Sequence[tuple[np.ndarray, int, np.ndarray]],
    lambdas: Sequence[np.ndarray],
    sigma: float,
    mean: np.ndarray,
    response_size: int,
    weights: np.ndarray | None = None,
) -> RowDraw:
    """Prepare draws for given parameters.

    factors: sequence of (codes, levels, basis), for every random term its codes, int32 (n,); number of
        levels; and columns, (n, r_t).
    lambdas, each (r_t, r_t): Lambda_t of every term on the user's scale.
    mean, (n,): mean of the rows without the random effects.
    response_size: length of a response in the core's layout, q + p + 1.
    weights: (n,).
    """
    mean = np.ascontiguousarray(mean, float)
    blocks = [sigma * triangular_factor(np.asarray(block, float)) for block in lambdas]
    effects = LevelFactors.of([levels for _, levels, _ in factors], blocks)
    return RowDraw(
        codes=np.ascontiguousarray([codes for codes, _, _ in factors], np.int32),
        basis=np.ascontiguousarray(np.concatenate([np.asarray(basis, float).T for _, _, basis in factors])),
        effects=effects,
        mean=mean,
        scale=np.full(len(mean), float(sigma)) if weights is None else sigma / np.sqrt(weights),
        response_size=response_size,
    )
