"""The distribution of a likelihood ratio when variances are tested against zero.

Under the smaller model the tested variances lie on the boundary of what they can be. The likelihood ratio is
then distributed as the squared length of the projection of a normal vector on a convex cone: a mixture of
chi-squares. One variance alone: half of chi2_0 and half of chi2_1; a random slope with its k covariances:
half of chi2_k and half of chi2_(k+1). Several variances at once: the weights depend on the information
matrix.

References
----------
Self & Liang (1987), Asymptotic properties of maximum likelihood estimators and likelihood ratio tests under
nonstandard conditions, Journal of the American Statistical Association 82, 605-610.
Stram & Lee (1994), Variance components testing in the longitudinal mixed effects model, Biometrics 50,
1171-1177.
Silvapulle & Sen (2005), Constrained Statistical Inference, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ... import _core
from ...fit import FitState
from ...model import Model
from ...optimize.scaling import packed, semidefinite_factor
from .nesting import Embedding

FloatArray = npt.NDArray[np.float64]

_LARGEST = 3000  # order of a dense matrix that is worth an information matrix
_DRAWS = 40_000
_STEPS = 300
_EM_STEPS = 200


@dataclass(frozen=True, eq=False)
class Mixture:
    """The null distribution of a likelihood ratio: a mixture of chi-squares.

    Attributes
    ----------
    free : int
        Degrees of freedom without a boundary.
    weights : tuple of float
        Of 0, 1, ... further degrees of freedom.
    """

    free: int
    weights: tuple[float, ...] = (1.0,)

    def p_value(self, statistic: float) -> float:
        """Return the probability of a likelihood ratio at least as large.

        Examples
        --------
        >>> round(Mixture(0, (0.5, 0.5)).p_value(2.705543), 6), Mixture(1).p_value(0.0)
        (0.05, 1.0)
        """
        statistic = max(statistic, 0.0)
        return float(sum(w * _tail(statistic, self.free + k) for k, w in enumerate(self.weights)))

    def __str__(self) -> str:
        parts = [f"{w:.3g} chi2({self.free + k})" for k, w in enumerate(self.weights) if w > 0]
        return " + ".join(parts)


def _tail(x: npt.ArrayLike, df: int) -> FloatArray:
    from scipy.special import chdtrc

    x = np.asarray(x, dtype=float)
    if df == 0:
        return np.where(x > 1e-9, 0.0, 1.0)
    return np.where(x > 0, chdtrc(df, np.maximum(x, 0.0)), 1.0)


def mixture(
    null: FitState | None, y: FloatArray, large: Model, embedding: Embedding, extra_fixed: int
) -> Mixture | None:
    """Return the null distribution for a smaller fit within a larger model.

    Parameters
    ----------
    null : FitState or None
        None for a model without random effects.
    y : (n,) float64
        The response.
    large : Model
    embedding : Embedding
        Of the covariance structure of `null` in that of `large`.
    extra_fixed : int
        Further fixed effects of the larger model.

    Returns
    -------
    Mixture or None
        None where the weights need an information matrix that would be too large.
    """
    fitted = (
        np.zeros(0) if null is None else _unique([f @ f.T for f in null.model.covariance_factors(null.theta)])
    )
    terms = () if null is None else null.model.design.terms
    generic = np.concatenate([np.zeros(0), *(_unique([np.eye(len(term.columns))]) for term in terms)])
    empty = _empty_directions(large, embedding.map @ generic)
    boundary = sum(k * (k + 1) // 2 for k in (e.shape[1] for e in empty))
    rank = np.linalg.matrix_rank(embedding.map) if embedding.map.size else 0
    free = large.n_theta - boundary - int(rank) + extra_fixed
    if boundary == 0:
        return Mixture(free)
    if boundary == 1:
        return Mixture(free, (0.5, 0.5))
    information = _boundary_information(fitted, y, large, embedding, empty)
    if information is None:
        return None
    widths = [e.shape[1] for e in empty if e.shape[1]]
    if widths == [1, 1]:
        return Mixture(free, quadrant_weights(information))
    return Mixture(free, cone_weights(*cone_draws(information, widths), boundary))


def quadrant_weights(information: FloatArray) -> tuple[float, float, float]:
    """Return the weights of chi2_0, chi2_1, chi2_2 for two variances, from their information matrix.

    Examples
    --------
    >>> quadrant_weights(np.eye(2))
    (0.25, 0.5, 0.25)
    """
    correlation = -information[0, 1] / np.sqrt(information[0, 0] * information[1, 1])  # of the estimates
    two = float(0.25 + np.arcsin(correlation) / (2 * np.pi))
    return (0.5 - two, 0.5, two)


def cone_draws(
    information: FloatArray, widths: list[int], seed: int = 1
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Draw squared lengths of projections on a product of cones of covariance matrices.

    z ~ N(0, I^-1); the projection in the metric of the information I, by accelerated projected gradient
    steps.

    Parameters
    ----------
    information : (b, b) float64
        For the unique elements of each matrix, lower triangle by column.
    widths : list of int
        Orders of the matrices.

    Returns
    -------
    (m,) float64, (m,) bool
        Squared lengths, and whether the vector lies in the cone.
    """
    rng = np.random.default_rng(seed)
    factor = np.linalg.cholesky(information)
    z = np.linalg.solve(factor.T, rng.standard_normal((len(information), _DRAWS))).T
    # unique elements weighted so that Euclidean projection is that of matrices
    weight = np.concatenate([_off_diagonal_weights(width) for width in widths])
    metric = information / np.outer(weight, weight)
    target = z * weight
    step = 1 / np.linalg.eigvalsh(metric)[-1]
    x = _project(target, widths)
    ahead, momentum = x, 1.0
    for _ in range(_STEPS):
        new = _project(ahead - step * (ahead - target) @ metric, widths)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / following * (new - x)
        change = np.abs(new - x).max()
        x, momentum = new, following
        if change < 1e-9 * np.abs(target).max():
            break
    inside = np.abs(_project(target, widths) - target).max(axis=1) <= 1e-12 * np.abs(target).max()
    return np.maximum(np.einsum("ij,jk,ik->i", x, metric, x), 0.0), inside


def cone_weights(draws: FloatArray, inside: npt.NDArray[np.bool_], most: int) -> tuple[float, ...]:
    """Return the weights of chi2_0 ... chi2_most whose mixture the squared lengths come from.

    Squared lengths of projections on a closed convex cone have such a distribution. Its first weight is the
    chance of the apex, the last that of the inside; even and odd ones add to a half each (Gauss and Bonnet);
    what is left open by that is estimated by maximum likelihood.

    Examples
    --------
    >>> z = np.random.default_rng(1).standard_normal(100_000)
    >>> [round(w, 2) for w in cone_weights(np.maximum(z, 0) ** 2, z > 0, 1)]
    [0.5, 0.5]
    """
    from scipy.special import gammaln

    weights = np.zeros(most + 1)
    apex = draws <= 1e-10 * draws.max()
    weights[[0, most]] = apex.mean(), inside.mean()
    df = np.arange(1, most)
    x = draws[~apex & ~inside][:, None]
    if x.size and df.size:
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


def _off_diagonal_weights(width: int) -> FloatArray:
    columns, rows = np.triu_indices(width)
    return np.where(rows == columns, 1.0, np.sqrt(2.0))


def _project(values: FloatArray, widths: list[int]) -> FloatArray:
    """Project weighted unique elements on positive semidefinite matrices."""
    out, first = np.empty_like(values), 0
    for width in widths:
        columns, rows = np.triu_indices(width)
        weight = _off_diagonal_weights(width)
        part = slice(first, first + rows.size)
        if width == 1:
            out[:, part] = np.maximum(values[:, part], 0.0)
        else:
            matrix = np.zeros((len(values), width, width))
            matrix[:, rows, columns] = values[:, part] / weight
            matrix[:, columns, rows] = values[:, part] / weight
            size, vectors = np.linalg.eigh(matrix)
            kept = (vectors * np.maximum(size, 0.0)[:, None, :]) @ vectors.transpose(0, 2, 1)
            out[:, part] = kept[:, rows, columns] * weight
        first += rows.size
    return out


def _matrices(model: Model, d: FloatArray) -> list[FloatArray]:
    """Return D of each term from its unique elements."""
    out, first = [], 0
    for term in model.design.terms:
        r = len(term.columns)
        columns, rows = np.triu_indices(r)
        matrix = np.zeros((r, r))
        matrix[rows, columns] = matrix[columns, rows] = d[first : first + rows.size]
        out.append(matrix)
        first += rows.size
    return out


def _unique(matrices: list[FloatArray]) -> FloatArray:
    return np.concatenate([m[np.triu_indices(len(m))[::-1]] for m in matrices])


def _empty_directions(large: Model, generic: FloatArray) -> list[FloatArray]:
    """Return for each term of the larger model the directions in which the smaller one has no variance.

    `generic` are the variances of the larger model when the smaller one has some in every direction.
    """
    out = []
    for matrix in _matrices(large, generic):
        size = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
        size[np.diag(matrix) <= 0] = 1.0
        values, vectors = np.linalg.eigh(matrix / np.outer(size, size))
        null = vectors[:, values <= 1e-7 * max(values[-1], 1e-300)]
        out.append(null / size[:, None])
    return out


def _boundary_information(
    fitted: FloatArray, y: FloatArray, large: Model, embedding: Embedding, empty: list[FloatArray]
) -> FloatArray | None:
    """Return the information about the variances in the empty directions, the other parameters estimated."""
    if _core.information_cost(large.problem)[0] > _LARGEST:
        return None
    noise = 1 + embedding.own @ fitted
    factors = [semidefinite_factor(m, 1e-9) for m in _matrices(large, embedding.map @ fitted / noise)]
    response = large.response_of(y)
    found = _core.information(large.problem, response, packed(factors))
    nu = large.design.nobs - (len(large.cross.kept) if large.reml else 0)
    trace = found["trace_projected"]
    whole = (found["product_projected"] - np.outer(trace, trace) / nu) / 2
    return _efficient(whole, _basis(large, empty))


def _basis(large: Model, empty: list[FloatArray]) -> tuple[FloatArray, int]:
    """Return directions of d: those within the empty blocks first, then a complement; and how many are first.

    D = Q S Q' with Q = [empty directions, the rest]: the elements of S within the empty directions are what
    must be positive semidefinite.
    """
    inside, outside, first, total = [], [], 0, large.n_theta
    for term, null in zip(large.design.terms, empty, strict=True):
        r = len(term.columns)
        columns, rows = np.triu_indices(r)
        dual = np.linalg.pinv(null.T) if null.size else np.zeros((r, 0))
        complement = (
            np.linalg.svd(null.T, full_matrices=True)[2][null.shape[1] :].T if null.size else np.eye(r)
        )
        q = np.column_stack([dual, complement])
        for c in range(r):
            for i in range(c, r):
                move = np.outer(q[:, i], q[:, c])
                move = move if i == c else move + move.T
                vector = np.zeros(total)
                vector[first : first + rows.size] = move[rows, columns]
                (inside if max(i, c) < null.shape[1] else outside).append(vector)
        first += rows.size
    return np.array(inside + outside).T, len(inside)


def _efficient(information: FloatArray, basis: tuple[FloatArray, int]) -> FloatArray:
    directions, count = basis
    whole = directions.T @ information @ directions
    a, b, c = whole[:count, :count], whole[:count, count:], whole[count:, count:]
    return a - b @ np.linalg.pinv(c, rcond=1e-12) @ b.T if c.size else a
