"""What a structure is to a fit: psi without bounds -> theta of one random term, with derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatArray

_TINY = 1e-30


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


def derivative(function: Callable[[Any], Any], x: FloatArray) -> FloatArray:
    """Return the derivatives, (outputs, inputs), of an analytic function of (..., inputs), to all digits."""
    return np.asarray(np.imag(function(x + _TINY * 1j * np.eye(x.size))).T / _TINY)


def pack(factor: Any) -> FloatArray:
    """Return a lower triangle column by column, (..., r (r + 1) / 2)."""
    columns, rows = np.triu_indices(factor.shape[-1])
    return np.asarray(factor[..., rows, columns])
