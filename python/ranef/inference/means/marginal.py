"""Marginal means and slopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...fit import Fit
from ...frame.native import as_it_came
from ...guidance.arguments import guided
from ...guidance.old_names import also_called
from ..differences import TIMES, fourth_order, linear_slope
from .averaging import Asked, average
from .estimates import MarginalMeans
from .grid import Grid, matrix, of_all_parts, reference_grid, spread


@guided(
    adjust="write emmeans(...).pairs(adjust=...), or contrast(..., adjust=...)",
    diff="write emmeans(...).pairs()",
    pairwise="write emmeans(...).pairs()",
    limit="there is no limit to the size",
)
@as_it_came
@also_called(type="scale")
def emmeans(
    fit: Any,
    specs: str | Iterable[str],
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str | None = "default",
    level: float = 0.95,
    scale: str | None = None,
    averaged: bool = False,
    offset: float | None = None,
    contrast: str | None = None,
) -> MarginalMeans:
    """Return estimated marginal means.

    Parameters
    ----------
    fit : Fit
    specs : str or iterable of str
        Variables whose combinations the means are for; ``"a"`` or ``["a", "b"]``.
    by : str or iterable of str, optional
        Variables within whose values `pairs` and `contrast` make comparisons.
    at : mapping, optional
        Variable -> value or values of the grid, instead of all levels of a factor, the mean of a covariate.
    data : table, optional
        The data of the fit, where its rows were read in batches: for means of covariates that appear only
        transformed, and for proportional weights.
    weights : {"equal", "proportional"}
        How to average over the other factors: with equal weights for their levels, or by frequency.
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        By default Satterthwaite's; normal for a generalised model.
    level : float
    scale : {"link", "response"}, optional
        The scale of the model (default), or of the data: of a fit to ``log(y)``, ``sqrt(y)`` and the like
        the means before that, with standard errors by the delta method, differences of logarithms becoming
        ratios; of a generalised model the mean of a typical group. ``type=``, as in R, is the same.
        Of a zero-inflated model also ``"conditional"``, the counts alone, and ``"zero"``, the probability of
        a zero that is no count.
    averaged : bool
        Of a generalised model: the mean averaged over the population of groups.
    offset : float, optional
        Value of the offset; by default its mean over the rows.
    contrast : str, optional
        Return contrasts instead of the means: ``"pairwise"``, or a name that `MarginalMeans.contrast`
        knows, such as ``"trt.vs.ctrl"``.

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
    An offset counts with its mean over the rows, or with ``offset=``, the same for every row of the grid.
    So does R's emmeans have it for ``lmer`` and ``glmer``; for glmmTMB's ``offset(log(time))`` it takes the
    offset at the mean of ``time``, here ``offset=np.log(time.mean())``.

    A factor that is nested in another (it stands in no term without it, and each of its levels is found with
    one level of the other, as in ``treatment / form``) is averaged within it, over the cells there are. Notes
    say what was found, and where means are averaged over an interaction.

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
    fit = _seen(fit, scale, averaged)
    asked = Asked.of(fit, specs, by, at, data, weights, ddf, level)
    if offset is not None and (isinstance(offset, bool) or not np.isfinite(offset)):
        raise ArgumentError(f"offset= is the value of the offset, a finite number; got {offset!r}")
    if offset is not None and fit.model.design.offset is None:
        raise ArgumentError("offset= is the value of the offset, and this model has none")
    grid = reference_grid(fit, asked.names, at, data)
    means = average(fit, grid, grid.X, "emmean", asked, offset)
    if scale is not None or averaged:
        means = _on_scale(fit, grid, means, scale, averaged, asked)
    if contrast is None:
        return means
    return means.pairs() if contrast == "pairwise" else means.contrast(contrast)


@guided()
@as_it_came
def emtrends(
    fit: Any,
    specs: str | Iterable[str] | None,
    var: str,
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str | None = "default",
    level: float = 0.95,
    scale: str | None = None,
    averaged: bool = False,
) -> MarginalMeans:
    """Return slopes of a covariate for combinations of other variables.

    Parameters
    ----------
    fit : Fit
    specs : str, iterable of str or None
        As in `emmeans`; None for the slope averaged over everything.
    var : str
        The covariate; its slope is taken at its mean, or at ``at[var]``.
    by, at, data, weights, ddf, level, scale, averaged
        As in `emmeans`; of a generalised model ``scale="response"`` asks for the slope of the mean.

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
    fit = _seen(fit, scale, averaged)
    asked = Asked.of(fit, specs, by, at, data, weights, ddf, level)
    if var in asked.names:
        raise ArgumentError(f"var={var!r} cannot be among the variables whose values are compared")
    grid = reference_grid(fit, [*asked.names, var], at, data, var)
    column = grid.table[var]
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numeric or (var in grid.factors and var not in (at or {})):
        raise ArgumentError(f"var={var!r} is a factor: it has no slope, use emmeans(...).contrast('consec')")
    given = replace(asked, at={var: None, **(at or {})})
    slopes = average(fit, grid, _slopes(fit, grid, var, data), "trend", given)
    if scale in (None, "link") and not averaged:
        return slopes
    if not fit.generalised:
        raise ArgumentError("scale= and averaged= are for generalised models: a linear one has one scale")
    share = asked.shares(fit, grid, slopes.variables)
    step = 1e-3 * spread(fit, var, column.to_numpy(float), data)
    return fit.trends_on_scale(slopes, grid, share, var, step, scale or "response", averaged)


def _slopes(fit: Fit, grid: Grid, var: str, data: Any) -> FloatArray:
    """Return the derivative of a grid's rows.

    Over a step as wide as the covariate where X is linear in it, which loses no digits to its origin;
    elsewhere by fourth-order differences over a thousandth of that.
    """
    values = grid.table[var].to_numpy(float)
    wide = spread(fit, var, values, data)

    def moved(step: float) -> FloatArray:
        with np.errstate(all="ignore"):  # a wide step may leave a function's domain
            return matrix(fit, grid.table.assign(**{var: values + step}))

    linear = linear_slope(moved, grid.X, wide)
    if linear is not None:
        return linear
    step = 1e-3 * wide
    return np.asarray(fourth_order([moved(times * step) for times in TIMES], step))


def _on_scale(
    fit: Any, grid: Grid, means: MarginalMeans, scale: str | None, averaged: bool, asked: Asked
) -> MarginalMeans:
    """Return means on the scale asked for."""
    if fit.generalised:
        share = asked.shares(fit, grid, means.variables)
        return fit.means_on_scale(means, grid, share, scale or "response", averaged)
    if averaged:
        raise ArgumentError("averaged= is for generalised models: a linear model has no mean behind a link")
    require_choice("scale", scale or "link", ("link", "response"))
    return means.on_the_response_scale() if scale == "response" else means


def _seen(fit: Any, scale: str | None, averaged: bool) -> Any:
    """Return the fit with the variables that the scale asked for depends on."""
    return of_all_parts(fit) if scale in ("response", "zero") or (scale is None and averaged) else fit
