"""Refits of mixed models whose residuals have a covariance of their own: other responses, fewer groups."""

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
from .model import ResidualModel


def refit(fit: ResidualFit, y: npt.ArrayLike) -> ResidualFit:
    """Fit the same model to another response of the rows used, (n,); the search starts at the estimates.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Orthodont")
    >>> fit = ranef.lmer("distance ~ age + (1 | Subject)", data, dispersion="~ Sex")
    >>> fit.refit(fit.simulate(1, seed=1)[0]).converged
    True
    """
    model: Any = fit.model
    return fitted(fit, model.with_response(model.checked_response(y)))


def refit_rows(fit: ResidualFit, rows: npt.NDArray[np.bool_]) -> ResidualFit:
    """Fit the same model to the rows of some groups."""
    model: Any = fit.model
    return fitted(fit, model.with_rows(rows))


def fitted(fit: ResidualFit, base: ResidualModel) -> ResidualFit:
    """Fit a model like that of a fit, from its estimates."""
    return minimised(base, base.sums()[1], [fit.outer.phi], fit.settings)


def again(
    fit: ResidualFit, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None
) -> ResidualFit:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    return fitted(fit, changed(fit.model, reml, columns, y))


def by_other_criterion(fit: Any) -> Any:
    """Return the fit by maximum likelihood of one by REML, and the other way."""
    return fit.again(reml=not fit.reml)


def again_gls(
    fit: GlsFit, reml: bool | None = None, columns: Sequence[int] | None = None, y: Any = None
) -> GlsFit:
    """Fit the same model by another criterion, of some columns of X, to another response."""
    return _fitted_gls(fit, changed(fit.model, reml, columns, y))


def refit_gls(fit: GlsFit, y: npt.ArrayLike) -> GlsFit:
    """Fit the same model to another response of the rows used, (n,); the search starts at the estimates.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.refit(fit.simulate(1, seed=1)[0]).converged
    True
    """
    return _fitted_gls(fit, fit.model.with_response(fit.model.design.checked_response(y)))


def refit_rows_gls(fit: GlsFit, rows: npt.NDArray[np.bool_]) -> GlsFit:
    """Fit the same model to the rows of some subjects."""
    return _fitted_gls(fit, fit.model.with_rows(rows))


def _fitted_gls(fit: GlsFit, model: Any) -> GlsFit:
    return GlsFit(model, model.optimum([fit.outer.phi]), fit.method)


def further_parameters(fit: Any) -> pd.Series:
    """Return the parameters of the residuals by name, as ``fit.residual.parameters`` has them."""
    if not len(fit.outer.phi):
        return pd.Series(dtype=float)
    estimates: pd.Series = fit.residual.estimates
    return estimates


def independent_codes(fit: Any) -> npt.NDArray[Any]:
    """Return a code for each row, equal within what is independent of all else."""
    if getattr(fit.model.design, "terms", ()):
        return np.asarray(chosen_factor(fit.model.design, None).codes)
    chain = fit.model.noise.chain
    return np.arange(fit.nobs) if chain is None else np.unique(chain.subject, return_inverse=True)[1].ravel()
