"""A fit as a model of the Python package marginaleffects, by that package's own extension point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, quote_list
from ...frame import Column, FactorColumn, NumberColumn, Table
from .averages import levels_of
from .values import is_factor, predictors


@dataclass(frozen=True)
class LinearParts:
    """Means of rows as a function of coefficients: what the package is told of a fit."""

    fit: Any  # whose fixed part has the variables
    coefficients: FloatArray
    covariance: FloatArray
    names: tuple[str, ...]  # of the coefficients
    matrix: Callable[[Mapping[str, Column], int], FloatArray]  # of rows, from their columns
    mean: Callable[[FloatArray, FloatArray], FloatArray]  # from coefficients and a matrix


def one_part(fit: Any, scale: str | None) -> LinearParts:
    """Return the one linear predictor of a fit."""
    if scale not in (None, "response", "link"):
        raise ArgumentError(f"scale= must be 'response' or 'link', not {scale!r}")
    model = fit.model
    link = None if scale == "link" or not fit.generalised else fit.curve

    def matrix(columns: Mapping[str, Column], n: int) -> FloatArray:
        return np.ascontiguousarray(model.design.spec.fixed.rows(columns, n)[:, model.cross.columns])

    def mean(coefficients: FloatArray, X: FloatArray) -> FloatArray:
        eta = X @ coefficients + model.design.mean_offset
        return eta if link is None else np.asarray(link.inverse(eta))

    names = tuple(model.design.column_names[index] for index in model.cross.columns)
    beta, vcov = np.array(fit.solution["beta"]), np.asarray(fit.solution["vcov"])
    return LinearParts(fit, beta, vcov, names, matrix, mean)


def to_marginaleffects(fit: Any, scale: str | None = None) -> Any:
    """Return the fit as a model of the package marginaleffects (``pip install marginaleffects``).

    Its `predictions`, `comparisons`, `slopes`, `hypotheses` and plots then work on it, with random effects at
    zero. They use the normal distribution: the degrees of freedom of a fit differ from effect to effect,
    which that package has no place for; `Fit.predictions` and its like have them.

    Parameters
    ----------
    fit : Fit
        Whose rows are in memory.
    scale : {"response", "link"}, optional
        Of the predictions of a generalised model; of a zero-inflated one as of `ranef.Fit.comparisons`.

    Returns
    -------
    marginaleffects.classes.ModelAbstract

    Raises
    ------
    ImportError
        When the package is not installed, or has no such extension point.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", ranef.datasets.load("sleepstudy"))
    >>> from marginaleffects import avg_slopes                          # doctest: +SKIP
    >>> avg_slopes(fit.to_marginaleffects())["estimate"].round(3)       # doctest: +SKIP
    10.467
    """
    try:
        import polars as pl
        from marginaleffects.classes import ModelAbstract, ModelVault
    except ImportError as error:
        raise ImportError(
            f"to_marginaleffects() needs the package marginaleffects ({error}): pip install marginaleffects; "
            "fit.predictions(), fit.comparisons() and fit.slopes() need nothing"
        ) from error
    parts = fit.linear_parts(scale)
    fit, model = parts.fit, parts.fit.model
    names = list(model.design.spec.fixed.columns)
    odd = [name for name in names if not name.isidentifier()]
    if odd:
        raise ArgumentError(f"marginaleffects needs plain names of columns; rename {quote_list(odd)}")
    response = model.design.response_name
    response = response if response.isidentifier() and response not in names else "response"
    columns = predictors(fit, "to_marginaleffects() hands over the data")
    series: dict[str, Any] = {response: np.asarray(fit.y, dtype=float)}
    for name in names:
        labels = [str(level) for level in levels_of(fit, name)] if is_factor(fit, name) else None
        series[name] = _series(pl, columns[name], labels)

    class Ranef(ModelAbstract):  # type: ignore[misc]
        df_resid = np.inf

        def get_vcov(self, vcov: Any = True) -> Any:
            """Return the covariance of the coefficients, or the one given."""
            if isinstance(vcov, np.ndarray):
                return vcov
            if vcov is True:
                return parts.covariance
            if vcov is False or vcov is None:
                return None
            raise ArgumentError(f"vcov= is True, False or a matrix, such as fit.robust().cov; not {vcov!r}")

        def get_exog(self, newdata: Any) -> FloatArray:
            """Return the matrix of new rows."""
            table = Table({name: _values(fit, name, newdata[name]) for name in names}, "newdata")
            return parts.matrix({name: table.column(name) for name in names}, table.n_rows)

        def get_predict(self, params: Any, newdata: Any) -> Any:
            """Return predictions of rows of the matrix."""
            mean = parts.mean(np.asarray(params), np.asarray(newdata))
            rows = pl.Series("rowid", np.arange(len(mean)), dtype=pl.Int32)
            return pl.DataFrame({"rowid": rows, "estimate": np.asarray(mean, dtype=float)})

    vault = ModelVault(
        coef=parts.coefficients,
        coefnames=np.array(parts.names),
        formula=f"{response} ~ {' + '.join(names) or '1'}",
        modeldata=pl.DataFrame(series),
        package="ranef",
        variable_names=[response, *names],
    )
    return Ranef(fit, vault)


def _series(pl: Any, column: Column, labels: list[str] | None) -> Any:
    if labels is None:
        assert isinstance(column, NumberColumn)
        return pl.Series(np.asarray(column.values, dtype=float))
    if isinstance(column, NumberColumn):
        texts = [str(value) for value in column.values.tolist()]
    else:
        assert isinstance(column, FactorColumn)
        own = [str(level) for level in column.levels.tolist()]
        texts = [own[code] for code in column.codes]
    return pl.Series(texts, dtype=pl.Enum(labels))


def _values(fit: Any, name: str, given: Any) -> Any:
    """Return a column of theirs as the fit had it: numbers where levels are numbers or truth values."""
    if not is_factor(fit, name) or isinstance(fit.model.design.predictors[name], FactorColumn):
        return given.to_numpy() if given.dtype.is_numeric() else [str(value) for value in given.to_list()]
    by_text = {str(level): level for level in levels_of(fit, name)}
    return np.array([by_text[str(value)] for value in given.to_list()])
