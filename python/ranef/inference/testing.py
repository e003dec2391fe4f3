"""What every method of testing shares: a covariance matrix, degrees of freedom, an F statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..arrays import FloatArray

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

    covariance: FloatArray
    """(p, p), from which standard errors are taken."""

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
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

    Returns
    -------
    (q, p) contrasts, (q,) differences, (q,) variances
        With L Phi L' = U diag(d) U': U'L, U'difference, d.
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


class KnownDf:
    """The same degrees of freedom for every contrast: those of the residuals, or infinity (normal)."""

    def __init__(self, covariance: FloatArray, df: float) -> None:
        self.covariance = covariance
        self.known = df

    def df(self, contrast: FloatArray) -> float:
        return self.known

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        _, wanted, variances = independent_contrasts(contrasts, difference, self.covariance)
        value = float(np.mean(wanted**2 / variances))
        return FStatistic(value, len(variances), self.known, value)
