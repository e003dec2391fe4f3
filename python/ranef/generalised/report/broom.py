"""Generalised fits as tidy tables, with the columns of R's broom.mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, require_level
from ...estimates.prediction import population
from ...frame.native import in_pandas, native_table
from ...report.broom import beside_rows, fixed_columns, stacked_columns, wanted_effects
from ..fit import GlmerFit


def tidy(
    fit: GlmerFit,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    level: float = 0.95,
    ddf: str | None = "default",
    *,
    exponentiate: bool = False,
) -> Any:
    """Return one row per parameter.

    Parameters
    ----------
    fit : GlmerFit
    effects : str or sequence of str
        As of a linear fit, see `ranef.report.broom.tidy`; standard deviations and correlations with the
        standard errors and intervals of `GlmerFit.component_table`.
    level : float
        Coverage of the intervals.
    ddf : {"default", "normal", "kenward-roger"}
        Of the fixed effects, as in `GlmerFit.coef_table`.
    exponentiate : bool
        Fixed effects and their intervals as odds ratios or rate ratios: logit, cloglog and log links only.
        The standard error is then that of the ratio, by the delta method.

    Returns
    -------
    table
        Of the library the data came in.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.tidy("fixed", exponentiate=True)[["term", "estimate", "conf_low"]].round(2)
              term  estimate  conf_low
    0    Intercept      0.25      0.16
    1  period[T.2]      0.37      0.20
    2  period[T.3]      0.32      0.17
    3  period[T.4]      0.21      0.09
    """
    return native_table(tidy_columns(fit, effects, level, ddf, exponentiate), fit.model.data_library)


def tidy_columns(
    fit: GlmerFit, effects: str | Sequence[str], level: float, ddf: str | None, exponentiate: bool
) -> dict[str, Any]:
    """Return the columns of `tidy`."""
    require_level(level)
    wanted = wanted_effects(effects)
    if exponentiate and fit.family.link.name not in ("logit", "cloglog", "log"):
        raise ArgumentError(
            f"exponentiate=True makes ratios of a logit, cloglog or log link, not of {fit.family.link.name}"
        )
    return stacked_columns(
        fit, wanted, level, lambda: _fixed(fit, level, ddf, exponentiate), lambda: _components(fit, level)
    )


def _fixed(fit: GlmerFit, level: float, ddf: str | None, exponentiate: bool) -> dict[str, Any]:
    columns = fixed_columns(fit, level, ddf)
    if np.isinf(columns["df"]).all():
        del columns["df"]
    return as_ratios(columns) if exponentiate else columns


def as_ratios(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of coefficients exponentiated, their errors by the delta method."""
    with np.errstate(invalid="ignore"):  # a coefficient without limit
        error = np.exp(columns["estimate"]) * columns["std_error"]
    ratios = {name: np.exp(columns[name]) for name in ("estimate", "conf_low", "conf_high")}
    return {**columns, **ratios, "std_error": error}


def _components(fit: GlmerFit, level: float) -> dict[str, Any]:
    """Return the standard deviations and correlations, in the order of theta, with Wald intervals."""
    columns, table = fit.component_columns(), in_pandas(fit.component_table)(level=level)
    is_sd = np.array([term.startswith("sd__") for term in columns["term"]])
    # The table has all standard deviations, then all correlations, each in this order, and the dispersion.
    place = np.where(is_sd, is_sd.cumsum() - 1, is_sd.sum() + (~is_sd).cumsum() - 1)
    rows = table.iloc[place]
    return columns | {
        "std_error": rows["se"].to_numpy(),
        "conf_low": rows["lower"].to_numpy(),
        "conf_high": rows["upper"].to_numpy(),
    }


def augment(fit: GlmerFit, data: Any = None, influence: bool | None = None) -> Any:
    """Return the rows used with what was fitted.

    Adds ``.fitted`` (the mean), ``.eta`` (the linear predictor), ``.resid`` (Pearson) and ``.fixed`` (the
    linear predictor without modes).

    Parameters
    ----------
    fit : GlmerFit
    data : table, optional
        The data of the fit: their columns come first. Without, the response and the grouping factors.
    influence : None
        Of linear models: see ``fit.leverage()`` and ``fit.influence()``.
    """
    if influence:
        raise ArgumentError(
            "augment(influence=) is of linear models: fit.leverage() and fit.influence() have those of rows"
        )
    added = {
        ".fitted": np.asarray(fit.fittedvalues),
        ".eta": fit.linear_predictor,
        ".resid": np.asarray(fit.residuals()),
        ".fixed": population(fit),
    }
    return beside_rows(fit, data, added)
