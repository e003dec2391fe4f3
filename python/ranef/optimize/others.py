"""SciPy's and NLopt's optimisers on the same criterion and gradient, for comparison or by choice.

They see ``theta`` in units of the columns it multiplies, without bounds: the criterion has none. Their answer
gets the same kind of certificate, by differences, and reports what they found, good or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..model import Model
from ..theta import pack
from .certificate import SINGULAR, certify
from .optimum import Optimum
from .scaling import flipped, row_scales, snapped, theta_scale
from .settings import Settings

_PER_PARAMETER = 1000
LIMIT_REACHED = "the limit on evaluations was reached"
_NLOPT_STEP = 0.2  # first step in scaled theta, where 1 is a random effect as large as the residual
_HARMLESS = 1e-6  # of the criterion: what an exact zero may cost


@dataclass(frozen=True)
class Method:
    """How a library knows an optimiser."""

    name: str  # its name in ``scipy.optimize.minimize``, or in ``nlopt``
    gradient: bool  # whether it uses the gradient
    limit: str  # its option for the most evaluations
    # its stopping options as multiples of ``tolerance``
    tolerances: Mapping[str, float] = field(default_factory=dict)
    library: str = "scipy"


METHODS: dict[str, Method] = {
    "l-bfgs-b": Method("L-BFGS-B", True, "maxfun", {"ftol": 1.0, "gtol": 1e8}),
    "bfgs": Method("BFGS", True, "maxiter", {"gtol": 1e8}),
    "nelder-mead": Method("Nelder-Mead", False, "maxfev", {"fatol": 1e4, "xatol": 1e8}),
    "powell": Method("Powell", False, "maxfev", {"ftol": 1.0, "xtol": 1e8}),
    "cobyqa": Method("COBYQA", False, "maxfev", {"final_tr_radius": 1e7}),
    "nlopt-bobyqa": Method("LN_BOBYQA", False, "maxeval", {"ftol_abs": 1e3, "xtol_abs": 1e7}, "nlopt"),
    "nlopt-nelder-mead": Method(
        "LN_NELDERMEAD", False, "maxeval", {"ftol_abs": 1.0, "xtol_abs": 1e7}, "nlopt"
    ),
}
OPTIMIZERS = ("newton", *METHODS)


def require_known(optimizer: str) -> None:
    """Raise an ArgumentError that lists the optimisers there are."""
    if optimizer not in OPTIMIZERS:
        listed = ", ".join(f"'{name}'" for name in OPTIMIZERS)
        raise ArgumentError(f"optimizer= must be one of {listed}, not {optimizer!r}")


class _Limit(Exception):
    """The evaluations are used up."""


class _Criterion:
    """The criterion in scaled theta; counts, and remembers the best point."""

    def __init__(self, model: Model, response: Any, scale: FloatArray, limit: int) -> None:
        self.problem, self.response, self.scale, self.limit = model.problem, response, scale, limit
        self.evaluations = 0
        self.best_value = np.inf
        self.best: FloatArray | None = None

    def value(self, x: FloatArray) -> float:
        return self._seen(x, self.problem.value(self.response, x / self.scale))

    def value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = self.problem.gradient(self.response, x / self.scale)
        return self._seen(x, value), gradient / self.scale

    def _seen(self, x: FloatArray, value: float) -> float:
        self.evaluations += 1
        if value < self.best_value:
            self.best_value, self.best = value, x.copy()
        if self.evaluations >= self.limit:
            raise _Limit
        return value


def minimise(model: Model, response: Any, settings: Settings) -> Optimum:
    """Minimise with an optimiser of SciPy or NLopt.

    Raises ArgumentError: an optimiser that the installed SciPy lacks, or NLopt is not installed; a
        start where the criterion has no value.
    """
    scale = theta_scale(model)
    limit = settings.max_evaluations or _PER_PARAMETER * model.n_theta
    criterion = _Criterion(model, response, scale, limit)
    start = settings.start if settings.start is not None else moment_start(model, response)
    status = _run(criterion, start * scale, settings)
    if criterion.best is None:
        raise ArgumentError(
            f"the criterion has no value at start={start!r}: {status}; begin nearer to the data"
        )
    best = criterion.best / scale
    theta = _canonical(model, response, best, scale)
    evidence = certify(model, response, theta)
    holds = evidence.holds and status != LIMIT_REACHED
    return Optimum(
        theta=theta,
        value=model.problem.value(response, theta),
        optimizer=settings.optimizer,
        evaluations=criterion.evaluations,
        certificate_evaluations=evidence.evaluations,
        gradient_norm=evidence.gradient_norm,
        eigenvalues=evidence.eigenvalues,
        boundary=evidence.boundary,
        singular=bool(evidence.boundary),
        converged=holds,
        # a line search that ends for want of progress at a minimum has found it all the same
        status="ok" if holds else status,
        model=model,
    )


def _run(criterion: _Criterion, x: FloatArray, settings: Settings) -> str:
    method = METHODS[settings.optimizer]
    options: dict[str, Any] = {name: part * settings.tolerance for name, part in method.tolerances.items()}
    options[method.limit] = criterion.limit
    try:
        run = _by_scipy if method.library == "scipy" else _by_nlopt
        return run(criterion, x, settings.optimizer, options)
    except _Limit:
        return LIMIT_REACHED
    except RuntimeError as error:  # the core's word on a point without a value
        return str(error)


def _by_scipy(criterion: _Criterion, x: FloatArray, optimizer: str, options: dict[str, Any]) -> str:
    from scipy.optimize import minimize

    method = METHODS[optimizer]
    try:
        answer = minimize(
            criterion.value_and_gradient if method.gradient else criterion.value,
            x,
            jac=method.gradient or None,
            method=method.name,
            options=options,
        )
    except ValueError as error:
        if "Unknown solver" in str(error):
            raise ArgumentError(
                f"optimizer='{optimizer}' needs SciPy 1.14; use another, such as 'l-bfgs-b'"
            ) from None
        raise
    return "ok" if answer.success else str(answer.message)


def _by_nlopt(criterion: _Criterion, x: FloatArray, optimizer: str, options: dict[str, Any]) -> str:
    try:
        import nlopt
    except ImportError:
        raise ArgumentError(
            f"optimizer='{optimizer}' needs the package nlopt: pip install nlopt; "
            "or use another, such as 'cobyqa'"
        ) from None
    run = nlopt.opt(getattr(nlopt, METHODS[optimizer].name), len(x))
    run.set_min_objective(lambda point, _: criterion.value(point.copy()))
    run.set_initial_step(_NLOPT_STEP)
    for name, value in options.items():
        getattr(run, f"set_{name}")(value)
    try:
        run.optimize(x)
    except nlopt.RoundoffLimited:
        return "no further progress: rounding"
    return "ok"


def moment_start(model: Model, response: Any) -> FloatArray:
    """Return the core's start: variance components from moments of the data."""
    return model.problem.fit(response, max_evaluations=1, certify=False).theta


def _canonical(model: Model, response: Any, theta: FloatArray, scale: FloatArray) -> FloatArray:
    """Return theta with nonnegative diagonals, and exact zeros where the criterion does not mind."""
    factors = model.covariance_factors(theta)
    sizes = row_scales(model, scale)
    exact = [flipped(factor) for factor in factors]
    zeroed = [flipped(snapped(f, size, SINGULAR)) for f, size in zip(factors, sizes, strict=True)]
    before, after = (model.problem.value(response, pack(form)) for form in (exact, zeroed))
    return pack(zeroed) if after <= before + _HARMLESS else pack(exact)
