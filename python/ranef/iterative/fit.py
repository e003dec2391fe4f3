"""Fits by iterations: no Schur complement is formed, everything is solves and traces by probes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import ArgumentError, FitError
from ..fit import Fit
from ..model import Model
from ..optimize import DEFAULT, Settings
from ..optimize.flat import find_flat
from ..verbs import Answer, TableVerb, Verb
from .optimum import IterativeOptimum, optimum_of
from .settings import Iterations
from .waiting import waiting

_PROBE_TOLERANCE, _USUAL_ERROR = 1e-4, 0.01  # residual of the solves with probes, far below what probes leave


@dataclass(frozen=True, eq=False, repr=False)
class IterativeFit(Fit, kind="iterative"):
    """A linear mixed model fitted by iterations, a `Fit` in all that solves can answer.

    Attributes
    ----------
    optimum : IterativeOptimum
        With the Monte Carlo error of every parameter.
    iterations : Iterations
        How it was made.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Penicillin")
    >>> fit = ranef.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", data, schur="iterative")
    >>> fit.params.round(2)
    Intercept    22.97
    Name: estimate, dtype: float64
    >>> bool(fit.optimum.worst_error < 0.01)
    True
    """

    iterations: Iterations = field(default_factory=Iterations)

    test_methods = Answer[Any]("iterative.methods:test_methods", shown=False)
    errors = Answer[Any]("iterative.errors:monte_carlo")
    equations = Answer[Any]("iterative.equations:IterativeEquations", shown=False)
    replicated = Verb("iterative.replicates:replicated", shown=False)
    component_table = TableVerb("iterative.components:component_table")
    cond_sd = Verb("iterative.modes:cond_sd")
    summary_of = Verb("iterative.report:summary_of", shown=False)
    __repr__ = Verb("iterative.report:brief")
    _repr_html_ = Verb("iterative.report:brief_html")

    @cached_property
    def solution(self) -> dict[str, Any]:
        """What the core found at theta: beta, sigma, vcov over the kept columns, modes by factor."""
        found = self.optimum.found.get("solution")  # type: ignore[attr-defined]
        if found is None:
            raise FitError(f"this fit has no estimates: {self.optimum.message}")
        return found

    @cached_property
    def criterion(self) -> tuple[float, FloatArray]:
        """What is exact of the criterion, and an estimate of the rest by each probe."""
        own = self.iterations
        with waiting("criterion") as told:
            exact, rest, reached = _core.iterative_value(
                self.model.problem,
                self.response,
                self.theta,
                probes=own.probes,
                seed=own.seed,
                tolerance=own.tolerance,
                most_iterations=own.most_iterations,
                progress=told,
            )
        if not reached:
            raise FitError("the criterion has no estimate: its solves did not end (see fit.optimum)")
        return float(exact), np.asarray(rest)

    @property
    def objective(self) -> float:
        """REML criterion or deviance, estimated by stochastic Lanczos quadrature: see `objective_error`."""
        exact, rest = self.criterion
        return exact + float(rest.mean())

    @property
    def objective_error(self) -> float:
        """Standard error of `objective` over the choice of probes."""
        rest = self.criterion[1]
        return float(rest.std(ddof=1) / np.sqrt(len(rest)))

    def refit(self, y: npt.ArrayLike) -> IterativeFit:
        """Fit the same model to another response, with the same probes."""
        return fit_by_iterations(self.model, y, self.settings, self.iterations)

    def by_other_criterion(self) -> IterativeFit:
        """Return the fit by maximum likelihood of one by REML, and the other way."""
        other = self.model.variant(reml=not self.reml)
        return fit_by_iterations(other, self.y, self.settings, self.iterations)


def fit_by_iterations(
    model: Model,
    y: npt.ArrayLike | None = None,
    settings: Settings = DEFAULT,
    iterations: Iterations | None = None,
) -> IterativeFit:
    """Fit a model by iterations, to its own response or to another one of the same rows."""
    own = Iterations() if iterations is None else iterations
    if not isinstance(own, Iterations):
        raise ArgumentError(f"iterations= must be ranef.Iterations(...), not {type(own).__name__}")
    if y is None:
        values, response = model.design.response, model.response
    else:
        values = model.checked_response(y)
        response = model.response_of(values)
    _require_estimates(model)
    with waiting("fit by iterations") as told:
        optimum = searched(model, response, settings, own, told)
    return IterativeFit(model, values, response, optimum, settings, own)


def _require_estimates(model: Model) -> None:
    """Raise where no response can tell about a covariance parameter."""
    flat = find_flat(model)
    if flat is not None:
        raise ArgumentError(
            f"{flat.words[0]}. The score that iterations solve for does not depend on it: leave it out of "
            "the formula, or fit with schur='dense', which holds it at zero"
        )


def searched(model: Model, response: Any, settings: Settings, own: Iterations, told: Any) -> IterativeOptimum:
    """Return where the estimated score of a response is zero; `told` hears how far the search is."""
    limit = {} if settings.max_evaluations is None else {"most_steps": settings.max_evaluations}
    found = _core.iterative_fit(
        model.problem,
        response,
        settings.start,
        probes=own.probes,
        most_probes=own.most_probes,
        seed=own.seed,
        error=own.error,
        tolerance=own.tolerance,
        probe_tolerance=min(_PROBE_TOLERANCE, own.error * _PROBE_TOLERANCE / _USUAL_ERROR),
        most_iterations=own.most_iterations,
        progress=told,
        **limit,
    )
    return optimum_of(model, found, own.error)
