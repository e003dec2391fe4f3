"""Coefficients of the zero part: tables beside those of the conditional model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError, FitError, require_choice, require_level
from ...frame.native import native_table
from ...verbs import kept
from ..inference import coefficients
from ..inference import methods as plain
from ..inference.uncertainty import covariance_root
from ..report import broom
from .fit import ZeroInflatedFit

COMPONENTS = ("conditional", "zero")


@kept
def zero_covariance(fit: ZeroInflatedFit) -> FloatArray:
    """Return the covariance of gamma from the exact Hessian in all parameters, (m, m)."""
    m = len(fit.model.zero.names)
    if not fit.inflated:
        return np.diag(np.full(m, np.inf))
    first = fit.model.n_theta + len(fit.model.cross.columns)
    try:
        root = fit.model.zero.to_user @ covariance_root(fit)[first : first + m]
    except FitError:
        return np.full((m, m), np.nan)
    return np.asarray(root @ root.T)


def zero_table(fit: ZeroInflatedFit) -> pd.DataFrame:
    """Return estimates, standard errors, z and p-values of the log-odds of a zero that is no count."""
    estimate, se = fit.gamma, np.sqrt(np.diag(zero_covariance(fit)))
    with np.errstate(invalid="ignore"):
        z = np.where(np.isinf(se), 0.0, estimate / se)
    names = pd.Index(fit.model.zero.names)
    return pd.DataFrame({"estimate": estimate, "se": se, "z": z, "p": 2 * ndtr(-np.abs(z))}, index=names)


def zero_limits(fit: ZeroInflatedFit, level: float) -> pd.DataFrame:
    """Return Wald's confidence limits of the zero part, ``lower`` and ``upper``."""
    require_level(level)
    table = zero_table(fit)
    width = ndtri((1 + level) / 2) * table["se"]
    with np.errstate(invalid="ignore"):
        ends = {"lower": table["estimate"] - width, "upper": table["estimate"] + width}
    return pd.DataFrame({name: end.where(end.notna(), np.inf) for name, end in ends.items()})


def coef_table(
    fit: ZeroInflatedFit,
    ddf: str = "normal",
    alternative: str = "two-sided",
    *,
    component: str = "conditional",
) -> pd.DataFrame:
    """Return estimates, standard errors, z and p-values of the conditional model or of the zero part.

    Parameters
    ----------
    fit : ZeroInflatedFit
    ddf : {"normal"}
    alternative : {"two-sided", "less", "greater"}
        Of the conditional model's tests.
    component : {"conditional", "zero"}

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> coef_table(fit, component="zero").equals(fit.zero)
    True
    """
    require_choice("component", component, COMPONENTS)
    if component == "conditional":
        return coefficients.coef_table(fit, ddf, alternative)
    if ddf != "normal" or alternative != "two-sided":
        raise ArgumentError(
            "component='zero' has two-sided tests by the normal distribution: leave ddf= and alternative= out"
        )
    return zero_table(fit)


def cov_params(
    fit: ZeroInflatedFit, method: str = "hessian", *, component: str = "conditional"
) -> pd.DataFrame:
    """Return the covariance of the fixed effects, or of the coefficients of the zero part.

    Parameters
    ----------
    fit : ZeroInflatedFit
    method : {"hessian", "information"}
        As of `GlmerFit.cov_params`; the zero part's is from the Hessian.
    component : {"conditional", "zero"}

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
    require_choice("component", component, COMPONENTS)
    if component == "conditional":
        return coefficients.cov_params(fit, method)
    names = list(fit.model.zero.names)
    return pd.DataFrame(zero_covariance(fit), index=names, columns=names)


def tidy(
    fit: ZeroInflatedFit,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    level: float = 0.95,
    exponentiate: bool = False,
    *,
    component: str | None = None,
) -> Any:
    """Return one row per parameter, with the column ``component``: conditional or zero.

    Parameters
    ----------
    fit : ZeroInflatedFit
    effects : str or sequence of str
        As of a linear fit, see `ranef.report.broom.tidy`; the zero part has fixed effects.
    level : float
        Coverage of the intervals.
    exponentiate : bool
        Fixed effects as ratios, those of the zero part as odds ratios.
    component : {"conditional", "zero"}, optional
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
        require_choice("component", component, COMPONENTS)
    conditional = pd.DataFrame(broom.tidy_columns(fit, effects, level, exponentiate))
    conditional.insert(0, "component", "conditional")
    table = conditional[: 0 if component == "zero" else None]
    if component != "conditional" and "fixed" in ([effects] if isinstance(effects, str) else effects):
        zero = pd.DataFrame(_zero_columns(fit, level, exponentiate)).reindex(columns=table.columns)
        table = pd.concat([table, zero], ignore_index=True) if len(table) else zero
    return native_table({name: table[name].to_numpy() for name in table}, fit.model.data_library)


def _zero_columns(fit: ZeroInflatedFit, level: float, exponentiate: bool) -> dict[str, Any]:
    found = broom.coefficient_columns(zero_table(fit), zero_limits(fit, level), exponentiate)
    return {"component": "zero", **found}


def further_columns(fit: ZeroInflatedFit, level: float) -> dict[str, Any]:
    """Return the zero part as columns of a table of several models: terms ``zero[...]``, normal tests."""
    names = list(fit.model.further_coefficients[0])
    return _zero_columns(fit, level, False) | {"term": names, "df": np.full(len(names), np.inf)}


def separation(fit: ZeroInflatedFit) -> None:
    """Return None: a zero may be no count, so that no combination of columns tells zeros from counts.

    An infinite estimate, of either part, is named by ``fit.optimum.message``.
    """
    return None


def test_methods(fit: ZeroInflatedFit) -> dict[str, Callable[[Any], Any]]:
    """Return the methods of testing: the normal distribution."""

    def refuse(fit: Any) -> Any:
        raise ArgumentError(
            "ddf='kenward-roger' is not available for a zero-inflated model: its working linear model "
            "would take certain zeros for counts; use ddf='normal', or compare fits by ranef.pbtest()"
        )

    return {**plain.test_methods(fit), "kenward-roger": refuse}
