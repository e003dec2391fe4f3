"""Generalised fits as tidy tables, with the columns of R's broom.mixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...errors import ArgumentError, require_level
from ...estimates.prediction import population
from ...frame.native import in_pandas, native_table
from ...report.broom import beside_rows, stacked_columns, wanted_effects
from ..fit import GlmerFit


def tidy(
    fit: GlmerFit,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    level: float = 0.95,
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
    return native_table(tidy_columns(fit, effects, level, exponentiate), fit.model.data_library)


def tidy_columns(
    fit: GlmerFit, effects: str | Sequence[str], level: float, exponentiate: bool
) -> dict[str, Any]:
    """Return the columns of `tidy`."""
    require_level(level)
    wanted = wanted_effects(effects)
    if exponentiate and fit.family.link.name not in ("logit", "cloglog", "log"):
        raise ArgumentError(
            f"exponentiate=True makes ratios of a logit, cloglog or log link, not of {fit.family.link.name}"
        )
    return stacked_columns(
        fit, wanted, level, lambda: _fixed(fit, level, exponentiate), lambda: _components(fit, level)
    )


def _fixed(fit: GlmerFit, level: float, exponentiate: bool) -> dict[str, Any]:
    table = in_pandas(fit.coef_table)()
    width = ndtri((1 + level) / 2) * table["se"]
    return coefficient_columns(
        table, {"lower": table["estimate"] - width, "upper": table["estimate"] + width}, exponentiate
    )


def coefficient_columns(
    table: pd.DataFrame, limits: Mapping[str, pd.Series] | pd.DataFrame, exponentiate: bool
) -> dict[str, Any]:
    """Return Wald's tests and limits of coefficients as columns of `tidy`, if asked as ratios."""
    estimate, se = table["estimate"].to_numpy(), table["se"].to_numpy()
    change: Callable[[Any], Any] = np.exp if exponentiate else np.asarray
    with np.errstate(invalid="ignore"):  # a coefficient without limit
        error = np.exp(estimate) * se if exponentiate else se
    return {
        "effect": ["fixed"] * len(table),
        "term": list(table.index),
        "estimate": change(estimate),
        "std_error": error,
        "statistic": table["z"].to_numpy(),
        "p_value": table["p"].to_numpy(),
        "conf_low": change(limits["lower"].to_numpy()),
        "conf_high": change(limits["upper"].to_numpy()),
    }


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


def augment(fit: GlmerFit, data: Any = None) -> Any:
    """Return the rows used with what was fitted.

    Adds ``.fitted`` (the mean), ``.eta`` (the linear predictor), ``.resid`` (Pearson) and ``.fixed`` (the
    linear predictor without modes).

    Parameters
    ----------
    fit : GlmerFit
    data : table, optional
        The data of the fit: their columns come first. Without, the response and the grouping factors.
    """
    added = {
        ".fitted": np.asarray(fit.fittedvalues),
        ".eta": fit.linear_predictor,
        ".resid": np.asarray(fit.residuals()),
        ".fixed": population(fit),
    }
    return beside_rows(fit, data, added)
