"""Leave one group out: the fit without each level of a grouping factor, refitted to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import _core
from ..arrays import FloatArray
from ..design import GroupingFactor
from ..errors import ArgumentError, quote_list
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from ..frame.native import as_it_came
from ..model import planned
from ..optimize import Settings, optimise
from ..show import Document, Printed, frame_table
from ..variants import with_rows

_LOST = 1e10  # growth of a variance that means the coefficient is gone


@dataclass(frozen=True, eq=False, repr=False)
class GroupInfluence(Printed):
    """Estimates without each group; rows are the groups left out.

    Attributes
    ----------
    group : str
    params : DataFrame
        Fixed effects.
    components : DataFrame
        Sigma, standard deviations and correlations.
    dfbetas : DataFrame
        (without - with) / standard error without, as lme4.
    cooks : Series
        Cook's distance: the shift of the fixed effects in the metric of their covariance matrix, times
        (J - p) / (J p) with J groups, as lme4.
    converged : Series
    """

    group: str
    params: pd.DataFrame
    components: pd.DataFrame = field(repr=False)
    dfbetas: pd.DataFrame = field(repr=False)
    cooks: pd.Series
    converged: pd.Series = field(repr=False)

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return all of it side by side."""
        parts = [
            self.params,
            self.components,
            self.dfbetas.add_prefix("dfbetas."),
            self.cooks,
            self.converged,
        ]
        return pd.concat(parts, axis=1)

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(self._shown(), self._title)]

    @property
    def _title(self) -> str:
        return f"Without one {self.group} at a time, most influential first"

    def _shown(self) -> pd.DataFrame:
        table = pd.concat([self.params, self.cooks], axis=1)
        return table.sort_values("cooks", ascending=False)


def group_influence(fit: Fit, group: str | None = None) -> GroupInfluence:
    """Refit without each level of a grouping factor.

    Exact: every refit goes to its own optimum, variances included, starting at the full fit. The group's
    products are taken away from the cross-products: no other row is read.

    group: a grouping factor of the model; by default the one with the fewest levels.
    Raises ArgumentError: the model has no such grouping factor.

    Demidenko & Stukel (2005), Influence analysis for linear mixed-effects models, Statistics in Medicine 24,
    893-909.

    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> found = fit.influence("Subject")
    >>> found.cooks.round(3).nlargest(2)
    Subject
    309    0.132
    335    0.115
    Name: cooks, dtype: float64
    """
    factor = factor_named(fit, group)
    beta, kept = fit.beta, fit.model.cross.columns
    precision = np.linalg.inv(fit.internal_vcov)

    def squared(without: Without) -> float:
        """In the core's coordinates, where distances lose no digits."""
        ends = (
            fit.model.problem.internal_beta(fit.response, coefficients[kept])
            for coefficients in (without.beta, beta)
        )
        shift = fit.response.scale * np.subtract(*(np.asarray(end) for end in ends))
        return float(shift @ precision @ shift)

    return table_without(fit, factor, [fit_without(fit, rows) for rows in rows_by_level(factor)], squared)


def rows_by_level(factor: GroupingFactor) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each level."""
    order = np.argsort(factor.codes, kind="stable")
    ends = np.cumsum(np.bincount(factor.codes, minlength=factor.n_levels))
    return np.split(order, ends[:-1])


def table_without(
    fit: Any, factor: GroupingFactor, found: Sequence[Without], squared: Callable[[Without], float]
) -> GroupInfluence:
    """Put the estimates without each level together.

    `squared` is the squared length of the shift of the fixed effects, in the metric of their covariance
    matrix.
    """
    names = ParameterNames.of(fit.model)
    sigma, theta = np.array([without.sigma for without in found]), np.array([w.theta for w in found])
    components = pd.DataFrame(
        np.column_stack([sigma, names.components(sigma, theta)]),
        index=pd.Index(factor.levels, name=factor.name),
        columns=[names.residual, *names.sd, *names.corr],
    )
    return influence_of(
        fit,
        components,
        np.array([without.beta for without in found]),
        np.sqrt(np.array([np.diag(without.vcov) for without in found])),
        np.array([squared(one) for one in found]),
        [without.converged for without in found],
    )


def influence_of(
    fit: Any,
    components: pd.DataFrame,
    coefficients: FloatArray,
    errors: FloatArray,
    squared: FloatArray,
    converged: Sequence[bool],
) -> GroupInfluence:
    """Put together what refits without each level say, (levels, p): their coefficients and standard errors.

    The index of `components` are the levels, under the name of their factor; `squared` as of `table_without`.
    """
    index, columns = components.index, list(fit.model.design.column_names)
    count, p = len(index), len(fit.model.cross.columns)
    scale = (count - p) / count if count > p else 1.0
    return GroupInfluence(
        group=str(index.name),
        params=pd.DataFrame(coefficients, index=index, columns=columns),
        components=components,
        dfbetas=pd.DataFrame((coefficients - fit.beta) / errors, index=index, columns=columns),
        cooks=pd.Series(squared * scale / max(p, 1), index=index, name="cooks"),
        converged=pd.Series(converged, index=index, name="converged"),
    )


class Without(NamedTuple):
    """Estimates without some rows; beta and vcov over all columns of X, NaN where one is dropped.

    ``inner`` has the kept coefficients in the core's coordinates, where a refit knows them.
    """

    beta: FloatArray
    vcov: FloatArray
    sigma: float
    theta: FloatArray
    converged: bool
    inner: FloatArray | None = None


def fit_without(fit: Fit, removed: npt.NDArray[np.intp]) -> Without:
    """Fit the same model to the other rows, from downdated cross-products.

    When columns of X depend on each other without those rows, the cross-products are made anew.
    """
    model = fit.model
    y = model.design.without_offset(fit.y)
    cross, response = _core.without_rows(model.cross.rows, model.cross.design, fit.response, y, removed)
    problem = planned(cross, model.reml, model.leading, model.schur)
    try:
        found = problem.fit(response, fit.theta, tolerance=fit.settings.tolerance)
        if found.converged:
            answer = problem.solve(response, found.theta)
            beta, vcov = fit.padded(answer["beta"]), fit.padded(answer["vcov"])
            if np.isfinite(beta[model.cross.columns]).all() and well_determined(fit, vcov):
                return Without(beta, vcov, answer["sigma"], found.theta, True)
    except RuntimeError:  # dependent columns, or an exact fit: the core's word on an evaluation that failed
        pass
    rows = np.ones(model.design.nobs, dtype=bool)
    rows[removed] = False
    again = fit_rows(fit, rows)
    return Without(again.beta, again.vcov, again.sigma, again.theta, again.optimum.converged)


def well_determined(fit: Fit, vcov: FloatArray) -> bool:
    """Whether no coefficient lost all it rested on: then only rounding keeps its variance finite."""
    kept = fit.model.cross.columns
    ratio = np.diag(vcov)[kept] / np.diag(fit.solution["vcov"])
    return bool((ratio < _LOST).all())


def fit_rows(fit: Fit, rows: npt.NDArray[np.bool_]) -> Fit:
    """Fit the same model to some of its rows, read again; levels that lose their rows have nothing to say."""
    model = with_rows(fit.model, rows, fit.y)
    settings = Settings(start=fit.theta)
    optimum = optimise(model, model.response, settings)
    return Fit(model, model.design.response, model.response, optimum, settings)


def factor_named(fit: Fit, group: str | None) -> GroupingFactor:
    """Return a grouping factor of the model; by default the one with the fewest levels."""
    factors = fit.model.design.factors
    if group is None:
        return min(factors, key=lambda factor: factor.n_levels)
    for factor in factors:
        if factor.name == group:
            return factor
    raise ArgumentError(
        f"there is no grouping factor {group!r}; the model has {quote_list(f.name for f in factors)}"
    )
