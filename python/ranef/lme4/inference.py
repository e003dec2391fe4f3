"""Intervals, comparisons and diagnostics in lme4's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..bootstrap.replicates.result import BootstrapResult
from ..diagnostics.allfit import AllFit, allfit
from ..errors import ArgumentError, quote_list, require_choice
from ..fit import Fit
from ..frame.native import as_it_came, in_pandas
from ..inference.comparison import anova as _compare
from ..inference.components import RandomEffectsPCA
from ..inference.profile import Profile
from .spellings import KINDS, with_our_ddf

_TESTS = {"none": "none", "Chisq": "chisq", "F": "F"}
_INTERVALS = {"profile": "profile", "Wald": "wald", "boot": "bootstrap"}
_PARTS = {"beta_": "fixed", "theta_": "random"}


@as_it_came
def anova(*fits: Fit, test: str | None = None, **options: Any) -> pd.DataFrame:
    """Return tests of the terms of one fit, ``fit.anova()``, or the comparison of several, `ranef.anova`.

    Degrees of freedom as lmerTest's ``ddf="Kenward-Roger"``; ``test="Chisq"`` says what several fits are
    compared by anyway.
    """
    if test is not None:
        require_choice("test", test, ("F",) if len(fits) == 1 else ("Chisq",))
    if len(fits) == 1:
        return fits[0].anova(**with_our_ddf(options))
    return _compare(*fits, **options)


@as_it_came
def drop1(fit: Fit, scope: Any = None, test: str = "none", **options: Any) -> pd.DataFrame:
    """Drop each term of the fixed part in turn: ``fit.drop1``; `test` is "none", "Chisq" or "F"."""
    require_choice("test", test, tuple(_TESTS))
    if test == "none":
        return in_pandas(fit.drop1)(scope, **options)[["npar", "aic"]]
    return in_pandas(fit.drop1)(scope, _TESTS[test], **with_our_ddf(options))


def _parts(parameters: Any) -> Any:
    """lme4's names of all parameters of a kind as ours; any others as they are."""
    return _PARTS.get(parameters, parameters) if isinstance(parameters, str) else parameters


def profile(fit: Fit, which: Any = None, **options: Any) -> Profile:
    """Profile the likelihood: ``fit.profile``; `which` as `parm` of `confint`."""
    return fit.profile(_parts(which), **options)


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
    found = fit.influence()
    if not hasattr(found, "columns"):
        raise ArgumentError(
            "rows whose residuals correlate have no distance of their own: fit.influence().cooks has one for "
            "every subject, by refits without it"
        )
    return np.asarray(found["cooks"])


def rstudent(fit: Fit) -> FloatArray:
    """Return standardised residuals: ``fit.residuals("standardised")``."""
    return fit.residuals("standardised")


@as_it_came
def confint(
    fit: Fit | BootstrapResult,
    parm: Any = None,
    level: float = 0.95,
    method: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Return confidence intervals: ``conf_int`` of a fit or of ``bootMer``, with lme4's names and defaults.

    Parameters
    ----------
    fit : Fit or BootstrapResult
    parm : str or list of str, optional
        Parameters, by default all that the method knows; ``"beta_"`` for the fixed effects, ``"theta_"`` for
        standard deviations and correlations.
    level : float
    method : {"profile", "Wald", "boot"}, optional
        For a fit: by default profiles, and t intervals by their own method of fits without random effects.
        Wald intervals of the others are lme4's, with normal quantiles, unless ``ddf=`` is given.
    **options
        As of ``fit.conf_int``: for ``"boot"``, ``nsim`` and ``seed``. Of replicates ``type``, ``"perc"``
        (default), ``"basic"`` or ``"norm"``.

    Raises
    ------
    ArgumentError
        For another method.
    """
    if parm is not None:
        options["parameters"] = _parts(parm)
    for name in ("type", "boot_type"):
        if name in options:
            require_choice(name, options[name], tuple(KINDS))
            options["kind"] = KINDS[options.pop(name)]
    if isinstance(fit, BootstrapResult):
        return in_pandas(fit.conf_int)(level=level, **options)
    if method is None:
        method = "profile" if fit.by_groups else "Wald"
    if method not in _INTERVALS:
        raise ArgumentError(f"method= must be one of {quote_list(_INTERVALS)}, not {method!r}")
    if "nsim" in options:
        options["n"] = options.pop("nsim")
    if method == "Wald" and fit.by_groups:
        options = with_our_ddf({"ddf": "normal"} | options)
    return in_pandas(fit.conf_int)(method=_INTERVALS[method], level=level, **options)
