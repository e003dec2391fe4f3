"""One function per word of lme4, each a name for what a fit has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, quote_list
from ..result import LmerResult

if TYPE_CHECKING:
    import pandas as pd

    from ..bootstrap import BootstrapResult
    from ..estimates.modes import Coefficients, RandomEffects
    from ..estimates.varcorr import VarCorr as Components
    from ..report.summary import Summary

FloatArray = npt.NDArray[np.float64]

# ------------------------------------------------------------ estimates
def fixef(fit: LmerResult) -> pd.Series:
    """Return the fixed effects that were estimated: ``fit.params`` without dropped columns.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import fixef, getME, isSingular, lmer, logLik
    >>> fit = lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fixef(fit).round(3).to_dict()
    {'Intercept': 251.405, 'Days': 10.467}
    >>> isSingular(fit), getME(fit, "q"), round(logLik(fit), 2)
    (False, 36, -871.81)
    """
    return fit.params.dropna()


def ranef(fit: LmerResult) -> RandomEffects:
    """Return the conditional modes: ``fit.ranef``."""
    return fit.ranef


def coef(fit: LmerResult) -> Coefficients:
    """Return the coefficients of each level: ``fit.coef``."""
    return fit.coef


def VarCorr(fit: LmerResult) -> Components:
    """Return the variance components: ``fit.varcorr``."""
    return fit.varcorr


def sigma(fit: LmerResult) -> float:
    """Return the residual standard deviation: ``fit.sigma``."""
    return fit.sigma


def vcov(fit: LmerResult) -> pd.DataFrame:
    """Return the covariance of the fixed effects that were estimated: ``fit.cov_params()``."""
    names = list(fixef(fit).index)
    return fit.cov_params().loc[names, names]


def summary(fit: LmerResult, ddf: str | None = "satterthwaite") -> Summary:
    """Return the summary: ``fit.summary()``."""
    return fit.summary(ddf)


def formula(fit: LmerResult) -> str:
    """Return the formula: ``fit.formula``."""
    return fit.formula


# ------------------------------------------------------------ criteria and counts
def logLik(fit: LmerResult) -> float:
    """Return the log-likelihood, restricted for REML: ``fit.llf``."""
    return fit.llf


def AIC(fit: LmerResult) -> float:
    """Return Akaike's criterion: ``fit.aic``."""
    return fit.aic


def BIC(fit: LmerResult) -> float:
    """Return Schwarz's criterion: ``fit.bic``."""
    return fit.bic


def REMLcrit(fit: LmerResult) -> float:
    """Return the REML criterion at the optimum.

    Raises
    ------
    ArgumentError
        For a fit by maximum likelihood.
    """
    if not fit.reml:
        raise ArgumentError("this fit is by maximum likelihood and has no REML criterion: use deviance(fit)")
    return fit.objective


def deviance(fit: LmerResult) -> float:
    """Return the deviance at the optimum.

    Raises
    ------
    ArgumentError
        For a fit by REML, as in lme4: its criterion is no deviance.
    """
    if fit.reml:
        raise ArgumentError("this fit is by REML and has no deviance: use REMLcrit(fit) or refitML(fit)")
    return fit.objective


def isREML(fit: LmerResult) -> bool:
    """Return whether the REML criterion was minimised: ``fit.reml``."""
    return fit.reml


def isSingular(fit: LmerResult) -> bool:
    """Return whether a covariance matrix is singular: ``fit.singular``, which is exact and needs no tol."""
    return fit.singular


def nobs(fit: LmerResult) -> int:
    """Return the number of rows used: ``fit.nobs``."""
    return fit.nobs


def ngrps(fit: LmerResult) -> dict[str, int]:
    """Return the number of levels of each grouping factor: ``fit.ngroups``."""
    return fit.ngroups


def df_residual(fit: LmerResult) -> int:
    """Return rows minus parameters: ``fit.df_resid``."""
    return fit.df_resid


# ------------------------------------------------------------ rows
def fitted(fit: LmerResult) -> FloatArray:
    """Return the fitted values: ``fit.fittedvalues``."""
    return fit.fittedvalues


def residuals(fit: LmerResult, scaled: bool = False) -> FloatArray:
    """Return the residuals, `scaled` by sigma and the root of the weights if asked."""
    from ..report.residuals import scaled_residuals

    return scaled_residuals(fit) if scaled else fit.resid


def weights(fit: LmerResult) -> FloatArray:
    """Return the prior weights of the rows used."""
    given = fit.model.design.weights
    return np.ones(fit.nobs) if given is None else np.asarray(given)


def predict(fit: LmerResult, newdata: Any = None, re_form: Any = "all", **options: Any) -> FloatArray:
    """Return predictions: ``fit.predict``; ``re_form=None`` leaves out all random effects (R: ``NA``)."""
    return fit.predict(newdata, re_form, **options)


def simulate(fit: LmerResult, nsim: int = 1, seed: Any = None, use_u: bool = False) -> FloatArray:
    """Return simulated responses, (nsim, n): ``fit.simulate``."""
    return fit.simulate(nsim, seed, use_u)


# ------------------------------------------------------------ refits
def refit(fit: LmerResult, newresp: npt.ArrayLike) -> LmerResult:
    """Fit the model to another response: ``fit.refit``."""
    return fit.refit(newresp)


def refitML(fit: LmerResult) -> LmerResult:
    """Return the fit by maximum likelihood of the same model."""
    from ..inference.likelihood import by_maximum_likelihood

    return LmerResult(by_maximum_likelihood(fit.state))


def bootMer(
    fit: LmerResult,
    FUN: Callable[..., Any] | None = None,
    nsim: int = 1000,
    seed: Any = None,
    use_u: bool = False,
    **options: Any,
) -> BootstrapResult:
    """Refit draws from the model: ``fit.bootstrap``; `FUN` gets each refit, and may be compiled."""
    return fit.bootstrap(nsim, seed, use_u=use_u, statistic=FUN, **options)


_INTERVALS = {"profile": "profile", "Wald": "wald", "boot": "bootstrap"}


def confint(
    fit: LmerResult, parm: Any = None, level: float = 0.95, method: str = "profile", **options: Any
) -> pd.DataFrame:
    """Return confidence intervals: ``fit.conf_int`` with lme4's names and default of methods.

    Parameters
    ----------
    fit : LmerResult
    parm : str or list of str, optional
        Parameters, by default all that the method knows.
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
        options["parameters"] = parm
    return fit.conf_int(level, _INTERVALS[method], **options)
