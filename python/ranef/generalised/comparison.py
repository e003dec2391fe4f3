"""Likelihood ratio tests of generalised models."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from ..inference.comparison import Comparison
from ..inference.comparison import anova as compare
from .fit import GlmerFit


def anova(fit: GlmerFit, *others: GlmerFit, **options: Any) -> Comparison:
    """Compare fits of different models to the same response by likelihood ratios.

    Parameters
    ----------
    fit : GlmerFit
    *others : GlmerFit
        At least one, of the same family and link.
    **options
        Of `ranef.anova`.

    Returns
    -------
    Comparison
        See `ranef.anova`; ``p_boundary`` takes account of variances that cannot be negative.

    Raises
    ------
    ArgumentError
        Without another fit, or for fits of other families.
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
    """
    if not others:
        raise ArgumentError(
            "anova() of a generalised model compares it with another: fit the model without the term, and "
            "give it as "
            "fit.anova(other)"
        )
    for other in others:
        if not isinstance(other, GlmerFit):
            raise ArgumentError(
                f"a generalised model is compared with others of its kind, not with {type(other).__name__}"
            )
        if str(other.family) != str(fit.family) or other.model.information != fit.model.information:
            raise ArgumentError(
                f"the fits have different families, {fit.family} and {other.family}: their likelihoods are "
                f"compared by "
                "aic, not by a test"
            )
        if not np.array_equal(other.response.trials, fit.response.trials):
            raise DataError("the fits have different trials: their likelihoods cannot be compared")
    return compare(fit, *others, **options)
