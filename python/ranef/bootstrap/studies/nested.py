"""A small model inside a large one: its parameters as the large one's, its responses from the large one's.

Where every column of the small model's [Z X] is a combination of the large one's, C_s = C_l T, a response's
cross-products with the small design are T' times those with the large one. So one draw from the large
design's Gram factor serves both models. T is worked out in the core's coordinates (columns shifted and
scaled), in which nothing cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...design import RandomTerm
from ...errors import ArgumentError
from ...fit import Fit
from ...model import Model
from ...theta import pack
from ..draws.level_factors import triangular_factor

_SAME = 1e-6


def require_nested(small: Any, large: Any) -> None:
    """Raise an ArgumentError if the small model has as many parameters, or fits better."""
    statistic, df = small.objective - large.objective, large.df_model_total - small.df_model_total
    if df < 1 or statistic < -_SAME * max(abs(small.objective), 1.0):
        raise ArgumentError(
            f"'{small.formula}' is not nested in '{large.formula}': it has {-df} parameters more, or fits "
            f"better by {-statistic:.4g}. Give the small model first"
        )


def nested_columns(small: Fit, large: Fit) -> np.ndarray:
    """The small model's columns of X as combinations of the large one's, (p_large, p_small).

    Raises ArgumentError where they are none, or the rows are not the same.
    """
    a, b = small.model.design, large.model.design
    if a.nobs != b.nobs or not np.array_equal(small.y, large.y):
        raise ArgumentError(
            f"the models are fitted to different rows ({a.nobs} and {b.nobs}) or responses: fit both to the "
            "rows in which no variable of either is missing"
        )
    for name in ("weights", "offset"):
        x, y = getattr(a, name), getattr(b, name)
        if (x is None) != (y is None) or not (x is None or np.array_equal(x, y)):
            raise ArgumentError(f"the models have different {name}: fit both with the same")
    inner, outer = a.X[:, small.model.cross.columns], b.X[:, large.model.cross.columns]
    same = [[k for k, column in enumerate(outer.T) if np.array_equal(column, x)] for x in inner.T]
    if all(same):
        return np.eye(outer.shape[1])[:, [places[0] for places in same]]
    sizes = np.linalg.norm(outer, axis=0)
    basis, triangle = np.linalg.qr(outer / sizes)
    products = basis.T @ inner
    left = np.linalg.norm(inner - basis @ products, axis=0) / np.linalg.norm(inner, axis=0)
    if left.max() > _SAME:
        names = [a.column_names[i] for i in small.model.cross.columns]
        raise ArgumentError(
            f"'{small.formula}' is not nested in '{large.formula}': its column '{names[int(left.argmax())]}' "
            "is not a combination of the other's. Give the small model first"
        )
    return np.linalg.solve(triangle, products) / sizes[:, None]


@dataclass(frozen=True, eq=False)
class Embedding:
    """How a small model sits in a large one."""

    # (p_large, p_small): the small model's kept columns of X from the large one's, on the user's scale
    columns: np.ndarray
    fixed: np.ndarray  # (p_large, p_small): the same in the core's coordinates
    # tuple of (slice, int, numpy.ndarray): for each of the small core's factors: where the large one has its
    # products, its levels, and the map of a level's columns, (r_large, r_small)
    factors: tuple[tuple[slice, int, np.ndarray], ...]
    theta: np.ndarray  # the small model's theta as the large one's
    scale: float  # of the large response over that of the small

    def responses(self, draws: np.ndarray) -> np.ndarray:
        """The small design's cross-products from the large one's, (m, q + p + 1) each."""
        m = len(draws)
        rank = len(self.fixed)
        parts = [
            (draws[:, place].reshape(m, levels, -1) @ turn).reshape(m, -1)
            for place, levels, turn in self.factors
        ]
        parts.append(draws[:, -1 - rank : -1] @ self.fixed)
        return np.hstack([self.scale * np.hstack(parts), self.scale**2 * draws[:, -1:]])


def embedding(small: Fit, large: Fit, columns: np.ndarray) -> Embedding | None:
    """The small model's place in the large one; None where its columns are not among the large one's.

    small, large: of the same rows and response.
    columns, (p_large, p_small): the small model's kept columns of X as combinations of the large one's.
    """
    inner, outer = small.model, large.model
    if small.response.shift != large.response.shift or _has_constant(inner) != _has_constant(outer):
        return None  # the response is shifted in one of them only
    factors, theta = _factors(inner, outer), _theta(small, outer)
    if factors is None or theta is None:
        return None
    scale = large.response.scale / small.response.scale
    return Embedding(columns, _fixed(inner, outer, columns), factors, theta, scale)


def _constant(model: Model) -> np.ndarray:
    return np.asarray(model.cross.design.coordinates["constant"])


def _has_constant(model: Model) -> bool:
    return len(_constant(model)) > 0


def _fixed(inner: Model, outer: Model, columns: np.ndarray) -> np.ndarray:
    """X_s = X_l M with X = X~ scale + 1 shift', and 1 = X~ one where the constant is in the span of X."""
    ours, theirs = inner.cross.design.coordinates, outer.cross.design.coordinates
    shift, scale = np.asarray(theirs["x_shift"]), np.asarray(theirs["x_scale"])
    out = scale[:, None] * columns
    constant = _constant(outer)
    if len(constant):
        one = constant * scale / (1.0 - constant @ shift)
        out = out + np.outer(one, shift @ columns - np.asarray(ours["x_shift"]))
    return out / np.asarray(ours["x_scale"])


def _factors(inner: Model, outer: Model) -> tuple[tuple[slice, int, np.ndarray], ...] | None:
    """The small core's factors among those of the large one, see `Embedding`."""
    theirs = {blocks.group: given for given, blocks in enumerate(outer.cross.factors)}
    order = outer.cross.design.factor_order
    sizes = [levels * width for levels, width in outer.cross.design.shapes]
    found = []
    for place, given in enumerate(inner.cross.design.factor_order):
        other = theirs.get(inner.cross.factors[given].group)
        if other is None:
            return None
        there = order.index(other)
        turn = _columns_of_factor(inner, given, place, outer, other, there)
        if turn is None:
            return None
        first = sum(sizes[:there])
        found.append((slice(first, first + sizes[there]), outer.cross.design.shapes[there][0], turn))
    return tuple(found)


def _columns_of_factor(
    inner: Model, given: int, place: int, outer: Model, other: int, there: int
) -> np.ndarray | None:
    """Z_s = Z_l S for the columns of one grouping factor, in the core's coordinates."""
    mine, codes = _basis(inner, given)
    pool, their_codes = _basis(outer, other)
    if not np.array_equal(codes, their_codes):
        return None
    ours, theirs = inner.cross.design.coordinates, outer.cross.design.coordinates
    shift, scale = np.asarray(ours["z_shift"][place]), np.asarray(ours["z_scale"][place])
    their_shift, their_scale = np.asarray(theirs["z_shift"][there]), np.asarray(theirs["z_scale"][there])
    ones = [a for a, column in enumerate(pool) if their_shift[a] == 0.0 and np.all(column == 1.0)]
    turn = np.zeros((len(pool), len(mine)))
    for a, column in enumerate(mine):
        same = [b for b, candidate in enumerate(pool) if np.array_equal(candidate, column)]
        if not same:
            return None
        b = same[0]
        turn[b, a] += their_scale[b] / scale[a]
        difference = their_shift[b] - shift[a]
        if difference != 0.0:
            if not ones:
                return None
            turn[ones[0], a] += difference * their_scale[ones[0]] / scale[a]
    return turn


def _basis(model: Model, given: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Columns and codes of one of the core's factors."""
    terms = [model.design.terms[index] for index in model.cross.factors[given].terms]
    return [column for term in terms for column in term.basis.T], terms[0].factor.codes


def _theta(small: Fit, outer: Model) -> np.ndarray | None:
    """The small fit's theta as the large model's; None where a term of it is in no one term of the large."""
    lambdas = list(zip(small.model.design.terms, small.model.covariance_factors(small.theta), strict=True))
    values, used = [], 0
    for term in outer.design.terms:
        r = len(term.columns)
        shares = [np.zeros((r, r))]
        for inner, factor in lambdas:
            places = _places(inner, term)
            if places is None:
                continue
            part = np.zeros((r, factor.shape[1]))
            part[places] = factor
            shares.append(part)
            used += 1
        values.append(triangular_factor(*shares))
    return pack(values) if used == len(lambdas) else None


def _places(inner: RandomTerm, term: RandomTerm) -> list[int] | None:
    """Where a small term's columns are in a large one; None if they are not all there."""
    if inner.group != term.group:
        return None
    places = []
    for column in inner.basis.T:
        same = [b for b, candidate in enumerate(term.basis.T) if np.array_equal(candidate, column)]
        if not same:
            return None
        places.append(same[0])
    return places
