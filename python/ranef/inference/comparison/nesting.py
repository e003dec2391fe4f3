"""Whether one model is a special case of another, from the rows: where there are rows, names do not matter.

The covariance matrix of the response is sigma^2 (W^-1 + sum_k d_k G_k); a model is nested in another when its
columns of X are combinations of the other's, and its matrices G_k combinations of the other's and W^-1. Both
are seen in a few random projections: an identity that holds for random vectors holds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...likelihood_fit import LikelihoodFit
from ...model import Model
from ...theta import pack, unpack_symmetric
from .nesting_by_name import fixed_keys, fixed_names_in, variances_in

_SPARE = 8  # projections beyond the number of unknowns
_TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False)
class Embedding:
    """How the variances of a smaller model are those of a larger one, each in its core's coordinates."""

    # (k_large, k_small): variances and covariances d of the larger model from those of the smaller
    map: FloatArray
    # (k_small,): what each d of the smaller model adds to the residual variance, relative to sigma^2
    own: FloatArray


def _by_name(*models: Model) -> bool:
    """Whether the rows of a model are not there, or are cells, which are other cells in another model."""
    return any(model.streamed or getattr(model, "by_cells", False) for model in models)


def fixed_part_in(small: Model, large: Model) -> bool:
    """Whether the columns of X of one model are combinations of the other's."""
    if _by_name(small, large):
        return fixed_names_in(small, large)
    one, other = (m.design.X[:, m.cross.columns] for m in (small, large))
    weights = _random((other.shape[1] + _SPARE, one.shape[0]))
    return _within(weights @ one, weights @ other)[0]


def same_fixed_part(first: Model, second: Model) -> bool:
    """Whether two models have the same columns of X, so that their REML criteria can be compared."""
    one, other = first.design, second.design
    if _by_name(first, second):
        return Counter(fixed_keys(first)) == Counter(fixed_keys(second))
    return sorted(map(_bytes, one.X.T)) == sorted(map(_bytes, other.X.T))


def _bytes(column: FloatArray) -> bytes:
    return np.ascontiguousarray(column).tobytes()


def random_part_in(small: Model, large: Model) -> Embedding | None:
    """Return how the covariance structure of one model is a case of the other's; None when it is not."""
    if _by_name(small, large):
        places = variances_in(small, large)
        if places is None:
            return None
        return Embedding(inner_elements(large) @ places @ user_elements(small), np.zeros(small.n_theta))
    n, count = small.design.nobs, small.n_theta + large.n_theta + 1 + _SPARE
    left, right = _random((n, count)), _random((n, count), seed=2)
    weights = small.design.weights
    noise = np.einsum("ij,ij->j", left if weights is None else left / weights[:, None], right)
    one, other = (_projections(m, left, right) for m in (small, large))
    holds, found = _within(one, np.column_stack([other, noise]))
    if not holds:
        return None
    return Embedding(found[:-1], found[-1])


def beyond(fit: LikelihoodFit, null: LikelihoodFit) -> tuple[int, int] | None:
    """Return how many parameters of the response's distribution are free, and how many at a limit, in `null`.

    Returns (free, limits): None where the distribution of `null` is no special case of that of `fit`.
    """
    if null.distribution == fit.distribution:
        return 0, 0
    return (0, 1) if null.distribution == fit.simpler_distribution else None


def no_random_part(large: Model) -> Embedding:
    """Return the embedding of a model without random effects."""
    return Embedding(np.zeros((large.n_theta, 0)), np.zeros(0))


def user_elements(model: Model) -> FloatArray:
    """Return the linear map of variances and covariances to the user's from the core's, (k, k)."""
    return _elements(model, [model.coordinates.modes_map(i) for i in range(len(model.term_widths))])


def inner_elements(model: Model) -> FloatArray:
    """Return the linear map of variances and covariances to the core's from the user's, (k, k)."""
    maps = [np.asarray(np.linalg.inv(model.coordinates.modes_map(i))) for i in range(len(model.term_widths))]
    return _elements(model, maps)


def _elements(model: Model, maps: list[FloatArray]) -> FloatArray:
    units = unpack_symmetric(np.eye(model.n_theta), model.term_widths)
    return pack([turn @ unit @ turn.T for turn, unit in zip(maps, units, strict=True)]).T


def _projections(model: Model, left: FloatArray, right: FloatArray) -> FloatArray:
    """Return u'G_k w for every pair of vectors (rows) and every variance or covariance (columns)."""
    parts = []
    for index, term in enumerate(model.design.terms):
        r, levels = len(term.columns), term.factor.n_levels
        basis = model.coordinates.random(index, term.basis)
        sums = [
            np.stack(
                [
                    [np.bincount(term.factor.codes, basis[:, i] * v, levels) for v in side.T]
                    for i in range(r)
                ]
            )
            for side in (left, right)
        ]  # (r, projections, levels)
        for c in range(r):
            for i in range(c, r):
                value = np.einsum("pl,pl->p", sums[0][i], sums[1][c])
                if i != c:
                    value = value + np.einsum("pl,pl->p", sums[0][c], sums[1][i])
                parts.append(value)
    return np.column_stack(parts)


def _within(one: FloatArray, other: FloatArray) -> tuple[bool, FloatArray]:
    """Whether the columns of `one` are combinations of those of `other`, and which."""
    scale = np.linalg.norm(other, axis=0)
    scale[scale == 0] = 1.0
    found = np.linalg.lstsq(other / scale, one, rcond=None)[0]
    found[np.abs(found) < 1e-8 * np.linalg.norm(one, axis=0)] = 0.0  # rounding, whatever the units
    found /= scale[:, None]
    rest = np.linalg.norm(one - other @ found, axis=0)
    return bool((rest <= _TOLERANCE * np.linalg.norm(one, axis=0)).all()), found


def _random(shape: tuple[int, int], seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(shape)
