"""Log-likelihood and information criteria."""

from __future__ import annotations

from math import log

from ..fit import FitState


def log_likelihood(state: FitState) -> float:
    """Return -objective / 2: the restricted log-likelihood for REML."""
    return -state.optimum.value / 2


def n_parameters(state: FitState) -> int:
    """Return the number of fixed effects (without dropped ones), of theta, and one for sigma."""
    return len(state.model.cross.kept) + state.model.n_theta + 1


def aic(state: FitState) -> float:
    """Return objective + 2 k."""
    return state.optimum.value + 2 * n_parameters(state)


def bic(state: FitState) -> float:
    """Return objective + k log(nobs)."""
    return state.optimum.value + n_parameters(state) * log(state.model.design.nobs)
