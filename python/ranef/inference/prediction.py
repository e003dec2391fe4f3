"""Predictions with their uncertainty: of the mean, and of a new observation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError, RowsNotKeptError, require_choice, require_interval
from ..estimates.prediction import predict as predict_mean
from ..estimates.subset import chosen_columns
from ..fit import Fit
from ..frame import NumberColumn, Table, in_order_of, labels_of
from ..guidance.arguments import guided
from .equations import Equations, Rows, equations
from .methods import curvature, default_ddf, method
from .prediction_df import LARGEST, prediction_df
from .satterthwaite import Satterthwaite
from .theta_slopes import prediction_slopes

DDF = ("satterthwaite", "residual", "normal")


@guided(
    type="the response of a linear model has one scale; for intervals write interval='prediction'",
    reffects="write random='all', as it is by default; the effects themselves are fit.ranef",
    fitted="write random='all', as it is by default",
    xb="write random=None",
)
def predict(
    fit: Fit,
    newdata: Any = None,
    random: str | Sequence[str] | None = "all",
    allow_new_levels: bool = False,
    *,
    se: bool = False,
    interval: str | None = None,
    level: float = 0.95,
    parts: bool = False,
    theta_uncertainty: bool = False,
    weights: str | npt.ArrayLike | None = None,
    ddf: str | None = "satterthwaite",
) -> FloatArray | pd.DataFrame:
    """Predict the response, with standard errors and intervals on request.

    Parameters
    ----------
    fit : Fit
    newdata : table, optional
        Any table a fit accepts; the response may be absent. By default the rows the model was fitted to.
    random : "all", None, or list of str
        The random effects that are predicted along: all, none (the population), or those of the terms listed,
        such as ``"subject"`` or ``"(0 + days | subject)"``.
    allow_new_levels : bool
        Predict a level the fit has not seen with a random effect of zero, whose variance is the prior one.
    se : bool
        Return standard errors.
    interval : {"confidence", "prediction"}, optional
        Of the mean of the row given its predicted random effects, or of a new observation: that adds the
        residual variance, and the prior variance of the random effects left out by `random`.
    level : float
        Coverage.
    parts : bool
        Also return the variances the interval is made of: ``var_fixed`` (of beta, and what the random effects
        lose by not knowing it), ``var_random`` (random effects with beta known, prior ones of new levels
        included) and ``var_residual`` (with the random effects left out).
    theta_uncertainty : bool
        Add what the estimation of the variances contributes (delta method, as Kackar & Harville).
    weights : column name or array, optional
        Prior weights of the new rows: the residual variance of a new observation is sigma^2 / weight. By
        default 1, and the model's own on its own rows.
    ddf : {"satterthwaite", "residual", "normal"} or None
        Degrees of freedom of intervals: those of the variance the interval is made of, as for means and
        coefficients (without ``var_theta``; normal along random effects, or with them in the interval, in
        fits with structures and beyond 2,000 random effects); n - p; or none.

    Returns
    -------
    (m,) float64 or DataFrame
        With the index of the rows where they are pandas': a Series, a DataFrame.
        The predictions; with any of `se`, `interval` or `parts` a DataFrame with columns ``fit``, ``se``,
        then ``lower``, ``upper``; NaN in rows where a predictor is missing.

    Raises
    ------
    UnknownColumnError, NewLevelError, DataError
        About the new data; the message names column, level or row.
    ArgumentError
        `random` names no random term of the model; an unknown interval; a level that is not between 0 and 1.

    Notes
    -----
    Exact given theta: the joint error variance of beta and the random effects from the mixed-model equations,
    with their covariance. A singular fit is no obstacle: nothing is divided by a variance.

    References
    ----------
    Henderson (1975), Biometrics 31, 423-447.
    Kackar & Harville (1984), Approximations for standard errors of estimators of fixed and random effects in
    mixed linear models, Journal of the American Statistical Association 79, 853-862.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> new = {"Subject": ["308", "999"], "Days": [0, 10]}
    >>> fit.predict(new, allow_new_levels=True).round(2)
    array([253.66, 356.08])
    >>> fit.predict(new, allow_new_levels=True, interval="prediction").round(2)
          fit     se   lower   upper
    0  253.66  12.25  197.63  309.70
    1  356.08  67.59  205.09  507.07
    """
    require_interval(interval, level)
    if interval is not None:
        require_choice("ddf", "normal" if ddf is None else ddf, DDF)
    mean = predict_mean(fit, newdata, random, allow_new_levels)
    if not (se or interval or parts or theta_uncertainty):
        return mean
    if fit.model.streamed:
        raise RowsNotKeptError(
            "standard errors of predictions need the rows of the fit, which were read in batches and are not "
            "kept. Predictions alone: without se, interval, parts and theta_uncertainty; means with standard "
            "errors: ranef.emmeans()"
        )
    known = _residual_weights(fit, newdata, weights, mean.size)
    left_out = parts or interval == "prediction"
    rows = prediction_rows(fit, newdata, random, allow_new_levels, left_out)
    theta = None
    if theta_uncertainty:
        theta = _theta_part(fit, prediction_rows(fit, newdata, random, allow_new_levels, True))
    return with_errors(fit, mean, rows, 1 / known, interval, level, ddf, parts=parts, theta=theta)


def with_errors(
    fit: Fit,
    mean: FloatArray,
    rows: PredictionRows,
    residual: FloatArray,
    interval: str | None = None,
    level: float = 0.95,
    ddf: str | None = "satterthwaite",
    *,
    parts: bool = False,
    theta: FloatArray | None = None,
) -> pd.DataFrame:
    """Return predictions with their standard errors and intervals.

    fit, interval, level, ddf, parts: see `predict`.
    mean: (m,).
    rows: what beta and random effects are multiplied by.
    residual, (m,): the variance of a new response given the random effects, over sigma^2.
    theta, (m,): what the estimation of the variances contributes.
    """
    found = _variances(fit, equations(fit), rows, residual)
    found = {name: np.where(np.isnan(mean), np.nan, values) for name, values in found.items()}
    variance = found["var_fixed"] + found["var_random"]
    if theta is not None:
        found["var_theta"] = theta
        variance = variance + theta
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(variance)})
    if interval is not None:
        names = ("var_fixed", "var_random", *(("var_residual",) if interval == "prediction" else ()))

        def total(of: dict[str, FloatArray]) -> FloatArray:
            return np.sum([of[name] for name in names], axis=0)

        if interval == "confidence" and not rows.random:  # of the population: contrasts of coefficients
            df = method(fit, "normal" if ddf is None else ddf).df_of(rows.X)
        else:
            df = _df(fit, ddf, total(found), lambda system: total(_variances(fit, system, rows, residual)))
        width = stdtrit(df, (1 + level) / 2) * np.sqrt(total(found) + found.get("var_theta", 0.0))
        table["lower"], table["upper"] = mean - width, mean + width
    return table.assign(**found) if parts else table


def _df(fit: Fit, ddf: str | None, variance: FloatArray, at: Callable[[Equations], FloatArray]) -> FloatArray:
    """Return the degrees of freedom of the variances of predictions."""
    if ddf == "residual":
        return np.full(variance.shape, float(fit.model.nobs - fit.model.cross.rank))
    exact = ddf == "satterthwaite" and isinstance(method(fit, default_ddf(fit)), Satterthwaite)
    if not exact or not equations(fit).movable or equations(fit).q > LARGEST:
        return np.full(variance.shape, np.inf)
    return prediction_df(fit, variance, at)


@dataclass(frozen=True, eq=False)
class PredictionRows:
    """Kept columns of X, the random parts (none where no random effect counts), and the columns chosen."""

    X: FloatArray
    random: Rows
    chosen: Sequence[npt.NDArray[np.intp]]


def _variances(
    fit: Fit, system: Equations, new: PredictionRows, residual: FloatArray
) -> dict[str, FloatArray]:
    """Return the variances of a prediction; with all random parts also those of effects not chosen."""
    X, rows, chosen = new.X, new.random, new.chosen
    variance = fit.sigma**2
    if not rows:  # the mean of the population
        inner = system.coordinates.fixed(X)
        fixed = np.einsum("ij,jk,ik->i", inner, system.C, inner)
        zero = np.zeros(len(X))
        return {"var_fixed": variance * fixed, "var_random": zero, "var_residual": variance * residual}
    v = system.spherical(rows, chosen)
    fixed, random_part = system.variances(X, v)
    prior, rest = np.zeros(len(X)), np.zeros(len(X))
    for index, (columns, (codes, basis)) in enumerate(zip(chosen, rows, strict=True)):
        inside = np.zeros_like(basis)
        inside[:, columns] = basis[:, columns]
        new_level = np.sum(system.loadings(index, inside) ** 2, axis=1)
        prior += np.where(codes < 0, new_level, 0.0)
        rest += np.sum(system.loadings(index, basis - inside) ** 2, axis=1)
    return {
        "var_fixed": variance * fixed,
        "var_random": variance * (random_part + prior),
        "var_residual": variance * (residual + rest),
    }


def prediction_rows(
    fit: Fit, newdata: Any, random: Any, allow_new_levels: bool, every: bool
) -> PredictionRows:
    """Return the rows that are predicted.

    With `every` random parts are there though none is chosen, for the variance that they add.
    """
    chosen = chosen_columns(fit.model.design, random)
    design, kept = fit.model.design, fit.model.cross.columns
    everything = all(c.size == len(t.columns) for c, t in zip(chosen, design.terms, strict=True))
    nothing = not any(c.size for c in chosen)
    if newdata is None:
        own = tuple((term.factor.codes, term.basis) for term in design.terms)
        return PredictionRows(equations(fit).X, () if nothing and not every else own, chosen)
    if nothing and not every:
        new = design.spec.rows(newdata, random=False)
    else:
        new = _rows(fit, newdata, allow_new_levels or not everything, nothing)
    return PredictionRows(new.X[:, kept], new.terms, chosen)


def _rows(fit: Fit, newdata: Any, allow_new_levels: bool, nothing: bool) -> Any:
    """Return the design of new data; for the population, grouping columns may be absent."""
    spec = fit.model.design.spec
    if nothing:
        table = Table(newdata, "the new data")
        absent = [c for term in spec.terms for c in term.group.columns if c not in table.names]
        if absent:
            return _with_new_groups(fit, newdata, table)
    return spec.rows(newdata, allow_new_levels=allow_new_levels)


def _with_new_groups(fit: Fit, newdata: Any, table: Table) -> Any:
    """Return rows of groups without data: the grouping columns are not in the table."""
    spec = fit.model.design.spec
    new = spec.rows(newdata, random=False)
    bases = [b.rows({name: table.column(name) for name in b.columns}, table.n_rows) for b in spec.bases]
    codes = np.full(table.n_rows, -1, dtype=np.int32)
    terms = tuple((codes, bases[t.basis][:, t.columns[0] : t.columns[-1] + 1]) for t in spec.terms)
    return type(new)(new.X, terms, new.offset)


def _residual_weights(fit: Fit, newdata: Any, weights: Any, m: int) -> FloatArray:
    if weights is None:
        own = fit.model.design.weights
        if newdata is None:
            return np.ones(m) if own is None else own
        return fit.model.weights_of_new(newdata, m)
    if isinstance(weights, str):
        if newdata is None:
            raise ArgumentError("weights= as a column needs newdata")
        values = _number_column(newdata, weights)
    else:
        design = fit.model.design
        labels = design.labels if newdata is None else labels_of(newdata)
        values = np.asarray(in_order_of(weights, "weights=", labels), dtype=float)
    if values.shape != (m,):
        raise DataError(f"weights= must have one value per row, {m}; it has shape {values.shape}")
    if not (values > 0).all():
        row = int(np.argmin(values > 0))
        raise DataError(f"weights= must be positive: row {row} has {values[row]} (rows count from 0)")
    return values if newdata is None else values * fit.model.weights_of_new(newdata, m)


def _number_column(newdata: Any, weights: str) -> FloatArray:
    column = Table(newdata, "the new data").column(weights, "weights=")
    if not isinstance(column, NumberColumn):
        raise DataError(f"weights={weights!r}: the column must hold numbers")
    return np.asarray(column.values, dtype=float)


def _theta_part(fit: Fit, new: PredictionRows) -> FloatArray:
    """Return the variance from estimating theta, by the gradient of the prediction."""
    covariance = curvature(fit, "theta_uncertainty=").core_covariance[:-1, :-1]
    gradient = prediction_slopes(fit, equations(fit), new.X, new.random, new.chosen)
    return np.einsum("im,ij,jm->m", gradient, covariance, gradient)
