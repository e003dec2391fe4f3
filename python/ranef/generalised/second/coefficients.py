"""Coefficients of a second linear predictor: tables beside those of the conditional model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, FitError, require_choice, require_level
from ...frame.native import native_table
from ...inference.methods import is_normal
from ...report.tables import with_limits
from ...verbs import kept
from ..inference import coefficients
from ..inference.uncertainty import covariance_root
from ..report import broom
from .fit import SecondPredictor

_HEADERS = {"estimate": "Estimate", "se": "Std. Error", "z": "z value", "p": "Pr(>|z|)"}


@kept
def second_covariance(fit: SecondPredictor) -> FloatArray:
    """Return the covariance of gamma from the exact Hessian in all parameters, (m, m)."""
    m = len(fit.model.second.names)
    if not fit.second_known:
        return np.diag(np.full(m, np.inf))
    try:
        root = fit.model.second.to_user @ covariance_root(fit)[fit.model.places.gamma]
    except FitError:
        return np.full((m, m), np.nan)
    return np.asarray(root @ root.T)


def second_table(fit: SecondPredictor) -> pd.DataFrame:
    """Return estimates, standard errors, z and p-values of the coefficients of zeta."""
    estimate, se = fit.gamma, np.sqrt(np.diag(second_covariance(fit)))
    with np.errstate(invalid="ignore"):
        z = np.where(np.isinf(se), 0.0, estimate / se)
    names = pd.Index(fit.model.second.names)
    return pd.DataFrame({"estimate": estimate, "se": se, "z": z, "p": 2 * ndtr(-np.abs(z))}, index=names)


def second_limits(fit: SecondPredictor, level: float) -> pd.DataFrame:
    """Return Wald's confidence limits of the coefficients of zeta, ``lower`` and ``upper``."""
    require_level(level)
    table = second_table(fit)
    width = ndtri((1 + level) / 2) * table["se"]
    with np.errstate(invalid="ignore"):
        ends = {"lower": table["estimate"] - width, "upper": table["estimate"] + width}
    return pd.DataFrame({name: end.where(end.notna(), np.inf) for name, end in ends.items()})


def coef_table(
    fit: SecondPredictor,
    ddf: str | None = "default",
    alternative: str = "two-sided",
    *,
    component: str = "conditional",
) -> pd.DataFrame:
    """Return estimates, standard errors, z and p-values of the conditional model or of the second predictor.

    Parameters
    ----------
    fit : SecondPredictor
    ddf : {"default", "normal"}
    alternative : {"two-sided", "less", "greater"}
        Of the conditional model's tests.
    component : {"conditional", "zero", "dispersion"}
        The mean's coefficients, or those of ``zero=`` or ``dispersion=``, whichever the fit has.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> coef_table(fit, component="zero").equals(fit.zero)
    True
    """
    if _require_component(fit, component) == "conditional":
        return coefficients.coef_table(fit, ddf, alternative)
    if not is_normal(ddf) or alternative != "two-sided":
        raise ArgumentError(
            f"component='{component}' has two-sided tests by the normal distribution: leave ddf= and "
            "alternative= out"
        )
    return second_table(fit)


def cov_params(
    fit: SecondPredictor,
    ddf: str | None = "default",
    *,
    method: str = "hessian",
    component: str = "conditional",
) -> pd.DataFrame:
    """Return the covariance of the fixed effects, or of the coefficients of the second predictor.

    Parameters
    ----------
    fit : SecondPredictor
    ddf, method : str
        As of `GlmerFit.cov_params`; the second predictor's is from the Hessian.
    component : {"conditional", "zero", "dispersion"}
        The mean's coefficients, or those of ``zero=`` or ``dispersion=``, whichever the fit has.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> fit.cov_params(component="zero").round(3)
               Intercept
    Intercept      0.881
    """
    if _require_component(fit, component) == "conditional":
        return coefficients.cov_params(fit, ddf, method=method)
    names = list(fit.model.second.names)
    return pd.DataFrame(second_covariance(fit), index=names, columns=names)


def _require_component(fit: SecondPredictor, component: str) -> str:
    require_choice("component", component, ("conditional", fit.model.second.argument))
    return component


def tidy(
    fit: SecondPredictor,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    level: float = 0.95,
    ddf: str | None = "default",
    *,
    exponentiate: bool = False,
    component: str | None = None,
) -> Any:
    """Return one row per parameter, with the column ``component``: conditional, or zero or dispersion.

    Parameters
    ----------
    fit : SecondPredictor
    effects : str or sequence of str
        As of a linear fit, see `ranef.report.broom.tidy`; the second predictor has fixed effects.
    level : float
        Coverage of the intervals.
    ddf : {"default", "normal"}
    exponentiate : bool
        Fixed effects as ratios; odds ratios those of ``zero=``, of the dispersion those of ``dispersion=``.
    component : {"conditional", "zero", "dispersion"}, optional
        By default both.

    Returns
    -------
    table
        Of the library the data came in.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> fit.tidy(component="zero")[["component", "term", "estimate"]].round(2)
      component       term  estimate
    0      zero  Intercept     -2.23
    """
    if component is not None:
        _require_component(fit, component)
    conditional = pd.DataFrame(broom.tidy_columns(fit, effects, level, ddf, exponentiate))
    conditional.insert(0, "component", "conditional")
    table = conditional[: 0 if component not in (None, "conditional") else None]
    if component != "conditional" and "fixed" in ([effects] if isinstance(effects, str) else effects):
        second = pd.DataFrame(_second_columns(fit, level, exponentiate)).reindex(columns=table.columns)
        table = pd.concat([table, second], ignore_index=True) if len(table) else second
    return native_table({name: table[name].to_numpy() for name in table}, fit.model.data_library)


def _second_columns(fit: SecondPredictor, level: float, exponentiate: bool) -> dict[str, Any]:
    table, limits = second_table(fit), second_limits(fit, level)
    found = {
        "effect": ["fixed"] * len(table),
        "term": list(table.index),
        "estimate": table["estimate"].to_numpy(),
        "std_error": table["se"].to_numpy(),
        "statistic": table["z"].to_numpy(),
        "p_value": table["p"].to_numpy(),
        "conf_low": limits["lower"].to_numpy(),
        "conf_high": limits["upper"].to_numpy(),
    }
    return {"component": fit.model.second.argument, **(broom.as_ratios(found) if exponentiate else found)}


def further_columns(fit: SecondPredictor, level: float) -> dict[str, Any]:
    """Return zeta's coefficients as columns of a table of several models: terms ``zero[...]``."""
    names = list(fit.model.further_coefficients[0])
    return _second_columns(fit, level, False) | {"term": names, "df": np.full(len(names), np.inf)}


def other_tables(fit: SecondPredictor, level: float | None) -> list[tuple[str, pd.DataFrame]]:
    """Return the title of zeta's coefficients and their table under R's headers, with limits if wanted."""
    table = second_table(fit).rename(columns=_HEADERS)
    if level is not None:
        table = with_limits(table, second_limits(fit, level), level)
    return [(fit.model.second_title, table)]
