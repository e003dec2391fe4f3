"""Profile the parameters of a fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import chdtri

from ...errors import FitError, require_level
from ...estimates.unknown import unknown_limits, unknown_words
from ...fit import Fit
from ...optimize import Settings
from ..likelihood import by_maximum_likelihood, refitted
from .constrained import BetterOptimum, Point
from .parameters import Parameter, chosen
from .result import Curve, Profile
from .walk import walk

_RESTARTS = 5


def profile(fit: Fit, parameters: str | Iterable[str] | None = None, level: float = 0.99) -> Profile:
    """Profile the deviance of a fit.

    For every parameter, the deviance is minimised with that parameter held at values on both sides of its
    estimate. A REML fit is refitted by maximum likelihood first, as in lme4: REML criteria of different
    fixed effects cannot be compared. The rows are not read again.

    Parameters
    ----------
    fit : Fit
    parameters : str or iterable of str, optional
        Names such as ``"days"``, ``"sigma"``, ``"sd[subject.days]"``, ``"corr[subject.days.Intercept]"``,
        ``"theta1"``, ``"zero[x]"`` of a zero part; or ``"fixed"``, ``"random"`` (those of a zero part too),
        ``"theta"``, ``"all"``. By default fixed and random.
    level : float
        How far out: up to where an interval of this coverage ends.

    Returns
    -------
    Profile

    Raises
    ------
    ArgumentError
        A parameter that does not exist, or a level that is not between 0 and 1.
    FitError
        The fit has no estimates, or is no minimum of the deviance.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"), reml=False)
    >>> fit.profile().conf_int().round(3)
                                    lower    upper
    Intercept                     237.681  265.130
    Days                            7.359   13.576
    sigma                          22.898   28.858
    sd[Subject.Intercept]          14.381   37.716
    sd[Subject.Days]                3.801    8.753
    corr[Subject.Days.Intercept]   -0.481    0.685
    """
    require_level(level)
    cutoff = float(np.sqrt(chdtri(1, 1 - level)))
    notes = ["REML fit: refitted by maximum likelihood for the profile"] if fit.model.reml else []
    notes += unknown_words(fit)
    anything = unknown_limits(fit)
    best = by_maximum_likelihood(fit)
    for _ in range(_RESTARTS):
        constrained = best.constrained()
        wanted = chosen(constrained.parameters, parameters)
        try:
            curves = {p.name: curve(constrained, p, cutoff) for p in wanted if p.name not in anything}
        except BetterOptimum as found:
            best = refitted(best, best.model, best.response, Settings(start=found.point.theta))
            notes.append(f"a better optimum was met on the way: the deviance is {best.optimum.value:.6g}")
            continue
        open_ended = {p.name: anything[p.name] for p in wanted if p.name in anything}
        return Profile(constrained, curves, cutoff, tuple(notes), open_ended)
    raise FitError("the profile meets ever better optima: try other starts first, see ranef.allfit")


def curve(constrained: Any, parameter: Parameter, cutoff: float) -> Curve:
    """Return the curve of a parameter, walking both ways from the estimate."""
    if np.isnan(parameter.estimate):  # a correlation of nothing: every value fits as well as any other
        parameter = replace(parameter, estimate=0.0)
        undefined = True
    else:
        undefined = False
    origin = constrained.origin(parameter)

    def evaluate(value: float, near: Point) -> Point:
        return constrained.at(parameter, value, near)

    sides = [
        walk(evaluate, origin, direction, bound, 0.5 * parameter.scale, cutoff)
        for direction, bound in ((-1, parameter.lower), (1, parameter.upper))
    ]
    return Curve(parameter, undefined, sides[0], sides[1])
