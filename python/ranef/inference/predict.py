"""Predictions of every kind of fit, asked for in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import require_interval
from ..guidance.arguments import guided
from ..guidance.unheard import require_heard
from .methods import chosen_ddf


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of `predict`, its arguments; ``ddf`` is the name of a method."""

    newdata: Any
    random: str | Sequence[str] | None
    allow_new_levels: bool
    scale: str | None
    averaged: bool
    conditional: bool
    se: bool
    interval: str | None
    level: float
    parts: bool
    theta_uncertainty: bool
    weights: Any
    ddf: str

    @property
    def with_errors(self) -> bool:
        """Whether more is asked for than the predictions."""
        return bool(self.se or self.interval or self.parts or self.theta_uncertainty)


@guided(
    type="a generalised model takes scale='response' or 'link'; for intervals write interval='prediction'",
    population="write random=None",
    reffects="write random='all', as it is by default; the effects themselves are fit.ranef",
    fitted="write random='all', as it is by default",
    xb="write random=None",
)
def predict(
    fit: Any,
    newdata: Any = None,
    random: str | Sequence[str] | None = "all",
    allow_new_levels: bool = False,
    *,
    scale: str | None = None,
    averaged: bool = False,
    conditional: bool = False,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
    parts: bool = False,
    theta_uncertainty: bool = False,
    weights: str | npt.ArrayLike | None = None,
    ddf: str | None = "default",
) -> FloatArray | pd.DataFrame:
    """Predict the response, with standard errors and intervals on request.

    Parameters
    ----------
    fit : Fit
    newdata : table, optional
        Any table a fit accepts; the response may be absent. By default the rows the model was fitted to.
    random : "all", None, or list of str
        The random effects that are predicted along: all, none (the population; of a generalised model the
        typical group, whose random effects are zero), or those of the terms listed, such as ``"subject"`` or
        ``"(0 + days | subject)"``. With ``relationship=`` levels are those of the data or of the matrix.
    allow_new_levels : bool
        Predict a level the fit has not seen with a random effect of zero, whose variance is the prior one.
    scale : {"response", "link"}, optional
        Of a generalised model: the mean (the default; of one trial where there are trials, of the counts that
        are not zero where the family is truncated), or the linear predictor. Of a zero-inflated model the
        mean is that of all counts, zeros included; ``"conditional"`` is that of the counts alone, ``"zero"``
        the probability of a zero that is no count, which no random effect moves (glmmTMB's ``"zprob"``); of
        one with ``dispersion=``, ``"dispersion"`` (glmmTMB's ``"disp"`` is what its sigma() makes of it).
    averaged : bool
        Of a generalised model: the mean averaged over the population of groups, with ``random=None``, which
        that of a typical group is not: in closed form for the log and probit links, else by 20 nodes of
        Gauss-Hermite quadrature.
    conditional : bool
        Of a model with residuals that correlate, `mmrm`, `gls`, ``residual=``: given the responses of the
        same subject that were used in the fit, at other visits or times. Rows then name subject, time (and
        arm, or the columns of ``dispersion=``); a subject the fit has not seen gets the mean.
    se : bool
        Return standard errors of the mean. Of the population, they are those of the method of testing.
    interval : {"confidence", "prediction"}, optional
        Of the mean of the row given its predicted random effects, or of a new observation: that adds the
        residual variance (of the row's visit or stratum), and the prior variance of the random effects left
        out by `random`. Of a generalised model, confidence only: of the linear predictor, carried to the
        mean by the inverse link (of an average on the link's scale too, of a mean with zeros on that of its
        logarithm).
    level : float
        Coverage.
    parts : bool
        Also return the variances the interval is made of: ``var_fixed`` (of beta, and what the random effects
        lose by not knowing it), ``var_random`` (random effects with beta known, prior ones of new levels
        included) and ``var_residual`` (with the random effects left out).
    theta_uncertainty : bool
        Add what the estimation of the variances contributes (delta method, as Kackar & Harville).
    weights : column name or array, optional
        Prior weights of the new rows: the residual variance of a new observation is sigma^2 / weight. By
        default 1, and the model's own on its own rows.
    ddf : str or None
        The method of testing, as in `Fit.coef_table`, by default the fit's own. Intervals are t intervals
        with the degrees of freedom of the p-values, of whatever the interval is made of: the mean of the
        population, that along random effects, a new observation (without ``var_theta``). Normal (z): of
        generalised models; along random effects, or with them in the interval, of fits by iterations and
        beyond 2,000 random effects.

    Returns
    -------
    (m,) float64 or DataFrame
        With the index of the rows where they are pandas': a Series, a DataFrame.
        The predictions; with any of `se`, `interval` or `parts` a DataFrame with columns ``fit``, ``se``,
        then ``lower``, ``upper``; NaN in rows where a predictor is missing.

    Raises
    ------
    UnknownColumnError, NewLevelError, DataError
        About the new data; the message names column, level or row.
    ArgumentError
        `random` names no random term of the model; an unknown interval; a level that is not between 0 and 1;
        an argument that has no meaning for this kind of fit, with what to do instead.

    Notes
    -----
    Exact given theta: the joint error variance of beta and the random effects from the mixed-model equations,
    with their covariance. A singular fit is no obstacle: nothing is divided by a variance. Standard errors of
    a generalised model are those of the modes, given the parameters, and of the estimation of all parameters,
    by the delta method. Given other visits the mean is x'beta + Sigma[t, O] Sigma[O, O]^-1 (y_O - X_O beta),
    with weights as in the fit for the rows observed, one for the new row.

    References
    ----------
    Henderson (1975), Biometrics 31, 423-447.
    Kackar & Harville (1984), Approximations for standard errors of estimators of fixed and random effects in
    mixed linear models, Journal of the American Statistical Association 79, 853-862.
    Zeger, Liang & Albert (1988), Models for longitudinal data: a generalized estimating equation approach,
    Biometrics 44, 1049-1060, for averages over groups.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> new = {"Subject": ["308", "999"], "Days": [0, 10]}
    >>> fit.predict(new, allow_new_levels=True).round(2)
    array([253.66, 356.08])
    >>> fit.predict(new, allow_new_levels=True, interval="prediction").round(2)
          fit     se   lower   upper
    0  253.66  12.25  197.63  309.70
    1  356.08  67.59  205.09  507.07

    Of a generalised model, the typical herd and the average over herds:

    >>> herds = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds)
    >>> new = {"period": ["1", "4"], "herd": ["1", "1"]}
    >>> fit.predict(new, random=None).round(3), fit.predict(new, random=None, averaged=True).round(3)
    (array([0.198, 0.048]), array([0.216, 0.057]))

    Given the subject's own growth, and without:

    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> new = {"age": [15, 20], "Subject": ["M01", "M01"]}
    >>> fit.predict(new).round(1), fit.predict(new, conditional=True).round(1)
    (array([26.7, 30. ]), array([30.8, 31.6]))
    """
    require_interval(interval, level)
    asked = Asked(
        *(newdata, random, allow_new_levels, scale, averaged, conditional, se, interval, level),
        *(parts, theta_uncertainty, weights, chosen_ddf(fit, ddf)),
    )
    require_heard(fit, predict, vars(asked))
    return fit.predicted(asked)
