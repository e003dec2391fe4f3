"""Rows become sums, batch after batch: levels numbered as met, columns less the means of the first rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..design.matrices import require_finite
from ..design.vectors import require_positive_weights
from ..frame import NumberColumn
from ..frame.factors import Codes
from ..stream.batch import Batch
from ..stream.levels import CellSet, LevelSet
from ..stream.needs import Needs
from ..stream.survey import Survey
from .beside import Beside
from .levels_of_parts import unusual
from .patterns import Patterns
from .products import Cells, Evaluator, Group, NeedsTwoReadings, Product, ProductsByUse, products_by_use
from .segments import FinalCells, FinalColumns, RanksOfCells, Segment, mean_of_first, products_of_columns
from .sums import ColumnLevels, Contents, Sums
from .table import Table, add_tables, is_identity, table_of

Joined = tuple[Table, FloatArray, FloatArray, Patterns | None]
"""Segments in the columns, levels and origins of the last one, in their final order: the sums, the origins,
the sums without the prior weights, and those by pattern."""


class Adding:
    """Sums in the making.

    needs: what the formula wants.
    beside: adds up the rows of a batch while the next one is read.
    Raises NeedsTwoReadings with the first rows, when they cannot be summed before all rows are known.
    """

    def __init__(self, needs: Needs, beside: Beside | None = None) -> None:
        if needs.stateful:
            raise NeedsTwoReadings(f"{needs.stateful[0].key} needs the mean of all rows")
        self.needs, self._beside = needs, beside or Beside(False)
        self.survey = Survey(needs)
        self._evaluator = Evaluator(needs)
        self._levels: dict[str, LevelSet] = {}
        self._cells: dict[tuple[str, ...], CellSet] = {}
        self._products: tuple[Product, ...] = ()
        self._z: dict[Group, tuple[Product, ...]] = {}
        self._segments: list[Segment] = []
        self._ranges: dict[str, tuple[float, float]] = {}
        self._inverse_weights = self._log_weights = self._offsets = 0.0

    # ------------------------------------------------------------ a batch
    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        found = self.survey
        found.count_rows(batch)
        if batch.n == 0:
            return
        found.require_kinds(batch)
        if not self._products:
            self._learn_products(batch)
        codes = self._codes(batch)
        y, offset = found.response_and_offset(batch)
        weights = found.weights(batch)
        self._note("<response>", y)
        if offset is not None:
            self._offsets += float(offset.sum())
        if weights is not None:
            require_positive_weights(weights, batch.rows)
            self._inverse_weights += float((1 / weights).sum())
        columns = self._columns(batch, codes, y)
        self._sum(batch.n, columns, codes, weights)
        found.n += batch.n

    def _learn_products(self, batch: Batch) -> None:
        self._products, self._z = self._products_by_use(batch)
        used = dict.fromkeys([*(product.factors for product in self._products), *self._groups()])
        self._cells = {names: CellSet(len(names)) for names in used if len(names) > 1}

    def _groups(self) -> Iterable[Group]:
        """Return the columns of each grouping factor."""
        return self._z

    def _products_by_use(self, batch: Batch) -> ProductsByUse:
        for code in self.needs.formula.offsets:
            if any(self.survey.is_factor(name) for name in self.needs.by_part[code]):
                raise NeedsTwoReadings(f"offset({code}) computes with a factor")
        factors = frozenset(name for name in self.needs.predictors if self.survey.is_factor(name))
        products = products_by_use(self.needs, factors, frozenset())[0]
        truths = self._evaluator.truths(products[:-1], batch.columns, batch.n)
        return products_by_use(self.needs, factors, truths)

    def _codes(self, batch: Batch) -> dict[tuple[str, ...], Codes]:
        """Return the codes of every categorical column and combination that is used, in the order met."""
        of_products = (name for product in self._products for name in product.factors)
        single = dict.fromkeys([*self.needs.grouping, *of_products])
        codes: dict[tuple[str, ...], Codes] = {}
        for name in single:
            levels = self._levels.setdefault(name, LevelSet(name))
            codes[name,] = levels.add(batch.columns[name], batch.categories(name), batch.rows.first)
        for names, cells in self._cells.items():
            codes[names] = cells.add([codes[name,] for name in names])
        return codes

    def _count(self, names: tuple[str, ...]) -> int:
        """Return the number of levels, or combinations, met so far."""
        if not names:
            return 1
        return self._levels[names[0]].count if len(names) == 1 else self._cells[names].count

    def _note(self, name: str, values: npt.NDArray[Any]) -> None:
        low, high = float(values.min()), float(values.max())
        known = self._ranges.get(name, (low, high))
        self._ranges[name] = min(known[0], low), max(known[1], high)

    def _columns(
        self, batch: Batch, codes: dict[tuple[str, ...], Codes], y: FloatArray
    ) -> list[npt.NDArray[Any] | None]:
        """Return the columns of all products, None for ones."""
        for name in dict.fromkeys(name for part in self.needs.by_part.values() for name in part):
            if isinstance(batch.columns[name], NumberColumn):
                values = batch.values(name)
                if name in self.needs.predictors:
                    require_finite(values, name, batch.rows)
                self._note(name, values)
        columns: list[npt.NDArray[Any] | None] = []
        for product in self._products[:-1]:
            numbers = self._evaluator.product(product, batch.columns, batch.n)
            if numbers is not None:
                require_finite(numbers, str(product), batch.rows)
            if not product.factors:
                columns.append(numbers)
                continue
            own = codes[product.factors]
            for cell in range(self._count(product.factors)):
                dummy = own == cell
                columns.append(dummy if numbers is None else np.where(dummy, numbers, 0.0))
        return [*columns, y]

    # ------------------------------------------------------------ into the core
    def _sum(
        self,
        n: int,
        columns: list[npt.NDArray[Any] | None],
        codes: dict[tuple[str, ...], Codes],
        weights: FloatArray | None,
    ) -> None:
        cells = tuple(self._count(product.factors) for product in self._products)
        factors = [
            {"codes": np.ascontiguousarray(codes[group]), "levels": self._count(group), "blocks": []}
            for group in self._z
        ]
        rows = _core.Rows(n, columns, None, factors, weights)
        if not self._segments or self._segments[-1].cells != cells:
            self._open(columns, cells)
        segment = self._segments[-1]
        self._beside.do(partial(segment.sums.add, rows))
        if weights is not None:
            self._log_weights += float(np.log(weights).sum())
            segment.unweighted += products_of_columns(columns, segment.origins)

    def _z_columns(self, cells: tuple[int, ...]) -> list[npt.NDArray[np.intp]]:
        """Return the columns of each grouping factor, where products have that many cells."""
        first = np.cumsum([0, *cells])
        place = {product: k for k, product in enumerate(self._products)}
        spans = [[place[product] for product in own] for own in self._z.values()]
        return [np.concatenate([np.arange(first[k], first[k + 1]) for k in own]) for own in spans]

    def _open(self, columns: list[npt.NDArray[Any] | None], cells: tuple[int, ...]) -> None:
        origins = np.array([0.0 if c is None or c.dtype == bool else mean_of_first(c) for c in columns])
        made = _core.RowSums(origins, [own.tolist() for own in self._z_columns(cells)])
        self._segments.append(Segment(cells, origins, made))

    # ------------------------------------------------------------ the end
    def finish(self) -> Sums:
        """Return the sums of all rows added."""
        self._beside.wait()
        needs, found = self.needs, self.survey
        contents = self._contents() if found.n else None
        counts = (found.n, found.n_total, dict(found.missing))
        return Sums(needs.formula.text, needs.weights, needs.offset, *counts, contents)

    def _final_cells(self) -> FinalCells:
        levels = {}
        ranks: RanksOfCells = {(): np.zeros(1, dtype=np.int64)}
        cells: dict[Group, Cells] = {(): np.zeros((1, 0), dtype=np.int32)}
        for name, met in self._levels.items():
            done = met.finish()
            ranks[name,] = done.rank.astype(np.int64)
            cells[name,] = np.arange(done.rank.size, dtype=np.int32)[:, None]
            levels[name] = ColumnLevels(done.levels, unusual(met.categories))
        for names, known in self._cells.items():
            codes = np.column_stack(known.finish([ranks[name,].astype(np.int32) for name in names]))
            order = np.lexsort(codes.T[::-1])
            ranks[names] = np.argsort(order)
            cells[names] = codes[order]
        return FinalCells(levels, ranks, cells)

    def _contents(self) -> Contents:
        final = self._final_cells()
        table, origins, unweighted, patterns = self._joined(final)
        return Contents(
            kinds=dict(self.survey.kinds),
            levels=final.levels,
            groups={group: final.cells[group] for group in self._z},
            products=self._products,
            cells={product: final.cells[product.factors] for product in self._products},
            z=dict(self._z),
            origins=origins,
            table=table,
            unweighted=unweighted if self.needs.weights is not None else None,
            ranges=dict(self._ranges),
            log_weights=self._log_weights,
            inverse_weights=self._inverse_weights if self.needs.weights is not None else float(self.survey.n),
            offsets=self._offsets,
            patterns=patterns,
        )

    def _joined(self, final: FinalCells) -> Joined:
        columns = FinalColumns(self._products, final.ranks, self._segments[-1])
        z = [np.sort(columns.place[own]) for own in self._z_columns(self._segments[-1].cells)]
        tables, maps = [], []
        for segment in self._segments:
            change = columns.change(segment)
            own = table_of(segment.sums.results(), self._z_columns(segment.cells))
            tables.append(own if is_identity(change) else own.combined(change, z))
            met = [factor.levels for factor in own.factors]
            maps.append([final.ranks[group][:count] for group, count in zip(self._z, met, strict=True)])
        counts = [self._count(group) for group in self._z]
        unweighted = columns.unweighted(self._segments)
        return add_tables(tables, maps, counts), columns.origins, unweighted, None
