"""Drawing a replicate's response cross-products without drawing rows.

With b_t = sigma Lambda_t u_t for every factor t, y = Z_1 d + C_2 c + sigma e_2, where d_j = b_j + sigma H_j
xi_j carries the part of the noise that lies in the span of Z_1, c = [b_2; beta], and e_2 is orthogonal to Z_1
(`ranef.bootstrap.draws.gram_factor`):

    C'y = C'C [d; c] + [0; sigma R xi_2]
    y'y = [d; c]'C'C [d; c] + 2 c' sigma R xi_2 + sigma^2 (|xi_2|^2 + chi2(n - rank C))

b_j and H_j xi_j only ever appear as their sum, so one factor N_j N_j' = sigma^2 (Lambda_1 Lambda_1' + H_j
H_j') and r normals a group do for both. Everything is in the core's internal coordinates; the layout of a
coefficient vector is the core's: ``[factor 0: level-major, r_0 numbers a level | factor 1 | ... | X]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .gram_factor import GramFactor
from .level_factors import LevelFactors, draw_effects, triangular_factor
from .native_call import call_native, pasted, pointer
from .streams import open_stream
from .variates import chi_square, fill_normal

__all__ = ["GramDraw", "draw_from_gram", "gram_draw"]


@dataclass(frozen=True)
class GramDraw:
    """What the kernel reads.

    Attributes
    ----------
    effects : LevelFactors
        ``N_j`` of the leading factor, ``sigma Lambda_t`` of the others.
    mean : numpy.ndarray, shape (q + p,)
        What the coefficients vary about.
    order, lower : numpy.ndarray
        The rest's factor (`RestFactor`) times sigma.
    sigma, df : float
        Residual sd and n - rank C.
    """

    effects: LevelFactors
    mean: np.ndarray
    order: np.ndarray
    lower: np.ndarray
    sigma: float
    df: float

    def arguments(self) -> tuple[Any, ...]:
        """The kernel's arguments, in its order."""
        return (*self.effects.arguments(), self.mean, self.order, self.lower, self.sigma, self.df)


def gram_draw(
    factor: GramFactor,
    levels: Sequence[int],
    lambdas: Sequence[np.ndarray],
    sigma: float,
    mean: np.ndarray,
    nobs: float,
) -> GramDraw:
    """Prepare draws for given parameters.

    Parameters
    ----------
    factor : GramFactor
    levels : sequence of int
        Levels of every grouping factor, the leading one first.
    lambdas : sequence of numpy.ndarray, each (r_t, r_t)
        Lambda_t of every factor, in internal coordinates; need not be triangular there.
    sigma : float
    mean : numpy.ndarray, shape (q + p,)
        Mean of the coefficients: zeros for the random effects (unless conditioned upon), and beta.
    nobs : float
        Rows that count (positive weight).
    """
    leading = triangular_factor(np.asarray(lambdas[0], float), factor.leading)
    others = [triangular_factor(np.asarray(block, float)) for block in lambdas[1:]]
    return GramDraw(
        effects=LevelFactors.of(levels, [sigma * block for block in (leading, *others)]),
        mean=np.ascontiguousarray(mean, float),
        order=factor.rest.order,
        lower=sigma * factor.rest.lower,
        sigma=float(sigma),
        df=float(nobs - factor.rank),
    )


@pasted
def add_rest_noise(noise, coef, response, first, order, lower):
    """Add sigma R xi_2 to the response's second block; return its product with the coefficients."""
    size, rank = lower.shape
    product = 0.0
    for i in range(size):
        total = 0.0
        for k in range(i + 1 if i < rank else rank):
            total += lower[i, k] * noise[k]
        place = first + order[i]
        response[place] += total
        product += coef[place] * total
    return product


@pasted
def draw_from_gram(
    state, key, replicate, problem, gram_multiply, values, starts, widths, steps, mean, order, lower, sigma,
    df, coef, noise, response,
):  # fmt: skip
    """Draw one replicate's response cross-products.

    Parameters
    ----------
    state : uint64 array of `STATE_WORDS`
        Scratch: the stream.
    key : uint64 array of 2
    replicate : int64
    problem, gram_multiply : int64
        Addresses of the core's problem and of ``ranef_gram_multiply``.
    values, ..., df
        See `GramDraw.arguments`.
    coef, noise : float64 arrays of q + p and rank S_2
        Scratch.
    response : float64 array of q + p + 1
        The draw: C'y and y'y.

    Returns
    -------
    int32
        Status of the core, 0 when all is well.
    """
    open_stream(state, key, replicate)
    draw_effects(state, coef, values, starts, widths, steps)
    random = starts[-1]
    for i in range(random):
        coef[i] += mean[i]
    for i in range(random, coef.size):
        coef[i] = mean[i]
    status = call_native(gram_multiply, (problem, pointer(coef, 0), pointer(response, 0)))
    squares = 0.0
    for i in range(coef.size):
        squares += coef[i] * response[i]
    fill_normal(state, noise, 0, noise.size)
    product = add_rest_noise(noise, coef, response, starts[1], order, lower)
    residual = chi_square(state, df)
    for k in range(noise.size):
        residual += noise[k] * noise[k]
    response[coef.size] = squares + 2.0 * product + sigma * sigma * residual
    return status
