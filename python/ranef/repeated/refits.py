"""Refits of a model for repeated measures: other responses, fewer subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
import pandas as pd

from ..errors import RowsNotKeptError
from ..variants import changed
from .fit import VisitFit
from .model import VisitModel
from .verb import MAX_EVALUATIONS, fitted

_SETTINGS = {"tolerance": 1e-14, "max_evaluations": MAX_EVALUATIONS}


def refit(fit: VisitFit, y: npt.ArrayLike) -> VisitFit:
    """Fit the same model to another response of the rows used, (n,).

    The search starts at the estimates, and at moments of residuals where it does not converge from there.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.refit(fit.simulate(1, seed=1)[0]).converged
    True
    """
    if fit.model.streamed:
        raise RowsNotKeptError(
            "the rows of this model were read in batches and are not kept, so that no other response can be "
            "brought in: put it into the data as a column, and fit that"
        )
    return refitted(fit, fit.model.with_response(fit.model.design.checked_response(y)))


def again(
    fit: VisitFit, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None
) -> VisitFit:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    if fit.model.streamed:
        raise RowsNotKeptError(
            "this needs the rows, which were read in batches and are not kept: fit the smaller model to the "
            "same batches with reml=False and compare the two by ranef.anova(small, large)"
        )
    return refitted(fit, changed(fit.model, reml, columns, y))


def refitted(fit: VisitFit, model: VisitModel) -> VisitFit:
    """Fit a model like that of a fit, from its estimates, or from moments of residuals."""
    found = fitted(model, fit.structure, fit.theta, _SETTINGS)
    if not found["converged"]:
        again = fitted(model, fit.structure, None, _SETTINGS)
        found = again if again["converged"] or again["value"] < found["value"] else found
    return VisitFit(model, fit.structure, found.pop("theta"), fit.method, (), found)


def further_parameters(fit: VisitFit) -> pd.Series:
    """Return the parameters of the covariance over visits by name, and arm where each has its own."""
    table = fit.residual.parameters
    names = table.parameter.tolist()
    if "arm" in table:
        names = [f"{name}[{arm}]" for name, arm in zip(names, table.arm, strict=True)]
    return pd.Series(table.estimate.to_numpy(), names)


def independent_codes(fit: VisitFit) -> npt.NDArray[Any]:
    """Return the subject of each row."""
    return fit.model.visits.subject
