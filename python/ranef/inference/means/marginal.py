"""Marginal means and slopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice, require_level
from ...fit import Fit
from ...frame import Table
from ...frame.factors import as_factor
from ..methods import default_ddf
from .estimates import MarginalMeans
from .grid import Grid, matrix, reference_grid


def emmeans(
    fit: Any,
    specs: str | Iterable[str],
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str | None = None,
    level: float = 0.95,
    scale: str | None = None,
    averaged: bool = False,
) -> MarginalMeans:
    """Return estimated marginal means.

    Parameters
    ----------
    fit : Fit
    specs : str or iterable of str
        Variables for whose combinations means are wanted; ``"a"`` or ``["a", "b"]``.
    by : str or iterable of str, optional
        Variables within whose values `pairs` and `contrast` compare.
    at : mapping, optional
        Variable -> value or values of the grid, instead of all levels of a factor, the mean of a covariate.
    data : table, optional
        The data of the fit, for means of covariates that appear only transformed.
    weights : {"equal", "proportional"}
        How to average over the other factors: their levels count the same, or as often as they occur.
    ddf : {"satterthwaite", "kenward-roger", "residual", "normal"}, optional
        By default Satterthwaite's; normal for a generalised model.
    level : float
    scale : {"link", "response"}, optional
        Of a generalised model: the linear predictor (default), or the mean of a typical group.
    averaged : bool
        Of a generalised model: the mean averaged over the population of groups.

    Returns
    -------
    MarginalMeans
        Prints itself; ``to_frame()``, ``pairs()``, ``contrast()``.

    Raises
    ------
    UnknownColumnError
        A variable that is not in the fixed part.
    ArgumentError
        A level that does not exist, a covariate whose mean is not known, an unknown argument.

    Notes
    -----
    An offset counts with its mean over the rows, the same for every row of the grid.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
    >>> means = ranef.emmeans(fit, "Machine")
    >>> means.to_frame()[["Machine", "emmean", "se", "df"]].round(3)
      Machine  emmean     se     df
    0       A  52.356  2.229  5.833
    1       B  60.322  2.229  5.833
    2       C  66.272  2.229  5.833
    >>> means.pairs().to_frame()[["contrast", "estimate", "p"]].round(4)
      contrast  estimate    p
    0    A - B   -7.9667  0.0
    1    A - C  -13.9167  0.0
    2    B - C   -5.9500  0.0
    """
    fit, names, inside = _checked(fit, specs, by, weights, level)
    grid = reference_grid(fit, [*names, *inside], at, data)
    ddf = ddf or default_ddf(fit)
    means = _averaged(fit, grid, grid.X, [*names, *inside], "emmean", inside, weights, data, ddf, level)
    if scale is None and not averaged:
        return means
    return _on_scale(fit, grid, means, scale, averaged, weights, data)


def emtrends(
    fit: Any,
    specs: str | Iterable[str] | None,
    var: str,
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str | None = None,
    level: float = 0.95,
) -> MarginalMeans:
    """Return slopes of a covariate for combinations of other variables.

    Parameters
    ----------
    fit : Fit
    specs : str, iterable of str or None
        As in `emmeans`; None for the slope averaged over everything.
    var : str
        The covariate; its slope is taken at its mean, or at ``at[var]``.
    by, at, data, weights, ddf, level
        As in `emmeans`.

    Returns
    -------
    MarginalMeans

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> ranef.emtrends(fit, "Variety", "nitro").to_frame().round(2)[["Variety", "trend", "se", "df"]]
           Variety  trend     se    df
    0  Golden Rain  75.33  11.86  51.0
    1   Marvellous  64.58  11.86  51.0
    2      Victory  81.08  11.86  51.0
    """
    fit, names, inside = _checked(fit, specs, by, weights, level)
    if var in (*names, *inside):
        raise ArgumentError(f"var={var!r} cannot be among the variables whose values are compared")
    grid = reference_grid(fit, [*names, *inside, var], at, data)
    if not pd.api.types.is_numeric_dtype(grid.table[var]) or (var in grid.factors and not _is_given(at, var)):
        raise ArgumentError(f"var={var!r} is a factor: it has no slope, use emmeans(...).contrast('consec')")
    step = 1e-4 * max(1.0, float(np.abs(grid.table[var]).max()))
    ends = [matrix(fit, grid.table.assign(**{var: grid.table[var] + sign * step})) for sign in (1, -1)]
    slopes = (ends[0] - ends[1]) / (2 * step)
    return _averaged(
        fit, grid, slopes, [*names, *inside], "trend", inside, weights, data, ddf or default_ddf(fit), level
    )


def _on_scale(
    fit: Any, grid: Grid, means: MarginalMeans, scale: str | None, averaged: bool, weights: str, data: Any
) -> MarginalMeans:
    """Return means of a generalised model on the scale asked for."""
    own = getattr(fit, "means_on_scale", None)
    if own is None:
        raise ArgumentError("scale= and averaged= are for generalised models: a linear model has one scale")
    share = np.ones(len(grid.X)) if weights == "equal" else _shares(fit, grid, list(means.keys), data)
    return own(means, grid, share, scale or "response", averaged)


def _is_given(at: Mapping[str, Any] | None, name: str) -> bool:
    return at is not None and name in at


def _checked(
    fit: Any, specs: Any, by: Any, weights: str, level: float
) -> tuple[Fit, list[str], tuple[str, ...]]:
    require_level(level)
    require_choice("weights", weights, ("equal", "proportional"))
    names = [] if specs is None else [specs] if isinstance(specs, str) else list(specs)
    inside = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    return fit, [name for name in names if name not in inside], inside


def _averaged(
    fit: Fit,
    grid: Grid,
    X: FloatArray,
    names: list[str],
    what: str,
    by: tuple[str, ...],
    weights: str,
    data: Any,
    ddf: str,
    level: float,
) -> MarginalMeans:
    """Average rows of the grid over what was not asked for."""
    share = np.ones(len(X)) if weights == "equal" else _shares(fit, grid, names, data)
    if not names:
        L = (share / share.sum()) @ X
        shift = _mean_offset(fit, what, 1)
        return MarginalMeans(fit, pd.DataFrame(index=[0]), L[None, :], shift, what, by, ddf, level)
    numbers = grid.table.groupby(names, sort=False, observed=True).ngroup().to_numpy()
    keys = grid.table[names].loc[~grid.table[names].duplicated()].reset_index(drop=True)
    L = np.zeros((len(keys), X.shape[1]))
    np.add.at(L, numbers, X * share[:, None])
    L /= np.bincount(numbers, share)[:, None]
    L[np.abs(L) < 1e-12] = 0.0
    return MarginalMeans(fit, keys, L, _mean_offset(fit, what, len(L)), what, by, ddf, level)


def _mean_offset(fit: Fit, what: str, rows: int) -> FloatArray:
    """Return what the offset adds to each mean; nothing to a slope."""
    design = fit.model.design
    if design.offset is None or what != "emmean":
        return np.zeros(rows)
    return np.full(rows, float(np.mean(design.offset)) if design.moments is None else design.moments.offset)


def _shares(fit: Fit, grid: Grid, names: list[str], data: Any) -> FloatArray:
    """Return how often the levels of the other factors occur, for each row of the grid."""
    others = [name for name in grid.factors if name not in names]
    if not others:
        return np.ones(len(grid.table))
    if data is None:
        raise ArgumentError("weights='proportional' needs data= with the data of the fit")
    table, design = Table(data), fit.model.design
    columns = {}
    for name in others:
        factor = as_factor(table.column(name))
        labels = np.array([str(label) for label in factor.levels], dtype=object)
        columns[name] = labels[factor.codes]
    frame = pd.DataFrame(columns)
    if len(frame) == design.nobs + design.n_dropped:
        frame = frame.iloc[design.rows]
    counts = frame.value_counts()
    keys = grid.table[others].astype(str)
    return np.array([float(counts.get(tuple(row), 0)) for row in keys.itertuples(index=False)])
