"""Structures of a random term: psi without bounds -> relative covariance D -> theta, with derivatives.

Names and defaults are those of lme4 2.0 (us, diag, cs, ar1) and glmmTMB (toep, rr, and the prefixes hom,
het): a variance per column by default for diag, cs and toep, one variance for ar1; ``hom=`` says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatArray
from ..errors import FormulaError
from ..formula import STRUCTURES, Structure

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
    """How a natural parameter at a value is a psi: (value, log sigma) -> psi and its slope in log sigma."""

    kind: str
    lower: float
    upper: float
    at: Callable[[float, float], tuple[float, float]]


def _scale(value: float, log_sigma: float) -> tuple[float, float]:
    """The log of a standard deviation over sigma; next to zero it stays where a matrix can be factored."""
    x = float(np.log(max(value, 1e-300))) - log_sigma
    return (x, -1.0) if x > _LEAST else (_LEAST, 0.0)


def _loading(value: float, log_sigma: float) -> tuple[float, float]:
    x = float(value * np.exp(-log_sigma))
    return x, -x


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
    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, float]]:
        """Return name, value and its derivative by psi of the parameters as they are read."""

    @abstractmethod
    def holds(self) -> list[Hold]:
        """Return how each parameter of `natural` is held at a value."""

    def far(self, psi: FloatArray) -> bool:
        """Whether a parameter is at its boundary: no variance, or a correlation of one."""
        return bool((np.abs(psi) > FAR).any())


FAR = 9.0
_LEAST = -12.0
BEYOND = 300.0  # where exp() leaves the range of numbers
_ENDS = 1e-9  # how near to its ends a correlation is held


class Scaled(TermMap):
    """D = S R S: standard deviations relative to sigma (one, or one per column) and a correlation matrix."""

    def __init__(self, columns: tuple[str, ...], kind: str, hom: bool) -> None:
        super().__init__(columns)
        self.kind, self.hom = kind, hom
        self._scales = 1 if hom else self.order

    @property
    def size(self) -> int:
        return self._scales + {"diag": 0, "cs": 1, "ar1": 1, "toep": self.order - 1}[self.kind]

    def covariance(self, psi: FloatArray) -> FloatArray:
        """Return D, also for complex psi."""
        if not np.abs(psi).max(initial=0.0) < BEYOND:
            raise np.linalg.LinAlgError("no such covariance")
        sd = np.exp(psi[: self._scales]) * np.ones(self.order)
        lag = np.abs(np.subtract.outer(np.arange(self.order), np.arange(self.order)))
        rest = self._correlations(psi[self._scales :])
        if self.kind == "diag":
            R = np.eye(self.order, dtype=rest.dtype)
        elif self.kind == "cs":
            R = np.where(lag == 0, 1.0, rest[0])
        elif self.kind == "ar1":
            R = rest[0] ** lag
        else:
            R = np.concatenate([np.ones(1), rest])[lag]
        return np.asarray(np.outer(sd, sd) * R)

    def _correlations(self, x: FloatArray) -> FloatArray:
        if self.kind == "cs":  # where the matrix is positive definite
            least = -1.0 / (self.order - 1)
            return np.asarray(least + (1 - least) / (1 + np.exp(-x)))
        return np.asarray(x / np.sqrt(1 + x * x))

    def theta(self, psi: FloatArray) -> FloatArray:
        return pack(np.linalg.cholesky(self.covariance(psi)))

    def jacobian(self, psi: FloatArray) -> FloatArray:
        """dL = L P(L^-1 dD L^-T), P the lower triangle with half the diagonal."""
        L = np.linalg.cholesky(self.covariance(psi))
        inverse = np.linalg.inv(L)
        out = []
        for e in np.eye(self.size):
            dD = self.covariance(psi + 1e-30j * e).imag / 1e-30
            inner = np.tril(inverse @ dD @ inverse.T)
            inner[np.diag_indices(self.order)] /= 2
            out.append(pack(L @ inner))
        return np.array(out).T

    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        out = []
        for scale, correlation in ((0.0, 0.3), (-1.0, 0.05), (1.0, 0.7)):
            out.append(np.r_[np.full(self._scales, scale), self._inverse(self._decaying(correlation))])
        if covariance is not None and (np.diag(covariance) > 1e-8).all():
            sd = np.sqrt(np.diag(covariance))
            R = covariance / np.outer(sd, sd)
            scales = [np.log(np.sqrt(np.mean(sd**2)))] if self.hom else np.log(sd)
            lags = [np.mean(np.diag(R, lag)) for lag in range(1, self.order)]
            values = {
                "diag": [],
                "cs": [R[np.tril_indices(self.order, -1)].mean()] if self.order > 1 else [],
                "ar1": lags[:1],
                "toep": lags,
            }
            own = np.r_[scales, self._inverse(0.9 * np.clip(values[self.kind], -0.9, 0.95))]
            out.insert(0, own)
        return [start for start in out if np.linalg.eigvalsh(self.covariance(start))[0] > 0]

    def _decaying(self, r: float) -> FloatArray:
        if self.kind == "toep":
            return np.asarray(r ** np.arange(1, self.order))
        return np.full(self.size - self._scales, r)

    def _inverse(self, r: FloatArray) -> FloatArray:
        r = np.asarray(r, dtype=float)
        if self.kind == "cs":
            least = -1.0 / (self.order - 1)
            share = np.clip((r - least) / (1 - least), 0.02, 0.98)
            return np.asarray(np.log(share / (1 - share)))
        return np.asarray(r / np.sqrt(1 - r * r))

    def holds(self) -> list[Hold]:
        least = -1.0 / (self.order - 1) if self.kind == "cs" else -1.0

        def correlation(value: float, _: float) -> tuple[float, float]:
            r = float(np.clip(value, least + _ENDS, 1 - _ENDS))
            if self.kind == "cs":
                return float(np.log(r - least) - np.log1p(-r)), 0.0
            return float(r / np.sqrt(1 - r * r)), 0.0

        scales = [Hold("sd", 0.0, np.inf, _scale)] * self._scales
        return scales + [Hold("correlation", least, 1.0, correlation)] * (self.size - self._scales)

    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, float]]:
        names = ["sd"] if self.hom else [f"sd {column}" for column in self.columns]
        sd = sigma * np.exp(psi[: self._scales])
        out = [(name, float(value), float(value)) for name, value in zip(names, sd, strict=True)]
        rest = psi[self._scales :]
        values = self._correlations(rest)
        for k in range(rest.size):
            step = np.zeros(rest.size, dtype=complex)
            step[k] = 1e-30j
            slope = float(self._correlations(rest + step).imag[k] / 1e-30)
            name = f"correlation at lag {k + 1}" if self.kind == "toep" else "correlation"
            out.append((name, float(values[k]), slope))
        return out


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

    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, float]]:
        if self.order == 1:
            return [(f"sd {self.columns[0]}", float(sigma * abs(psi[0])), sigma)]
        return [
            (f"loading {self.columns[row]} on {column + 1}", float(sigma * value), sigma)
            for (row, column), value in zip(self._named, psi, strict=True)
        ]

    def far(self, psi: FloatArray) -> bool:
        return False


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
    """Return a lower triangle column by column."""
    columns, rows = np.triu_indices(len(factor))
    return np.asarray(factor[rows, columns])


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

    def far(self, psi: FloatArray) -> bool:
        """Whether some parameter is at its boundary."""
        return any(one.far(part) for one, part in zip(self.maps, self.parts(psi), strict=True))
