"""The table of fixed effects; columns for degrees of freedom and p-values show when they are there."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..fit import Fit
from ..show.numbers import format_estimates, format_p_values, format_statistics, significance_stars
from ..show.text import columns_of_text

LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
P_VALUE = "Pr(>|t|)"


@dataclass(frozen=True, eq=False)
class FixedEffects:
    """The coefficients that were estimated.

    Attributes
    ----------
    frame : DataFrame
        Index: names. Columns ``Estimate``, ``Std. Error``, ``df``, ``t value``, ``Pr(>|t|)``; without tests
        no ``df`` and ``Pr(>|t|)``.
    stars : bool
        Whether p-values are followed by stars.
    """

    frame: pd.DataFrame
    stars: bool = True


def fixed_effects(
    fit: Fit, ddf: str | None = "satterthwaite", stars: bool = True
) -> FixedEffects:
    """Return the table of fixed effects.

    Parameters
    ----------
    fit : Fit
    ddf : str, optional
        Method of testing, as in ``fit.coef_table``; None for a table without tests.
    stars : bool
        Follow p-values by stars when they are printed.
    """
    kept = [fit.params.index[index] for index in fit.model.cross.kept]
    if ddf is None:
        columns = {"Estimate": fit.params, "Std. Error": fit.bse, "t value": fit.tvalues}
    else:
        names = {"estimate": "Estimate", "se": "Std. Error", "df": "df", "t": "t value", "p": P_VALUE}
        table = fit.coef_table(ddf)
        columns = {header: table[name] for name, header in names.items()}
    estimated = {name: series.loc[kept] for name, series in columns.items()}
    return FixedEffects(pd.DataFrame(estimated, index=kept), stars)


def fixed_effects_columns(fixed: FixedEffects, digits: int) -> tuple[list[str], list[list[str]]]:
    """Return headers and columns of text; with p-values and if wanted a last column of stars.

    Estimates, standard errors and degrees of freedom share their decimals, as in lmerTest.
    """
    frame = fixed.frame
    shared = [name for name in ("Estimate", "Std. Error", "df") if name in frame]
    numbers = {name: frame[name].to_numpy() for name in frame}
    texts = dict(zip(shared, format_estimates([numbers[name] for name in shared], digits), strict=True))
    texts["t value"] = format_statistics(numbers["t value"], digits)
    if P_VALUE in frame:
        texts[P_VALUE] = format_p_values(numbers[P_VALUE], digits - 1)
    starred = fixed.stars and P_VALUE in frame
    if starred:
        texts[""] = significance_stars(numbers[P_VALUE])
    headers = [*frame, *([""] if starred else [])]
    return headers, [texts[name] for name in headers]


def fixed_effects_lines(fixed: FixedEffects, digits: int) -> list[str]:
    """Return the lines of the summary."""
    headers, columns = fixed_effects_columns(fixed, digits)
    sides = [False, *(name != "" for name in headers)]
    lines = columns_of_text(["", *headers], [list(fixed.frame.index), *columns], sides)
    return [*lines, "---", LEGEND] if any(columns[-1]) and headers[-1] == "" else lines
