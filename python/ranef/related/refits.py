"""Refits of models with relationship matrices: other responses, fewer columns, the other criterion."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..cross_products import EstimatedColumns, require_sizes
from ..design.subset import columns_of
from ..errors import ArgumentError
from ..residual.gls_model import independent
from .optimum import minimum


def refit(fit: Any, y: npt.ArrayLike) -> Any:
    """Fit the same model to another response of the rows used, (n,); the search starts at the estimates.

    Examples
    --------
    >>> import numpy as np
    >>> import ranef
    >>> data = ranef.datasets.load("Dyestuff")
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", data, relationship={"Batch": np.eye(6)})
    >>> fit.refit(fit.simulate(1, seed=1)[0]).converged
    True
    """
    return again(fit, y=fit.model.design.checked_response(y))


def again(fit: Any, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None) -> Any:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    model = copy(fit.model)
    for made in ("sums", "dense_sums"):
        vars(model).pop(made, None)
    if columns is not None:
        model.design = columns_of(model.design, columns)
        model.cross = EstimatedColumns(independent(model.design.X))
    if y is not None:
        model.design = replace(model.design, response=np.asarray(y, dtype=np.float64))
        require_sizes(model.design)
    model.reml = model.reml if reml is None else reml
    return replace(fit, model=model, optimum=minimum(model.sums, model.labels, fit.theta))


def further_parameters(fit: Any) -> pd.Series:
    """Return standard deviations of the terms and their shares in the variance by name."""
    table, labels = fit.varcorr, fit.model.labels
    deviations = [f"sd[{term.group}.{term.columns[0]}]" for term in fit.model.design.terms]
    values = [*table.sd[labels], *table.share[labels]]
    return pd.Series(values, [*deviations, *(f"share[{label}]" for label in labels)])


def left_out(fit: Any, *_: Any) -> Any:
    """Refuse refits without one level after the other."""
    raise ArgumentError(
        "kind='bca' refits the model without one group after the other, and the levels of a relationship "
        "matrix are no independent groups: use kind='percentile', or fit.profile()"
    )
