"""What every method of testing shares: a covariance matrix, degrees of freedom, an F statistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

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

    Returns
    -------
    (q, p) contrasts, (q,) differences, (q,) variances
        With L Phi L' = U diag(d) U': U'L, U'difference, d.
    """
    between = contrasts @ covariance @ contrasts.T
    values, vectors = np.linalg.eigh((between + between.T) / 2)
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    kept = values > max(_RANK * values[0], 0.0)
    return vectors[:, kept].T @ contrasts, vectors[:, kept].T @ difference, values[kept]


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
