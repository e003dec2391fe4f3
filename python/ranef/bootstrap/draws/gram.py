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

from dataclasses import dataclass

import numpy as np
from numba import njit

from .gram_factor import GramFactor
from .native_call import call_native, pointer
from .streams import open_stream
from .variates import chi_square, fill_normal

__all__ = ["GramDraw", "LevelFactors", "draw_effects", "draw_from_gram", "gram_draw", "triangular_factor"]


@dataclass(frozen=True)
class LevelFactors:
    """The lower triangular factors by which standard normals become random effects, as flat arrays.

    Attributes
    ----------
    values : numpy.ndarray
        The factors row by row: factor 0's, one or one for every level; then factor 1's; and so on.
    starts : numpy.ndarray of int64, shape (T + 1,)
        Where each grouping factor's random effects begin; the last entry is q.
    widths : numpy.ndarray of int64, shape (T,)
        Random effects of a level.
    steps : numpy.ndarray of int64, shape (T,)
        From one level's factor to the next in ``values``; 0 when all levels of a grouping factor share one.
    """

    values: np.ndarray
    starts: np.ndarray
    widths: np.ndarray
    steps: np.ndarray

    @classmethod
    def of(cls, levels, factors) -> LevelFactors:
        """Collect every grouping factor's number of levels and its factor: (r, r), or (levels, r, r)."""
        widths = np.array([factor.shape[-1] for factor in factors], np.int64)
        own = np.array([factor.ndim == 3 for factor in factors])
        return cls(
            values=np.concatenate([factor.ravel() for factor in factors]),
            starts=np.concatenate([[0], np.cumsum(np.asarray(levels, np.int64) * widths)]),
            widths=widths,
            steps=np.where(own, widths**2, 0),
        )

    def arguments(self) -> tuple:
        """The kernels' arguments, in their order."""
        return (self.values, self.starts, self.widths, self.steps)


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

    def arguments(self) -> tuple:
        """The kernel's arguments, in its order."""
        return (*self.effects.arguments(), self.mean, self.order, self.lower, self.sigma, self.df)


def triangular_factor(*factors: np.ndarray) -> np.ndarray:
    """Lower triangular L with L L' the sum of F F' over the given (..., r, k) factors, singular or not.

    By a QR decomposition of the stacked transposes, so that nothing is squared.

    Examples
    --------
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


def gram_draw(factor: GramFactor, levels, lambdas, sigma: float, mean: np.ndarray, nobs: float) -> GramDraw:
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


@njit
def _scale_levels(effects, start, stop, width, values, offset, step):
    """Multiply each level's numbers in ``effects[start:stop]`` by its lower triangular factor, in place."""
    for first in range(start, stop, width):
        # From the last row up, since a row needs the unscaled numbers before it.
        for row in range(width - 1, -1, -1):
            total = 0.0
            for column in range(row + 1):
                total += values[offset + row * width + column] * effects[first + column]
            effects[first + row] = total
        offset += step
    return offset


@njit(inline="always")
def draw_effects(state, effects, values, starts, widths, steps):
    """The random effects of one replicate into ``effects[:q]``, by `LevelFactors`."""
    fill_normal(state, effects, 0, starts[-1])
    offset = 0
    for t in range(widths.size):
        offset = _scale_levels(effects, starts[t], starts[t + 1], widths[t], values, offset, steps[t])
        if steps[t] == 0:
            offset += widths[t] * widths[t]


@njit(inline="always")
def add_rest_noise(noise, coef, response, first, order, lower):
    """Add sigma R xi_2 to the response's second block; return its product with the coefficients."""
    size, rank = lower.shape
    product = 0.0
    for i in range(size):
        total = 0.0
        for k in range(min(i + 1, rank)):
            total += lower[i, k] * noise[k]
        place = first + order[i]
        response[place] += total
        product += coef[place] * total
    return product


@njit(inline="always")
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
