"""Likelihood profiles, and intervals by them, of fits whose covariance has a structure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtri

from ..errors import ArgumentError, FitError, level_by_keyword, require_level
from ..estimates.unknown import unknown_words
from ..inference.profile.parameters import Parameter, chosen
from ..inference.profile.profiling import curve
from ..inference.profile.result import Profile
from ..inference.profile.walk import limit


def profile(fit: Any, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile the deviance: coefficients, sigma, and all parameters of variances and correlations.

    Parameters
    ----------
    fit : Fit
        Whose covariance has a structure: of `gls` or `mmrm`, with ``residual=``, ``dispersion=`` or
        ``relationship=``, or with structured terms.
    parameters, level
        See `ranef.inference.profile.profile`. Further names are those in ``fit.residual.parameters`` (of a
        model for repeated measures with the arm in brackets where each has its own); a structure's
        parameter with its term, as ``"correlation[Subject]"``; ``"share[animal]"``, the share of a term in
        the variance, as of `heritability`.

    Examples
    --------
    >>> import numpy as np
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.profile("random").conf_int().round(2)
                         lower  upper
    sigma                 2.14   3.13
    car1(age | Subject)   0.74   0.90

    >>> fit = ranef.mmrm("fev1 ~ arm * visit + ar1(visit | id)", ranef.datasets.load("asthma"), reml=False)
    >>> fit.profile(["arm[T.active]", "correlation"]).conf_int().round(2)
                   lower  upper
    arm[T.active]   0.13   5.68
    correlation     0.70   0.79

    >>> data = ranef.datasets.load("Dyestuff")
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", data, reml=False, relationship={"Batch": np.eye(6)})
    >>> fit.profile().conf_int().round(2)
                           lower    upper
    Intercept            1486.45  1568.55
    sigma                  38.23    67.66
    sd[Batch.Intercept]    12.20    84.06
    share[Batch]            0.04     0.76
    """
    require_level(level)
    notes = ("REML fit: refitted by maximum likelihood for the profile",) if fit.model.reml else ()
    best = fit.again(reml=False) if fit.model.reml else fit
    if not best.converged or best.at_limits:
        raise FitError(
            "a profile needs a minimum of the deviance in the interior, and the fit by maximum likelihood "
            "has none: the summary of that fit, reml=False, says which parameter ran to the end of its range"
        )
    return profiled(best.constrained(), parameters, level, (*notes, *unknown_words(fit)))


def profiled(
    held: Any, parameters: str | Iterable[str] | None, level: float, notes: tuple[str, ...] = ()
) -> Profile:
    """Return profiles of a criterion by what minimises it with a parameter held."""
    cutoff = float(np.sqrt(chdtri(1, 1 - level)))
    curves, open_ended = {}, {}
    for one in chosen(held.parameters, parameters):
        if np.isnan(one.estimate):  # no response can tell about it
            open_ended[one.name] = one.lower, one.upper
        else:
            curves[one.name] = curve(held, one, cutoff)
    return Profile(held, curves, cutoff, notes, open_ended)


@level_by_keyword
def residual_intervals(fit: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return likelihood intervals of the parameters of the residuals' covariance.

    An end is where the fit's own criterion, minimised over all other parameters, has risen by the quantile of
    a chi-square with one degree of freedom. They need not be symmetric.

    Parameters
    ----------
    fit : ResidualFit, GlsFit or VisitFit
    level : float
        Coverage.

    Returns
    -------
    DataFrame
        ``estimate``, ``lower``, ``upper`` by parameter, as in ``fit.residual.parameters`` (with the arm in
        brackets where each has its own); an end is infinite, or the last value that the parameter can have,
        where the criterion does not rise so far. A parameter that no response can tell about has no
        estimate, and anything it can be for an interval.

    Raises
    ------
    ArgumentError, FitError
        The residuals have no parameters; the fit has no minimum inside.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.residual_intervals().round(2)
                         estimate  lower  upper
    parameter
    car1(age | Subject)      0.84   0.74    0.9
    """
    require_level(level)
    estimates = fit.residual.estimates
    if not len(estimates):
        raise ArgumentError("the residuals of this fit have no parameters: give residual= or dispersion=")
    if not fit.converged or fit.at_limits:
        raise FitError(
            "the parameters of the residuals have no intervals: the fit did not end at a minimum in the "
            "interior (see its summary); a simpler structure may"
        )
    constrained = fit.constrained()
    known, rise = constrained.parameters, float(chdtri(1, 1 - level))
    lower, upper = (
        [_end(constrained, known[name], direction, rise) for name in estimates.index] for direction in (-1, 1)
    )
    index = estimates.index.rename("parameter")
    return pd.DataFrame({"estimate": estimates.to_numpy(), "lower": lower, "upper": upper}, index=index)


def _end(constrained: Any, parameter: Parameter, direction: int, rise: float) -> float:
    """Return where the criterion has risen: by a search for it, or else by a walk along the profile."""
    bound = parameter.lower if direction < 0 else parameter.upper
    if np.isnan(parameter.estimate):  # no response can tell about it
        return bound
    found = constrained.end(parameter, direction, rise)
    if found is not None:
        return float(found)

    def evaluate(value: float, near: Any) -> Any:
        return constrained.at(parameter, value, near)

    side = [constrained.origin(parameter)]
    return limit(evaluate, side, direction, bound, parameter.scale, float(np.sqrt(rise)))
