"""Likelihood profiles of a generalised model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from scipy.special import chdtri

from ...errors import ArgumentError, FitError, require_level
from ...estimates.unknown import unknown_limits, unknown_words
from ...inference.profile.parameters import Parameter, chosen, parameters_of
from ...inference.profile.profiling import _curve
from ...inference.profile.result import Profile
from ..fit import GlmerFit
from .held import Held

_NEAREST = 1 - 1e-7  # of a correlation to one
_LONGEST = 3.0  # first step in coefficients that the core has, of columns of unit size


def profile(fit: GlmerFit, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile -2 log L: minimise it with one parameter held at values on both sides of its estimate.

    Parameters
    ----------
    fit : GlmerFit
    parameters : str or iterable of str, optional
        Names such as ``"period[T.2]"``, ``"sd[herd.Intercept]"``, ``"corr[g.x.Intercept]"``, ``"sigma"`` of a
        family with a dispersion, ``"zero[x]"`` of a zero part; or ``"fixed"``, ``"random"`` (those of a zero
        part too), ``"theta"``, ``"all"``. By default fixed and random.
    level : float
        How far out: up to where an interval of this coverage ends.

    Returns
    -------
    Profile

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.profile("random").conf_int().round(3)
                        lower  upper
    sd[herd.Intercept]  0.346    1.1
    """
    require_level(level)
    if fit.model.agq == 0:
        raise ArgumentError(
            "profile() is of the likelihood: agq=0 finds the coefficients in another way, fit with agq=1"
        )
    if fit.model.prior is not None:
        raise ArgumentError("profile() uses the likelihood without prior=: fit without prior=")
    if not fit.optimum.converged:
        raise FitError(f"a profile needs the minimum of -2 log L: {fit.optimum.message}")
    held = Held(fit)
    cutoff = float(np.sqrt(chdtri(1, 1 - level)))
    anything, wanted = unknown_limits(fit), chosen(profiled(fit), parameters)
    curves = {p.name: _curve(held, p, cutoff) for p in wanted if p.name not in anything}  # type: ignore[arg-type]
    open_ended = {p.name: anything[p.name] for p in wanted if p.name in anything}
    return Profile(held, curves, cutoff, unknown_words(fit), open_ended)  # type: ignore[arg-type]


def profiled(fit: GlmerFit) -> dict[str, Parameter]:
    """Return every parameter by name: coefficients, sds, correlations, theta, sigma, a zero part's."""
    stands_for = SimpleNamespace(model=fit.model, sigma=1.0, vcov=fit.vcov, beta=fit.beta, theta=fit.theta)
    found = parameters_of(stands_for)  # type: ignore[arg-type]
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
