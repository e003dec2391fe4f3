"""Weights of the chi-squares in the squared length of a normal vector's projection on a cone of covariances.

References
----------
Silvapulle & Sen (2005), Constrained Statistical Inference, chapter 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from ...arrays import FloatArray
from ...theta import is_diagonal, parts, unpack_symmetric

_DRAWS = 20_000
_STEPS = 300
_CLOSE = 1e-5  # change of a step that ends a draw, relative to its length: its square is what is asked for
_EM_STEPS = 200
_GROUPS = 1000


def quadrant_weights(information: FloatArray) -> tuple[float, float, float]:
    """Return the weights of chi2_0, chi2_1, chi2_2 for two variances, from their information matrix.

    >>> quadrant_weights(np.eye(2))
    (0.25, 0.5, 0.25)
    """
    correlation = -information[0, 1] / np.sqrt(information[0, 0] * information[1, 1])  # of the estimates
    two = float(0.25 + np.arcsin(correlation) / (2 * np.pi))
    return (0.5 - two, 0.5, two)


def cone_draws(information: FloatArray, widths: list[int]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Draw squared lengths of projections on a product of cones of covariance matrices.

    z ~ N(0, I^-1); the projection in the metric of the information I, by accelerated projected gradient
    steps.

    information, (b, b): for the unique elements of each matrix, lower triangle by column.
    widths: orders of the matrices.
    Returns (m,) float64, (m,) bool: squared lengths, and whether the vector lies in the cone.
    """
    rng = np.random.default_rng(1)
    rounded = _rounded(information, widths)
    information = rounded.T @ information @ rounded
    factor = np.linalg.cholesky(information)
    z = np.linalg.solve(factor.T, rng.standard_normal((len(information), _DRAWS))).T
    # unique elements weighted so that Euclidean projection is that of matrices
    weight = np.concatenate([_off_diagonal_weights(width) for width in widths])
    metric = information / np.outer(weight, weight)
    target = z * weight
    step = 1 / np.linalg.eigvalsh(metric)[-1]
    x = _project(target, widths)
    inside = np.abs(x - target).max(axis=1) <= 1e-12 * np.abs(target).max()
    left = np.flatnonzero(~inside)  # the draws whose projection still moves
    at, ahead, goal, momentum = x[left], x[left], target[left], 1.0
    for _ in range(_STEPS):
        new = _project(ahead - step * (ahead - goal) @ metric, widths)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        moving = np.abs(new - at).max(axis=1) > _CLOSE * np.abs(goal).max(axis=1)
        x[left] = new
        ahead = (new + (momentum - 1) / following * (new - at))[moving]
        left, at, goal, momentum = left[moving], new[moving], goal[moving], following
        if not left.size:
            break
    return np.maximum(np.einsum("ij,jk,ik->i", x, metric, x), 0.0), inside


def cone_weights(draws: FloatArray, inside: npt.NDArray[np.bool_], most: int) -> tuple[float, ...]:
    """Return the weights of chi2_0 ... chi2_most whose mixture the squared lengths come from.

    Squared lengths of projections on a closed convex cone have such a distribution. Its first weight is the
    chance of the apex, the last that of the inside; even and odd ones add to a half each (Gauss and Bonnet);
    what is left open by that is estimated by maximum likelihood.

    >>> z = np.random.default_rng(1).standard_normal(100_000)
    >>> [round(w, 2) for w in cone_weights(np.maximum(z, 0) ** 2, z > 0, 1)]
    [0.5, 0.5]
    """
    weights = np.zeros(most + 1)
    apex = draws <= 1e-10 * draws.max()
    weights[[0, most]] = apex.mean(), inside.mean()
    df = np.arange(1, most)
    x = np.sort(draws[~apex & ~inside])
    if x.size and df.size:
        # lengths of about the same size count as one
        x = np.array([group.mean() for group in np.array_split(x, min(x.size, _GROUPS))])[:, None]
        log = (df / 2 - 1) * np.log(x) - x / 2 - df / 2 * np.log(2) - gammaln(df / 2)
        # a length is chi2_k only given its face; the sizes are independent, so the ends may be left out
        density, middle = np.exp(log), np.full(df.size, 1 / df.size)
        for _ in range(_EM_STEPS):
            part = density * middle
            middle = (part / part.sum(axis=1, keepdims=True)).mean(axis=0)
        weights[1:most] = middle * (1 - weights[0] - weights[most])
    for parity in (0, 1):
        same = np.arange(parity, most + 1, 2)
        free = [k for k in same if 0 < k < most]
        fixed = weights[[k for k in same if k not in free]].sum()
        if free:
            weights[free] *= max(0.5 - fixed, 0.0) / weights[free].sum()
    return tuple((weights / weights.sum()).tolist())


def _rounded(information: FloatArray, widths: list[int]) -> FloatArray:
    """Return unique elements of S = C S' C as a function of those of S', C such that the information of S' is
    near a multiple of that of independent elements; positive semidefinite matrices stay what they are.
    """
    out = np.eye(len(information))
    for width, part, rows, columns in parts(widths):
        units = np.zeros((len(rows), width, width))
        units[np.arange(len(rows)), rows, columns] = units[np.arange(len(rows)), columns, rows] = 1.0
        dual = units / np.where(rows == columns, 1.0, 2.0)[:, None, None]
        form = np.einsum("aij,ab,bkl->ikjl", dual, information[part, part], dual)
        near = np.linalg.svd(form.reshape(width**2, width**2))[0][:, 0].reshape(width, width)
        size, vectors = np.linalg.eigh(near + near.T)
        size = np.maximum(np.abs(size), 1e-6 * np.abs(size).max())
        c = (vectors / np.sqrt(size)) @ vectors.T
        out[part, part] = np.einsum("ij,bjk,kl->bil", c, units, c)[:, rows, columns].T
    return out


def _off_diagonal_weights(width: int) -> FloatArray:
    return np.where(is_diagonal([width]), 1.0, np.sqrt(2.0))


def _project(values: FloatArray, widths: list[int]) -> FloatArray:
    """Project weighted unique elements on positive semidefinite matrices."""
    out = np.empty_like(values)
    for width, part, rows, columns in parts(widths):
        weight = _off_diagonal_weights(width)
        if width == 1:
            out[:, part] = np.maximum(values[:, part], 0.0)
        else:
            (matrix,) = unpack_symmetric(values[:, part] / weight, [width])
            size, vectors = np.linalg.eigh(matrix)
            kept = (vectors * np.maximum(size, 0.0)[:, None, :]) @ vectors.transpose(0, 2, 1)
            out[:, part] = kept[:, rows, columns] * weight
    return out
