"""The parameters of a generalised model that can be profiled."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from ...inference.profile.parameters import Parameter
from ...inference.profile.parameters import parameters_of as of_linear
from ..fit import GlmerFit

_NEAREST = 1 - 1e-7  # of a correlation to one
_LONGEST = 3.0  # first step in coefficients that the core has, of columns of unit size


def parameters_of(fit: GlmerFit) -> dict[str, Parameter]:
    """Return every parameter by name: coefficients, sds, correlations, theta, sigma, a zero part's."""
    stands_for = SimpleNamespace(model=fit.model, sigma=1.0, vcov=fit.vcov, beta=fit.beta, theta=fit.theta)
    found = of_linear(stands_for)  # type: ignore[arg-type]
    sigma = found.pop("sigma")
    if fit.family.dispersed:
        found["sigma"] = replace(sigma, estimate=fit.sigma, scale=fit.sigma * sigma.scale)
    for name, parameter in found.items():
        if parameter.kind == "correlation":
            found[name] = replace(parameter, lower=-_NEAREST, upper=_NEAREST)
    names, T = fit.model.further_coefficients
    longest = _LONGEST * np.linalg.norm(T, axis=1)  # where an estimate is infinite its error says nothing
    for row, (name, estimate, error) in enumerate(zip(names, *fit.further_estimates, strict=True)):
        if np.isfinite(error):
            scale = min(float(error), float(longest[row]))
            found[name] = Parameter(name, "further", float(estimate), scale=scale, row=row)
    return found
