"""Tidy tables of fits without random effects: coefficients and covariance parameters, and a row a fit."""

from __future__ import annotations

from typing import Any

import pandas as pd
from scipy.special import stdtrit

from ..errors import require_level
from ..frame.native import in_pandas


def tidy(fit: Any, level: float = 0.95, ddf: str | None = None) -> Any:
    """Return one row per coefficient and covariance parameter, with the columns of R's broom.

    Parameters
    ----------
    fit : VisitFit or GlsFit
    level : float
        Coverage of the intervals of the coefficients.
    ddf : str, optional
        By default the fit's own method.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.tidy()[["effect", "term"]]
         effect           term
    0     fixed      Intercept
    1     fixed  arm[T.active]
    2  ran_pars             sd
    3  ran_pars    correlation
    """
    require_level(level)
    table = in_pandas(fit.coef_table)(ddf or fit.method)
    half = stdtrit(table.df, (1 + level) / 2) * table.se
    fixed = pd.DataFrame(
        {
            "effect": "fixed",
            "term": table.index,
            "estimate": table.estimate.to_numpy(),
            "std_error": table.se.to_numpy(),
            "statistic": table.t.to_numpy(),
            "df": table.df.to_numpy(),
            "p_value": table.p.to_numpy(),
            "conf_low": (table.estimate - half).to_numpy(),
            "conf_high": (table.estimate + half).to_numpy(),
        }
    )
    parameters = fit.residual.parameters
    if fit.has_sigma:
        own = pd.DataFrame({"parameter": ["sigma"], "estimate": [fit.sigma]})
        parameters = pd.concat([own, parameters], ignore_index=True)
    others = pd.DataFrame(
        {
            "effect": "ran_pars",
            "group": parameters.arm if "arm" in parameters else None,
            "term": parameters.parameter,
            "estimate": parameters.estimate,
            "std_error": parameters.se,
        }
    )
    if "arm" not in parameters:
        others = others.drop(columns="group")
    both = pd.concat([fixed, others], ignore_index=True)
    order = ["effect", *(["group"] if "group" in both else []), *fixed.columns[1:]]
    return both[order]


def glance(fit: Any) -> Any:
    """Return one row for the fit, with the columns of R's broom.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.glance().columns.tolist()
    ['nobs', 'sigma', 'logLik', 'AIC', 'BIC', 'REMLcrit', 'df_residual']
    """
    values = {
        "nobs": fit.nobs,
        "sigma": fit.sigma,
        "logLik": fit.llf,
        "AIC": fit.aic,
        "BIC": fit.bic,
        "REMLcrit" if fit.reml else "deviance": fit.objective,
        "df_residual": fit.df_resid,
    }
    return pd.DataFrame([values])
