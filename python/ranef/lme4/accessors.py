"""The words with an argument or a rule of their own: estimates, criteria, matrices, answers per row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..arrays import FloatArray
from ..design.structure import structure
from ..errors import ArgumentError, require_choice
from ..fit import Fit
from ..frame.native import as_it_came, in_pandas
from ..report.summary import Summary
from .getme import getME
from .spellings import our_ddf, our_random


# ------------------------------------------------------------ estimates and criteria
def fixef(fit: Fit) -> pd.Series:
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


@as_it_came
def vcov(fit: Fit) -> pd.DataFrame:
    """Return the covariance of the fixed effects that were estimated: ``fit.cov_params()``."""
    names = list(fixef(fit).index)
    return in_pandas(fit.cov_params)().loc[names, names]


def summary(fit: Fit, ddf: str | None = "default", **options: Any) -> Summary:
    """Return the summary: ``fit.summary()``, `ddf` in lmerTest's words; ``"lme4"``: no tests."""
    return fit.summary(our_ddf(ddf), **options)


def logLik(fit: Fit, REML: bool | None = None) -> float:
    """Return the log-likelihood, restricted for REML: ``fit.llf``.

    ``REML=False`` of a REML fit: the ordinary one at the REML estimates, as in lme4.
    """
    if REML is None or fit.reml == REML:
        return fit.llf
    if REML:
        raise ArgumentError(
            "this fit is by maximum likelihood: fit with REML=True for the restricted likelihood"
        )
    return -fit.model.variant(reml=False).objective(fit.theta) / 2


def REMLcrit(fit: Fit) -> float:
    """Return the REML criterion at the optimum.

    Raises
    ------
    ArgumentError
        For a fit by maximum likelihood.
    """
    if not fit.reml:
        raise ArgumentError("this fit is by maximum likelihood and has no REML criterion: use deviance(fit)")
    return fit.objective


def deviance(fit: Fit) -> float:
    """Return the deviance at the optimum.

    Raises
    ------
    ArgumentError
        For a fit by REML, as in lme4: its criterion is no deviance.
    """
    if fit.reml:
        raise ArgumentError("this fit is by REML and has no deviance: use REMLcrit(fit) or refitML(fit)")
    return fit.objective


# ------------------------------------------------------------ formula and matrices
def terms(fit: Fit) -> list[str]:
    """Return the names of the terms of the fixed part, without the intercept.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import terms
    >>> terms(ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines")))
    ['Machine']
    """
    found = structure(fit.model.design.spec.fixed).terms
    return [term.name for term in found if term.name != "Intercept"]


def model_matrix(fit: Fit, type: str = "fixed") -> pd.DataFrame | sp.csc_array:
    """Return the matrix of the fixed effects, a DataFrame, or of the random effects, sparse.

    Parameters
    ----------
    fit : Fit
    type : {"fixed", "random"}
    """
    require_choice("type", type, ("fixed", "random"))
    if type == "random":
        return getME(fit, "Z")
    return pd.DataFrame(getME(fit, "X"), columns=fixef(fit).index)


# ------------------------------------------------------------ rows
def residuals(fit: Any, type: str = "response", scaled: bool = False) -> FloatArray:
    """Return residuals.

    Parameters
    ----------
    fit : Fit
    type : {"response", "working", "pearson", "deviance"}
        The first two are y minus fitted value; the others are multiplied by the root of the prior weight.
    scaled : bool
        Divide by sigma.
    """
    require_choice("type", type, ("response", "working", "pearson", "deviance"))
    if fit.generalised:
        return fit.residuals(type)
    rest = fit.resid if type in ("response", "working") else fit.resid * np.sqrt(weights(fit))
    return rest / fit.sigma if scaled else rest


def weights(fit: Any) -> FloatArray:
    """Return the prior weights of the rows used; the trials where a row has trials."""
    if fit.generalised and fit.family.kind.trials:
        return fit.response.trials
    given = fit.model.design.weights
    return np.ones(fit.nobs) if given is None else np.asarray(given)


def predict(fit: Fit, newdata: Any = None, re_form: Any = None, **options: Any) -> FloatArray:
    """Return predictions: ``fit.predict``.

    Parameters
    ----------
    fit : Fit
    newdata : table, optional
    re_form : optional
        None as R's ``NULL``: all random effects. NaN, ``"NA"`` or ``"~0"`` as R's ``NA``: none. A formula
        such as ``"~(1 | subject)"``: those. Otherwise what ``random=`` of ``fit.predict`` takes.
    **options
        As of ``fit.predict``.
    """
    if fit.generalised:  # R's default is the linear predictor
        options["scale"] = options.pop("type", options.pop("scale", "link"))
    if re_form is not None:  # kinds of fits without random effects have no choice of them
        options["random"] = our_random(re_form)
    return fit.predict(newdata, **options)


def simulate(fit: Fit, nsim: int = 1, seed: Any = None, use_u: bool = False, **options: Any) -> FloatArray:
    """Return simulated responses, (nsim, n): ``fit.simulate``."""
    if use_u:
        options["use_u"] = True
    return fit.simulate(nsim, seed, **options)
