"""What every method of testing shares: a covariance matrix, degrees of freedom, an F statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..coordinates import Coordinates

_RANK = float(np.sqrt(np.finfo(float).eps))  # eigenvalue of L Phi L', relative, of a redundant row
_EQUAL = 1e-8  # degrees of freedom closer than this are the same


@dataclass(frozen=True)
class FStatistic:
    """A joint test: ``value`` against F(num_df, den_df); ``unscaled`` is the Wald statistic over num_df."""

    value: float
    num_df: int
    den_df: float
    unscaled: float


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


class Method:
    """A covariance matrix of the kept coefficients, held where no digits are lost, and degrees of freedom."""

    inner: FloatArray  # (p, p): in `coordinates`
    coordinates: Coordinates | None = None  # None for the user's own

    @property
    def covariance(self) -> FloatArray:
        """On the user's scale, (p, p); standard errors are taken from it."""
        return self.inner if self.coordinates is None else self.coordinates.covariance(self.inner)

    def internal(self, contrasts: FloatArray) -> FloatArray:
        """Return contrasts of the user's coefficients, (m, p) or (p,), as those of `inner`."""
        return contrasts if self.coordinates is None else self.coordinates.fixed(contrasts)

    def between(self, contrasts: FloatArray) -> FloatArray:
        """Return the covariance matrix of contrasts, (m, m)."""
        rows = self.internal(contrasts)
        return np.asarray(rows @ self.inner @ rows.T)

    def variances(self, contrasts: FloatArray) -> FloatArray:
        """Return the variance of each of many contrasts, (m,)."""
        rows = self.internal(contrasts)
        return np.asarray(np.einsum("mi,ij,mj->m", rows, self.inner, rows))

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
        return self.df_inside(self.internal(contrast))

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        return np.array([np.nan if np.isnan(row).any() else self.df(row) for row in contrasts])

    def df_inside(self, row: FloatArray) -> float:
        """Return the degrees of freedom of one contrast of the coefficients of `inner`, (p,)."""
        raise NotImplementedError

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Test contrasts (m, p) whose estimates differ by `difference` (m,) from the hypothesis.

        Fai & Cornelius: uncorrelated contrasts with their own degrees of freedom, matched by the mean.
        """
        rows, wanted, variances = independent_contrasts(self.internal(contrasts), difference, self.inner)
        value = float(np.mean(wanted**2 / variances))
        return FStatistic(value, len(variances), joint_df([self.df_inside(row) for row in rows]), value)


class KnownDf(Method):
    """The same degrees of freedom for every contrast: those of the residuals, or infinity (normal)."""

    def __init__(self, inner: FloatArray, df: float, coordinates: Coordinates | None = None) -> None:
        self.inner, self.coordinates = inner, coordinates
        self.known = df

    def df_inside(self, row: FloatArray) -> float:
        return self.known


class PartlyKnown(Method):
    """A method of testing that gives NaN for contrasts whose variance has no estimate.

    by: the method.
    unknown: contrasts (m, p) -> which of their covariances have none, (m, m) bool.
    """

    def __init__(self, by: Method, unknown: Callable[[FloatArray], npt.NDArray[np.bool_]]) -> None:
        self.by, self._unknown = by, unknown

    @property
    def covariance(self) -> FloatArray:
        """On the user's scale, (p, p)."""
        found = self.by.covariance
        return np.where(self._unknown(np.eye(len(found))), np.nan, found)

    def between(self, contrasts: FloatArray) -> FloatArray:
        """Return the covariance matrix of contrasts, (m, m)."""
        return np.where(self._unknown(contrasts), np.nan, self.by.between(contrasts))

    def variances(self, contrasts: FloatArray) -> FloatArray:
        """Return the variance of each of many contrasts, (m,)."""
        return np.where(self._unknown(contrasts).diagonal(), np.nan, self.by.variances(contrasts))

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
        return float(self.df_of(contrast[None])[0])

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        return np.where(self._unknown(contrasts).diagonal(), np.nan, self.by.df_of(contrasts))

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Test contrasts (m, p) jointly."""
        found = self.by.f_statistic(contrasts, difference)
        if not self._unknown(contrasts).any():
            return found
        return FStatistic(np.nan, found.num_df, np.nan, np.nan)


def joint_df(each: list[float]) -> float:
    """Return the denominator df whose F has the mean of a sum of squared t with `each` df.

    >>> joint_df([10.0, 10.0])
    10.0
    >>> round(joint_df([10.0, 20.0]), 4)
    13.0769
    """
    dfs = np.asarray(each)
    if np.ptp(dfs[np.isfinite(dfs)]) < _EQUAL if np.isfinite(dfs).all() else len(dfs) == 1:
        return float(dfs.mean())
    if (dfs <= 2).any():
        return 2.0
    # nu / (nu - 2), 1 for an infinite nu
    means = np.where(np.isfinite(dfs), 1 + 2 / (dfs - 2), 1.0)
    excess = means.sum() - len(dfs)
    return float(2 * means.sum() / excess) if excess > 0 else float("inf")
