"""Refits of models whose residuals have a covariance of their own: other responses, fewer groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..bootstrap.schemes.group_products import chosen_factor
from ..variants import changed
from .fit import ResidualFit, minimised
from .gls import GlsFit
from .gls_model import GlsModel
from .model import ResidualModel


def refit(fit: Any, y: npt.ArrayLike) -> Any:
    """Fit the same model to another response of the rows used, (n,); the search starts at the estimates.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Machines")
    >>> fit = ranef.lmer("score ~ Machine + cs(0 + Machine | Worker)", data)
    >>> fit.refit(fit.simulate(1, seed=1)[0]).converged
    True
    """
    return fit.again(y=fit.model.checked_response(y))


def refit_rows(fit: Any, rows: npt.NDArray[np.bool_]) -> Any:
    """Fit the same model to the rows of some groups."""
    return fit.refitted(fit.model.with_rows(rows))


def again(
    fit: Any, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None
) -> Any:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    return fit.refitted(changed(fit.model, reml, columns, y))


def refitted(fit: ResidualFit, base: ResidualModel) -> ResidualFit:
    """Fit a model like that of a fit, from its estimates."""
    return minimised(base, base.sums(), [fit.outer.phi], fit.settings)


def refitted_gls(fit: GlsFit, model: GlsModel) -> GlsFit:
    """Fit a model like that of a fit, from its estimates."""
    return GlsFit(model, model.optimum([fit.outer.phi]), fit.method)


def by_other_criterion(fit: Any) -> Any:
    """Return the fit by maximum likelihood of one by REML, and the other way."""
    return fit.again(reml=not fit.reml)


def further_parameters(fit: Any) -> pd.Series:
    """Return the parameters of the residuals by name, as ``fit.residual.parameters`` has them."""
    estimates: pd.Series = fit.residual.estimates
    return estimates


def independent_codes(fit: Any) -> npt.NDArray[Any]:
    """Return a code for each row, equal within what is independent of all else."""
    if fit.by_groups:
        return np.asarray(chosen_factor(fit.model.design, None).codes)
    chain = fit.model.noise.chain
    return np.arange(fit.nobs) if chain is None else np.unique(chain.subject, return_inverse=True)[1].ravel()
