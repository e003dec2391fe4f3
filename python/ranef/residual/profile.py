"""Likelihood profiles of fits whose covariance has a structure, and of fits by generalised least squares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from scipy.special import chdtri

from ..arrays import FloatArray
from ..errors import FitError, require_level
from ..estimates.unknown import unknown_words
from ..frame.native import in_pandas
from ..inference.profile.constrained import Point
from ..inference.profile.parameters import Parameter, chosen
from ..inference.profile.result import Curve, Profile
from ..inference.profile.walk import walk
from .held import HeldDeviance, natural_of_residuals, residual_parameters, sigma_held


def profile_of(
    fit: Any,
    made: Callable[[Any], Any],
    parameters: str | Iterable[str] | None,
    level: float,
) -> Profile:
    """Profile a fit; `made` gives what minimises with a parameter held, of the fit by maximum likelihood."""
    require_level(level)
    cutoff = float(np.sqrt(chdtri(1, 1 - level)))
    notes = ("REML fit: refitted by maximum likelihood for the profile",) if fit.model.reml else ()
    best = fit.again(reml=False) if fit.model.reml else fit
    outer = getattr(best, "outer", None)
    if not best.converged or (outer is not None and outer.held):
        raise FitError(
            "a profile needs a minimum of the deviance in the interior, and the fit by maximum likelihood "
            "has none: the summary of that fit, reml=False, says which parameter ran to the end of its range"
        )
    constrained = made(best)
    curves, open_ended = {}, {}
    for one in chosen(constrained.parameters, parameters):
        if np.isnan(one.estimate):  # no response can tell about it
            open_ended[one.name] = one.lower, one.upper
            continue
        origin = constrained.origin(one)

        def evaluate(value: float, near: Point, one: Parameter = one) -> Any:
            return constrained.at(one, value, near)

        sides = [
            walk(evaluate, origin, direction, bound, 0.5 * one.scale, cutoff)
            for direction, bound in ((-1, one.lower), (1, one.upper))
        ]
        curves[one.name] = Curve(one, False, sides[0], sides[1])
    return Profile(constrained, curves, cutoff, (*notes, *unknown_words(fit)), open_ended)


def profile_gls(fit: Any, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile the deviance of a fit by generalised least squares: coefficients, sigma, residuals' parameters.

    Parameters
    ----------
    fit : GlsFit
    parameters, level
        See `ranef.inference.profile.profile`; names as in ``fit.residual.parameters``.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.profile("random").conf_int().round(2)
                         lower  upper
    sigma                 2.14   3.13
    car1(age | Subject)   0.74   0.90
    """
    return profile_of(fit, GlsDeviance, parameters, level)


class GlsDeviance(HeldDeviance):
    """Minimises the deviance of one ML fit with a parameter held."""

    def __init__(self, fit: Any) -> None:
        estimates = in_pandas(fit.further_parameters)()
        own = residual_parameters(fit.model.noise, estimates)
        x = np.append(fit.outer.phi, np.log(fit.sigma))
        super().__init__(fit, x, sigma_held("sigma", fit.sigma, len(estimates)) | own)

    def deviance(self, x: FloatArray) -> tuple[float, FloatArray]:
        variance, sums = float(np.exp(2 * x[-1])), self.fit.model.sums
        found = sums.solve(x[:-1], variance)
        return found["criterion"], np.append(found["gradient"], 2 * (sums.nu - found["squares"] / variance))

    def named(self, x: FloatArray) -> list[float]:
        return [float(np.exp(x[-1])), *natural_of_residuals(self.fit.model.noise, x[:-1])]

    def beta_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.fit.model.sums.solve(x[:-1])["beta"])
