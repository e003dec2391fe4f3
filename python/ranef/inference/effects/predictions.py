"""Predictions over a grid: what the model says of the response, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...errors import ArgumentError, require_mapping, require_whole
from ...guidance.arguments import guided
from ..means import emmeans
from ..means.grid import of_all_parts
from .result import Predictions
from .values import along, beyond, names_of, representative, require_predictor

_MOST = 1000  # values of a number


@guided(
    terms="write x, and by= for what the curves differ in",
    condition="write x, and by= for what the curves differ in",
    variables="write x, and by= for what the curves differ in",
    newdata="write at= for values of the grid; rows of your own: fit.predict(newdata, interval='confidence')",
    datagrid="write at=",
    type="write scale=",
    conf_level="write level=",
    ci_level="write level=",
)
def predictions(
    fit: Any,
    x: str | Iterable[str],
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    points: int = 25,
    weights: str = "equal",
    scale: str | None = None,
    averaged: bool = False,
    ddf: str | None = "default",
    level: float = 0.95,
    offset: float | None = None,
) -> Predictions:
    """Predict the response over a grid of predictors, with intervals: curves and points to publish.

    A numeric predictor runs over the range of the data, a factor over its levels. Other factors are averaged
    over, other numbers are set to their mean, and random effects to zero.

    Parameters
    ----------
    fit : Fit
    x : str or iterable of str
        The predictor along the axis; a column of the data, whatever the formula does with it: ``"days"`` of
        ``log(days)``. If there are several, all but the first count as `by`.
    by : str or iterable of str, optional
        What the curves differ in, then the panels. For a number: all its values or, if there are more than
        five, its mean and the mean plus and minus one standard deviation.
    at : mapping, optional
        Variable -> value or values, for these or any other predictor.
    points : int
        Values of a numeric `x`, 2 to 1000.
    weights : {"equal", "proportional"}
        How to average over the other factors, as in `ranef.emmeans`.
    scale : {"link", "response"}, optional
        For a generalised model, the response (default) or the link. For a linear model, the response as
        modelled (default) or, with ``"response"``, before transformations such as ``log(y)``. For a
        zero-inflated model also ``"conditional"``, the mean of the counts, and ``"zero"``, the probability of
        a zero that is no count.
    averaged : bool
        For a generalised model: averaged over the population of groups instead of for a typical group.
    ddf : str or None
        Degrees of freedom, by default the fit's own method.
    level : float
    offset : float, optional
        Value of the offset, by default its mean.

    Returns
    -------
    Predictions
        ``to_frame()``, ``plot()``; notes say what was averaged over, and where the grid extrapolates.

    Raises
    ------
    UnknownColumnError
        A variable that the fixed part does not use.
    ArgumentError
        If code of the formula is given instead of its column, or a level or scale does not exist.
    RowsNotKeptError
        If rows were read in batches and the range of a predictor is not known: give ``at=``.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> fit.predictions("nitro", by="Variety", points=2)
    nitro     Variety estimate    se    df  lower  upper
      0.0 Golden Rain    81.90 8.571 12.85  63.36 100.44
      0.6 Golden Rain   127.10 8.571 12.85 108.56 145.64
      0.0  Marvellous    90.42 8.571 12.85  71.88 108.95
      0.6  Marvellous   129.17 8.571 12.85 110.63 147.70
      0.0     Victory    73.30 8.571 12.85  54.76  91.84
      0.6     Victory   121.95 8.571 12.85 103.41 140.49
    Degrees of freedom: satterthwaite; intervals: 95 %
    """
    fit = of_all_parts(fit) if scale in (None, "response", "zero") else fit
    given, names = require_mapping("at", at), names_of("x", x)
    if not names:
        raise ArgumentError("x= names no predictor; there is the mean of everything: ranef.emmeans(fit, [])")
    inside = list(dict.fromkeys([*names[1:], *names_of("by", by)]))
    first = names[0]
    for name in dict.fromkeys([first, *inside, *given]):
        require_predictor(fit, name, "predictions()")
    if first in inside:
        raise ArgumentError(f"{first!r} is on the x axis: it cannot also be in by=")
    points = require_whole("points", points, 2, _MOST, " of values")
    filled, notes = dict(given), []
    if first not in given:
        found = along(fit, first, points)
        filled |= {} if found is None else {first: found}
    for name in inside:
        if name not in given:
            few, note = representative(fit, name)
            filled |= {} if few is None else {name: few}
            notes += [note] if note else []
    if scale is None and fit.generalised and not averaged:
        scale = "response"
    means = emmeans(
        fit, [first], inside, at=filled, weights=weights, ddf=ddf, level=level, scale=scale,
        averaged=averaged, offset=offset,
    )  # fmt: skip
    held = {name: value for name, value in given.items() if name not in (first, *inside)}
    own = getattr(means, "means", means)
    grid = own.keys.set_axis(own.variables, axis=1)
    order = np.arange(len(grid))
    if inside:
        order = np.argsort(grid.groupby(inside, sort=False, observed=True).ngroup().to_numpy(), kind="stable")
    grid = grid.iloc[order].reset_index(drop=True)
    outside, more = beyond(fit, grid, held)
    return Predictions(means, order, grid, first, tuple(inside), outside, (*notes, *more), scale)
