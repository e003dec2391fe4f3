"""The core's coordinates: columns shifted and scaled, so that products of them lose no digits.

A statistic that is a quadratic form (a variance, a leverage, a distance) is formed here, never in the user's
units: with a covariate far from zero, such as a time stamp, entries of the user's matrices cancel to nothing.
``cpp/ranef/model/coordinates.hpp`` has the maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .cross_products import CrossProducts
from .design import RandomTerm


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The maps of one design."""

    shift: FloatArray  # shift, scale (p,): of the kept columns of X
    scale: FloatArray
    constant: FloatArray  # (p,): the combination of them that is 1; zero where there is none
    # tuple of (shift, scale, intercept): of each random term: (r,), (r,), index of its constant column or -1
    terms: tuple[tuple[FloatArray, FloatArray, int], ...]
    kept: npt.NDArray[np.intp]  # (p,) int: which columns of X are kept

    @classmethod
    def of(cls, cross: CrossProducts, terms: Sequence[RandomTerm]) -> Coordinates:
        """Return those of cross-products and the random terms they are of."""
        found: dict[str, Any] = cross.design.coordinates
        shift, scale = np.array(found["x_shift"]), np.array(found["x_scale"])
        constant = np.array(found["constant"]) if len(found["constant"]) else np.zeros(len(shift))
        own: dict[int, tuple[FloatArray, FloatArray, int]] = {}
        for place, given in enumerate(cross.design.factor_order):
            factor = cross.factors[given]
            z_shift, z_scale = np.array(found["z_shift"][place]), np.array(found["z_scale"][place])
            for index, part in zip(factor.terms, factor.slices, strict=True):
                own[index] = z_shift[part], z_scale[part], terms[index].intercept
        return cls(shift, scale, constant, tuple(own[index] for index in range(len(terms))), cross.columns)

    def fixed(self, rows: FloatArray) -> FloatArray:
        """Return rows of X, or contrasts of coefficients, (m, p) or (p,), over the internal columns."""
        return (rows - np.multiply.outer(rows @ self.constant, self.shift)) / self.scale

    def random(self, term: int, basis: FloatArray) -> FloatArray:
        """Return rows of a random term's columns, (m, r), over its internal ones."""
        shift, scale, intercept = self.terms[term]
        return (basis if intercept < 0 else basis - basis[:, [intercept]] * shift) / scale

    def second_moments(self, index: int, term: RandomTerm) -> FloatArray:
        """Return the means over the rows of products of a random term's internal columns, (r, r)."""
        shift, scale, intercept = self.terms[index]
        if term.moments is not None:  # of rows read in batches
            return term.moments.of(shift if intercept >= 0 else 0.0 * shift) / np.outer(scale, scale)
        ones = np.ones(term.matrix.n)
        columns = [ones if c is None else np.asarray(c, float) for c in term.matrix.columns]
        level = columns[intercept] if intercept >= 0 else 0.0
        inner = [(c - s * level) / size for c, s, size in zip(columns, shift, scale, strict=True)]
        return np.array([[one @ other for other in inner] for one in inner]) / term.matrix.n

    def modes_map(self, term: int) -> FloatArray:
        """Return T, (r, r): the user's random effects are T times the internal ones."""
        return self.random(term, np.eye(len(self.terms[term][0])))

    def covariance(self, inner: FloatArray) -> FloatArray:
        """Return the covariance of the user's coefficients, (..., p, p), from that of the internal ones."""
        rows = self.fixed(np.eye(len(self.shift)))
        return np.asarray(rows @ inner @ rows.T)


@dataclass(frozen=True, eq=False)
class Orthonormal:
    """Columns of X made orthonormal, for models that read their rows themselves."""

    R: FloatArray  # (p, p): X is Q R, Q'Q = I; upper triangular

    def fixed(self, rows: FloatArray) -> FloatArray:
        """Return rows of X, or contrasts of coefficients, (m, p) or (p,), over the columns of Q.

        Those with a NaN are NaN.
        """
        from scipy.linalg import solve_triangular  # takes longer to load than the first fit

        return np.asarray(solve_triangular(self.R, rows.T, trans="T", check_finite=False).T)

    def coefficients(self, inner: FloatArray) -> FloatArray:
        """Return the user's coefficients, (p,), from those of Q."""
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.R, inner))

    def covariance(self, inner: FloatArray) -> FloatArray:
        """Return the covariance of the user's coefficients, (..., p, p), from that of those of Q."""
        rows = self.fixed(np.eye(len(self.R)))
        return np.asarray(rows @ inner @ rows.T)


def coordinates_of(model: Any) -> Coordinates:
    """Return the coordinates in which the quadratic forms of a model are computed."""
    return Coordinates.of(model.cross, model.design.terms)


def inner_factors(fit: Any) -> list[FloatArray]:
    """Return Lambda of each random term of a fit in its model's coordinates, (r, r)."""
    if "internal_lambda" in fit.solution:
        return term_factors(fit.model.cross, fit.solution)
    factors = fit.model.covariance_factors(fit.theta)
    maps = [fit.model.coordinates.modes_map(index) for index in range(len(factors))]
    return [np.linalg.solve(turn, factor) for turn, factor in zip(maps, factors, strict=True)]


def term_factors(cross: CrossProducts, solution: dict[str, Any]) -> list[FloatArray]:
    """Return Lambda of each random term in internal coordinates, (r, r), of a solution."""
    own: dict[int, FloatArray] = {}
    for given, whole in zip(cross.design.factor_order, solution["internal_lambda"], strict=True):
        factor = cross.factors[given]
        for index, part in zip(factor.terms, factor.slices, strict=True):
            own[index] = whole[part, part]
    return [own[index] for index in range(len(own))]
