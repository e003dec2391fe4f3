"""The table of coefficients with their tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import require_choice
from ..fit import Fit
from ..guidance.arguments import guided
from .methods import chosen_ddf, method
from .pvalues import ALTERNATIVES, t_p_values

_BY_THE_MODEL = ("satterthwaite", "residual", "normal")  # methods that need no more than the fit for it


@guided(vcov="write fit.robust().coef_table()", cov_type="write fit.robust().coef_table()")
def coef_table(fit: Fit, ddf: str | None = "default", alternative: str = "two-sided") -> pd.DataFrame:
    """Test every coefficient against zero.

    Parameters
    ----------
    fit : Fit
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        Degrees of freedom: by Satterthwaite's approximation; by Kenward and Roger's, with their adjusted
        standard errors; rows minus fixed effects; infinite (the statistic is then a z). By default the fit's
        own method: Satterthwaite's of `lmer`, that given to `mmrm`, which knows ``"kenward-roger-linear"``,
        ``"kenward-roger-mmrm"``, ``"CR0"``, ``"CR2"``, ``"CR3"`` besides, ``"residual"`` of `gls`.
    alternative : {"two-sided", "less", "greater"}
        Of the coefficient against zero.

    Returns
    -------
    DataFrame
        One row per column of X: ``estimate``, ``se``, ``df``, ``t``, ``p``; NaN for a column that was
        dropped.

    Raises
    ------
    ArgumentError
        For an unknown name, and for Kenward-Roger of a fit by maximum likelihood.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), lmerTest package, Journal of Statistical Software 82(13).
    Kenward & Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.coef_table().round(3)
               estimate     se    df       t    p
    Intercept   251.405  6.825  17.0  36.838  0.0
    Days         10.467  1.546  17.0   6.771  0.0
    """
    require_choice("alternative", alternative, ALTERNATIVES)
    tests = method(fit, ddf)
    beta = fit.solution["beta"]
    se = np.sqrt(np.diag(tests.covariance))
    df = np.array([tests.df(contrast) for contrast in np.eye(len(beta))])
    t = beta / se
    columns = {"estimate": beta, "se": se, "df": df, "t": t, "p": t_p_values(t, df, alternative)}
    index = list(fit.model.design.column_names)
    return pd.DataFrame({name: fit.padded(values) for name, values in columns.items()}, index=index)


def bse(fit: Fit) -> pd.Series:
    """Return the standard errors of the fixed effects by the fit's own method."""
    return coef_table(fit)["se"]


def tvalues(fit: Fit) -> pd.Series:
    """Return the fixed effects over their standard errors by the fit's own method."""
    return coef_table(fit)["t"]


def df(fit: Fit) -> pd.Series:
    """Return the degrees of freedom of the fixed effects by the fit's own method."""
    return coef_table(fit)["df"]


def pvalues(fit: Fit) -> pd.Series:
    """Return the two-sided p-values of the fixed effects by the fit's own method."""
    return coef_table(fit)["p"]


def cov_params(fit: Fit, ddf: str | None = "default") -> pd.DataFrame:
    """Return the covariance of the coefficients that a method uses, NaN where a column was dropped.

    Parameters
    ----------
    fit : Fit
    ddf : str or None
        ``"kenward-roger"`` adjusts for small samples, ``"CR2"`` and its like are robust; the other methods
        have the model's. By default the fit's own method.

    Returns
    -------
    DataFrame
        Names by names.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
    >>> fit.cov_params("kenward-roger").round(3)
               Intercept   days
    Intercept     41.434 -1.363
    days          -1.363  2.399
    """
    name, names = chosen_ddf(fit, ddf), list(fit.model.design.column_names)
    values = fit.vcov if name in _BY_THE_MODEL else fit.padded(method(fit, name).covariance)
    return pd.DataFrame(values.copy(), index=names, columns=names)
