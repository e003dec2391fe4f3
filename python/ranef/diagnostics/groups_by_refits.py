"""Influence on fits whose covariance has a structure: refits without each group, and rows where they are
independent given the random effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..design import GroupingFactor
from ..errors import ArgumentError, RanefError, RowsNotKeptError, quote_list
from ..estimates.parameters import ParameterNames
from ..frame.native import in_pandas
from ..guidance.old_names import also_called
from ..report.broom import augmented
from .groups import GroupInfluence, influence_of
from .rows import leverage as plain_leverage
from .rows import row_influence

_CORRELATED = (
    "rows whose residuals correlate have no {what} of their own: fit.influence({group!r}) refits without one "
    "{group} after the other"
)


@also_called(by="group")
def influence(fit: Any, group: str | None = None) -> pd.DataFrame | GroupInfluence:
    """Return the influence of every level of a group, by refits without it; or of every row.

    Parameters
    ----------
    fit : StructuredFit, ResidualFit, GlsFit or VisitFit
    group : str, optional
        A grouping factor, or the subject whose rows correlate. By default the rows where they are independent
        given the random effects, else the subject.

    Returns
    -------
    DataFrame or GroupInfluence
        See `row_influence` and `group_influence`. Every refit goes to its own optimum, with
        all parameters.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.influence().cooks.nlargest(1).round(2)
    Subject
    M13    0.16
    Name: cooks, dtype: float64
    """
    known, subjects = _groups(fit), fit.model.subjects
    if group is None and subjects is None:
        if not known:
            raise ArgumentError(
                "no groups are named in this fit, and influence() is of groups: fit without the rows in "
                "question, or name the groups in a random effect"
            )
        return row_influence(fit)
    name = subjects.name if group is None else group
    if name not in known:
        raise ArgumentError(f"there is no group {name!r}; the fit has {quote_list(known)}")
    if fit.model.streamed:
        raise RowsNotKeptError(
            "influence() needs the rows, which were read in batches and are not kept: give one table"
        )
    return _without_each(fit, known[name])


def leverage(fit: Any) -> FloatArray:
    """Return the diagonal of the hat matrix of rows that are independent given the random effects, (n,).

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Orthodont")
    >>> fit = ranef.lmer("distance ~ age + (1 | Subject)", data, dispersion="~ Sex")
    >>> fit.leverage().head(2).round(2).tolist()
    [0.22, 0.22]
    """
    if fit.model.subjects is not None:
        raise ArgumentError(_CORRELATED.format(what="leverage", group=fit.model.subjects.name))
    return plain_leverage(fit)


def augment(fit: Any, data: Any = None, influence: bool | None = None) -> Any:
    """Return the rows used with fitted values and residuals, see `ranef.report.broom.augment`.

    Parameters
    ----------
    fit : StructuredFit, ResidualFit, GlsFit or VisitFit
    data : table, optional
        The data of the fit: their columns come first.
    influence : bool, optional
        With ``.hat`` and ``.cooksd``: by default where rows are independent given random effects.

    Returns
    -------
    table
        With ``.normalized`` besides: residuals without correlation, of variance one. ``.weights`` are sigma^2
        over the residual variance of the row, ``dispersion=`` included.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Orthodont")
    >>> fit = ranef.gls("distance ~ age", data, residual="car1(age | Subject)")
    >>> fit.augment(data)[["Subject", "age", ".fitted", ".normalized"]].head(1).round(2)
      Subject  age  .fitted  .normalized
    0     M01    8    22.13         1.51
    """
    subjects = fit.model.subjects
    independent = subjects is None and bool(fit.model.design.terms)
    if influence and not independent:
        group = "group" if subjects is None else subjects.name
        raise ArgumentError(_CORRELATED.format(what="influence", group=group))
    with_influence = independent if influence is None else influence
    noise, added = getattr(fit.model, "noise", None), {}
    if noise is not None and (weights := noise.row_weights(fit.outer.phi)) is not None:
        added = {".weights": weights, ".wtres": np.asarray(fit.resid) * np.sqrt(weights)}
    if noise is not None or subjects is not None:
        added[".normalized"] = np.asarray(fit.residuals("normalized"))
    return augmented(fit, data, with_influence, added)


def _groups(fit: Any) -> dict[str, GroupingFactor]:
    """Return the grouping factors and the subjects whose rows correlate, by name."""
    subjects = fit.model.subjects
    known = {factor.name: factor for factor in fit.model.design.factors}
    if subjects is not None:
        known.setdefault(subjects.name, subjects)
    return known


def _without_each(fit: Any, factor: GroupingFactor) -> GroupInfluence:
    kept = fit.model.cross.columns
    precision = np.linalg.inv(fit.internal_vcov)
    to_user = fit.model.coordinates.fixed(np.eye(len(kept)))
    own, index = _components(fit), pd.Index(factor.levels, name=factor.name)
    beta, errors = np.full((len(index), len(fit.beta)), np.nan), np.full((len(index), len(fit.beta)), np.nan)
    components = pd.DataFrame(np.nan, index=index, columns=own.index)
    squared, converged = np.full(len(index), np.nan), [False] * len(index)
    for level in range(len(index)):
        try:
            found = fit.refit_rows(factor.codes != level)
            values = _components(found).to_numpy()
            shift = np.linalg.solve(to_user, (found.beta - fit.beta)[kept])
            errors[level] = np.sqrt(np.diag(found.vcov))
        except (RanefError, np.linalg.LinAlgError, RuntimeError):  # nothing is left to estimate it from
            continue
        beta[level], components.iloc[level] = found.beta, values
        squared[level], converged[level] = shift @ precision @ shift, bool(found.converged)
    return influence_of(fit, components, beta, errors, squared, converged)


def _components(fit: Any) -> pd.Series:
    """Return sigma, standard deviations and correlations, and the structures' parameters, by name."""
    parts = [pd.Series({"sigma": float(fit.sigma)})] if fit.has_sigma else []
    if fit.free_theta:
        names = ParameterNames.of(fit.model)
        values = names.components(np.array([fit.sigma]), np.array([fit.theta]))[0]
        parts.append(pd.Series(values, [*names.sd, *names.corr]))
    return pd.concat([*parts, in_pandas(fit.further_parameters)()])
