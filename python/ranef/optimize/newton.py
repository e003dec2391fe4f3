"""The core's trust-region Newton, its answer as an ``Optimum``."""

from __future__ import annotations

from typing import Any

from ..model import Model
from .optimum import Multiplier, Optimum, Search
from .settings import Settings

MAX_EVALUATIONS = 200


def newton(model: Model, response: Any, settings: Settings) -> Optimum:
    """Minimise the criterion of a response with the exact gradient and curvature."""
    found = model.problem.fit(
        response,
        settings.start,
        tolerance=settings.tolerance,
        max_evaluations=settings.max_evaluations or MAX_EVALUATIONS,
    )
    factors = model.cross.factors
    boundary = [Multiplier(factors[m.factor].terms[m.block], m.value, m.direction) for m in found.multipliers]
    return Optimum(
        theta=found.theta,
        value=found.value,
        optimizer="newton",
        evaluations=found.evaluations,
        certificate_evaluations=found.certificate_evaluations,
        gradient_norm=found.gradient_norm,
        eigenvalues=found.eigenvalues,
        boundary=tuple(boundary),
        singular=found.singular,
        converged=found.converged,
        status=found.status,
        model=model,
        search=None if settings.start is not None else Search(*found.search),
    )
