"""Kenward and Roger's test: the covariance of the coefficients corrected for small samples, a scaled F.

Everything is linear in the parameters of the covariance V = sum_k gamma_k G_k, so any basis of the same
directions gives the same answer. The one used here is (G_1, ..., G_K, H) with V = sigma^2 H, in place of
the residual's matrix: its traces are tr(P G_k) and n - p, and it adds nothing to the covariance.

References
----------
Kenward & Roger (1997), Small sample inference for fixed effects from restricted maximum likelihood,
Biometrics 53, 983-997; equations in the comments are theirs.
Halekoh & Højsgaard (2014), A Kenward-Roger approximation and parametric bootstrap methods for tests in
linear mixed models: the R package pbkrtest, Journal of Statistical Software 59(9).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..fit import Fit
from ..machine.memory import size_text
from .curvature import bordered, generalised_inverse
from .fisher import fisher_information, predicted_cost
from .testing import FStatistic, Method, independent_contrasts

_ZERO = 1e-10
_NEARLY_ZERO = 1e-14
_UNTOUCHED = 1e-14  # of A2, a squared relative error of a variance: it is rounding


class ScaledF(Method):
    """A Wald statistic scaled so that its first two moments are those of an F.

    inner, unadjusted, (p, p) float64: covariance of the kept coefficients, with and without the adjustment,
        in the core's coordinates.
    """

    unadjusted: FloatArray
    # (k, p, p): phi P_k Phi, which the parameters of the covariance do to it, up to the sign
    _effects: FloatArray
    _weights: FloatArray  # (k, k): covariance of these parameters

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Scale the adjusted covariance's Wald statistic so that its first two moments are those of an F."""
        rows, wanted, _ = independent_contrasts(self.internal(contrasts), difference, self.unadjusted)
        between = rows @ self.inner @ rows.T
        wald = float(wanted @ np.linalg.solve(between, wanted)) / len(rows)
        df, scale = self._approximation(rows)
        return FStatistic(scale * wald, len(rows), df, wald)

    def df_inside(self, row: FloatArray) -> float:
        """Return the degrees of freedom of one contrast of the coefficients of `inner`, (p,)."""
        return self._approximation(row[None])[0]

    def _approximation(self, rows: FloatArray) -> tuple[float, float]:
        """Return denominator degrees of freedom and scale, section 3 of the paper."""
        inverse = np.linalg.inv(rows @ self.unadjusted @ rows.T)
        # Theta Phi P_k Phi seen by the contrasts
        parts = inverse @ (rows @ self._effects @ rows.T)
        traces = np.trace(parts, axis1=1, axis2=2)
        a1 = float(traces @ self._weights @ traces)
        a2 = float(np.sum(self._weights * np.einsum("kij,lji->kl", parts, parts)))
        return f_approximation(a1, a2, len(rows))


class KenwardRoger(ScaledF):
    """Kenward and Roger's covariance and degrees of freedom for one REML fit.

    inner, (p, p) float64: adjusted covariance of the kept coefficients, in the core's coordinates.
    unadjusted, (p, p) float64: without the adjustment.
    Raises ArgumentError for a fit by maximum likelihood, or one whose dense matrices would not fit into
        memory.
    """

    def __init__(self, fit: Fit) -> None:
        require_reml(fit)
        require_memory_of(fit)
        found, variance = fisher_information(fit), fit.sigma**2
        self.coordinates = fit.model.coordinates
        relative: FloatArray = fit.solution["internal_vcov"]  # C
        self.unadjusted = fit.internal_vcov
        residual_df = fit.model.nobs - len(relative)
        # The expected information of the REML likelihood is half of this, over sigma^4; W its inverse.
        expected = bordered(found.product_projected, found.trace_projected, float(residual_df))
        sizes = np.append(np.diag(found.product), residual_df)
        self._weights = 2 * variance**2 * generalised_inverse(expected, sizes)
        # Phi P_k Phi; P_k = -X'V^-1 G_k V^-1 X.
        self._effects = -np.concatenate([found.slope, relative[None]])
        # Phi_A = Phi + 2 Phi {sum W_kl (Q_kl - P_k Phi P_l)} Phi, (5) with R_kl = 0
        random = self._weights[:-1, :-1] / variance
        correction = np.tensordot(random, found.bend, axes=2)
        self.inner = self.unadjusted + (correction + correction.T)


def f_approximation(a1: float, a2: float, q: int) -> tuple[float, float]:
    """Return (denominator df, scale) from A1 and A2 for q contrasts, section 3 of Kenward & Roger (1997).

    The modified moments make the test exact where an exact F test exists; 0 / 0 counts as 1, as in pbkrtest.
    Contrasts that no covariance parameter touches, as there may be where the residual variance is known, have
    a chi-squared test.
    """
    if a2 <= _UNTOUCHED * q:
        return float("inf"), 1.0
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    base = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / base, (q - g) / base, (q + 2 - g) / base
    v0, v1, v2 = 1 + c1 * b, 1 - c2 * b, 1 - c3 * b
    if abs(v0) < _ZERO:
        v0 = 0.0
    more = _ratio(1 - a2 / q, v1) ** 2 * v0 - v2  # (q rho - 1) v2, which may be zero, as v2 may: df is then 4
    if more == 0:  # q rho is one
        return float("inf"), 1 - a2 / q
    df = 4 + (q + 2) * v2 / more
    scale = 1.0 if abs(df - 2) < 0.01 else df * (1 - a2 / q) / (df - 2)
    return df, scale


def _ratio(x: float, y: float) -> float:
    return 1.0 if abs(x) < _NEARLY_ZERO and abs(y) < _NEARLY_ZERO else x / y


def require_reml(fit: Any) -> None:
    """Raise an ArgumentError for a fit of any kind by maximum likelihood."""
    if not fit.model.reml:
        raise ArgumentError(
            "Kenward and Roger's method needs a fit by REML, this one is by maximum likelihood: fit with "
            "reml=True, or use ddf='satterthwaite'"
        )


def require_memory_of(fit: Fit) -> None:
    cost = predicted_cost(fit.model)
    if not cost.fits:
        raise ArgumentError(
            f"ddf='kenward-roger' needs dense matrices of order {cost.order:,} for this model, "
            f"{size_text(cost.bytes)} of memory (at most {size_text(cost.most)} are used): use "
            "ddf='satterthwaite', which differs little at this size"
        )
