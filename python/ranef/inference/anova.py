"""Analysis of variance of one fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ..errors import ArgumentError
from ..fit import Fit
from ..guidance.arguments import guided
from ..likelihood_fit import LikelihoodFit
from .contrasts import hypotheses
from .methods import chosen_ddf, method
from .pvalues import f_p_value
from .tables import TestTable, with_title
from .testing import FStatistic

TYPES: dict[object, int] = {1: 1, 2: 2, 3: 3, "1": 1, "2": 2, "3": 3, "I": 1, "II": 2, "III": 3}
COLUMNS = ("sum_sq", "mean_sq", "num_df", "den_df", "F", "p")


@guided(
    force_orthogonal="nothing: the tests do not depend on the coding of factors, contr.sum or other",
    auto_ss_3="type=3, the default",
)
def anova(fit: Fit, type: int | str = 3, ddf: str | None = "default") -> TestTable:
    """Test each term of the fixed part.

    Parameters
    ----------
    fit : Fit
    type : {3, 2, 1}
        3: marginal means averaged over the levels of the other factors, whatever their coding and the cell
        counts; 2: each term after all terms that do not contain it; 1: each term after those before it in
        the formula.
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        Denominator degrees of freedom, as in `coef_table`.

    Returns
    -------
    TestTable
        A DataFrame indexed by ``term``: ``sum_sq``, ``mean_sq``, ``num_df``, ``den_df``, ``F``, ``p``; NaN
        for a term of which nothing can be estimated. Sums of squares are on the scale of the residual
        variance; the F of Kenward and Roger is scaled, they are not. Of a generalised model, but with Kenward
        and Roger's method, ``chisq``, ``df`` and ``p`` by Wald, as car's Anova; those of `drop1` are safer in
        small data.

    Raises
    ------
    ArgumentError
        For an unknown type or method, and for Kenward-Roger of a fit by maximum likelihood.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), lmerTest package, Journal of Statistical Software 82(13).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
    >>> fit.anova().round(4)
               sum_sq   mean_sq  num_df  den_df        F    p
    term
    Machine  1755.2633  877.6317       2    46.0  87.7982  0.0

    Of a generalised model:

    >>> data = ranef.datasets.load("cbpp")
    >>> full = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> full.anova()[["chisq", "df"]].round(2)
            chisq  df
    term
    period  24.95   3
    """
    if isinstance(type, LikelihoodFit):
        raise ArgumentError("fit.anova() tests the terms of one fit; ranef.anova(fit, other) compares two")
    if isinstance(type, bool) or type not in TYPES:
        raise ArgumentError(f"type= must be 1, 2 or 3, not {type!r}")
    ddf = chosen_ddf(fit, ddf)
    tests = method(fit, ddf)
    beta, variance = fit.solution["beta"], fit.sigma**2
    rows = {}
    for term, contrasts in hypotheses(fit, TYPES[type]).items():
        found = tests.f_statistic(contrasts, contrasts @ beta) if len(contrasts) else None
        rows[term] = _row(found, variance)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("term")
    table = table.astype(float)  # without terms, too
    table = table if table["num_df"].isna().any() else table.astype({"num_df": int})
    if ddf == "normal" and fit.generalised:
        return _by_chi_squared(table, TYPES[type])
    title = f"Analysis of variance of type {'I' * TYPES[type]}, degrees of freedom: {ddf}"
    return with_title(table, title)


def _by_chi_squared(table: pd.DataFrame, kind: int) -> TestTable:
    """Return Wald's chi-squared in place of F with infinite degrees of freedom."""
    df, statistic = table["num_df"], table["F"] * table["num_df"]
    out = pd.DataFrame({"chisq": statistic, "df": df, "p": chdtrc(df, statistic)})
    return with_title(out, f"Wald tests of the terms, type {'I' * kind}")


def _row(found: FStatistic | None, variance: float) -> tuple[float, ...]:
    if found is None:
        return (np.nan,) * len(COLUMNS)
    mean = found.unscaled * variance
    p = f_p_value(found.value, found.num_df, found.den_df)
    return mean * found.num_df, mean, found.num_df, found.den_df, found.value, p
