"""Structures of a random term: psi without bounds -> relative covariance D -> theta, with derivatives.

Names and defaults are those of lme4 2.0 (us, diag, cs, ar1) and glmmTMB (toep, rr, and the prefixes hom,
het): a variance per column by default for diag, cs and toep, one variance for ar1; ``hom=`` says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatArray
from ..errors import FormulaError
from ..formula import STRUCTURES, Structure
from . import correlations

# name -> (kind of correlation, one variance by default)
KINDS = {
    "diag": ("diag", False),
    "diagh": ("diag", False),
    "homdiag": ("diag", True),
    "cs": ("cs", False),
    "csh": ("cs", False),
    "homcs": ("cs", True),
    "ar1": ("ar1", True),
    "ar1h": ("ar1", False),
    "hetar1": ("ar1", False),
    "toep": ("toep", False),
    "toeph": ("toep", False),
}


class Hold(NamedTuple):
    """How a natural parameter at a value is a psi: (value, psi, log sigma) -> its own psi.

    `at` takes complex psi and log sigma too, by which it is differentiated.
    """

    kind: str
    lower: float
    upper: float
    at: Callable[[float, Any, Any], Any]


class Range(NamedTuple):
    """Where a psi stands for its limits, and between which a search moves away from them."""

    least: float
    most: float
    low: float
    high: float


_SCALE = Range(-40.0, np.inf, -3.0, 5.0)
_CORRELATION = Range(-1e8, 1e8, -3.0, 3.0)
_SHARE = Range(-40.0, 40.0, -3.0, 3.0)
_LOADING = Range(-np.inf, np.inf, -np.inf, np.inf)


def _scale(value: float, _: Any, log_sigma: Any) -> Any:
    """The log of a standard deviation over sigma; next to zero it stays where a matrix can be factored."""
    x = np.log(max(value, 1e-300)) - log_sigma
    return np.where(np.real(x) > _LEAST, x, _LEAST)


def _loading(value: float, _: Any, log_sigma: Any) -> Any:
    return value * np.exp(-log_sigma)


def derivative(function: Callable[[Any], Any], x: FloatArray) -> FloatArray:
    """Return the derivatives, (outputs, inputs), of an analytic function of (..., inputs), to all digits."""
    return np.asarray(np.imag(function(x + _TINY * 1j * np.eye(x.size))).T / _TINY)


class TermMap(ABC):
    """psi -> the lower triangle of Lambda by columns (lme4's theta) of one term with r columns."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.order = len(columns)

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of parameters."""

    @abstractmethod
    def theta(self, psi: FloatArray) -> FloatArray:
        """Return the packed factor."""

    @abstractmethod
    def jacobian(self, psi: FloatArray) -> FloatArray:
        """Return d theta / d psi, (thetas, size)."""

    @abstractmethod
    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        """Return starts, one of them near a relative covariance when there is one."""

    @abstractmethod
    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, FloatArray]]:
        """Return name, value and its derivatives by psi of the parameters as they are read."""

    @abstractmethod
    def holds(self) -> list[Hold]:
        """Return how each parameter of `natural` is held at a value."""

    @abstractmethod
    def ranges(self) -> list[Range]:
        """Return the range of each psi."""

    def deficient(self, psi: FloatArray) -> bool:
        """Whether the covariance is singular where no parameter is at a limit."""
        return False


_LEAST = -12.0
BEYOND = 300.0  # where exp() leaves the range of numbers
_TINY = 1e-30
_ENDS = 1e-9  # how near to its ends a correlation is held
_NONE = 1e-4  # of sigma: loadings as small as this have one rank less


class Scaled(TermMap):
    """D = S R S: standard deviations relative to sigma (one, or one per column) and a correlation matrix."""

    def __init__(self, columns: tuple[str, ...], kind: str, hom: bool) -> None:
        super().__init__(columns)
        self.kind, self.hom = kind, hom
        self._scales = 1 if hom else self.order

    @property
    def size(self) -> int:
        return self._scales + correlations.size(self.kind, self.order)

    def _factor(self, psi: FloatArray) -> FloatArray:
        """Return the factor of D, (..., order, order) for psi (..., size), complex ones too."""
        scales, rest = psi[..., : self._scales], psi[..., self._scales :]
        exponents = scales if self.kind != "cs" else psi
        if not np.abs(exponents).max() < BEYOND:
            raise np.linalg.LinAlgError("no such covariance")
        factor = correlations.factor(self.kind, rest, self.order)
        return np.asarray(np.exp(scales)[..., None] * factor)

    def theta(self, psi: FloatArray) -> FloatArray:
        return pack(self._factor(psi))

    def jacobian(self, psi: FloatArray) -> FloatArray:
        return derivative(lambda at: pack(self._factor(at)), psi)

    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        lags = np.arange(1, self.order)
        out = []
        for scale, r in ((0.0, 0.3), (-1.0, 0.05), (1.0, 0.7)):
            decaying = np.asarray(np.full(lags.size, r) if self.kind == "cs" else r**lags, dtype=float)
            out.append(np.append(np.full(self._scales, scale), self._near(decaying)))
        if covariance is not None and (np.diag(covariance) > 1e-8).all():
            sd = np.sqrt(np.diag(covariance))
            scales = [np.log(np.sqrt(np.mean(sd**2)))] if self.hom else np.log(sd)
            R = covariance / np.outer(sd, sd)
            if self.kind == "cs":
                shared = np.full(lags.size, R[np.tril_indices(self.order, -1)].mean())
            else:
                shared = np.array([np.mean(np.diag(R, k)) for k in range(1, self.order)])
            out.insert(0, np.append(scales, self._near(0.9 * np.clip(shared, -0.9, 0.95))))
        return out

    def _near(self, lags: FloatArray) -> FloatArray:
        return correlations.near(self.kind, lags, self.order)

    def holds(self) -> list[Hold]:
        least = -1.0 / (self.order - 1) if self.kind == "cs" else -1.0

        def correlation(value: float, psi: Any, _: Any, lag: int) -> Any:
            r = float(np.clip(value, least + _ENDS, 1 - _ENDS))
            if self.kind == "cs":
                return np.log(r - least) - np.log1p(-r)
            return correlations.at_lag(lag, r, psi[..., self._scales :])

        rest = [
            Hold("correlation", least, 1.0, partial(correlation, lag=k + 1))
            for k in range(self.size - self._scales)
        ]
        return [Hold("sd", 0.0, np.inf, _scale)] * self._scales + rest

    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, FloatArray]]:
        names = ["sd"] if self.hom else [f"sd {column}" for column in self.columns]
        count = self.size - self._scales
        toep = self.kind == "toep"
        names += [f"correlation at lag {k + 1}" if toep else "correlation" for k in range(count)]

        def values(at: Any) -> Any:
            scales, rest = at[..., : self._scales], at[..., self._scales :]
            own = correlations.parameters(self.kind, rest, self.order)
            return np.concatenate([sigma * np.exp(scales), own], axis=-1)

        return list(zip(names, values(psi).tolist(), derivative(values, psi), strict=True))

    def ranges(self) -> list[Range]:
        own = _SHARE if self.kind == "cs" else _CORRELATION
        return [_SCALE] * self._scales + [own] * (self.size - self._scales)


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
        return [pack(np.eye(self.order)) if covariance is None else pack(root(covariance))]


def root(covariance: FloatArray) -> FloatArray:
    """Return a lower triangular factor, also of a singular matrix."""
    size = max(float(np.trace(covariance)), 1e-8)
    return np.asarray(np.linalg.cholesky(covariance + 1e-8 * size * np.eye(len(covariance))))


def pack(factor: Any) -> FloatArray:
    """Return a lower triangle column by column, (..., r (r + 1) / 2)."""
    columns, rows = np.triu_indices(factor.shape[-1])
    return np.asarray(factor[..., rows, columns])


def term_map(structure: Structure | None, columns: tuple[str, ...], text: str) -> TermMap:
    """Return the map of a term.

    Raises
    ------
    FormulaError
        For a structure that is not built, an unknown option, or a rank that is none.
    """
    if structure is None or structure.name == "us":
        if structure is not None and structure.options:
            raise FormulaError("us() takes no options", text, structure.position)
        return Free(columns)
    options = dict(structure.options)
    if structure.name == "rr":
        rank = options.pop("d", 2)
        if options or not isinstance(rank, int) or not 1 <= rank <= len(columns):
            raise FormulaError(
                f"rr() takes d=, a rank from 1 to the number of its columns ({len(columns)})",
                text,
                structure.position,
            )
        return ReducedRank(columns, rank)
    if structure.name not in KINDS:
        built = ", ".join(["us", "rr", "exp", *KINDS])
        raise FormulaError(
            f"the covariance structure {structure.name}() ({STRUCTURES[structure.name]}) is not available "
            f"for random terms. Available are {built}",
            text,
            structure.position,
        )
    kind, hom = KINDS[structure.name]
    hom = options.pop("hom", hom)  # type: ignore[assignment]
    if options or not isinstance(hom, bool):
        raise FormulaError(f"{structure.name}() takes hom=True or hom=False", text, structure.position)
    if len(columns) < 2 and kind != "diag":
        raise FormulaError(
            f"{structure.name}() of one column has no correlation: write (x | g)", text, structure.position
        )
    return Scaled(columns, kind, hom)


@dataclass(frozen=True, eq=False)
class Structured:
    """All terms of a model side by side."""

    maps: tuple[TermMap, ...]

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(one.size for one in self.maps)

    def parts(self, psi: FloatArray) -> list[FloatArray]:
        """Cut psi by terms."""
        return np.split(psi, np.cumsum([one.size for one in self.maps])[:-1])

    def theta(self, psi: FloatArray) -> FloatArray:
        """Return theta of the model."""
        return np.concatenate([one.theta(part) for one, part in zip(self.maps, self.parts(psi), strict=True)])

    def jacobian(self, psi: FloatArray) -> FloatArray:
        """Return d theta / d psi, block diagonal."""
        blocks = [one.jacobian(part) for one, part in zip(self.maps, self.parts(psi), strict=True)]
        out = np.zeros((sum(len(block) for block in blocks), self.size))
        row = column = 0
        for block in blocks:
            out[row : row + block.shape[0], column : column + block.shape[1]] = block
            row, column = row + block.shape[0], column + block.shape[1]
        return out

    def starts(self, covariances: list[FloatArray | None]) -> list[FloatArray]:
        """Return starts of all terms together."""
        each = [one.starts(matrix) for one, matrix in zip(self.maps, covariances, strict=True)]
        count = max(len(own) for own in each)
        return [np.concatenate([own[min(k, len(own) - 1)] for own in each]) for k in range(count)]

    def ranges(self) -> FloatArray:
        """Return the ranges of all parameters, (size, 4)."""
        return np.array([own for one in self.maps for own in one.ranges()])

    def nothing(self) -> FloatArray:
        """Return parameters that stand for no variances, and for the middle of what else there is."""
        least, most, _, _ = self.ranges().T
        return np.where(np.isfinite(least) & np.isinf(most), least, 0.0)

    def inside(self, psi: FloatArray, near: float = 1.0) -> FloatArray:
        """Return parameters near these from which a search can move: at their limits nothing does."""
        _, _, low, high = self.ranges().T
        return np.clip(psi, near * low, near * high)

    def deficient(self, psi: FloatArray) -> bool:
        """Whether some covariance is singular where no parameter is at a limit."""
        return any(one.deficient(part) for one, part in zip(self.maps, self.parts(psi), strict=True))
