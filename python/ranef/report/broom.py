"""Fits as tidy tables: one row per parameter, per fit, per row of data, with the columns of R's broom.mixed.

Spelling: where R has a dot inside a name, there is an underscore (``std_error``, ``p_value``,
``df_residual``); what is added to data keeps the dot in front (``.fitted``). The intercept is ``Intercept``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from ..diagnostics.rows import cooks_distance, leverage
from ..errors import ArgumentError, quote_list, require_choice, require_level
from ..estimates.prediction import population
from ..estimates.unknown import known_sigma
from ..fit import Fit
from ..frame.native import in_pandas, native_table, with_columns
from ..frame.table import Table
from ..guidance.refusals import refused
from ..inference.coefficients import coef_table
from ..model import Model

EFFECTS = ("fixed", "ran_pars", "ran_vals", "ran_coefs")


def tidy(
    fit: Fit,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    level: float = 0.95,
    ddf: str | None = "default",
) -> Any:
    """Return one row per parameter.

    Parameters
    ----------
    fit : Fit
    effects : str or sequence of str
        ``"fixed"``: fixed effects with tests and intervals. ``"ran_pars"``: standard deviations and
        correlations, and the parameters of ``residual=`` and ``dispersion=``. ``"ran_vals"``: conditional
        modes with conditional standard deviations. ``"ran_coefs"``: coefficients of each level, fixed effect
        plus mode.
    level : float
        Coverage of the intervals.
    ddf : str or None
        Degrees of freedom of tests and intervals of the fixed effects, as in `Fit.coef_table`.

    Returns
    -------
    table
        Of the library the data came in: pandas, polars or pyarrow. Columns ``effect``, ``group``, ``level``
        (of modes and coefficients only), ``term``, ``estimate``, ``std_error``, ``statistic``, ``df``,
        ``p_value``, ``conf_low``, ``conf_high``; terms of ``ran_pars`` are ``sd__x``, ``cor__x.z`` and
        ``sd__Observation``.

    Raises
    ------
    ArgumentError
        For unknown effects, or a level that is not between 0 and 1.

    References
    ----------
    Bolker & Robinson, broom.mixed: tidying methods for mixed models, R package.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.tidy()[["effect", "term", "estimate", "std_error", "conf_low"]].round(2)
         effect                 term  estimate  std_error  conf_low
    0     fixed            Intercept    251.41       6.82    237.01
    1     fixed                 Days     10.47       1.55      7.21
    2  ran_pars        sd__Intercept     24.74        NaN       NaN
    3  ran_pars  cor__Intercept.Days      0.07        NaN       NaN
    4  ran_pars             sd__Days      5.92        NaN       NaN
    5  ran_pars      sd__Observation     25.59        NaN       NaN
    """
    require_level(level)
    wanted = wanted_effects(effects, EFFECTS if fit.by_groups else EFFECTS[:2])
    columns = stacked_columns(fit, wanted, level, lambda: fixed_columns(fit, level, ddf))
    return native_table(columns, fit.model.data_library)


def wanted_effects(effects: Any, offered: Sequence[str] = EFFECTS) -> list[str]:
    """Return the parts of a tidy table that are asked for, or raise an ArgumentError."""
    wanted = [effects] if isinstance(effects, str) else effects
    if not isinstance(wanted, Sequence):
        coverage = "; the coverage of intervals is level=" if isinstance(effects, float) else ""
        raise ArgumentError(f"effects= takes names, of {quote_list(offered)}, not {effects!r}{coverage}")
    for name in wanted:
        require_choice("effects", name, tuple(offered))
    return list(wanted)


def stacked_columns(
    fit: Fit,
    wanted: Sequence[str],
    level: float,
    fixed: Callable[[], dict[str, Any]],
    components: Callable[[], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the columns of the parts wanted, below each other.

    `components` gives the standard deviations and correlations, where they are not the fit's own columns.
    """
    parts = {
        "fixed": fixed,
        "ran_pars": components or fit.component_columns,
        "ran_vals": lambda: _modes(fit, level),
        "ran_coefs": lambda: _coefficients(fit),
    }
    return stacked([parts[name]() for name in wanted])


def stacked(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns of parts below each other, in the order of broom."""
    order = [
        name
        for name in (
            *("effect", "group", "level", "term", "estimate", "std_error"),
            *("statistic", "df", "p_value", "conf_low", "conf_high"),
        )
        if any(name in part for part in found)
    ]
    return {name: _stack([(part.get(name), len(part["term"])) for part in found]) for name in order}


def glance(fit: Fit) -> Any:
    """Return one row for the fit.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    table
        Columns ``nobs``, ``sigma``, ``logLik``, ``AIC``, ``BIC``, ``REMLcrit`` (``deviance``, -2 log L, for
        maximum likelihood) and ``df_residual``, of the library the data came in.

    Examples
    --------
    >>> import ranef
    >>> ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff")).glance().round(2)
       nobs  sigma  logLik     AIC     BIC  REMLcrit  df_residual
    0    30  49.51 -159.83  325.65  329.86    319.65           27
    """
    values = {
        "nobs": fit.nobs,
        "sigma": known_sigma(fit),
        "logLik": fit.llf,
        "AIC": fit.aic,
        "BIC": fit.bic,
        "REMLcrit" if fit.reml else "deviance": fit.objective,
        "df_residual": fit.df_resid,
    }
    return native_table({name: [value] for name, value in values.items()}, fit.model.data_library)


def augment(fit: Fit, data: Any = None, influence: bool | None = None) -> Any:
    """Return the rows used with fitted values, residuals and influence.

    Parameters
    ----------
    fit : Fit
    data : table, optional
        The data of the fit: their columns come first. Without, the response and the grouping factors.
    influence : bool, optional
        With ``.hat`` and ``.cooksd``, by default where the kind of fit has a leverage of rows. With
        crossed factors they take a sparse Cholesky factor of all random effects and entries of the inverse.

    Returns
    -------
    table
        One row per row used, of the library the data came in, with their index; where there is none, with the
        position of the row in the data, ``.row``. Adds ``.fitted``, ``.resid``, ``.hat``
        (leverage), ``.cooksd`` (Cook's distance), ``.fixed`` (without random effects), ``.offset``,
        ``.weights`` and ``.wtres`` (residuals times the root of the weight).

    Raises
    ------
    ArgumentError
        When `data` are not the rows of the fit.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> fit.augment()[["Yield", "Batch", ".fitted", ".resid"]].round(2).head(2)
        Yield Batch  .fitted  .resid
    0  1545.0     A  1509.89   35.11
    1  1440.0     A  1509.89  -69.89
    """
    hat = "leverage" not in refused(type(fit)) if influence is None else influence
    return augmented(fit, data, hat)


def augmented(fit: Fit, data: Any, influence: bool, further: dict[str, Any] | None = None) -> Any:
    """Return the rows used with these columns and `further` ones."""
    if fit.model.streamed and data is not None:
        fit = _in_memory(fit, data)
    design = fit.model.design
    ones, zeros = np.ones(fit.nobs), np.zeros(fit.nobs)
    weights = ones if design.weights is None else np.asarray(design.weights)
    added = {
        ".fitted": np.asarray(fit.fittedvalues),
        ".resid": np.asarray(fit.resid),
        **({".hat": leverage(fit), ".cooksd": cooks_distance(fit)} if influence else {}),
        ".fixed": population(fit),
        ".offset": zeros if design.offset is None else design.offset,
        ".weights": weights,
        ".wtres": np.asarray(fit.resid) * np.sqrt(weights),
        **(further or {}),
    }
    return beside_rows(fit, data, added)


def beside_rows(fit: Fit, data: Any, added: dict[str, Any]) -> Any:
    """Return columns beside the data of the fit; without these, beside the response and the groups."""
    design = fit.model.design
    if data is None:
        given: dict[str, Any] = {design.response_name: fit.y}
        given |= {factor.name: np.asarray(factor.levels)[factor.codes] for factor in design.factors}
        given |= {".row": design.rows} if design.labels is None else {}
        return native_table(given | added, fit.model.data_library, design.labels)
    total, count = fit.nobs + design.n_dropped, Table(data, "data=").n_rows
    if count != total:
        raise ArgumentError(f"data= must be the {total} rows the model was fitted to; it has {count}")
    return with_columns(data, np.asarray(design.rows), added)


def _in_memory(fit: Fit, data: Any) -> Fit:
    """Return a fit to batches as one to a table of the same rows."""
    old = fit.model
    weights, offset = old.weights_argument, old.offset_argument
    table = data.collect() if hasattr(data, "collect") else data
    model = Model(old.formula, table, reml=old.reml, allow_saturated=True, weights=weights, offset=offset)
    if model.nobs != old.nobs or model.theta_names != old.theta_names:
        raise ArgumentError(
            f"data= must be the {old.nobs} rows the model was fitted to; of these {model.nobs} can be used"
        )
    return replace(fit, model=model, y=model.design.response, response=model.response)


def _stack(parts: Sequence[tuple[Any, int]]) -> np.ndarray:
    """Columns below each other; where a part lacks it, NaN under numbers and None under text."""
    text = any(part is not None and np.asarray(part).dtype.kind not in "fiu" for part, _ in parts)
    filled = [[None if text else np.nan] * size if part is None else list(part) for part, size in parts]
    return np.array([value for part in filled for value in part], dtype=object if text else float)


def fixed_columns(fit: Fit, level: float, ddf: str | None) -> dict[str, Any]:
    """Return the columns of the fixed effects."""
    table = coef_table(fit, ddf)
    width = stdtrit(table["df"], (1 + level) / 2) * table["se"]
    return {
        "effect": ["fixed"] * len(table),
        "term": list(table.index),
        "estimate": table["estimate"].to_numpy(),
        "std_error": table["se"].to_numpy(),
        "statistic": table["t"].to_numpy(),
        "df": table["df"].to_numpy(),
        "p_value": table["p"].to_numpy(),
        "conf_low": (table["estimate"] - width).to_numpy(),
        "conf_high": (table["estimate"] + width).to_numpy(),
    }


def component_columns(fit: Fit) -> dict[str, Any]:
    """Return the columns of the standard deviations and correlations, in the order of theta."""
    rows = []
    for component in fit.varcorr:
        for i, above in enumerate(component.columns):
            rows.append((component.label, f"sd__{above}", component.sd[i]))
            for k, below in enumerate(component.columns[i + 1 :], start=i + 1):
                rows.append((component.label, f"cor__{above}.{below}", component.corr[k, i]))
    if fit.varcorr.sigma is not None:
        rows.append(("Residual", "sd__Observation", fit.varcorr.sigma))
    groups, terms, estimates = (list(part) for part in zip(*rows, strict=True))
    return {"effect": ["ran_pars"] * len(rows), "group": groups, "term": terms, "estimate": estimates}


def _modes(fit: Fit, level: float) -> dict[str, Any]:
    table = in_pandas(fit.ranef.to_frame)()
    width = ndtri((1 + level) / 2) * table["sd"]
    return {
        "effect": ["ran_vals"] * len(table),
        "group": list(table["group"]),
        "level": [str(label) for label in table["level"]],
        "term": list(table["name"]),
        "estimate": table["mode"].to_numpy(),
        "std_error": table["sd"].to_numpy(),
        "conf_low": (table["mode"] - width).to_numpy(),
        "conf_high": (table["mode"] + width).to_numpy(),
    }


def _coefficients(fit: Fit) -> dict[str, Any]:
    parts = []
    for group, table in fit.coef.items():
        long = table.melt(var_name="term", value_name="estimate")
        long["level"] = [str(label) for label in table.index] * table.shape[1]
        parts.append(long.assign(effect="ran_coefs", group=group))
    together = pd.concat(parts, ignore_index=True)
    return {name: together[name].to_numpy() for name in ("effect", "group", "level", "term", "estimate")}
