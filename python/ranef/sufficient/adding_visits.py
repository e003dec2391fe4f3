"""Rows of subjects become sums by pattern of visits; the last subject of a batch waits for the next batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray, IntArray
from ..errors import DataError, quote_list
from ..formula.visit_term import VisitTerm
from ..frame.factors import Codes
from ..stream.batch import Batch
from ..stream.needs import Needs
from .adding import Adding, Joined
from .patterns import (
    Pattern,
    Patterns,
    added,
    combined,
    require_few_visits,
    require_small,
    subject_name,
)
from .segments import FinalCells, FinalColumns, Segment, mean_of_first, products_of_columns
from .sums import Sums
from .table import Table

Columns = tuple[str, ...]


@dataclass(eq=False)
class _Rows:
    """Rows by columns: as they are, of the cells met so far."""

    matrix: FloatArray
    cells: tuple[int, ...]
    subject: Codes
    visit: Codes
    arm: Codes
    weights: FloatArray | None
    position: IntArray

    def some(self, chosen: Any) -> _Rows:
        weights = None if self.weights is None else self.weights[chosen]
        subject, visit, arm = self.subject[chosen], self.visit[chosen], self.arm[chosen]
        return _Rows(self.matrix[chosen], self.cells, subject, visit, arm, weights, self.position[chosen])

    def before(self, later: _Rows) -> _Rows:
        """Return these rows and later ones, whose cells may be more."""
        held, new = self.matrix.shape[0], later.matrix.shape[0]
        wide = np.zeros((held + new, later.matrix.shape[1]), order="F")
        first = np.cumsum([0, *later.cells])
        at = 0
        for start, count in zip(first, self.cells, strict=False):
            wide[:held, start : start + count] = self.matrix[:, at : at + count]
            at += count
        wide[held:] = later.matrix
        weights = None
        if self.weights is not None and later.weights is not None:
            weights = np.concatenate([self.weights, later.weights])
        return _Rows(
            wide,
            later.cells,
            np.concatenate([self.subject, later.subject]),
            np.concatenate([self.visit, later.visit]),
            np.concatenate([self.arm, later.arm]),
            weights,
            np.concatenate([self.position, later.position]),
        )


class VisitAdding(Adding):
    """Sums by pattern of visits in the making.

    needs: with the columns of the term among the grouping ones.
    """

    def __init__(self, needs: Needs, term: VisitTerm) -> None:
        super().__init__(needs)
        self.term = term
        self._parts: list[Segment] = []  # whose sums are by pattern
        self._held: _Rows | None = None
        self._closed = np.zeros(0, dtype=bool)  # subjects whose rows are summed
        self._batch: Batch | None = None

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch, but those of its last subject."""
        self._batch = batch
        super().add(batch)

    def _groups(self) -> Iterable[Columns]:
        return self.term.subject, self.term.by

    def _sum(
        self,
        n: int,
        columns: list[npt.NDArray[Any] | None],
        codes: dict[Columns, Codes],
        weights: FloatArray | None,
    ) -> None:
        assert self._batch is not None
        require_few_visits(self.term.visit, self._count((self.term.visit,)))
        matrix = np.empty((n, len(columns)), order="F")
        for k, column in enumerate(columns):
            matrix[:, k] = 1.0 if column is None else column
        kept = self._batch.rows.kept
        rows = _Rows(
            matrix,
            tuple(self._count(product.factors) for product in self._products),
            codes[self.term.subject],
            codes[self.term.visit,],
            codes[self.term.by] if self.term.by else np.zeros(n, dtype=np.int32),
            weights,
            self._batch.rows.first + (np.arange(n) if kept is None else np.asarray(kept)),
        )
        if weights is not None:
            self._log_weights += float(np.log(weights).sum())
        self._require_open(rows)
        if self._held is not None:
            rows = self._held.before(rows)
        last = rows.subject == rows.subject[-1]
        first = int(np.argmax(last))
        if last[first:].all():  # no copies
            self._held = rows.some(slice(first, None))
            self._into_core(rows.some(slice(None, first)))
        else:
            self._held = rows.some(last)
            self._into_core(rows.some(~last))

    def _require_open(self, rows: _Rows) -> None:
        """Raise a DataError for a subject whose rows were complete."""
        count = self._count(self.term.subject)
        self._closed = np.append(self._closed, np.zeros(count - self._closed.size, dtype=bool))
        again = self._closed[rows.subject]
        if again.any():
            row = int(np.argmax(again))
            names = ":".join(self.term.subject)
            raise DataError(
                f"subject '{self._name(row)}' of '{names}' is back in row {rows.position[row]} (rows count "
                "from 0), after rows of other subjects in a batch before: in batches all rows of a subject "
                f"must follow one another; sort the data by {names}"
            )

    def _name(self, row: int) -> str:
        """Return the subject of a used row of the batch."""
        assert self._batch is not None
        factors = [self._batch.factor(name) for name in self.term.subject]
        return subject_name([f.levels for f in factors], [int(f.codes[row]) for f in factors])

    def _into_core(self, rows: _Rows) -> None:
        if not rows.subject.size:
            return
        self._closed[rows.subject] = True
        if not self._parts or self._parts[-1].cells != rows.cells:
            dummy = np.all((rows.matrix == 0.0) | (rows.matrix == 1.0), axis=0)
            means = [0.0 if d else mean_of_first(c) for d, c in zip(dummy, rows.matrix.T, strict=True)]
            self._parts.append(Segment(rows.cells, np.array(means), {}))
        part = self._parts[-1]
        shifted = np.subtract(rows.matrix, part.origins, out=np.empty_like(rows.matrix, order="F"))
        names, subject = np.unique(rows.subject, return_inverse=True)
        visits = self._count((self.term.visit,))
        arms = self._count(self.term.by)
        made = _core.part_sums(
            shifted, rows.weights, subject.ravel().astype(np.int32), rows.visit, rows.arm,
            len(names), visits, arms,
        )  # fmt: skip
        self._require_single(made, rows)
        own = {(arm, tuple(seen)): Pattern(count, pairs) for arm, seen, count, pairs in made["patterns"]}
        part.sums = added([part.sums, own])
        require_small([one.sums for one in self._parts], shifted.shape[1])
        if rows.weights is not None:
            part.unweighted += products_of_columns(list(shifted.T), np.zeros(shifted.shape[1]))

    def _require_single(self, made: dict[str, Any], rows: _Rows) -> None:
        """Raise a DataError for two rows of a subject at one visit, or a subject in two arms."""
        for what in ("duplicate", "divided"):
            if made[what] is None:
                continue
            one, other = made[what]
            where = f"(rows {rows.position[one]} and {rows.position[other]}, counted from 0)"
            who = self._level(self.term.subject, int(rows.subject[one]))
            if what == "duplicate":
                visit = self._level((self.term.visit,), int(rows.visit[one]))
                raise DataError(
                    f"subject '{who}' has two rows at visit '{visit}' {where}: keep one, or take their mean"
                )
            arms = [self._level(self.term.by, int(rows.arm[row])) for row in (one, other)]
            raise DataError(
                f"subject '{who}' is in two groups of '{':'.join(self.term.by)}', {quote_list(arms)} {where}"
                ": a covariance matrix per group needs every subject in one; if numbers of subjects repeat "
                "between groups, make them unique"
            )

    def _level(self, names: Columns, code: int) -> str:
        """Return a level, or combination, by its code in the order met."""
        ranks = [self._levels[name].finish() for name in names]
        if len(names) == 1:
            place = [int(ranks[0].rank[code])]
        else:
            place = [int(part[code]) for part in self._cells[names].finish([own.rank for own in ranks])]
        return subject_name([own.levels for own in ranks], place)

    # ------------------------------------------------------------ the end
    def finish(self) -> Sums:
        """Return the sums of all rows added, those of the last subject too."""
        if self._held is not None:
            self._into_core(self._held)
            self._held = None
        return super().finish()

    def _joined(self, final: FinalCells) -> Joined:
        columns = FinalColumns(self._products, final.ranks, self._parts[-1])
        found = [combined(segment.sums, columns.change(segment)) for segment in self._parts]
        term = self.term
        subjects, arms = final.cells[term.subject], final.cells[term.by]
        patterns = Patterns(term.visit, term.subject, term.by, subjects, arms, added(found))
        patterns = patterns.renamed(final.ranks[term.visit,], final.ranks[term.by])
        total = patterns.total(columns.place.size)
        return Table(total, (), {}), columns.origins, columns.unweighted(self._parts), patterns
