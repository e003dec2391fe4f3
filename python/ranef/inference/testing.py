"""What every method of testing shares: a covariance matrix, degrees of freedom, an F statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..arrays import FloatArray
from ..coordinates import Coordinates

_RANK = float(np.sqrt(np.finfo(float).eps))  # eigenvalue of L Phi L', relative, of a redundant row


@dataclass(frozen=True)
class FStatistic:
    """A joint test: ``value`` against F(num_df, den_df); ``unscaled`` is the Wald statistic over num_df."""

    value: float
    num_df: int
    den_df: float
    unscaled: float


class Method(Protocol):
    """Degrees of freedom of tests about the kept coefficients."""

    @property
    def covariance(self) -> FloatArray:
        """(p, p), from which standard errors are taken."""
        ...

    def between(self, contrasts: FloatArray) -> FloatArray:
        """Return the covariance matrix of contrasts, (m, p)."""
        ...

    def variances(self, contrasts: FloatArray) -> FloatArray:
        """Return the variance of each of many contrasts, (m,)."""
        ...

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
        ...

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        ...

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Test contrasts (m, p) whose estimates differ by `difference` (m,) from the hypothesis."""
        ...


def independent_contrasts(
    contrasts: FloatArray, difference: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Turn contrasts into uncorrelated ones, redundant ones left out.

    Fai & Cornelius' degrees of freedom depend on the basis: as in lmerTest it is that of the eigenvectors of
    L Phi L' as given, unless rows of very different size would then be taken for redundant ones.

    Returns (q, p) contrasts, (q,) differences, (q,) variances with L Phi L' = U diag(d) U': U'L,
        U'difference, d.
    """
    between = contrasts @ covariance @ contrasts.T
    found = _eigen(between)
    scale = np.sqrt(np.diag(between))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = _eigen(between / np.outer(scale, scale))
    if len(scaled[0]) != len(found[0]):
        found, contrasts, difference = scaled, contrasts / scale[:, None], difference / scale
    values, vectors = found
    return vectors.T @ contrasts, vectors.T @ difference, values


def _eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues that are not zero, falling, and their vectors."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    kept = values > max(_RANK * values[-1], 0.0)
    return values[kept][::-1], vectors[:, kept][:, ::-1]


class Wald:
    """A covariance matrix of the kept coefficients, held where no digits are lost."""

    inner: FloatArray  # (p, p): in `coordinates`
    coordinates: Coordinates | None = None  # None for the user's own

    @property
    def covariance(self) -> FloatArray:
        """On the user's scale, (p, p)."""
        return self.inner if self.coordinates is None else self.coordinates.covariance(self.inner)

    def internal(self, contrasts: FloatArray) -> FloatArray:
        """Return contrasts of the user's coefficients, (m, p) or (p,), as those of `inner`."""
        return contrasts if self.coordinates is None else self.coordinates.fixed(contrasts)

    def between(self, contrasts: FloatArray) -> FloatArray:
        """Return the covariance matrix of contrasts, (m, m)."""
        rows = self.internal(contrasts)
        return np.asarray(rows @ self.inner @ rows.T)

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
        raise NotImplementedError

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        return np.array([np.nan if np.isnan(row).any() else self.df(row) for row in contrasts])

    def variances(self, contrasts: FloatArray) -> FloatArray:
        """Return the variance of each contrast, (m,)."""
        rows = self.internal(contrasts)
        return np.asarray(np.einsum("mi,ij,mj->m", rows, self.inner, rows))


class KnownDf(Wald):
    """The same degrees of freedom for every contrast: those of the residuals, or infinity (normal)."""

    def __init__(self, inner: FloatArray, df: float, coordinates: Coordinates | None = None) -> None:
        self.inner, self.coordinates = inner, coordinates
        self.known = df

    def df(self, contrast: FloatArray) -> float:
        return self.known

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        _, wanted, variances = independent_contrasts(self.internal(contrasts), difference, self.inner)
        value = float(np.mean(wanted**2 / variances))
        return FStatistic(value, len(variances), self.known, value)
