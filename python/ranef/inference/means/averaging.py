"""Rows of a reference grid averaged over what was not asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice, require_level
from ...fit import Fit
from ...frame import Table
from ...frame.factors import as_factor
from ..methods import chosen_ddf
from .estimates import MarginalMeans, estimable
from .grid import Grid
from .nesting import Nests, averages, interaction_notes, nests


@dataclass(frozen=True, eq=False)
class Asked:
    """What means, or slopes, are asked for."""

    names: list[str]  # variables whose combinations they are for, those of `by` last
    by: tuple[str, ...]  # variables within whose values they are compared
    at: Mapping[str, Any] | None
    data: Any
    weights: str  # of what they are averaged over
    ddf: str
    level: float

    @classmethod
    def of(
        cls, fit: Fit, specs: Any, by: Any, at: Any, data: Any, weights: str, ddf: str | None, level: float
    ) -> Asked:
        """Return what the arguments of `emmeans` ask for."""
        require_level(level)
        require_choice("weights", weights, ("equal", "proportional"))
        names = [] if specs is None else [specs] if isinstance(specs, str) else list(specs)
        inside = () if by is None else (by,) if isinstance(by, str) else tuple(by)
        unknown = [str(name) for name in names if str(name) not in (fit.model.design.predictors or ())]
        if any(sign in name for name in unknown for sign in "~|*:+"):
            raise ArgumentError(
                f"specs= are names of variables, not a formula: got {unknown[0]!r}. Write 'a' or ['a', 'b'], "
                "by='c' for what comes after '|', and emmeans(...).pairs() for pairwise"
            )
        names = [*(name for name in names if name not in inside), *inside]
        return cls(names, inside, at, data, weights, chosen_ddf(fit, ddf), level)

    def shares(self, fit: Fit, grid: Grid, names: list[str]) -> FloatArray:
        """Return how much each row of the grid counts in means for combinations of variables."""
        return np.ones(len(grid.X)) if self.weights == "equal" else _frequencies(fit, grid, names, self.data)


def average(
    fit: Fit, grid: Grid, X: FloatArray, what: str, asked: Asked, offset: float | None = None
) -> MarginalMeans:
    """Average rows of the grid over what was not asked for."""
    names = asked.names
    share = asked.shares(fit, grid, names)
    known = estimable(fit, grid.X)
    inner = nests(fit, grid, known)
    table, notes = grid.table, tuple[str, ...]()
    if inner:
        around = [outer for name in names for outer in inner.get(name, ()) if outer not in names]
        names = [*names, *dict.fromkeys(around)]
        X, share, table = X[known], share[known], table.loc[known].reset_index(drop=True)
        notes = (_nesting_note(inner),)
    columns = list(dict.fromkeys([*grid.factors, *names]))
    keys, L = averages(table[columns], X, share, names, inner, asked.weights == "equal")
    L[np.abs(L) < 1e-12 * np.abs(X).max(axis=0, initial=0.0)] = 0.0
    notes = (*notes, *interaction_notes(fit, grid, names, inner, asked.at or {}))
    if what == "emmean" and offset is None and fit.model.design.offset is not None:
        mean = f"{fit.model.design.mean_offset:.4g}"
        notes = (*notes, f"At the mean of the offset, {mean}: offset= takes another")
    if offset is None:
        offset = fit.model.design.mean_offset if what == "emmean" else 0.0  # a slope has none
    shift = np.full(len(L), offset)
    return MarginalMeans(fit, keys, L, shift, what, asked.by, asked.ddf, asked.level, notes=notes)


def _nesting_note(inner: Nests) -> str:
    text = "; ".join(f"{name} in {' and '.join(outer)}" for name, outer in inner.items())
    return f"Nested: {text}. Means are over the cells there are"


def _frequencies(fit: Fit, grid: Grid, names: list[str], data: Any) -> FloatArray:
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
