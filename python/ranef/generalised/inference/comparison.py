"""Likelihood ratio tests of generalised models, and Wald tests of the terms of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc

from ...errors import ArgumentError, DataError
from ...inference.anova import TYPES
from ...inference.anova import anova as terms_tested
from ...inference.comparison import Comparison
from ...inference.comparison import anova as compare
from ...inference.tables import TestTable, with_title
from ..fit import GlmerFit


def anova(
    fit: GlmerFit,
    *others: GlmerFit,
    type: int | str = 3,
    ddf: str = "normal",
    refit: bool | None = None,
    nested: bool = True,
    names: Sequence[str] | None = None,
) -> Comparison | TestTable:
    """Compare fits to one response by likelihood ratios; of one fit, test the terms by Wald's chi-squared.

    Parameters
    ----------
    fit : GlmerFit
    *others : GlmerFit
        Of the same family and link, or of the family at the limit of a dispersion: Poisson beside negative
        binomial, binomial beside beta-binomial.
    type : {3, 2, 1}
        Of the tests of one fit's terms, see `ranef.Fit.anova`.
    ddf : {"normal", "kenward-roger"}
        Of the same tests: ``"kenward-roger"`` for F tests with the covariance and degrees of freedom of the
        working linear model.
    refit, nested, names
        Of comparisons, see `ranef.anova`.

    Returns
    -------
    Comparison or TestTable
        See `ranef.anova`; ``p_boundary`` takes account of variances that cannot be negative. Of a single fit:
        ``chisq``, ``df`` and ``p`` by term, as car's Anova; those of `drop1` are safer in small data.

    Raises
    ------
    ArgumentError
        For fits of families that are not nested, and for an unknown type.
    DataError
        For fits of other rows or trials.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> full = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> null = ranef.glmer("cbind(incidence, size - incidence) ~ 1 + (1 | herd)", data)
    >>> full.anova(null)[["npar", "chisq", "df"]].round(2)
             npar  chisq   df
    model 2     2    NaN  NaN
    model 1     5  25.61  3.0
    >>> full.anova()[["chisq", "df"]].round(2)
            chisq  df
    term
    period  24.95   3
    """
    compared = {"refit": refit is not None, "nested": nested is not True, "names": names is not None}
    tested = {"type": type != 3, "ddf": ddf != "normal"}
    for name, given in (tested if others else compared).items():
        if given:
            what = "the terms of one fit are tested" if others else "fits are compared, fit.anova(other)"
            raise ArgumentError(f"{name}= has no meaning here: it is for when {what}. Leave it out")
    if not others:
        return _terms(fit, type, ddf)
    for other in others:
        if not isinstance(other, GlmerFit):
            raise ArgumentError(
                f"a generalised model is compared with others of its kind, not with {type(other).__name__}"
            )
        by_cells = fit.by_cells or other.by_cells  # compared by their moments, as all of these are
        if not by_cells and not np.array_equal(other.response.trials, fit.response.trials):
            raise DataError(
                "the fits have different numbers of trials, so that their likelihoods cannot be compared: "
                "fit both with the same"
            )
    return compare(fit, *others, refit=refit, nested=nested, names=names)


def _terms(fit: GlmerFit, type: int | str, ddf: str) -> TestTable:
    table = terms_tested(fit, type, ddf)
    if ddf != "normal":  # F tests, with degrees of freedom
        return table
    statistic = table["F"] * table["num_df"]
    out = table[["F"]].assign(F=statistic, df=table["num_df"], p=chdtrc(table["num_df"], statistic))
    title = f"Wald tests of the terms, type {'I' * TYPES[type]}"
    return with_title(out.rename(columns={"F": "chisq"}), title)
