"""The residuals' covariance up to sigma^2, as a function of few parameters without bounds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design import GroupingFactor
from .chain import Chain, find_chain
from .dispersion import Dispersion, find_dispersion


@dataclass(frozen=True, eq=False)
class Noise:
    """R(phi): standard deviations by row, correlation along time, or both."""

    weights: FloatArray | None = field(repr=False)  # (n,): prior weights
    chain: Chain | None
    dispersion: Dispersion | None

    @classmethod
    def of(cls, model: Any, data: Any, residual: str | None, dispersion: str | None) -> Noise:
        """Return what ``residual=`` and ``dispersion=`` ask for of the rows of a model."""
        rows, functions = model.design.rows, model.formula.functions
        return cls(
            model.design.weights,
            None if residual is None else find_chain(residual, data, rows),
            None if dispersion is None else find_dispersion(dispersion, data, rows, functions),
        )

    @property
    def subjects(self) -> GroupingFactor | None:
        """Whose rows correlate; None where they do not."""
        if self.chain is None:
            return None
        group = self.chain.group
        return GroupingFactor(group.name, self.chain.subject, group.levels)

    @property
    def size(self) -> int:
        """Number of parameters: of the dispersion, then of the correlation."""
        return self._spread + (self.chain is not None)

    @property
    def _spread(self) -> int:
        return 0 if self.dispersion is None else len(self.dispersion.names)

    def some(self, rows: npt.NDArray[np.bool_]) -> Noise:
        """Return that of the rows of some subjects."""
        weights, chain, dispersion = self.weights, self.chain, self.dispersion
        return Noise(
            None if weights is None else weights[rows],
            None if chain is None else chain.some(rows),
            None if dispersion is None else replace(dispersion, codes=dispersion.codes[rows]),
        )

    def log_sd(self, phi: FloatArray) -> FloatArray | float:
        """Return the logarithm of each row's standard deviation over sigma, prior weights included."""
        out: FloatArray | float = 0.0
        if self.dispersion is not None:
            out = self.dispersion.log_sd(phi[: self._spread])
        return out if self.weights is None else out - 0.5 * np.log(self.weights)

    def log_sd_of_new(self, newdata: Any, phi: FloatArray) -> FloatArray | float:
        """Return the logarithm of new rows' standard deviations over sigma, prior weights left out."""
        if self.dispersion is None:
            return 0.0
        return self.dispersion.of_new(newdata, phi[: self._spread])

    def row_weights(self, phi: FloatArray) -> FloatArray | None:
        """Return 1 / variance over sigma^2 of each row, None where all are one."""
        log_sd = self.log_sd(phi)
        return None if isinstance(log_sd, float) else np.exp(-2 * log_sd)

    def whiten(self, values: FloatArray, phi: FloatArray) -> FloatArray:
        """Return rows times R^(-1/2), (n,) or (n, k)."""
        scale = np.exp(-np.asarray(self.log_sd(phi)))
        if scale.ndim and values.ndim == 2:
            scale = scale[:, None]
        scaled = values * scale
        return scaled if self.chain is None else self.chain.whiten(scaled, float(phi[-1]))

    def whiten_transposed(self, values: FloatArray, phi: FloatArray) -> FloatArray:
        """Return rows (n, k) times the transpose of R^(-1/2) as `whiten` has it."""
        own = values if self.chain is None else self.chain.whiten_transposed(values, float(phi[-1]))
        scale = np.exp(-np.asarray(self.log_sd(phi)))
        return own * (scale[:, None] if scale.ndim else scale)

    def colour(self, noise: FloatArray, phi: FloatArray) -> FloatArray:
        """Return independent rows (n, k) times R^(1/2)."""
        own = noise if self.chain is None else self.chain.colour(noise, float(phi[-1]))
        scale = np.exp(np.asarray(self.log_sd(phi)))
        return own * (scale[:, None] if scale.ndim else scale)

    def log_determinant(self, phi: FloatArray) -> float:
        """Return log|R|."""
        log_sd = self.log_sd(phi)
        spread = 0.0 if isinstance(log_sd, float) else 2 * float(log_sd.sum())
        return spread + (0.0 if self.chain is None else self.chain.log_determinant(float(phi[-1])))
