"""Comparison of fits some of which have a covariance structure: of residuals, visits, terms, relatives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ...errors import ArgumentError, DataError
from .criteria import TESTS, criteria


def has_structure(fit: Any) -> bool:
    """Whether parameters of a fit are those of a covariance structure, which theta does not hold."""
    return bool(getattr(type(fit), "structured_covariance", False))


def compare_structures(fits: Sequence[tuple[str, Any]], nested: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return likelihood ratios and information criteria, and what must be said of them.

    Raises ArgumentError: fits by REML and by maximum likelihood, or by REML with different fixed effects, or
        two with the same number of parameters that are to be tested.
    Raises DataError: fits of different responses.
    """
    ordered = sorted(fits, key=lambda pair: pair[1].df_model_total)
    first = ordered[0][1]
    for name, fit in ordered[1:]:
        if fit.nobs != first.nobs or not np.array_equal(fit.y, first.y):
            raise DataError(
                f"{name} and {ordered[0][0]} are fits of different rows or responses: fit both to the same"
            )
        if fit.reml != first.reml:
            raise ArgumentError(
                "fits by REML and by maximum likelihood cannot be compared: fit all with the same reml="
            )
        if fit.reml and _fixed(fit) != _fixed(first):
            raise ArgumentError(
                "REML criteria of different fixed effects cannot be compared: fit with reml=False"
            )
    size, n = _counted([fit for _, fit in ordered])
    llf = np.array([float(fit.llf) for _, fit in ordered])
    table = criteria([name for name, _ in ordered], size, llf, n)
    if not nested:
        return table, []
    table[TESTS] = np.nan
    for (small, one), (large, other) in pairwise(ordered):
        df = other.df_model_total - one.df_model_total
        if df == 0:
            raise ArgumentError(
                f"{small} and {large} have the same number of parameters, so neither is nested in the other: "
                "compare them by information criteria, with nested=False"
            )
        fall = max(float(one.objective - other.objective), 0.0)
        table.loc[large, TESTS[:3]] = [fall, df, float(chdtrc(df, fall))]
    return table, [
        "covariance structures: that the smaller model is a special case of the larger is not checked",
        "p is that of a chi-square; where the smaller model stands at a boundary (a variance of zero) it "
        "is too large",
    ]


def _counted(fits: list[Any]) -> tuple[np.ndarray, int]:
    """Return what information criteria count: of models for repeated measures alone what their own do."""
    if all(hasattr(fit, "n_counted") for fit in fits):
        return np.array([fit.n_counted for fit in fits]), fits[0].nsubjects
    return np.array([fit.df_model_total for fit in fits]), fits[0].nobs


def _fixed(fit: Any) -> list[str]:
    return [fit.model.design.column_names[k] for k in fit.model.cross.columns]
