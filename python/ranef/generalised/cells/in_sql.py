"""Cells of a generalised model from a database: different rows, and how many there are of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...design import Functions, with_functions
from ...errors import ArgumentError, FormulaError
from ...formula import Formula, has_structures, parse_formula
from ...frame import Table
from ...stream.batch import Batch, batch_of, read_batches
from ...stream.duck_relation import DuckRelation
from ...stream.needs import Needs, needed_by
from ...sufficient.cells import CellSums
from ...sufficient.cells_sql import TIMES, CellsSQL
from ...sufficient.sql_rows import counted, not_a_number
from ...sufficient.sql_types import types_of
from ..families import Family, choose_family
from .adding import CellAdding


def family_of_cells(family: str, link: str | None) -> Family:
    """Return the family, one that has cells."""
    chosen = choose_family(family, link)
    if chosen.name == "gaussian":
        raise ArgumentError(
            "family='gaussian' has no sums by cells, since means and squares about them do not add up as "
            "sums do: with the identity link leave family= out, ranef.sums() is then of the linear model; "
            "with another link read the rows into memory, ranef.glmer(formula, table, family='gaussian')"
        )
    return chosen


def formula_of_cells(formula: str, functions: Functions | None = None) -> Formula:
    """Return a formula read, one that cells can have."""
    parsed = with_functions(parse_formula(formula), functions)
    if has_structures(parsed):
        raise FormulaError("sums are of unstructured random terms, as in (x | g)", formula)
    return parsed


def require_by_row(needs: Needs) -> None:
    """Raise for a formula that needs more than the row itself."""
    if needs.stateful:
        raise FormulaError(
            f"{needs.stateful[0].key} needs the mean of all rows, which the sums of a part of the data do "
            "not have at hand: add the result to the data as a column",
            needs.formula.text,
        )


def cells_sql(
    formula: str,
    schema: Any,
    family: str,
    link: str | None = None,
    weights: str | None = None,
    offset: str | None = None,
    table: str = "data",
) -> CellsSQL:
    """Write the cells of a generalised model as SQL; see `ranef.sums_sql`."""
    chosen, parsed = family_of_cells(family, link), formula_of_cells(formula)
    columns = Table({name: [0.0] for name in types_of(schema)})
    needs = needed_by(parsed, columns, weights, offset, several=True)
    require_by_row(needs)
    return CellsSQL(formula, chosen.name, chosen.link.name, table, needs)


def sums_of_cells(sql: CellsSQL, execute: Callable[[str], Any]) -> CellSums:
    """Have the queries run, and return the sums.

    Parameters
    ----------
    execute : callable
        From the text of a query to its answer: a table of pandas, polars or pyarrow, or a dict of arrays.

    Returns
    -------
    CellSums

    Raises
    ------
    DataError
        For values that the family or the formula does not take.
    """
    survey = Table(execute(sql.survey), "the answer to the first query")
    answer = Table(execute(sql.rows), "the answer to the second query")
    chosen = choose_family(sql.family, sql.link)
    return _added(sql.needs, chosen, survey, [batch_of(answer, (*sql.needs.columns, TIMES))])


def sums_of_relation(needs: Needs, family: Family, relation: DuckRelation, progress: bool | None) -> CellSums:
    """Have DuckDB look for the different rows of a relation, and read these in batches."""
    sql = CellsSQL(needs.formula.text, family.name, family.link.name, "data", needs)
    survey = Table(relation.run(sql.survey), "the answer to the first query")
    answer = read_batches(relation.answer(sql.rows), (*needs.columns, TIMES), "summing", progress)
    return _added(needs, family, survey, answer)


def _added(needs: Needs, family: Family, survey: Table, answer: Iterable[Batch]) -> CellSums:
    adding = CellAdding(needs, family)
    for batch in answer:
        for name in batch.rows.missing:
            raise not_a_number(name)
        adding.add(batch)
    n_total, missing = counted(survey, needs.columns)
    return replace(adding.finish(), n_total=n_total, missing=missing)
