"""A random term with standard deviations and a correlation matrix of some kind: diag, cs, ar1, toep."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..arrays import FloatArray
from . import correlations
from .term_map import Hold, Range, TermMap, derivative, pack

_LEAST = -12.0  # the log of a standard deviation over sigma
BEYOND = 300.0  # where exp() leaves the range of numbers
_ENDS = 1e-9  # how near to its ends a correlation is held
_SCALE = Range(-40.0, np.inf, -3.0, 5.0)
_CORRELATION = Range(-1e8, 1e8, -3.0, 3.0)
_SHARE = Range(-40.0, 40.0, -3.0, 3.0)


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


def _scale(value: float, _: Any, log_sigma: Any) -> Any:
    """The log of a standard deviation over sigma; next to zero it stays where a matrix can be factored."""
    x = np.log(max(value, 1e-300)) - log_sigma
    return np.where(np.real(x) > _LEAST, x, _LEAST)
