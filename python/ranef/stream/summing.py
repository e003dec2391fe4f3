"""The last reading: batches are added up in coordinates that the readings before have fixed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..cross_products import CrossProducts, FactorBlocks, core_rows
from ..design import Design, GroupingFactor, ModelMatrix, RandomTerm
from ..design.build import response_name
from ..design.not_kept import NOT_KEPT, MatrixNotKept
from ..design.random_terms import require_enough_rows
from ..design.types import ColumnMoments, FixedMoments
from ..errors import DataError
from .batch import read_batches
from .design_rows import DesignRows
from .learning import LearnedRows, learn_survey
from .measured import Measured, constant_of, measure
from .moments import products_by_pairs
from .needs import Needs
from .source import Batches
from .survey import survey


@dataclass(frozen=True, eq=False)
class Streamed:
    """A design whose rows are not there, and the cross-products of all of them."""

    design: Design
    cross: CrossProducts
    response: Any
    reading: str = ""


def read_stream(
    needs: Needs, source: Batches, allow_saturated: bool, progress: bool | None = None
) -> Streamed:
    """Read data in batches: once to learn, once for the moments of what is computed, once to add up.

    needs: what the formula wants of the columns.
    allow_saturated, progress: see `ranef.Model`.
    Raises FormulaError: code that needs more rows at once than one.
    Raises DataError as for a table, and when the readings differ.
    """
    found = survey(read_batches(source, needs.columns, "reading 1 of 3", progress), needs)
    learned = learn_survey(found)
    empty = empty_design(learned)
    if not allow_saturated:
        require_enough_rows(empty.terms, found.n)
    rows = DesignRows(learned, empty)
    measured = measure(_checked(source, learned, "reading 2 of 3", progress), rows, learned)
    empty = replace(empty, constant=constant_of(learned, measured))
    rows = DesignRows(learned, empty)
    summing = _Summing(learned, measured)
    for batch in _checked(source, learned, "reading 3 of 3", progress):
        summing.add(*rows.of(batch))
    if summing.sums.must_keep_origin:  # rare, and only without an intercept: see sums.hpp of the core
        summing = _Summing(learned, measured, summing.sums.must_keep_origin)
        for batch in _checked(source, learned, "reading once more", progress):
            summing.add(*rows.of(batch))
    return summing.finish(empty)


def _checked(source: Batches, learned: LearnedRows, stage: str, progress: bool | None) -> Any:
    """Yield the batches with used rows, and compare what was read with the first reading."""
    found, n, n_total = learned.survey, 0, 0
    for batch in read_batches(source, found.needs.columns, stage, progress):
        n, n_total = n + batch.n, n_total + batch.rows.n_total
        if batch.n:
            yield batch
    for what, now, before in (("rows", n_total, found.n_total), ("rows without missing values", n, found.n)):
        if now != before:
            raise DataError(
                f"the data have changed while they were read: {before} {what} at first, {now} now. Every "
                "reading must give the same rows"
            )


def empty_design(learned: LearnedRows) -> Design:
    """Return the design that was learned, with nothing in place of its rows."""
    found, n = learned.survey, learned.survey.n
    needs = found.needs
    factors = {
        term.group: GroupingFactor(term.group, NOT_KEPT, term.factor.levels) for term in learned.learned.terms
    }
    terms = tuple(
        RandomTerm(t.group, t.columns, MatrixNotKept(n, len(t.columns)), t.intercept, factors[t.group])
        for t in learned.learned.terms
    )
    fixed = learned.learned.fixed
    return Design(
        response=NOT_KEPT,
        response_name=response_name(needs.formula),
        matrix=MatrixNotKept(n, len(fixed.names)),
        column_names=fixed.names,
        constant=None,
        terms=terms,
        weights=None if needs.weights is None else NOT_KEPT,
        offset=NOT_KEPT if needs.offset is not None or needs.formula.offsets else None,
        nobs=n,
        n_dropped=found.n_total - n,
        missing=found.missing,
        spec=learned.spec,
        kept=NOT_KEPT,
    )


class _Summing:
    def __init__(self, learned: LearnedRows, measured: Measured, keep_origin: int = 0) -> None:
        self._learned, self._measured, self._keep_origin = learned, measured, keep_origin
        self._mean = measured.fixed[:, 0]
        self._covariance = np.zeros((self._mean.size, self._mean.size))
        self._squares = [np.zeros((len(t.columns),) * 2) for t in learned.learned.terms]
        self._origins = [
            _origin(measured.bases[own.basis][list(own.columns), 0], term.intercept)
            for own, term in zip(learned.spec.terms, learned.learned.terms, strict=True)
        ]
        self._sums: Any = None
        self._factors: tuple[FactorBlocks, ...] = ()

    @property
    def sums(self) -> Any:
        return self._sums

    def add(self, design: Design, y: FloatArray) -> None:
        """Add the rows of a batch."""
        rows, self._factors = core_rows(design)
        if self._sums is None:
            self._sums = self._open(rows)
        self._sums.add(rows, y)
        self._covariance += _products(design.matrix, self._mean)
        for total, term, origin in zip(self._squares, design.terms, self._origins, strict=True):
            total += _products(term.matrix, origin)

    def _open(self, rows: Any) -> Any:
        specs = self._learned.spec.terms
        z = []
        for factor in self._factors:
            parts = [self._measured.bases[specs[i].basis][list(specs[i].columns)] for i in factor.terms]
            z.append(np.concatenate(parts))
        y = self._learned.survey.response.table
        return _core.CrossSums(rows, self._measured.fixed, z, y, self._keep_origin)

    def finish(self, empty: Design) -> Streamed:
        """Return the design and its cross-products."""
        found = self._learned.survey
        core_design, response = self._sums.finish()
        terms = tuple(
            replace(term, moments=ColumnMoments(squares / found.n, origin, term.intercept))
            for term, squares, origin in zip(empty.terms, self._squares, self._origins, strict=True)
        )
        inverse = float(found.inverse_weight.mean[0]) if found.needs.weights is not None else 1.0
        offset = float(found.offset.mean[0]) if empty.offset is not None else 0.0
        own = found.response.table[0]
        moments = FixedMoments(self._mean, self._covariance / found.n, inverse, offset, own)
        design = replace(empty, terms=terms, moments=moments)
        cross = CrossProducts(
            NOT_KEPT, core_design, self._factors, np.asarray(core_design.kept, dtype=np.intp)
        )
        return Streamed(design, cross, response)


def _origin(mean: FloatArray, intercept: int) -> FloatArray:
    """Return the origins of a random term: means of its columns; zero without a constant one, and of it."""
    origin = np.array(mean) if intercept >= 0 else np.zeros(len(mean))
    origin[intercept] = 0.0
    return origin


def _products(matrix: ModelMatrix, shift: FloatArray) -> FloatArray:
    """Return (B - shift)'(B - shift)."""
    columns = [
        np.full(matrix.n, 1.0 - s) if c is None else np.asarray(c, float) - s
        for c, s in zip(matrix.columns, shift, strict=True)
    ]
    return products_by_pairs(columns)
