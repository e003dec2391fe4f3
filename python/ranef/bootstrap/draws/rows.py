"""Drawing a replicate row by row: y = mean + sum_t Z_t b_t + sigma e, on the user's scale.

The route for designs whose Gram factor would be larger than their rows (two crossed factors with very many
levels each). The core turns the rows into response cross-products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .level_factors import LevelFactors, draw_effects, triangular_factor
from .native_call import call_native, pasted, pointer
from .streams import open_stream
from .variates import fill_normal

__all__ = ["RowDraw", "draw_from_rows", "fill_rows", "row_draw"]


@dataclass(frozen=True)
class RowDraw:
    """What the kernel reads.

    Attributes
    ----------
    codes : numpy.ndarray of int32, shape (T, n)
        Level of every row, for each of the T grouping factors.
    basis : numpy.ndarray, shape (K, n)
        The random terms' columns, factor by factor.
    effects : LevelFactors
        ``sigma Lambda_t`` of every factor.
    mean : numpy.ndarray, shape (n,)
        What the rows vary about.
    scale : numpy.ndarray, shape (n,)
        Residual sd of each row, ``sigma / sqrt(weight)``.
    response_size : int
        Length of a response in the core's layout, q + p + 1.
    """

    codes: np.ndarray
    basis: np.ndarray
    effects: LevelFactors
    mean: np.ndarray
    scale: np.ndarray
    response_size: int

    def arguments(self) -> tuple[Any, ...]:
        """The kernel's arguments, in its order."""
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

    Parameters
    ----------
    factors : sequence of (codes, levels, basis)
        For every random term its codes, int32 (n,); number of levels; and columns, (n, r_t).
    lambdas : sequence of numpy.ndarray, each (r_t, r_t)
        Lambda_t of every term on the user's scale.
    sigma : float
    mean : numpy.ndarray, shape (n,)
        Mean of the rows without the random effects.
    response_size : int
        Length of a response in the core's layout, q + p + 1.
    weights : numpy.ndarray of shape (n,), optional
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


@pasted
def add_random_effects(rows, effects, codes, basis, starts, widths):
    """Add Z b to the rows."""
    column = 0
    for t in range(widths.size):
        width = widths[t]
        for k in range(width):
            first = starts[t] + k
            for i in range(rows.size):
                rows[i] += basis[column, i] * effects[first + codes[t, i] * width]
            column += 1


@pasted
def fill_rows(
    state, key, replicate, values, starts, widths, steps, codes, basis, mean, scale, effects, rows,
):  # fmt: skip
    """Draw one replicate's rows; the arguments are those of `draw_from_rows`."""
    open_stream(state, key, replicate)
    draw_effects(state, effects, values, starts, widths, steps)
    fill_normal(state, rows, 0, rows.size)
    for i in range(rows.size):
        rows[i] = mean[i] + scale[i] * rows[i]
    add_random_effects(rows, effects, codes, basis, starts, widths)


@pasted
def draw_from_rows(
    state, key, replicate, problem, response_from_rows, values, starts, widths, steps, codes, basis, mean,
    scale, effects, rows, response,
):  # fmt: skip
    """Draw one replicate's rows and have the core turn them into response cross-products.

    Parameters
    ----------
    state : uint64 array of `STATE_WORDS`
        Scratch: the stream.
    key : uint64 array of 2
    replicate : int64
    problem, response_from_rows : int64
        Addresses of the core's problem and of ``ranef_response_from_rows``.
    values, ..., scale
        See `RowDraw.arguments`.
    effects, rows : float64 arrays of q and n
        Scratch.
    response : float64 array of q + p + 1
        The draw.

    Returns
    -------
    int32
        Status of the core, 0 when all is well.
    """
    fill_rows(
        state, key, replicate, values, starts, widths, steps, codes, basis, mean, scale, effects, rows
    )  # fmt: skip
    return call_native(response_from_rows, (problem, pointer(rows, 0), pointer(response, 0)))
