"""The tables of a summary as headers and columns of text, by R's rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..fit import Fit
from ..inference.coefficients import coef_table
from ..show.numbers import (
    format_common,
    format_estimates,
    format_p_values,
    format_statistics,
    round_to,
    significance_stars,
    zap_small,
)
from .abbreviate import abbreviate_all

LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
QUANTILES = ["Min", "1Q", "Median", "3Q", "Max"]
MOST_CORRELATIONS = 12  # coefficients; of more the correlations are not shown
_ROW_NAME, _COLUMN_NAME = 11, 6
_P_VALUE = "Pr(>|t|)"
_HEADERS = {"estimate": "Estimate", "se": "Std. Error", "df": "df", "t": "t value", "p": _P_VALUE}

Columns = tuple[list[str], list[list[str]]]


def criteria(fit: Fit) -> Columns:
    """Return AIC, BIC, logLik, deviance and df.resid."""
    values = [fit.aic, fit.bic, fit.llf, fit.objective]
    texts = format_common([*round_to(values, 1), float(fit.df_resid)], 7)[:4]
    return ["AIC", "BIC", "logLik", "deviance", "df.resid"], [[text] for text in (*texts, str(fit.df_resid))]


def residual_quantiles(fit: Fit, digits: int) -> Columns:
    """Return minimum, quartiles and maximum of the scaled residuals."""
    quantiles = np.quantile(np.asarray(fit.residuals("pearson")), [0, 0.25, 0.5, 0.75, 1])
    return QUANTILES, [[text] for text in format_common(zap_small(quantiles, digits + 1), digits)]


def fixed_effects(fit: Fit, ddf: str | None = "satterthwaite") -> pd.DataFrame:
    """Return the coefficients that were estimated, under R's headers.

    Parameters
    ----------
    fit : Fit
    ddf : str, optional
        Method of testing, as in ``fit.coef_table``; None for a table without tests.
    """
    kept = [fit.params.index[index] for index in fit.model.cross.columns]
    if ddf is None:
        columns = {"Estimate": fit.params, "Std. Error": fit.bse, "t value": fit.tvalues}
        return pd.DataFrame(columns).loc[kept]
    return coef_table(fit, ddf).loc[kept, list(_HEADERS)].rename(columns=_HEADERS)


def fixed_effects_columns(frame: pd.DataFrame, stars: bool, digits: int) -> Columns:
    """Return headers and columns; with p-values and if wanted a last column of stars.

    Estimates, standard errors and degrees of freedom share their decimals, as in lmerTest.
    """
    shared = [name for name in ("Estimate", "Std. Error", "df") if name in frame]
    numbers = {name: frame[name].to_numpy() for name in frame}
    texts = dict(zip(shared, format_estimates([numbers[name] for name in shared], digits), strict=True))
    texts["t value"] = format_statistics(numbers["t value"], digits)
    if _P_VALUE in frame:
        texts[_P_VALUE] = format_p_values(numbers[_P_VALUE], digits - 1)
        if stars:
            texts[""] = significance_stars(numbers[_P_VALUE])
    headers = [*frame, *([""] if "" in texts else [])]
    return ["", *headers], [[str(name) for name in frame.index], *(texts[name] for name in headers)]


def correlations(fit: Fit) -> Columns:
    """Return the lower triangle of the correlations of the fixed effects, under shortened names."""
    vcov = fit.solution["vcov"]
    sd = np.sqrt(np.diag(vcov))
    names = [fit.params.index[index] for index in fit.model.cross.columns]
    texts = np.array(format_common(round_to(vcov / np.outer(sd, sd), 3), 7, 3)).reshape(vcov.shape)
    width = len(names)
    columns = [[str(texts[i, j]) if i > j else "" for i in range(1, width)] for j in range(width - 1)]
    headers = abbreviate_all(names, _COLUMN_NAME)[:-1]
    return ["", *headers], [abbreviate_all(names, _ROW_NAME)[1:], *columns]
