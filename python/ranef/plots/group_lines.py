"""What three ways of pooling say of one group, over one predictor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import FitError
from ..fit import Fit
from ..frame import Column, FactorColumn, NumberColumn
from .along import Along

_POINTS = 31
_RANK, _WITHIN = 1e-9, 1e-6  # of singular values; of what a group's rows span

Line = tuple[FloatArray, FloatArray]


class GroupLines:
    """Lines of one grouping factor, group by group."""

    def __init__(self, fit: Fit, group: str, along: Along) -> None:
        self.fit, self.group, self.along, design = fit, group, along, fit.model.design
        family = getattr(fit, "family", None)
        self.link = None if family is None else fit.curve  # type: ignore[attr-defined]
        self.y = np.asarray(fit.y) if self.link is not None else np.asarray(design.without_offset(fit.y))
        self.labels: tuple[str, ...] = ("complete pooling", "no pooling", "partial pooling")
        if self.link is not None:
            self.labels = ("population", "partial pooling")
        if along.levels is None:
            self.places = np.linspace(along.values.min(), along.values.max(), _POINTS)
        else:
            self.places = np.arange(float(len(along.levels)))
        self.X = design.matrix.take(fit.model.cross.columns).array
        self.root = np.ones(design.nobs) if design.weights is None else np.sqrt(design.weights)

    def of(self, level: int, rows: np.ndarray) -> dict[str, Line]:
        """Return the lines of a group by name."""
        columns = self._grid(rows)
        X = self.fit.model.design.spec.fixed.rows(columns, len(self.places))[:, self.fit.model.cross.columns]
        fixed = X @ self.fit.solution["beta"]
        mixed = fixed + self._modes(columns, level)
        if self.link is not None:
            offset = self.fit.model.design.offset
            mean = 0.0 if offset is None else float(np.mean(offset[rows]))
            both = {"population": fixed, "partial pooling": mixed}
            return {name: (self.places, self.link.inverse(eta + mean)) for name, eta in both.items()}
        found = {"complete pooling": (self.places, X @ self._complete)}
        alone = self._alone(X, rows)
        known = np.isfinite(alone)
        if known.all() if self.along.levels is None else known.any():
            found["no pooling"] = (self.places[known], alone[known])
        return found | {"partial pooling": (self.places, mixed)}

    @cached_property
    def _complete(self) -> FloatArray:
        found = np.linalg.lstsq(self.X * self.root[:, None], self.y * self.root, rcond=None)[0]
        return np.asarray(found, dtype=float)

    def _alone(self, X: FloatArray, rows: np.ndarray) -> FloatArray:
        """Return least squares within the group at rows of a grid, NaN where its rows do not tell."""
        own, root = self.X[rows], self.root[rows]
        whole = self.fit.model.design.constant is None  # no constant to hold the group's means
        centre = np.zeros(own.shape[1]) if whole else own.mean(axis=0)
        size = np.abs(own - centre).max(axis=0)
        flat = size <= 1e-10 * np.abs(own).max(axis=0, initial=0.0)
        scale = np.where(flat, np.maximum(np.abs(centre), 1.0), size)
        # about the group's means, so that an origin far away costs no digits
        near, grid = np.where(flat, 0.0, (own - centre) / scale), (X - centre) / scale
        if not whole:
            near, grid = (np.hstack([np.ones((len(part), 1)), part]) for part in (near, grid))
        left, singular, right = np.linalg.svd(near * root[:, None], full_matrices=False)
        kept = singular > _RANK * singular[0]
        left, singular, right = left[:, kept], singular[kept], right[kept]
        rest = np.abs(grid - grid @ right.T @ right).max(axis=1)
        values = grid @ (right.T @ ((left.T @ (self.y[rows] * root)) / singular))
        return np.where(rest <= _WITHIN * np.abs(grid).max(axis=1), values, np.nan)

    def _modes(self, columns: Mapping[str, Column], level: int) -> FloatArray:
        spec, total = self.fit.model.design.spec, np.zeros(len(self.places))
        for number, term in enumerate(self.fit.model.design.terms):
            if term.group != self.group:
                continue
            about = spec.terms[number]
            basis = spec.bases[about.basis].rows(columns, len(self.places))
            own = basis[:, about.columns[0] : about.columns[-1] + 1]
            total += own @ self.fit.term_modes[number][level]
        return total

    def _grid(self, rows: np.ndarray) -> dict[str, Column]:
        """Return columns over the axis, the other predictors at the group's mean or most frequent level."""
        known, n = self.fit.model.design.predictors, len(self.places)
        if known is None:
            raise FitError("the rows of the fit are not kept")
        out: dict[str, Column] = {}
        for name, column in known.items():
            if name == self.along.name:
                out[name] = self._axis(column)
            elif isinstance(column, FactorColumn):
                code = np.bincount(column.codes[rows], minlength=len(column.levels)).argmax()
                out[name] = FactorColumn(name, np.full(n, code, dtype=np.int32), column.levels)
            else:
                values = np.asarray(column.values)[rows]
                distinct, counts = np.unique(values, return_counts=True)
                few = values.dtype.kind == "b" or len(distinct) <= 2 or self._is_coded(name)
                value = distinct[counts.argmax()] if few else values.mean()
                out[name] = NumberColumn(name, np.full(n, value))
        return out

    def _is_coded(self, name: str) -> bool:
        by_code: dict[str, object] = getattr(self.fit.model.design.spec.fixed, "factor_columns", dict)()
        return name in by_code

    def _axis(self, column: Column) -> Column:
        if self.along.levels is None:
            return NumberColumn(column.name, self.places)
        if isinstance(column, FactorColumn):
            return FactorColumn(column.name, np.arange(len(column.levels), dtype=np.int32), column.levels)
        return NumberColumn(column.name, np.asarray(self.along.levels))
