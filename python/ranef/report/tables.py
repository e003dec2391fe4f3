"""The tables of a summary as headers and columns of text, by R's rules."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import require_level
from ..fit import Fit
from ..frame.native import in_pandas
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
from ..show.text import width as screen
from .abbreviate import abbreviate_all

LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
QUANTILES = ["Min", "1Q", "Median", "3Q", "Max"]
MOST_CORRELATIONS = 6  # coefficients; of more the correlations are shown when asked for
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


def fixed_effects(fit: Fit, ddf: str, level: float | None = None) -> pd.DataFrame:
    """Return the coefficients that were estimated, under R's headers.

    ddf: method of testing, as in ``fit.coef_table``; ``"lme4"`` for a table without tests.
    level: coverage of confidence limits, two more columns.
    """
    kept = [fit.params.index[index] for index in fit.model.cross.columns]
    if ddf == "lme4":
        columns = {"Estimate": fit.params, "Std. Error": fit.bse, "t value": fit.tvalues}
        table = pd.DataFrame(columns).loc[kept]
    else:
        table = coef_table(fit, ddf).loc[kept, list(_HEADERS)].rename(columns=_HEADERS)
    if level is None:
        return table
    by = "normal" if ddf == "lme4" else ddf
    return with_limits(table, in_pandas(fit.conf_int)(level=level, ddf=by), level)


def starred(headers: list[str], columns: list[list[str]]) -> bool:
    """Whether the last column has stars."""
    return headers[-1] == "" and any(columns[-1])


def with_limits(table: pd.DataFrame, limits: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the table with confidence limits behind its second column, under R's headers."""
    tail = 50 * (1 - level)
    for place, (name, share) in enumerate([("lower", tail), ("upper", 100 - tail)]):
        table.insert(2 + place, f"{share:.4g} %", limits[name])
    return table


def level_of(conf_int: bool | float) -> float | None:
    """Return the coverage that ``conf_int=`` of a summary asks for: True is 95 %, False none."""
    if conf_int is False or conf_int is True:
        return 0.95 if conf_int else None
    require_level(conf_int)
    return float(conf_int)


def fixed_effects_columns(frame: pd.DataFrame, stars: bool, digits: int) -> Columns:
    """Return headers and columns; with p-values and if wanted a last column of stars.

    Estimates, standard errors and degrees of freedom share their decimals, as in lmerTest, unless these would
    be powers of ten, in which nobody reads degrees of freedom.
    """
    shared = [name for name in frame if name in ("Estimate", "Std. Error", "df") or name.endswith(" %")]
    numbers = {name: frame[name].to_numpy() for name in frame}
    texts = dict(zip(shared, format_estimates([numbers[name] for name in shared], digits), strict=True))
    if any("e" in text for text in texts.get("df", ())):
        texts["df"] = format_statistics(numbers["df"], digits)
    statistic, p_value = ("z value", "Pr(>|z|)") if "z value" in frame else ("t value", _P_VALUE)
    texts[statistic] = format_statistics(numbers[statistic], digits)
    if p_value in frame:
        texts[p_value] = format_p_values(numbers[p_value], digits - 1)
        if stars:
            texts[""] = significance_stars(numbers[p_value])
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
    headers, rows = abbreviate_all(names, _COLUMN_NAME)[:-1], abbreviate_all(names, _ROW_NAME)[1:]
    used = max(map(len, rows)) + sum(1 + max(len(header), 6) for header in headers)
    if used > screen():  # what is left of long names tells nobody which they are: numbers do
        numbers = [f"[{k + 1}]" for k in range(width)]
        return ["", "", *numbers[:-1]], [numbers, names, *(["", *column] for column in columns)]
    return ["", *headers], [rows, *columns]
