"""From the answers to the queries of `SumsSQL` to sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from ..design.vectors import bare_name
from ..errors import DataError
from ..frame import FactorColumn, Table
from ..frame.factors import Codes, as_factor, drop_unused, level_keys
from .levels_of_parts import cells_of, numbers_of, unusual
from .products import RESPONSE, Cells, Group, Product
from .sql import SumsSQL, part_of
from .sql_rows import counted, not_a_number, number, whole
from .sums import ColumnLevels, Contents, Sums
from .table import FactorSums, PairSums
from .table import Table as SumsTable


def sums_of_answers(sql: SumsSQL, execute: Callable[[str], Any]) -> Sums:
    """Have the queries run, and return the sums.

    Parameters
    ----------
    execute : callable
        From the text of a query to its answer: a table of pandas, polars or pyarrow, or a dict of arrays.

    Returns
    -------
    Sums

    Raises
    ------
    DataError
        For values that are not finite, weights that are not positive.
    """
    needs = sql.needs
    survey = Table(execute(sql.survey), "the answer to the first query")
    n = whole(survey, "n")
    n_total, missing = counted(survey, needs.columns)
    contents = None
    if n:
        contents = _Answers(sql, survey, execute, n).contents()
    return Sums(sql.formula, needs.weights, needs.offset, n, n_total, missing, contents)


class _Answers:
    def __init__(self, sql: SumsSQL, survey: Table, execute: Callable[[str], Any], n: int) -> None:
        self.sql, self.survey, self.n = sql, survey, n
        self.origins = [
            number(survey, f"mean_{k}") if numbers else 0.0 for k, (numbers, _) in enumerate(sql.parts)
        ]
        self._require_finite()
        queries = sql.queries(self.origins)
        self.tables = {
            key: Table(execute(text), f"the answer to the query of {_named(key)}")
            for key, text in queries.items()
        }
        self.levels: dict[str, ColumnLevels] = {}
        self.codes: dict[tuple[Group, ...], dict[str, Codes]] = {}
        for key, table in self.tables.items():
            groups = [name for group in key for name in group]
            names = dict.fromkeys([*groups, *sql.predictors])
            self.codes[key] = {name: self._coded(name, table) for name in names if name in table}
        self.cells = {product: self._cells_of((), product.factors) for product in sql.products}
        sizes = [self.cells[product].shape[0] for product in sql.products]
        self.first = dict(zip(sql.products, np.cumsum([0, *sizes]).tolist(), strict=False))
        self.width = sum(sizes)
        self.groups = {group: self._cells_of((group,), group) for group in sql.z}

    def _require_finite(self) -> None:
        for (numbers, _), origin in zip(self.sql.parts, self.origins, strict=True):
            if not np.isfinite(origin):
                predictor = f"the predictor '{':'.join(numbers)}'"
                what = "the response" if numbers == RESPONSE.numbers else predictor
                raise DataError(
                    f"{what} is not finite in some row: correct it, or make it NULL to drop the row"
                )
        if self.sql.needs.weights is not None and not number(self.survey, "lowest_weight") > 0:
            raise DataError(
                "weights= is zero or negative in some row. Weights must be positive; drop such rows"
            )

    # ------------------------------------------------------------ levels
    def _coded(self, name: str, table: Table) -> Codes:
        column = table.column(name)
        factor = drop_unused(as_factor(column))
        if factor.missing is not None:
            raise not_a_number(name)
        if name not in self.levels:
            listed = column.categories if isinstance(column, FactorColumn) else None
            own = unusual(None if listed is None else level_keys(listed))
            self.levels[name] = ColumnLevels(factor.levels, own)
        return factor.codes

    def _numbers(self, key: tuple[Group, ...], names: Sequence[str]) -> IntArray:
        """Return the number of the combination of levels that each row of an answer is of."""
        codes = np.empty((self.tables[key].n_rows, len(names)), dtype=np.int32)
        for k, name in enumerate(names):
            codes[:, k] = self.codes[key][name]
        return numbers_of(names, codes, self.levels)

    def _cells_of(self, key: tuple[Group, ...], names: tuple[str, ...]) -> Cells:
        return cells_of(np.unique(self._numbers(key, names)), names, self.levels)

    def _places(self, key: tuple[Group, ...], names: tuple[str, ...], cells: Cells) -> IntArray:
        """Return which of the cells each row of an answer is of."""
        return np.searchsorted(numbers_of(names, cells, self.levels), self._numbers(key, names))

    # ------------------------------------------------------------ sums
    def _value(self, key: tuple[Group, ...], one: Product, other: Product, letter: str = "s") -> FloatArray:
        i, j = (self.sql.parts.index(part_of(product)) for product in (one, other))
        column: Any = self.tables[key].column(f"{letter}_{min(i, j)}_{max(i, j)}")
        return np.asarray(column.values, dtype=np.float64)

    def _at(self, key: tuple[Group, ...], product: Product) -> IntArray:
        """Return the cell of a product that each row of an answer is of."""
        return self._places(key, product.factors, self.cells[product])

    def _fixed(self, letter: str) -> FloatArray:
        out = np.zeros((self.width, self.width))
        for one in self.sql.products:
            for other in self.sql.products:
                at = self.first[one] + self._at((), one), self.first[other] + self._at((), other)
                np.add.at(out, at, self._value((), one, other, letter))
        return out

    def _z(self, key: tuple[Group, ...], group: Group) -> tuple[int, list[tuple[Product, IntArray]]]:
        """Return the number of columns of a factor, and of each product the column each row is of."""
        first, found = 0, []
        for product in self.sql.z[group]:
            found.append((product, first + self._at(key, product)))
            first += self.cells[product].shape[0]
        return first, found

    def _factor(self, group: Group) -> FloatArray:
        key = (group,)
        level = self._places(key, group, self.groups[group])
        width, z = self._z(key, group)
        out = np.zeros((self.groups[group].shape[0], width, self.width))
        for one, at in z:
            for other in self.sql.products:
                column = self.first[other] + self._at(key, other)
                np.add.at(out, (level, at, column), self._value(key, one, other))
        return out

    def _pair(self, one: Group, other: Group) -> PairSums:
        key = (one, other)
        first, second = (self._places(key, group, self.groups[group]) for group in key)
        count = self.groups[other].shape[0]
        pairs, place = np.unique(first * count + second, return_inverse=True)
        (r, z_one), (s, z_other) = self._z(key, one), self._z(key, other)
        blocks = np.zeros((pairs.shape[0], r, s))
        for a, at in z_one:
            for b, there in z_other:
                np.add.at(blocks, (place, at, there), self._value(key, a, b))
        return PairSums(pairs // count, pairs % count, blocks)

    def contents(self) -> Contents:
        """Return all of them."""
        sql, needs = self.sql, self.sql.needs
        survey, groups = self.survey, list(sql.z)
        parts = [part_of(product) for product in sql.products]
        each = [self.origins[sql.parts.index(part)] if part[1] else 0.0 for part in parts]
        origins = np.repeat(each, [self.cells[product].shape[0] for product in sql.products])
        shape = Contents(
            kinds=dict(sql.kinds),
            levels=self.levels,
            groups=self.groups,
            products=sql.products,
            cells=self.cells,
            z=dict(sql.z),
            origins=np.zeros(self.width),
            table=SumsTable(np.zeros((0, 0)), (), {}),
            unweighted=None,
            ranges=self._ranges(),
            log_weights=0.0 if needs.weights is None else number(survey, "log_weights"),
            inverse_weights=float(self.n) if needs.weights is None else number(survey, "inverse_weights"),
            offsets=sum(number(survey, name) for name in survey.names if name.startswith("offset_")),
        )
        factors = [FactorSums(z, self._factor(g)) for z, g in zip(shape.z_columns(), groups, strict=True)]
        pairs = {(f, g): self._pair(groups[f], groups[g]) for f, g in combinations(range(len(groups)), 2)}
        table = SumsTable(self._fixed("s"), tuple(factors), pairs)
        unweighted = None if needs.weights is None else self._fixed("u")
        return replace(shape, table=table, unweighted=unweighted, origins=origins)

    def _ranges(self) -> Mapping[str, tuple[float, float]]:
        out: dict[str, tuple[float, float]] = {}
        for k, (numbers, _) in enumerate(self.sql.parts):
            if len(numbers) == 1:
                name = None if numbers == RESPONSE.numbers else bare_name(numbers[0])
                limits = number(self.survey, f"low_{k}"), number(self.survey, f"high_{k}")
                out[name or numbers[0]] = limits
        return out


def _named(key: tuple[Group, ...]) -> str:
    return " and ".join(":".join(group) for group in key) or "all rows"
