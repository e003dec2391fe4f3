"""A random term of a few latent effects per level, and the unstructured one: theta itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from .term_map import Hold, Range, TermMap, pack

_LOADING = Range(-np.inf, np.inf, -np.inf, np.inf)
_NONE = 1e-4  # of sigma: loadings as small as this have one rank less


class ReducedRank(TermMap):
    """D = Lambda Lambda' with d columns of Lambda, lower trapezoidal: d latent effects per level."""

    def __init__(self, columns: tuple[str, ...], rank: int) -> None:
        super().__init__(columns)
        self.rank = rank
        thetas = [(row, column) for column in range(self.order) for row in range(column, self.order)]
        self._places = np.array([k for k, (_, column) in enumerate(thetas) if column < rank])
        self._named = [place for place in thetas if place[1] < rank]
        self._count = len(thetas)

    @property
    def size(self) -> int:
        return len(self._places)

    def theta(self, psi: FloatArray) -> FloatArray:
        out = np.zeros(self._count)
        out[self._places] = psi
        return out

    def jacobian(self, psi: FloatArray) -> FloatArray:
        out = np.zeros((self._count, self.size))
        out[self._places, np.arange(self.size)] = 1.0
        return out

    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        out = []
        if covariance is not None:
            values, vectors = np.linalg.eigh(covariance)
            loadings = vectors[:, ::-1][:, : self.rank] * np.sqrt(np.maximum(values[::-1][: self.rank], 1e-3))
            out.append(self._packed(loadings))
        random = np.random.default_rng(1)
        flat = np.column_stack(
            [np.ones(self.order), 0.3 * random.standard_normal((self.order, self.rank - 1))]
        )
        trend = np.vander(np.linspace(-1, 1, self.order), self.rank, increasing=True)
        return [*out, self._packed(flat), self._packed(2.0 * trend)]

    def _packed(self, loadings: FloatArray) -> FloatArray:
        lower = np.linalg.qr(loadings.T)[1].T  # the same D from a lower trapezoid
        return np.array([lower[row, column] for row, column in self._named])

    def holds(self) -> list[Hold]:
        if self.order == 1:
            return [Hold("sd", 0.0, np.inf, _loading)]
        return [Hold("further", -np.inf, np.inf, _loading)] * self.size

    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, FloatArray]]:
        if self.order == 1:
            return [(f"sd {self.columns[0]}", float(sigma * abs(psi[0])), np.array([sigma]))]
        return [
            (f"loading {self.columns[row]} on {column + 1}", float(sigma * value), sigma * slope)
            for (row, column), value, slope in zip(self._named, psi, np.eye(self.size), strict=True)
        ]

    def ranges(self) -> list[Range]:
        return [_LOADING] * self.size

    def deficient(self, psi: FloatArray) -> bool:
        loadings = np.zeros((self.order, self.rank))
        loadings[tuple(np.array(self._named).T)] = psi
        return bool(np.linalg.svd(loadings, compute_uv=False)[-1] < _NONE)


class Free(ReducedRank):
    """An unstructured term: theta itself."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(columns, len(columns))

    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        return [pack(np.eye(self.order)) if covariance is None else pack(_root(covariance))]


def _root(covariance: FloatArray) -> FloatArray:
    """Return a lower triangular factor, also of a singular matrix."""
    size = max(float(np.trace(covariance)), 1e-8)
    return np.asarray(np.linalg.cholesky(covariance + 1e-8 * size * np.eye(len(covariance))))


def _loading(value: float, _: Any, log_sigma: Any) -> Any:
    return value * np.exp(-log_sigma)
