"""Comparisons and slopes, averaged over rows or over a grid, with standard errors by the delta method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice, require_level, require_mapping
from ...guidance.arguments import guided
from ..means.grid import of_all_parts
from ..means.nesting import terms_of_columns
from .averages import cells, checked_values, levels_of, rows_over
from .delta import Estimator, Mean
from .ends import changed, ends_of, step_between, worded
from .result import Effects
from .values import beyond, is_factor, names_of, require_predictor

KINDS = ("difference", "ratio", "odds_ratio")
_OF_MEANS = {"ratio": "Ratios of averages", "odds_ratio": "Ratios of the odds of averages"}

_ELSEWHERE = {
    "newdata": "write over='grid' for the reference grid, at= for values",
    "comparison": "write kind=",
    "type": "write scale=",
    "conf_level": "write level=",
    "wts": "write by=, or over='grid'",
}


@guided(**_ELSEWHERE)
def comparisons(
    fit: Any,
    variables: str | Iterable[str] | None = None,
    by: str | Iterable[str] | None = None,
    *,
    contrast: Any = None,
    at: Mapping[str, Any] | None = None,
    over: str = "rows",
    kind: str = "difference",
    scale: str | None = None,
    averaged: bool = False,
    ddf: str | None = "default",
    level: float = 0.95,
) -> Effects:
    """Compare predictions at two values of a predictor, averaged over the rows or over a reference grid.

    How much the response would change if only this predictor changed, on the scale of the response, even
    where a link or an interaction hides it in the coefficients.

    Parameters
    ----------
    fit : Fit
    variables : str or iterable of str, optional
        Predictors, as columns of the data; by default each of the fixed part in turn.
    by : str or iterable of str, optional
        Average within the groups of these.
    contrast : optional
        For a factor: ``"reference"`` (each level against the first; default), ``"pairwise"``,
        ``"sequential"`` or a pair of levels ``("a", "b")`` for b against a. For a number: a step such as 1
        (default), a pair of values, ``"sd"``, ``"iqr"`` or ``"minmax"``. A step is centred at each row's own
        value.
    at : mapping, optional
        Variable -> value or values to set in all rows.
    over : {"rows", "grid"}
        Average over the rows observed; or over all combinations of levels with equal weights and numbers at
        their mean, as in `ranef.emmeans`.
    kind : {"difference", "ratio", "odds_ratio"}
        Of the averages.
    scale : {"response", "link"}, optional
        Of a generalised model; ``"conditional"``, the mean of the counts of a zero-inflated one.
    averaged : bool
        Of a generalised model: averaged over the population of groups instead of a typical group, with
        normal intervals.
    ddf : str or None
        Degrees of freedom, by default the fit's own method.
    level : float

    Returns
    -------
    Effects
        ``to_frame()``, ``plot()``.

    Raises
    ------
    UnknownColumnError
        If the fixed part does not use a variable.
    ArgumentError
        If a level, a contrast or a kind does not exist.

    Notes
    -----
    Random effects are at zero. In a generalised model these are the effects in a typical group, which are
    larger than those in the population (``averaged=True``); in a linear model the two are the same.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> table = fit.comparisons("nitro", by="Variety", contrast=(0, 0.6)).to_frame()
    >>> table[["variable", "contrast", "Variety", "estimate", "se"]].round(2)
      variable contrast      Variety  estimate    se
    0    nitro  0.6 - 0  Golden Rain     45.20  7.12
    1    nitro  0.6 - 0   Marvellous     38.75  7.12
    2    nitro  0.6 - 0      Victory     48.65  7.12
    """
    require_choice("kind", kind, KINDS)
    fit = of_all_parts(fit)
    names = names_of("variables", variables) or list(fit.model.design.spec.fixed.columns)
    if not names:
        raise ArgumentError("the fixed part has no predictor: there is nothing to compare")
    job = _Job(fit, names, by, at, over, scale, averaged, ddf, level)
    for name in names:
        for label, low, high in ends_of(fit, name, contrast):
            for cell, some in job.cells(name):
                size = step_between(low, high) if kind == "difference" else None
                stepped = None if size is None else job.estimator.stepped(some, name, size)
                if stepped is None:
                    ends = [job.estimator.mean(changed(some, name, end)) for end in (low, high)]
                    stepped = job.estimator.compared(ends[1], ends[0], kind)
                job.add({"variable": name, "contrast": worded(label, kind), **cell}, stepped)
    return job.result(kind)


@guided(**_ELSEWHERE)
def slopes(
    fit: Any,
    variables: str | Iterable[str] | None = None,
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    over: str = "rows",
    scale: str | None = None,
    averaged: bool = False,
    ddf: str | None = "default",
    level: float = 0.95,
) -> Effects:
    """Return slopes of the prediction in numeric predictors, averaged over the rows or over a reference grid.

    Parameters
    ----------
    fit : Fit
    variables : str or iterable of str, optional
        Numeric predictors, as columns of the data; by default all.
    by, at, over, scale, averaged, ddf, level
        As in `comparisons`. ``at={"z": [1, 2]}`` gives the slope at each of these values.

    Returns
    -------
    Effects

    Raises
    ------
    UnknownColumnError
        A variable that the fixed part does not use.
    ArgumentError
        A factor, which has no slope.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ poly(Days, 2) + (1 | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.slopes("Days", at={"Days": [0, 9]}).to_frame()[["variable", "Days", "estimate", "se"]].round(2)
      variable  Days  estimate    se
    0     Days   0.0      7.43  2.97
    1     Days   9.0     13.50  2.97
    """
    fit = of_all_parts(fit)
    columns = fit.model.design.spec.fixed.columns
    names = names_of("variables", variables) or [name for name in columns if not is_factor(fit, name)]
    if not names:
        others = "use comparisons() for factors" if columns else "there is nothing to differentiate by"
        raise ArgumentError(f"the fixed part has no numeric predictor: {others}")
    job = _Job(fit, names, by, at, over, scale, averaged, ddf, level)
    factors = [name for name in names if is_factor(fit, name)]
    if factors:
        raise ArgumentError(f"{factors[0]!r} is a factor, it has no slope: use comparisons({factors[0]!r})")
    for name in names:
        for cell, some in job.cells(name):
            job.add({"variable": name, **cell}, job.estimator.slope(some, name))
    return job.result("slope")


class _Job:
    """What the two have in common: where effects are taken, and what becomes of them."""

    def __init__(
        self, fit: Any, names: list[str], by: Any, at: Any, over: str, scale: Any, averaged: bool, ddf: Any,
        level: float,
    ) -> None:  # fmt: skip
        require_level(level)
        self.fit, self.by, self.over, self.level = fit, names_of("by", by), over, level
        self._found: list[tuple[dict[str, Any], float, FloatArray]] = []
        for name in dict.fromkeys([*names, *self.by, *(at or {})]):
            require_predictor(fit, name, "effects")
        both = [name for name in self.by if name in (at or {})]
        if both:
            raise ArgumentError(f"{both[0]!r} is given values by at=: leave it out of by=")
        self.at = checked_values(fit, require_mapping("at", at))
        self.estimator: Estimator = fit.effects_estimator(scale, ddf, averaged)

    def cells(self, name: str) -> Any:
        """Return (what it is, rows) of each average for a variable."""
        first = {one: values[0] for one, values in self.at.items()}
        if is_factor(self.fit, name) and name not in self.by:
            first.setdefault(name, levels_of(self.fit, name)[0])
        known = [*self.by, *self.at, name]
        rows = rows_over(self.fit, self.over, first, known, name)
        return cells(rows, self.fit, [one for one in self.by if one != name], self.at)

    def _averaged(self, name: str) -> list[str]:
        """Return the predictors that a variable interacts with and that its effect is averaged over."""
        columns = tuple(self.fit.model.design.spec.fixed.columns)
        met = {one for term in terms_of_columns(self.fit, columns) if name in term for one in term}
        return sorted(met - {name, *self.by, *self.at})

    def add(self, keys: dict[str, Any], effect: Mean) -> None:
        """Take an effect, and what it is."""
        self._found.append((keys, *effect))

    def result(self, kind: str) -> Effects:
        """Return the table."""
        rows, values, gradients = zip(*self._found, strict=True)
        names = dict.fromkeys(row["variable"] for row in rows)
        se, df = self.estimator.errors(np.array(gradients))
        keys = pd.DataFrame(rows)
        _, more = beyond(self.fit, pd.DataFrame(), self.at)
        over = "the rows observed" if self.over == "rows" else "a grid in which all levels count the same"
        met = dict.fromkeys(name for one in names for name in self._averaged(one))
        averaged = f"Averaged over {', '.join(met)}, with which there is an interaction" if met else ""
        notes = [f"{_OF_MEANS.get(kind, 'Averages')} over {over}", self.estimator.note, averaged, *more]
        kept = tuple(note for note in notes if note)
        return Effects(self.fit, keys, np.array(values), se, df, kind, self.level, kept)
