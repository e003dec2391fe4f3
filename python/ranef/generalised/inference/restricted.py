"""The restricted likelihood of a generalised model, and the working linear model at its optimum.

The coefficients are integrated out like the random effects, by Laplace's approximation about their joint mode
(beta, u): -2 log L_R = d(theta) + log|X'V^-1 X| - p log(2 pi), with d the criterion of ``agq=0``. This is the
REML of glmmTMB. The working linear model has W = the expected weights at that mode as precision of its rows,
residual variance one, and the same random terms: what is left of the model to second order.

References
----------
Breslow & Clayton (1993), Approximate inference in generalized linear mixed models, JASA 88, 9-25.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from ...arrays import FloatArray
from ...cross_products import cross_products
from ...errors import FitError
from ...model import Model
from ...theta import is_diagonal
from ...verbs import kept
from ..fit import GlmerFit

_STEP = 1e-4  # of theta, for the slope of log|X'V^-1 X|
_FAR = 0.3  # where the search starts for a standard deviation that is zero by maximum likelihood
_STATIONARY = 1e-7  # the tests change by as much, in parts
_FLAT = 1e-2  # a gradient above this is no maximum


@dataclass(frozen=True, eq=False)
class Working:
    """The working linear model, as far as tests of its coefficients need it."""

    model: Model  # weights and response are the working ones
    theta: FloatArray  # (k,): standard deviations themselves: the residual one is one
    solution: dict[str, Any]  # of the core, at theta
    objective: float  # -2 log of the restricted likelihood, constants included
    dispersion: float  # the family's parameter on its log scale
    optimum: Any

    @property
    def response(self) -> Any:
        """The core's cross-products of the working response."""
        return self.model.response


@kept
def working_model(fit: GlmerFit) -> Working:
    """Return the working linear model of a fit at the optimum of the restricted likelihood.

    Raises FitError when the search ends where the gradient is not zero.
    """
    point = _optimum(fit)
    model = fit.model
    eta = np.asarray(point["eta"])[model.core.cell_of]
    rows = model.row_kernels(point, eta)
    weights = np.asarray(rows["expected"])
    own = eta + np.asarray(rows["s"]) / weights  # offsets stay in it: they move no covariance
    design = replace(model.design, weights=weights, offset=None, response=own)
    cross = cross_products(design)
    plain = Model.__new__(Model)
    parts = {name: value for name, value in vars(model).items() if name in Model._FIELDS}
    response = cross.response(own)
    vars(plain).update(parts | {"design": design, "cross": cross, "reml": True, "response": response})
    theta = np.asarray(point["theta"])
    solution = plain.problem.solve(plain.response, theta)
    return Working(plain, theta, solution, _objective(fit, point), point["psi"], fit.optimum)


def _objective(fit: GlmerFit, point: dict[str, Any]) -> float:
    scale = fit.model.coordinates.scale  # of the core's columns, whose information this is
    constant = 2 * fit.model.constant + len(scale) * np.log(2 * np.pi) - 2 * np.log(scale).sum()
    return float(point["value"] - _log_information(point) - constant)


def _log_information(point: dict[str, Any]) -> float:
    """Return log|(X'V^-1 X)^-1| in the core's coordinates."""
    return float(np.linalg.slogdet(np.asarray(point["internal_vcov"]))[1])


def _optimum(fit: GlmerFit) -> dict[str, Any]:
    """Return the core's point where d(theta) + log|X'V^-1 X| is lowest, over theta and the dispersion."""
    model = fit.model
    core = model.core.variant(False, 0)
    start = np.array(fit._answer("internal"), dtype=float)
    free = np.delete(np.arange(len(start)), model.places.beta)

    def at(part: FloatArray) -> dict[str, Any]:
        whole = start.copy()
        whole[free] = part
        return core.point(whole)

    def criterion(part: FloatArray) -> tuple[float, FloatArray]:
        try:
            here = at(part)
            slope = np.asarray(here["gradient"])[free].copy()
            for j, e in enumerate(np.eye(len(part))):
                ends = [_log_information(at(part + sign * _STEP * e)) for sign in (1, -1)]
                slope[j] -= (ends[0] - ends[1]) / (2 * _STEP)
        except RuntimeError:  # no mode there: the step is shortened
            return 1e100, np.zeros_like(part)
        return float(here["value"] - _log_information(here)), slope

    begin = start[free]
    diagonal = np.flatnonzero(is_diagonal(model.term_widths))
    begin[diagonal] = np.where(np.abs(begin[diagonal]) < 0.05, _FAR, begin[diagonal])
    found = minimize(criterion, begin, jac=True, method="BFGS", options={"gtol": _STATIONARY})
    if not np.abs(found.jac).max() < _FLAT:
        raise FitError(
            "the restricted likelihood of this fit was not maximised: there is no Kenward-Roger test of it; "
            "use ddf='normal', profiles or the bootstrap"
        )
    return at(found.x)
