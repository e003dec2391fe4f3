"""Satterthwaite's approximation to the degrees of freedom.

The variance of a contrast f = l'Phi l is a function of the variance parameters (theta, sigma); a chi-square
with the same mean and variance has df = 2 f^2 / (g'A g), where g is the gradient of f and A the covariance
of the parameters: twice the inverse Hessian of the deviance, or of the REML criterion, not profiled over
sigma.

References
----------
Giesbrecht & Burns (1985), Two-stage analysis based on a mixed model, Biometrics 41, 477-486.
Fai & Cornelius (1996), Approximate F-tests of multiple degree of freedom hypotheses in generalized least
squares analyses of unbalanced split-plot experiments, Journal of Statistical Computation and Simulation 54,
363-378.
Kuznetsova, Brockhoff & Christensen (2017), lmerTest package, Journal of Statistical Software 82(13),
section 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..coordinates import Coordinates, term_factors
from ..fit import Fit
from ..model import Model
from ..pickles import Snapshot
from ..theta import covariance_curvature, covariance_jacobian, parts
from .curvature import bordered, inverse
from .differences import difference_derivatives
from .fisher import fisher_information, predicted_cost
from .testing import Method

# Order of a dense matrix up to which exact derivatives cost less than differences of a sparse criterion.
LARGEST_EXACT = 3000


class DeltaDf(Snapshot, Method):
    """Degrees of freedom 2 f^2 / (g'A g) of contrasts, whatever the covariance is a function of.

    inner, (p, p): covariance of the kept coefficients, in `coordinates`.
    gradient, (k, p, p): its derivatives with respect to the k parameters of variances.
    spread, (k, k): the covariance of these parameters.
    """

    def __init__(
        self,
        inner: FloatArray,
        gradient: FloatArray,
        spread: FloatArray,
        coordinates: Coordinates | None = None,
    ) -> None:
        self.inner, self.gradient, self.spread = inner, gradient, spread
        self.coordinates = coordinates

    def df_inside(self, row: FloatArray) -> float:
        """Return the degrees of freedom of one contrast of the coefficients of `inner`, (p,)."""
        return float(self._df_of(row[None])[0])

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        return self._df_of(self.internal(contrasts))

    def _df_of(self, rows: FloatArray) -> FloatArray:
        value = np.einsum("mi,ij,mj->m", rows, self.inner, rows, optimize=True)
        slope = np.einsum("mi,kij,mj->km", rows, self.gradient, rows, optimize=True)
        spread = np.einsum("km,kl,lm->m", slope, self.spread, slope, optimize=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spread <= 0, np.inf, 2 * value**2 / spread)


class Satterthwaite(DeltaDf):
    """Satterthwaite's degrees of freedom for any contrast of one fit, in (theta, sigma).

    Theta is in the coordinates of `core_coordinates`.
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        inner = fit.internal_vcov
        slopes, hessian = derivatives(fit, core_coordinates(fit))
        gradient = np.concatenate([fit.sigma**2 * slopes, 2 / fit.sigma * inner[None]])
        super().__init__(inner, gradient, 2 * inverse(hessian), fit.model.coordinates)

    @cached_property
    def core_covariance(self) -> FloatArray:
        """Covariance of (theta in the core's coordinates, sigma), (k + 1, k + 1)."""
        if core_coordinates(self._fit):
            return self.spread
        return 2 * inverse(derivatives(self._fit, True)[1])

    @cached_property
    def parameter_covariance(self) -> FloatArray:
        """Covariance of (theta, sigma), (k + 1, k + 1)."""
        slopes = theta_slopes(self._fit)
        if slopes is None:
            return 2 * inverse(derivatives(self._fit, False)[1])
        return slopes @ self.core_covariance @ slopes.T


def core_coordinates(fit: Fit) -> bool:
    """Return whether to differentiate with respect to theta in the core's coordinates.

    They lose no digits to covariates far from zero, and the answer is the same because the gradient is
    zero: as long as both thetas span the same directions, which can fail at a boundary where a column of
    Lambda is zero.
    """
    inside = _core.internal_theta(fit.model.problem, fit.theta)
    columns = zip(_zero_columns(fit.model, fit.theta), _zero_columns(fit.model, inside), strict=True)
    return all(np.array_equal(*pair) for pair in columns)


def _zero_columns(model: Model, theta: FloatArray) -> list[npt.NDArray[np.bool_]]:
    factors = model.covariance_factors(theta)
    return [np.logical_not(factor.any(axis=0)) for factor in factors]


def derivatives(fit: Fit, core: bool) -> tuple[FloatArray, FloatArray]:
    """Return dC / dtheta, (k, p, p), and the Hessian of the criterion in (theta, sigma), (k + 1, k + 1).

    C is that of the core's coefficients.

    core: whether theta is that of the core's coordinates.
    """
    cost = predicted_cost(fit.model)
    dense = cost.order <= LARGEST_EXACT or (cost.fits and fit.model.plan.kind == "dense")
    return exact_derivatives(fit, core) if dense else difference_derivatives(fit, core)


def exact_derivatives(fit: Fit, core: bool) -> tuple[FloatArray, FloatArray]:
    """Return `derivatives` in closed form.

    The criterion is log|H| (+ log|X'H^-1 X|) + r^2(theta) / sigma^2 + nu log(2 pi sigma^2), at
    sigma^2 = r^2 / nu.
    """
    model, sigma = fit.model, fit.sigma
    found = fisher_information(fit)
    trace = found.trace_projected if model.reml else found.trace
    product = found.product_projected if model.reml else found.product
    nu = model.df_sigma
    weights = trace - found.rss_slope / sigma**2  # d criterion / dd
    if core:
        jacobian = covariance_jacobian(model.term_widths, found.internal_theta)
    else:
        jacobian = found.to_internal @ covariance_jacobian(model.term_widths, fit.theta)
        weights = found.to_internal.T @ weights

    in_d = -product + 2 * found.rss_bend / sigma**2
    in_theta = jacobian.T @ in_d @ jacobian + covariance_curvature(model.term_widths, weights)
    mixed = 2 / sigma**3 * (jacobian.T @ found.rss_slope)
    slopes = np.tensordot(jacobian.T, found.slope, axes=1)
    return slopes, bordered(in_theta, mixed, 4 * nu / sigma**2)


def theta_slopes(fit: Fit) -> FloatArray | None:
    """Return the derivatives of (theta, sigma) in those of the core, (k + 1, k + 1); None at a boundary.

    With L the core's Lambda, T the map to the user's random effects and T L = M Q', M lower triangular:
    dM = M (G + a skew matrix) with G = Q'L^-1 dL Q, such that the sum is lower triangular.
    """
    model = fit.model
    out = np.eye(model.n_theta + 1)
    inner = term_factors(model.cross, fit.solution)
    for index, (_, place, rows, columns) in enumerate(parts(model.term_widths)):
        if not np.diag(inner[index]).all():
            return None
        q, upper = np.linalg.qr((model.coordinates.modes_map(index) @ inner[index]).T)
        sign = np.where(np.diag(upper) < 0, -1.0, 1.0)
        q, outer = q * sign, (upper * sign[:, None]).T
        back = np.linalg.inv(inner[index])
        for k, (i, c) in enumerate(zip(rows, columns, strict=True)):
            G = np.outer(q.T @ back[:, i], q[c])
            out[place, place.start + k] = (outer @ (np.tril(G) + np.triu(G, 1).T))[rows, columns]
    return out
