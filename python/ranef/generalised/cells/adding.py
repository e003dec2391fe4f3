"""Rows of a generalised model become cells, part by part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ... import _core
from ...arrays import FloatArray
from ...design.matrices import require_finite
from ...design.used import UsedColumns
from ...design.vectors import require_finite_argument, require_positive_weights
from ...errors import DataError
from ...frame import FactorColumn, NumberColumn, UsedRows
from ...machine.memory import require_memory
from ...stream.batch import Batch
from ...stream.levels import LevelSet
from ...stream.needs import Needs
from ...stream.survey import Survey
from ...sufficient.cells import CellSums, CellTable
from ...sufficient.cells_sql import TIMES
from ...sufficient.levels_of_parts import unusual
from ...sufficient.sums import ColumnLevels
from ..families import Family
from ..reading import Reader, summed
from ..responses import Response

BY_VALUE = ("nbinom1", "nbinom2", "truncated_nbinom1", "truncated_nbinom2", "betabinomial")
"""Families with cells split by the response."""
OF_RESPONSE = ("<first>", "<second>")
"""What a row of such a family keeps of its response, as columns of a `CellTable`."""
_HELD = 1 << 18  # cells that are held unmerged


class CellAdding:
    """Cells in the making."""

    def __init__(self, needs: Needs, family: Family) -> None:
        self.needs, self.family, self.survey = needs, family, Survey(needs)
        offsets = (name for code in needs.formula.offsets for name in needs.by_part[code])
        given = () if needs.offset is None else (needs.offset,)
        self._shared = tuple(dict.fromkeys([*needs.grouping, *needs.predictors, *offsets, *given]))
        self._levels: dict[str, LevelSet] = {}
        self._merged: CellTable | None = None
        self._held: list[CellTable] = []
        self._constant = 0.0

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch, each as often as its column `TIMES` says, where there is one."""
        found = self.survey
        found.count_rows(batch)
        if batch.n == 0:
            return
        found.require_same_kinds(batch)
        times = batch.numbers(TIMES) if TIMES in batch.columns else np.ones(batch.n)
        count, first, second, constants = _core.kept_rows(self.family.name, *self._response(batch).arrays)
        self._constant += float(times @ constants)
        self._held.append(self._cells(batch, times, count, first, second).merged())
        found.n += int(times.sum())
        if sum(table.count for table in self._held) > _HELD:
            self._merge()

    def _response(self, batch: Batch) -> Response:
        parsed, weights = self.needs.formula, None
        used = UsedColumns(batch.columns, _Rows(batch.n, of=batch.rows), parsed.functions)
        for code in parsed.responses:
            for name in self.needs.by_part[code]:
                if isinstance(batch.columns[name], FactorColumn):
                    raise DataError(
                        f"the response '{name}' holds text or categories, and a part of the data may not "
                        "have both of its levels: make it 0 and 1"
                    )
        reader = Reader(self.family)
        y = reader(parsed, used, self.needs.by_part)
        if self.needs.weights is not None:
            weights = batch.numbers(self.needs.weights)
            require_finite_argument(weights, "weights=", batch.rows)
            require_positive_weights(weights, batch.rows)
        return summed(y, weights, parsed, self.family, reader)[0]

    def _cells(
        self, batch: Batch, times: FloatArray, count: FloatArray, first: FloatArray, second: FloatArray
    ) -> CellTable:
        codes, numbers = {}, {}
        for name in self._shared:
            column = batch.columns[name]
            if isinstance(column, NumberColumn) and self._number(name):
                values = batch.numbers(name)
                require_finite(values, name, batch.rows)
                numbers[name] = values
            else:
                levels = self._levels.setdefault(name, LevelSet(name))
                codes[name] = levels.add(column, batch.categories(name), batch.rows.first)
        if self.family.name in BY_VALUE:
            numbers.update(zip(OF_RESPONSE, (first, second), strict=True))
            first = second = np.zeros(batch.n)
        totals = np.column_stack([np.ones(batch.n), count, first, second])
        return CellTable({}, {}, codes, numbers, times[:, None] * totals)

    def _number(self, name: str) -> bool:
        """Whether a numeric column is more than the levels of a grouping factor."""
        return name not in self.needs.grouping or name in self.needs.predictors

    def _merge(self) -> None:
        tables = ([] if self._merged is None else [self._merged]) + self._held
        self._merged, self._held = _stacked(tables).merged(), []
        require_memory(
            4 * self._merged.nbytes,
            f"the {self._merged.count:,} cells of {self.survey.n:,} rows",
            f"sums are small where rows repeat, and a column with ever new values ({self._most_values()}) "
            "keeps them apart: round it, or fit the rows in memory",
        )

    def _most_values(self) -> str:
        assert self._merged is not None
        counts = {name: np.unique(values).size for name, values in self._merged.numbers.items()}
        counts |= {name: levels.count for name, levels in self._levels.items()}
        most = max(counts, key=lambda name: counts[name])
        return f"'{most}' has {counts[most]:,}"

    def finish(self) -> CellSums:
        """Return the sums of all rows added."""
        needs, found = self.needs, self.survey
        table = None
        if found.n:
            self._merge()
            assert self._merged is not None
            levels, codes = {}, {}
            for name, met in self._levels.items():
                done = met.finish()
                levels[name] = ColumnLevels(done.levels, unusual(met.categories))
                codes[name] = done.rank[self._merged.codes[name]]
            kinds = {name: self.survey.kinds[name] for name in needs.columns}
            table = replace(self._merged, kinds=kinds, levels=levels, codes=codes).merged()
        family, link = self.family.name, self.family.link.name
        return CellSums(
            *(needs.formula.text, family, link, needs.weights, needs.offset, found.n, found.n_total),
            *(dict(found.missing), self._constant, table),
        )


@dataclass(frozen=True, eq=False)
class _Rows(UsedRows):
    """The used rows of a batch, by their positions in the data."""

    of: UsedRows = field(default_factory=lambda: UsedRows(0))

    def original(self, row: int) -> int:
        return self.of.original(row)


def _stacked(tables: list[CellTable]) -> CellTable:
    head = tables[0]
    return replace(
        head,
        codes={name: np.concatenate([t.codes[name] for t in tables]) for name in head.codes},
        numbers={name: np.concatenate([t.numbers[name] for t in tables]) for name in head.numbers},
        totals=np.concatenate([t.totals for t in tables]),
    )
