"""Intervals, comparisons and diagnostics in lme4's words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..arrays import FloatArray
from ..diagnostics.allfit import AllFit, allfit
from ..diagnostics.rows import cooks_distance as distance
from ..errors import ArgumentError, quote_list, require_choice
from ..fit import Fit
from ..inference.comparison import anova as _compare
from ..inference.components import RandomEffectsPCA
from ..inference.profile import Profile

_TESTS = {"none": "none", "Chisq": "chisq", "F": "F"}


def anova(*fits: Fit, **options: Any) -> pd.DataFrame:
    """Return tests of the terms of one fit, ``fit.anova()``, or the comparison of several, `ranef.anova`."""
    return fits[0].anova(**options) if len(fits) == 1 else _compare(*fits, **options)


def drop1(fit: Fit, scope: Any = None, test: str = "none", **options: Any) -> pd.DataFrame:
    """Drop each term of the fixed part in turn: ``fit.drop1``; `test` is "none", "Chisq" or "F"."""
    require_choice("test", test, tuple(_TESTS))
    if test == "none":
        return fit.drop1(scope, **options)[["npar", "aic"]]
    return fit.drop1(scope, _TESTS[test], **options)


def profile(fit: Fit, which: Any = None, **options: Any) -> Profile:
    """Profile the likelihood: ``fit.profile``."""
    return fit.profile(which, **options)


def allFit(fit: Fit, **options: Any) -> AllFit:
    """Fit with every optimiser: `ranef.allfit`."""
    return allfit(fit, **options)


def rePCA(fit: Fit) -> RandomEffectsPCA:
    """Return the principal components of the random effects: ``fit.pca()``."""
    return fit.pca()


def hatvalues(fit: Fit) -> FloatArray:
    """Return the leverage of each row: ``fit.leverage()``."""
    return fit.leverage()


def cooks_distance(fit: Fit) -> FloatArray:
    """Return Cook's distance of each row: the column ``cooks`` of ``fit.influence()``."""
    return distance(fit)


def rstudent(fit: Fit) -> FloatArray:
    """Return standardised residuals: ``fit.residuals("standardised")``."""
    return fit.residuals("standardised")


_INTERVALS = {"profile": "profile", "Wald": "wald", "boot": "bootstrap"}
_PARTS = {"beta_": "fixed", "theta_": "random"}


def confint(
    fit: Fit, parm: Any = None, level: float = 0.95, method: str = "profile", **options: Any
) -> pd.DataFrame:
    """Return confidence intervals: ``fit.conf_int`` with lme4's names and default of methods.

    Parameters
    ----------
    fit : Fit
    parm : str or list of str, optional
        Parameters, by default all that the method knows; ``"beta_"`` for the fixed effects, ``"theta_"`` for
        standard deviations and correlations.
    level : float
    method : {"profile", "Wald", "boot"}
    **options
        As of ``fit.conf_int``: for ``"boot"``, ``nsim`` and ``seed``.

    Raises
    ------
    ArgumentError
        For another method.
    """
    if method not in _INTERVALS:
        raise ArgumentError(f"method= must be one of {quote_list(_INTERVALS)}, not {method!r}")
    if "nsim" in options:
        options["n"] = options.pop("nsim")
    if parm is not None:
        options["parameters"] = _PARTS.get(parm, parm) if isinstance(parm, str) else parm
    return fit.conf_int(level, _INTERVALS[method], **options)
