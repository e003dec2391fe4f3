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
from scipy.special import chdtrc

from ... import _core
from ...arrays import FloatArray
from ...coordinates import inner_factors
from ...fit import Fit
from ...model import Model
from ...optimize.scaling import semidefinite_factor
from ...show import Printed
from ...theta import count, pack, parts, unpack_symmetric
from .cone import cone_draws, cone_weights, quadrant_weights
from .nesting import Embedding

_LARGEST = 3000  # order of a dense matrix that is worth an information matrix


@dataclass(frozen=True, eq=False, repr=False)
class Mixture(Printed):
    """The null distribution of a likelihood ratio: a mixture of chi-squares."""

    free: int  # degrees of freedom without a boundary
    weights: tuple[float, ...] = (1.0,)  # of 0, 1, ... further degrees of freedom.

    def p_value(self, statistic: float) -> float:
        """Return the probability of a likelihood ratio at least as large.

        >>> round(Mixture(0, (0.5, 0.5)).p_value(2.705543), 6), Mixture(1).p_value(0.0)
        (0.05, 1.0)
        """
        statistic = max(statistic, 0.0)
        return float(sum(w * _tail(statistic, self.free + k) for k, w in enumerate(self.weights)))

    def __str__(self) -> str:
        parts = [f"{w:.3g} chi2({self.free + k})" for k, w in enumerate(self.weights) if w > 0]
        return " + ".join(parts)


def _tail(x: npt.ArrayLike, df: int) -> FloatArray:
    x = np.asarray(x, dtype=float)
    if df == 0:
        return np.where(x > 1e-9, 0.0, 1.0)
    return np.where(x > 0, chdtrc(df, np.maximum(x, 0.0)), 1.0)


def mixture(
    null: Fit | None, y: FloatArray, large: Model, embedding: Embedding, extra_fixed: int
) -> Mixture | None:
    """Return the null distribution for a smaller fit within a larger model.

    null: None for a model without random effects.
    y, (n,): the response.
    embedding: of the covariance structure of `null` in that of `large`.
    extra_fixed: further fixed effects of the larger model.
    Returns None where the weights need an information matrix that would be too large, or is singular: the
        data say nothing of a variance.
    """
    inner = [] if null is None else inner_factors(null)
    fitted = pack([f @ f.T for f in inner])
    terms = () if null is None else null.model.design.terms
    generic = np.concatenate([np.zeros(0), *(pack([np.eye(len(term.columns))]) for term in terms)])
    empty = _empty_directions(large, embedding.map @ generic)
    boundary = sum(count(directions.shape[1]) for directions in empty)
    rank = np.linalg.matrix_rank(embedding.map) if embedding.map.size else 0
    free = large.n_theta - boundary - int(rank) + extra_fixed
    if boundary == 0:
        return Mixture(free)
    if boundary == 1:
        return Mixture(free, (0.5, 0.5))
    information = _boundary_information(fitted, y, large, embedding, empty)
    if information is None or not _tells_all(information):
        return None
    widths = [e.shape[1] for e in empty if e.shape[1]]
    if widths == [1, 1]:
        return Mixture(free, quadrant_weights(information))
    return Mixture(free, cone_weights(*cone_draws(information, widths), boundary))


def with_dispersion(found: Mixture | None) -> Mixture | None:
    """Return the null distribution where the larger model also has a dispersion that may be at its limit.

    Or a probability that may be zero.

    Lawless (1987), Negative binomial and mixed Poisson regression, Canadian Journal of Statistics 15.
    None where variances may be zero as well: the weights of the two are not known.
    """
    if found is None or found.weights != (1.0,):
        return None
    return Mixture(found.free, (0.5, 0.5))


def _tells_all(information: FloatArray) -> bool:
    """Whether the data say something of every direction."""
    diagonal = np.diag(information)
    if diagonal.min() <= 0:
        return False
    size = np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(information / np.outer(size, size))[0] > 1e-10)


def _empty_directions(large: Model, generic: FloatArray) -> list[FloatArray]:
    """Return for each term of the larger model the directions in which the smaller one has no variance.

    `generic` are the variances of the larger model when the smaller one has some in every direction.
    """
    out = []
    for matrix in unpack_symmetric(generic, large.term_widths):
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
    if not hasattr(large, "problem") or _core.information_cost(large.problem)[0] > _LARGEST:
        return None
    noise = 1 + embedding.own @ fitted
    covariances = unpack_symmetric(embedding.map @ fitted / noise, large.term_widths)
    inner = [semidefinite_factor(m, 1e-9) for m in covariances]
    factors = [_lower(large.coordinates.modes_map(i) @ f) for i, f in enumerate(inner)]
    response = large.response_of(y)
    found = _core.information(large.problem, response, pack(factors))
    nu = large.df_sigma
    trace = found["trace_projected"]
    whole = (found["product_projected"] - np.outer(trace, trace) / nu) / 2
    return _efficient(whole, _basis(large, empty))


def _lower(factor: FloatArray) -> FloatArray:
    """Return the lower triangular L with L L' = factor factor'."""
    lower = np.linalg.qr(factor.T)[1].T
    return np.asarray(lower * np.where(np.diag(lower) < 0, -1.0, 1.0))


def _basis(large: Model, empty: list[FloatArray]) -> tuple[FloatArray, int]:
    """Return directions of d: those within the empty blocks first, then a complement; and how many are first.

    D = Q S Q' with Q = [empty directions, the rest]: the elements of S within the empty directions are what
    must be positive semidefinite.
    """
    inside: list[FloatArray] = []
    outside: list[FloatArray] = []
    total = large.n_theta
    for (r, place, rows, columns), null in zip(parts(large.term_widths), empty, strict=True):
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
                vector[place] = move[rows, columns]
                (inside if max(i, c) < null.shape[1] else outside).append(vector)
    return np.array(inside + outside).T, len(inside)


def _efficient(information: FloatArray, basis: tuple[FloatArray, int]) -> FloatArray:
    directions, count = basis
    whole = directions.T @ information @ directions
    a, b, c = whole[:count, :count], whole[:count, count:], whole[count:, count:]
    return a - b @ np.linalg.pinv(c, rcond=1e-12) @ b.T if c.size else a
