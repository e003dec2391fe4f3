"""The points behind predictions: partial residuals, data, or means over bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ArgumentError
from ..frame import Column, FactorColumn
from ..frame.factors import as_factor
from ..inference.effects import Predictions
from .canvas import spread_over

BEHIND = ("partial", "data")
_NOT_OF_RESPONSES = ("link", "conditional", "zero")  # scales of predictions that the data are not on
_MOST = 2000
_CROWD = 500  # points beyond which they are smaller
_BINS = 12
_ROOM = 0.04
_TAIL = 0.005  # the points but for these on either side make half of their range room for the others


@dataclass(frozen=True, eq=False)
class Points:
    """Points to draw: values of the variable along the axis, of the response, and of the variables shown."""

    x: npt.NDArray[Any]  # (m,): numbers, or labels of levels
    y: npt.NDArray[Any]  # (m,)
    # variable -> the value of the curve that each point belongs to
    shown: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    words: str = ""  # what they are
    size: Any = 9.0
    alpha: float = 0.45

    def where(self, name: str, value: Any) -> Points:
        """Return the points of one curve or panel."""
        if name not in self.shown:
            return self
        own = self.shown[name]
        rows = np.flatnonzero(own == (value if own.dtype.kind == "f" else str(value)))
        size = self.size if np.ndim(self.size) == 0 else self.size[rows]
        shown = {other: values[rows] for other, values in self.shown.items()}
        return replace(self, x=self.x[rows], y=self.y[rows], shown=shown, size=size)

    @property
    def jitter(self) -> npt.NDArray[Any]:
        """Small steps aside, the same in every drawing."""
        golden = (np.arange(len(self.y)) * 0.6180339887498949) % 1.0
        return 0.07 * (golden - 0.5) if len(golden) > 1 else np.zeros(len(golden))

    def limits(self, table: pd.DataFrame) -> tuple[float, float]:
        """Return ends of the axis: all predictions and intervals, and the points but for those far out."""
        ends = table[["lower", "upper", "estimate"]].to_numpy(float)
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        if self.y.size:
            own = np.quantile(self.y, [_TAIL, 1 - _TAIL])
            beyond = 0.5 * (own[1] - own[0])
            low = min(low, max(float(self.y.min()), float(own[0] - beyond)))
            high = max(high, min(float(self.y.max()), float(own[1] + beyond)))
        room = _ROOM * (high - low) or 1.0
        return low - room, high + room


_NOTHING = Points(np.zeros(0), np.zeros(0))


def points_behind(predictions: Predictions, behind: str | None) -> Points:
    """Return the points that are drawn behind predictions."""
    fit, generalised = predictions.fit, predictions.fit.generalised
    if behind is None or fit.model.design.predictors is None:
        return _NOTHING
    if behind == "auto":
        if generalised and predictions.scale in _NOT_OF_RESPONSES:
            return _NOTHING
        behind = "data" if generalised else "partial"
    if generalised and (behind == "partial" or predictions.scale in _NOT_OF_RESPONSES):
        raise ArgumentError(
            "behind= of a generalised model is 'data', on the scale of the response, or None: partial "
            "residuals are not on the scale of the intervals"
        )
    rows = _Rows(predictions)
    if behind == "partial":
        y, words = rows.effect() + np.asarray(fit.resid, dtype=float), "partial residuals"
    else:
        y, words = rows.response(), "data"
    scale = getattr(predictions.means, "scale", None)
    if scale is not None:  # back from log(y)
        with np.errstate(all="ignore"):
            y = scale.back(y)
    good = rows.inside & np.isfinite(y)
    if generalised and np.unique(y[good][:: max(1, good.sum() // 10_000)]).size <= 2:
        return rows.bins(y, good)
    kept = np.flatnonzero(good)
    if len(kept) > _MOST:
        kept = kept[spread_over(len(kept), _MOST)]
        words = f"{words} ({len(kept):,} of {good.sum():,} rows)"
    size, alpha = (9.0, 0.45) if len(kept) <= _CROWD else (5.0, 0.3)
    return Points(rows.x[kept], y[kept], {n: v[kept] for n, v in rows.shown.items()}, words, size, alpha)


class _Rows:
    """The rows of the data, each with the curve it belongs to."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions, self.fit = predictions, predictions.fit
        columns, grid = self.fit.model.design.predictors, predictions.grid
        self.x, self.shown = _values(columns[predictions.x], grid[predictions.x]), {}
        if self.x.dtype.kind == "f":
            low, high = float(grid[predictions.x].min()), float(grid[predictions.x].max())
            room = 1e-9 * (high - low)
            self.inside = (self.x >= low - room) & (self.x <= high + room)
        else:
            self.inside = np.isin(self.x, grid[predictions.x].astype(str).to_numpy())
        for name in predictions.by:
            values = _values(columns[name], grid[name])
            if values.dtype.kind == "f":
                there = np.unique(grid[name].to_numpy(float))
                values = there[np.abs(values[:, None] - there).argmin(axis=1)]
            else:
                self.inside &= np.isin(values, grid[name].astype(str).to_numpy())
            self.shown[name] = values

    def effect(self) -> npt.NDArray[Any]:
        """Return the prediction at each row's values, on the scale of the model."""
        table = self.predictions.means
        beta = np.asarray(self.fit.solution["beta"])
        L = table.L[:, self.fit.model.cross.columns]
        values = (L @ beta + table.shift)[self.predictions.order]
        grid, out = self.predictions.grid, np.full(len(self.x), np.nan)
        by = list(self.predictions.by)
        parts = [((), grid)] if not by else list(grid.groupby(by, sort=False, observed=True))
        for key, part in parts:
            rows = np.ones(len(self.x), dtype=bool)
            for name, value in zip(by, key, strict=True):
                own = self.shown[name]
                rows &= own == (value if own.dtype.kind == "f" else str(value))
            at = part[self.predictions.x]
            if self.x.dtype.kind == "f":
                order = np.argsort(at.to_numpy(float))
                out[rows] = np.interp(
                    self.x[rows], at.to_numpy(float)[order], values[part.index.to_numpy()[order]]
                )
            else:
                known = dict(zip(at.astype(str), values[part.index.to_numpy()], strict=True))
                out[rows] = [known.get(label, np.nan) for label in self.x[rows]]
        return out

    def response(self) -> npt.NDArray[Any]:
        """Return the response on the scale of the predictions."""
        known = getattr(self.fit, "y", None)
        return np.asarray(self.fit.model.design.response if known is None else known, dtype=float)

    def bins(self, y: npt.NDArray[Any], good: npt.NDArray[np.bool_]) -> Points:
        """Return means of a response of two values, over bins of the predictor within each curve."""
        table = pd.DataFrame({"y": y, "x": self.x, **{f"by {n}": v for n, v in self.shown.items()}})[good]
        keys = [name for name in table if str(name).startswith("by ")]
        if self.x.dtype.kind == "f":
            ends = np.unique(np.quantile(table["x"], np.linspace(0, 1, _BINS + 1)))
            table["bin"] = np.clip(np.searchsorted(ends, table["x"], side="right"), 1, max(1, len(ends) - 1))
        else:
            table["bin"] = table["x"]
        grouped = table.groupby([*keys, "bin"], observed=True)
        found = grouped["y"].agg(["mean", "size"]).reset_index()
        middle = grouped["x"].mean().to_numpy() if self.x.dtype.kind == "f" else found["bin"].to_numpy()
        size = 8.0 + 42.0 * found["size"].to_numpy() / found["size"].max()
        shown = {str(name)[3:]: found[name].to_numpy() for name in keys}
        return Points(middle, found["mean"].to_numpy(), shown, "means of the data", size, 0.55)


def _values(column: Column, grid: pd.Series) -> npt.NDArray[Any]:
    """Return a column as numbers where the grid has numbers of it, as labels elsewhere."""
    numeric = pd.api.types.is_numeric_dtype(grid) and not pd.api.types.is_bool_dtype(grid)
    if numeric and not isinstance(column, FactorColumn):
        return np.asarray(column.values, dtype=float)
    factor = as_factor(column)
    labels = np.array([str(level) for level in factor.levels.tolist()], dtype=object)
    return labels[factor.codes]
