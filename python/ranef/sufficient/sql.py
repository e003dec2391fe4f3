"""Sums in SQL: one query for each grouping factor and each pair of them, which any warehouse can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, overload

from ..design.used import require_number
from ..design.vectors import bare_name, require_numeric_response
from ..errors import ArgumentError, FormulaError
from ..formula import parse_formula
from ..formula.python_code import in_backticks
from ..frame import Table
from ..show import Printed
from ..stream.duck_relation import quoted
from ..stream.kinds import column_of
from ..stream.needs import Needs, needed_by
from ..verbs import Verb
from .cells import CellSums
from .cells_sql import CellsSQL
from .products import RESPONSE, Group, NeedsTwoReadings, Product, products_by_use
from .sql_rows import complete_rows, counts_of_rows, where_complete
from .sql_types import kind_of_type, types_of

Part = tuple[tuple[str, ...], bool]
"""A product of numbers, and whether its mean is subtracted: not where it counts within a level only."""


def part_of(product: Product) -> Part:
    """Return the numeric part of a product."""
    return product.numbers, bool(product.numbers) and not product.factors


@dataclass(frozen=True, repr=False)
class SumsSQL(Printed):
    """The queries whose answers are sums; made by `ranef.sums_sql`, printed as SQL.

    Attributes
    ----------
    formula : str
    table : str
        What the queries read from.
    """

    formula: str
    table: str
    needs: Needs = field(repr=False)
    kinds: Mapping[str, str] = field(repr=False)
    products: tuple[Product, ...] = field(repr=False)
    z: Mapping[Group, tuple[Product, ...]] = field(repr=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The numeric parts of the products, each once."""
        return tuple(dict.fromkeys(map(part_of, self.products)))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Categorical columns of the products."""
        return tuple(dict.fromkeys(name for product in self.products for name in product.factors))

    @property
    def survey(self) -> str:
        """The first query, of one row: rows, missing values, means, lowest and highest values."""
        needs = self.needs
        complete = complete_rows(needs.columns)

        def used(value: str) -> str:
            return f"CASE WHEN {complete} THEN {value} END"

        sums = [*counts_of_rows(needs.columns), f"SUM({used('1e0')}) AS n"]
        for k, (numbers, _) in enumerate(self.parts):
            if numbers:
                value = used(self.expression(numbers))
                sums += [f"AVG({value}) AS mean_{k}", f"MIN({value}) AS low_{k}", f"MAX({value}) AS high_{k}"]
        if needs.weights is not None:
            weight = f"(1e0 * {quoted(needs.weights)})"
            positive = f"CASE WHEN {weight} > 0 THEN {weight} END"
            sums += [
                f"MIN({used(weight)}) AS lowest_weight",
                f"SUM({used(f'LN({positive})')}) AS log_weights",
                f"SUM({used(f'1e0 / {positive}')}) AS inverse_weights",
            ]
        for k, name in enumerate(_offset_columns(needs)):
            sums.append(f"SUM({used(f'(1e0 * {quoted(name)})')}) AS offset_{k}")
        return "SELECT " + ",\n       ".join(sums) + f"\nFROM {self.table}"

    def queries(self, origins: Sequence[float] | None = None) -> dict[tuple[Group, ...], str]:
        """Return the other queries: of all rows (), of each grouping factor, of each pair of them.

        Parameters
        ----------
        origins : sequence of float, optional
            What is subtracted from each numeric part: the means that the first query gives. Without, they are
            written as ``:origin_1`` and so on.
        """
        shifted = [self._shifted(k, origins) for k in range(len(self.parts))]
        everything = list(range(len(self.parts)))
        fixed = self._query(self.predictors, shifted, everything, everything, unweighted=True)
        out: dict[tuple[Group, ...], str] = {(): fixed}
        for group in self.z:
            names = tuple(dict.fromkeys([*group, *self.predictors]))
            out[group,] = self._query(names, shifted, self._of(group), everything)
        for one, other in combinations(self.z, 2):
            factors = [name for own in (one, other) for p in self.z[own] for name in p.factors]
            names = tuple(dict.fromkeys([*one, *other, *factors]))
            out[one, other] = self._query(names, shifted, self._of(one), self._of(other))
        return out

    def _of(self, group: Group) -> list[int]:
        return list(dict.fromkeys(self.parts.index(part_of(product)) for product in self.z[group]))

    def _shifted(self, part: int, origins: Sequence[float] | None) -> str:
        numbers, shifted = self.parts[part]
        if not numbers:
            return "1e0"
        value = self.expression(numbers)
        if not shifted:
            return value
        origin = f":origin_{part}" if origins is None else _literal(origins[part])
        return f"({value} - {origin})"

    def expression(self, part: tuple[str, ...]) -> str:
        """Return a numeric part as SQL."""
        if part == RESPONSE.numbers:
            response = bare_name(self.needs.formula.response) or ""
            return " - ".join(map(self._number, [response, *_offset_columns(self.needs)]))
        return " * ".join(self._number(bare_name(code) or code) for code in part)

    def _number(self, name: str) -> str:
        if self.kinds[name] == "truth":
            return f"(CASE WHEN {quoted(name)} THEN 1e0 ELSE 0e0 END)"
        return f"(1e0 * {quoted(name)})"

    def _query(
        self,
        names: Sequence[str],
        shifted: Sequence[str],
        rows: Sequence[int],
        columns: Sequence[int],
        unweighted: bool = False,
    ) -> str:
        weight = "" if self.needs.weights is None else f"{quoted(self.needs.weights)} * "
        sums, seen = [], set()
        for i in rows:
            for j in columns:
                key = (min(i, j), max(i, j))
                if key not in seen:
                    seen.add(key)
                    product, at = _times(shifted[key[0]], shifted[key[1]]), f"{key[0]}_{key[1]}"
                    sums.append(f"SUM({weight}{product}) AS s_{at}")
                    if weight and unweighted:
                        sums.append(f"SUM({product}) AS u_{at}")
        return self._select(list(map(quoted, names)), sums)

    def _select(self, names: list[str], sums: list[str]) -> str:
        where = where_complete(self.needs.columns)
        text = "SELECT " + ",\n       ".join([*names, *sums]) + f"\nFROM {self.table}\n{where}"
        return text + (f"\nGROUP BY {', '.join(names)}" if names else "")

    run = Verb("sufficient.answers:sums_of_answers")

    def __str__(self) -> str:
        texts = [f"-- rows, means and ranges\n{self.survey};"]
        for groups, text in self.queries().items():
            what = " and ".join(":".join(group) for group in groups) or "all rows"
            texts.append(f"-- {what}\n{text};")
        return "\n\n".join(texts)


@overload
def sums_sql(
    formula: str,
    schema: Any,
    family: None = None,
    link: None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    table: str = "data",
) -> SumsSQL: ...
@overload
def sums_sql(
    formula: str,
    schema: Any,
    family: str,
    link: str | None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    table: str = "data",
) -> CellsSQL: ...
def sums_sql(
    formula: str,
    schema: Any,
    family: str | None = None,
    link: str | None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    table: str = "data",
) -> SumsSQL | CellsSQL:
    """Write the sums of a model as SQL, to be run where the rows are.

    Parameters
    ----------
    formula : str
        Of a linear model: bare columns and their interactions, ``y ~ x * f + (x | g) + (1 | h)``. What it
        computes (``log(x)``) must be a column of the table or of a view.
    schema : dict, or schema of pyarrow, or table
        The columns and their types: ``{"y": "DOUBLE", "g": "VARCHAR"}``; of a table only the types are read.
    family, link : str, optional
        Of a generalised model, as for `ranef.glmer`. The formula may then compute: the query looks for
        different rows, which are few where predictors and response are categories or small whole numbers.
    weights, offset : str, optional
        Columns.
    table : str
        What to read from: a table, a view, a query in parentheses with a name.

    Returns
    -------
    SumsSQL, or CellsSQL of a generalised model
        Prints as SQL; ``.run(execute)`` returns the sums, `execute` is from a query to its answer.

    Raises
    ------
    FormulaError
        If the formula of a linear model contains code, not only columns.
    DataError
        If a column is neither numeric, boolean, text nor time.

    Examples
    --------
    >>> import ranef
    >>> sql = ranef.sums_sql("y ~ x + (1 | g)", {"y": "DOUBLE", "x": "DOUBLE", "g": "VARCHAR"})
    >>> print(sql.queries([0, 2.5, 1.0])[("g",),])
    SELECT "g",
           SUM(1e0) AS s_0_0,
           SUM(((1e0 * "x") - 2.5e0)) AS s_0_1,
           SUM(((1e0 * "y") - 1.0e0)) AS s_0_2
    FROM data
    WHERE "y" IS NOT NULL AND "x" IS NOT NULL AND "g" IS NOT NULL
    GROUP BY "g"
    >>> types = {"died": "BOOLEAN", "dose": "INTEGER", "ward": "VARCHAR"}
    >>> print(ranef.sums_sql("died ~ dose + (1 | ward)", types, family="binomial").rows)
    SELECT "died", "dose", "ward", COUNT(*) AS ranef_times
    FROM data
    WHERE "died" IS NOT NULL AND "dose" IS NOT NULL AND "ward" IS NOT NULL
    GROUP BY "died", "dose", "ward"
    """
    if family is not None:
        in_sql = vars(CellSums)["_in_sql"].plain
        return in_sql(formula, schema, family, link, weights, offset, table)  # type: ignore[no-any-return]
    if link is not None:
        raise ArgumentError("link= goes with family=: give both, or leave it out for a linear model")
    types = types_of(schema)
    needs = needed_by(parse_formula(formula), Table({name: [0.0] for name in types}), weights, offset)
    try:
        return sql_of(needs, types, table)
    except NeedsTwoReadings as reason:
        raise FormulaError(
            f"{reason}, which SQL does not: add the result to the table as a column", formula
        ) from None


def sql_of(needs: Needs, types: Mapping[str, str], table: str) -> SumsSQL:
    """Return the queries for what a formula wants of columns of these types.

    Raises NeedsTwoReadings for anything that is computed.
    """
    kinds = {name: kind_of_type(name, types[name]) for name in needs.columns}
    factors = frozenset(name for name in needs.predictors if kinds[name] == "levels")
    truths = frozenset(in_backticks(name) for name in needs.predictors if kinds[name] == "truth")
    products, z = products_by_use(needs, factors, truths)
    codes = [code for product in products[:-1] for code in product.numbers]
    response, *numbers = (_bare(code) for code in (needs.formula.response, *codes, *needs.formula.offsets))
    require_numeric_response(column_of(response, kinds[response]))
    arguments = [name for name in (needs.weights, needs.offset) if name is not None]
    for name in (*numbers, *arguments):
        require_number(column_of(name, kinds[name]))
    return SumsSQL(needs.formula.text, table, needs, kinds, products, z)


def _bare(code: str) -> str:
    name = bare_name(code)
    if name is None:
        raise NeedsTwoReadings(f"'{code}' is computed")
    return name


def _offset_columns(needs: Needs) -> list[str]:
    names = [bare_name(code) or code for code in needs.formula.offsets]
    return names if needs.offset is None else [*names, needs.offset]


def _times(one: str, other: str) -> str:
    if one == "1e0":
        return other
    return one if other == "1e0" else f"{one} * {other}"


def _literal(value: float) -> str:
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text
