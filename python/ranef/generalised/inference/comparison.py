"""Wald tests of the terms of a generalised model."""

from __future__ import annotations

from scipy.special import chdtrc

from ...inference.anova import TYPES
from ...inference.anova import anova as terms_tested
from ...inference.methods import chosen_ddf
from ...inference.tables import TestTable, with_title
from ..fit import GlmerFit


def anova(fit: GlmerFit, type: int | str = 3, ddf: str | None = "default") -> TestTable:
    """Test each term of the fixed part by Wald's chi-squared.

    Parameters
    ----------
    fit : GlmerFit
    type : {3, 2, 1}
        As of a linear fit, see `ranef.Fit.anova`.
    ddf : {"default", "normal", "kenward-roger"}
        ``"kenward-roger"`` for F tests with the covariance and degrees of freedom of the working linear
        model.

    Returns
    -------
    TestTable
        ``chisq``, ``df`` and ``p`` by term, as car's Anova; those of `drop1` are safer in small data. Models
        are compared by `ranef.anova`.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> full = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> full.anova()[["chisq", "df"]].round(2)
            chisq  df
    term
    period  24.95   3
    """
    table = terms_tested(fit, type, ddf)
    if chosen_ddf(fit, ddf) != "normal":  # F tests, with degrees of freedom
        return table
    statistic = table["F"] * table["num_df"]
    out = table[["F"]].assign(F=statistic, df=table["num_df"], p=chdtrc(table["num_df"], statistic))
    title = f"Wald tests of the terms, type {'I' * TYPES[type]}"
    return with_title(out.rename(columns={"F": "chisq"}), title)
