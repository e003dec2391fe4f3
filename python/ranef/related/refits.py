"""Refits of models with relationship matrices: other responses, fewer columns, the other criterion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..errors import ArgumentError
from .heritability import shares
from .optimum import minimum


def refitted(fit: Any, model: Any) -> Any:
    """Fit a model like that of a fit, from its estimates."""
    return replace(fit, model=model, optimum=minimum(model.sums, model.term_labels, fit.theta))


def further_parameters(fit: Any) -> pd.Series:
    """Return standard deviations of the terms and their shares in the variance by name."""
    terms, labels, table = fit.model.design.terms, fit.model.term_labels, shares(fit)[:-1]
    deviations = [f"sd[{term.group}.{term.columns[0]}]" for term in terms]
    return pd.Series([*table.sd, *table.share], [*deviations, *(f"share[{label}]" for label in labels)])


def left_out(fit: Any, *_: Any) -> Any:
    """Refuse refits without one level after the other."""
    raise ArgumentError(
        "kind='bca' refits the model without one group after the other, and the levels of a relationship "
        "matrix are no independent groups: use kind='percentile', or fit.profile()"
    )
