"""Refits of models with structured random effects: other responses, fewer groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..residual.model import ResidualModel
from ..residual.refits import further_parameters as of_residuals
from ..variants import with_columns, with_rows
from .fit import StructuredFit, minimised
from .spread import parameter_table, phi_of
from .with_residual import StructuredResidualFit, minimised_both


def refit_rows(fit: StructuredFit, rows: npt.NDArray[np.bool_]) -> StructuredFit:
    """Fit the same model to the rows of some groups."""
    return minimised(with_rows(fit.model, rows, fit.y), fit.structured, [fit.psi], fit.hessian)


def again(
    fit: StructuredFit, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None
) -> StructuredFit:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    model = fit.model if columns is None else with_columns(fit.model, columns)
    if y is not None:
        model = _with_response(model, np.asarray(y, dtype=np.float64))
    model = model if reml is None else model.variant(reml=reml)
    return minimised(model, fit.structured, [fit.psi], fit.hessian)


def refitted_both(fit: StructuredResidualFit, base: ResidualModel) -> StructuredResidualFit:
    """Fit a model like that of a fit, from its estimates."""
    return minimised_both(base, base.sums(), fit.structured, [(fit.outer.phi, fit.psi)])


def _with_response(model: Any, y: npt.NDArray[np.float64]) -> Any:
    """Return the model with another response in its design; what is made of X and Z stays."""
    design = replace(model.design, response=y)
    return model.variant(design=design, cross=model.cross, response=model.response_of(y))


def further_parameters(fit: Any) -> pd.Series:
    """Return the parameters of the structures by name and term, then those of the residuals."""
    table = parameter_table(fit)
    names = [f"{name}[{term}]" for name, term in zip(table.parameter, table.term, strict=True)]
    own = pd.Series(table.estimate.to_numpy(), names)
    return pd.concat([own, of_residuals(fit)]) if phi_of(fit).size else own
