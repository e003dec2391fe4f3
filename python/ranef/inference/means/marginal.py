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
from ...frame.native import as_it_came
from ...guidance.arguments import guided
from ...guidance.old_names import also_called
from ..differences import TIMES, fourth_order, linear_slope
from ..methods import chosen_ddf
from .estimates import MarginalMeans, estimable
from .grid import Grid, matrix, of_all_parts, reference_grid, spread
from .nesting import Nests, averages, interaction_notes, nests


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
    names, inside = _checked(fit, specs, by, weights, level)
    if offset is not None and (isinstance(offset, bool) or not np.isfinite(offset)):
        raise ArgumentError(f"offset= is the value of the offset, a finite number; got {offset!r}")
    if offset is not None and fit.model.design.offset is None:
        raise ArgumentError("offset= is the value of the offset, and this model has none")
    grid = reference_grid(fit, [*names, *inside], at, data)
    asked, ddf = [*names, *inside], chosen_ddf(fit, ddf)
    means = _averaged(
        fit, grid, grid.X, asked, "emmean", inside, weights, data, ddf, level, offset=offset, at=at
    )
    if scale is not None or averaged:
        means = _on_scale(fit, grid, means, scale, averaged, weights, data)
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
    names, inside = _checked(fit, specs, by, weights, level)
    if var in (*names, *inside):
        raise ArgumentError(f"var={var!r} cannot be among the variables whose values are compared")
    grid = reference_grid(fit, [*names, *inside, var], at, data, var)
    column = grid.table[var]
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numeric or (var in grid.factors and var not in (at or {})):
        raise ArgumentError(f"var={var!r} is a factor: it has no slope, use emmeans(...).contrast('consec')")
    X, asked = _slopes(fit, grid, var, data), [*names, *inside]
    given, ddf = {var: None, **(at or {})}, chosen_ddf(fit, ddf)
    slopes = _averaged(fit, grid, X, asked, "trend", inside, weights, data, ddf, level, at=given)
    if scale in (None, "link") and not averaged:
        return slopes
    own = getattr(fit, "trends_on_scale", None)
    if own is None:
        raise ArgumentError("scale= and averaged= are for generalised models: a linear one has one scale")
    share = np.ones(len(grid.X)) if weights == "equal" else _shares(fit, grid, slopes.variables, data)
    step = 1e-3 * spread(fit, var, column.to_numpy(float), data)
    return own(slopes, grid, share, var, step, scale or "response", averaged)


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
    fit: Any, grid: Grid, means: MarginalMeans, scale: str | None, averaged: bool, weights: str, data: Any
) -> MarginalMeans:
    """Return means on the scale asked for."""
    own = getattr(fit, "means_on_scale", None)
    if own is not None:
        share = np.ones(len(grid.X)) if weights == "equal" else _shares(fit, grid, means.variables, data)
        return own(means, grid, share, scale or "response", averaged)
    if averaged:
        raise ArgumentError("averaged= is for generalised models: a linear model has no mean behind a link")
    require_choice("scale", scale or "link", ("link", "response"))
    return means.on_the_response_scale() if scale == "response" else means


def _seen(fit: Any, scale: str | None, averaged: bool) -> Any:
    """Return the fit with the variables that the scale asked for depends on."""
    return of_all_parts(fit) if scale in ("response", "zero") or (scale is None and averaged) else fit


def _checked(
    fit: Fit, specs: Any, by: Any, weights: str, level: float
) -> tuple[list[str], tuple[str, ...]]:
    """Return the variables that means are for, and those within whose values they are compared."""
    require_level(level)
    require_choice("weights", weights, ("equal", "proportional"))
    names = [] if specs is None else [specs] if isinstance(specs, str) else list(specs)
    inside = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    asked = [str(name) for name in names if str(name) not in (fit.model.design.predictors or ())]
    if any(sign in name for name in asked for sign in "~|*:+"):
        raise ArgumentError(
            f"specs= are names of variables, not a formula: got {asked[0]!r}. Write 'a' or ['a', 'b'], "
            "by='c' for what comes after '|', and emmeans(...).pairs() for pairwise"
        )
    return [name for name in names if name not in inside], inside


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
    offset: float | None = None,
    at: Mapping[str, Any] | None = None,
) -> MarginalMeans:
    """Average rows of the grid over what was not asked for."""
    share = np.ones(len(X)) if weights == "equal" else _shares(fit, grid, names, data)
    known = estimable(fit, grid.X)
    inner = nests(fit, grid, known)
    table, notes = grid.table, tuple[str, ...]()
    if inner:
        around = [outer for name in names for outer in inner.get(name, ()) if outer not in names]
        around = list(dict.fromkeys(around))
        names = [*names, *around]
        X, share, table = X[known], share[known], table.loc[known].reset_index(drop=True)
        notes = (_nesting_note(inner),)
    asked = list(dict.fromkeys([*grid.factors, *names]))
    keys, L = averages(table[asked], X, share, names, inner, weights == "equal")
    L[np.abs(L) < 1e-12 * np.abs(X).max(axis=0, initial=0.0)] = 0.0
    notes = (*notes, *interaction_notes(fit, grid, names, inner, at or {}))
    if what == "emmean" and offset is None and fit.model.design.offset is not None:
        mean = f"{fit.model.design.mean_offset:.4g}"
        notes = (*notes, f"At the mean of the offset, {mean}: offset= takes another")
    if offset is None:
        offset = fit.model.design.mean_offset if what == "emmean" else 0.0  # a slope has none
    shift = np.full(len(L), offset)
    return MarginalMeans(fit, keys, L, shift, what, by, ddf, level, notes=notes)


def _nesting_note(inner: Nests) -> str:
    text = "; ".join(f"{name} in {' and '.join(outer)}" for name, outer in inner.items())
    return f"Nested: {text}. Means are over the cells there are"


def _shares(fit: Fit, grid: Grid, names: list[str], data: Any) -> FloatArray:
    """Return how often the levels of the other factors occur, for each row of the grid."""
    others = [name for name in grid.factors if name not in names]
    if not others:
        return np.ones(len(grid.table))
    design = fit.model.design
    if data is None and design.predictors is None:
        raise ArgumentError(
            "weights='proportional' needs data= with the data of the fit, whose rows are not kept"
        )
    table = None if data is None else Table(data)
    columns = {}
    for name in others:
        factor = as_factor((design.predictors or {})[name] if table is None else table.column(name))
        labels = np.array([str(label) for label in factor.levels], dtype=object)
        columns[name] = labels[factor.codes]
    frame = pd.DataFrame(columns)
    if data is not None and design.moments is None and len(frame) == design.nobs + design.n_dropped:
        frame = frame.iloc[design.rows]
    times = np.ones(len(frame)) if data is not None or design.repeats is None else design.repeats
    counts = pd.Series(times, index=frame.index).groupby([frame[name] for name in others]).sum()
    keys = grid.table[others].astype(str)
    rows = keys.itertuples(index=False, name=None) if len(others) > 1 else keys[others[0]]
    return np.array([float(counts.get(row, 0)) for row in rows])
