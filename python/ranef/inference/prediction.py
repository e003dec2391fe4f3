"""Predictions with their uncertainty: of the mean, and of a new observation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError, RowsNotKeptError, quote_list
from ..estimates.prediction import predict as predict_mean
from ..estimates.subset import chosen_columns
from ..fit import Fit
from ..frame import NumberColumn, Table, in_order_of, labels_of
from .equations import Equations, Rows
from .methods import curvature, method
from .moved import df_of_variance
from .predict import Asked
from .prediction_df import LARGEST, prediction_df
from .satterthwaite import Satterthwaite
from .theta_slopes import prediction_slopes

DDF = ("satterthwaite", "residual", "normal")  # along random effects


def predicted(fit: Fit, asked: Asked) -> FloatArray | pd.DataFrame:
    """Return predictions of a linear mixed model, see `predict`."""
    newdata, random, new = asked.newdata, asked.random, asked.allow_new_levels
    mean = predict_mean(fit, newdata, random, new)
    if not asked.with_errors:
        return mean
    along = random is not None or asked.parts or asked.theta_uncertainty or asked.interval == "prediction"
    if fit.model.streamed and along:
        raise RowsNotKeptError(
            "standard errors along random effects need the rows of the fit, which were read in batches and "
            "are not kept. Those of the population: random=None, with se=True or interval='confidence'"
        )
    rows = prediction_rows(fit, newdata, random, new, asked.parts or asked.interval == "prediction")
    theta = None
    if asked.theta_uncertainty:
        theta = _theta_part(fit, prediction_rows(fit, newdata, random, new, True))

    def rows_of(other: Fit) -> tuple[PredictionRows, FloatArray]:
        return rows, 1 / _residual_weights(other, newdata, asked.weights, mean.size)

    return with_errors(fit, mean, rows_of, asked, theta)


def with_errors(
    fit: Fit,
    mean: FloatArray,
    rows_of: Callable[[Fit], tuple[PredictionRows, FloatArray]],
    asked: Asked,
    theta: FloatArray | None = None,
) -> pd.DataFrame:
    """Return predictions with their standard errors and intervals.

    mean: (m,).
    rows_of: of a fit at these or other parameters of the variances, what beta and random effects are
        multiplied by, and the variance of a new response given the random effects over sigma^2, (m,).
    theta, (m,): what the estimation of the variances contributes.
    """
    rows, residual = rows_of(fit)
    by = None if rows.random else method(fit, asked.ddf)  # of the population: contrasts of coefficients
    if by is not None:
        found = {"var_fixed": by.variances(rows.X), "var_random": np.zeros(len(mean))}
        found["var_residual"] = fit.sigma**2 * residual
    else:
        require_along(asked.ddf)
        found = _variances(fit, fit.equations, rows, residual)
    found = {name: np.where(np.isnan(mean), np.nan, values) for name, values in found.items()}
    variance = found["var_fixed"] + found["var_random"]
    if theta is not None:
        found["var_theta"] = theta
        variance = variance + theta
    table = pd.DataFrame({"fit": mean, "se": np.sqrt(variance)})
    if asked.interval is not None:
        names = ("var_fixed", "var_random", *(("var_residual",) if asked.interval == "prediction" else ()))

        def total(of: dict[str, FloatArray]) -> FloatArray:
            return np.sum([of[name] for name in names], axis=0)

        if by is not None:
            df = by.df_of(rows.X)
        else:

            def at(other: Fit, system: Equations) -> FloatArray:
                return total(_variances(other, system, *rows_of(other)))

            df = _df(fit, asked.ddf, total(found), at)
        width = stdtrit(df, (1 + asked.level) / 2) * np.sqrt(total(found) + found.get("var_theta", 0.0))
        table["lower"], table["upper"] = mean - width, mean + width
    return table.assign(**found) if asked.parts else table


def require_along(ddf: str) -> None:
    """Refuse a method of testing that has no variances along random effects."""
    if ddf not in DDF:
        raise ArgumentError(
            f"ddf={ddf!r} is of means of the population, random=None with se= or "
            f"interval='confidence': along random effects ddf= is one of {quote_list(DDF)}"
        )


def _df(fit: Fit, ddf: str, variance: FloatArray, at: Callable[[Fit, Equations], FloatArray]) -> FloatArray:
    """Return the degrees of freedom of the variances of predictions."""
    if ddf == "residual":
        return np.full(variance.shape, float(fit.model.nobs - fit.model.cross.rank))
    if ddf == "normal" or not fit.equations.movable or fit.equations.q > LARGEST:
        return np.full(variance.shape, np.inf)
    if fit.structured_covariance:
        return df_of_variance(fit, variance, lambda other: at(other, other.equations))
    if not isinstance(method(fit), Satterthwaite):
        return np.full(variance.shape, np.inf)
    return prediction_df(fit, variance, partial(at, fit))


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
        return PredictionRows(design.matrix.take(kept).array, () if nothing and not every else own, chosen)
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
    return replace(new, terms=terms)


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
    gradient = prediction_slopes(fit, fit.equations, new.X, new.random, new.chosen)
    return np.einsum("im,ij,jm->m", gradient, covariance, gradient)
