"""``ranef.sums``: the rows of a part of the data, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, overload

from ..errors import ArgumentError, FormulaError, require_progress
from ..formula import Formula, has_structures, parse_formula
from ..formula.visit_term import VisitTerm, read_term
from ..frame import Table
from ..machine.threads import get_num_threads
from ..stream.batch import added_up, batches_of, read_batches
from ..stream.duck_relation import DuckRelation
from ..stream.needs import Needs, needed_by
from ..stream.partitions import Partitions
from ..stream.recognise import source_of
from ..stream.source import Batches
from .adding import Adding
from .adding_visits import VisitAdding
from .beside import Beside
from .cells import CellSums
from .merging import merge_named
from .products import NeedsTwoReadings
from .sql import sql_of
from .sums import Sums


@overload
def sums(
    formula: str,
    data: Any,
    family: None = None,
    link: None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    executor: Any = None,
    progress: bool | None = None,
) -> Sums: ...
@overload
def sums(
    formula: str,
    data: Any,
    family: str,
    link: str | None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    executor: Any = None,
    progress: bool | None = None,
) -> CellSums: ...
def sums(
    formula: str,
    data: Any,
    family: str | None = None,
    link: str | None = None,
    *,
    weights: str | None = None,
    offset: str | None = None,
    executor: Any = None,
    progress: bool | None = None,
) -> Sums | CellSums:
    """Read a part of the data into sums, which can be added up, saved, sent and fitted; no row is kept.

    Parameters
    ----------
    formula : str
        As for `ranef.lmer`, or with a term such as ``us(visit | id)`` as for `ranef.mmrm`; random terms with
        structures have no sums. What needs other rows, as ``scale(x)`` does, cannot be known here: add it to
        the data as a column.
    data : table, or source of batches
        The part: anything `ranef.lmer` takes.
    family, link : str, optional
        Of a generalised model, as for `ranef.glmer`; the formula is then `glmer`'s.
    weights, offset : str, optional
        Columns, as for `ranef.lmer`.
    executor : concurrent.futures.Executor, or dask's client, optional
        Its workers make the sums, those of each batch of `data` a partition, which are merged here, a few at
        a time: `ranef.batches` (of tables, which are sent, or of functions that return them, which the
        workers call), a pyarrow Dataset (whose files the workers read), a polars LazyFrame. A partition whose
        worker is lost is summed again, here if the executor itself is gone.
    progress : bool, optional
        Whether to show how far the reading is; by default in a terminal, when it takes more than a second.

    Returns
    -------
    Sums
        Of the size of the random effects, however many rows there are. A part may be empty.
    CellSums
        With `family`: as many as there are different rows.

    Raises
    ------
    FormulaError
        The formula cannot be read, or needs all rows at once.
    DataError
        The data cannot be used as the formula asks; the message names column and row.

    Notes
    -----
    For a formula of `ranef.mmrm`, all rows of a subject must be in one part; the sums can be used with
    any structure.

    The sums hold counts of every level and of every pair of crossed levels that occur together, sums of
    squares and products within them, and the lowest and highest value of each numeric column: no rows, but
    where a level has one row, its values.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> sums = ranef.sums("Reaction ~ Days + (1 | Subject)", data)
    >>> sums.n, sums.levels
    (180, {'Subject': 18})
    """
    require_progress(progress)
    if executor is not None:
        from ..stream.on_executor import OnExecutor  # loads multiprocessing

        data = OnExecutor(source_of(data), executor)
    if family is not None:
        made: CellSums = vars(CellSums)["_made"].plain(
            formula, data, family, link, weights, offset, progress=progress
        )
        return made
    if link is not None:
        raise ArgumentError("link= goes with family=: give both, or leave it out for a linear model")
    term, parsed = None, parse_formula(formula)
    if has_structures(parsed):
        term, parsed = _visits(formula)
    source = source_of(data) or Batches(lambda: [data])
    needs = needed_by(parsed, source.head(), weights, offset)
    try:
        return added(needs, source, "summing", term, progress)
    except NeedsTwoReadings as reason:
        raise FormulaError(
            f"{reason}, which the sums of a part of the data do not have at hand: add the result to the data "
            "as a column, or fit the data in batches, ranef.batches",
            formula,
        ) from None


def _visits(formula: str) -> tuple[VisitTerm, Formula]:
    """Return the covariance over visits of a formula for repeated measures, and the rest."""
    try:
        return read_term(formula)
    except FormulaError:
        raise FormulaError(
            "sums are of unstructured random terms, (x | g), or of one covariance over visits as in "
            "us(visit | id): fit structured random terms from rows",
            formula,
        ) from None


def added(
    needs: Needs,
    source: Batches,
    stage: str,
    term: VisitTerm | None = None,
    progress: bool | None = None,
) -> Sums:
    """Read a source once, by pattern of visits for a term that names them.

    Raises NeedsTwoReadings with the first rows, if once is not enough.
    """
    if term is not None:
        needs = replace(needs, grouping=term.columns)
    _adding(needs, term)  # raises at once if one reading is not enough
    if isinstance(source, DuckRelation) and term is None:
        try:
            return sql_of(needs, source.types(), "data").run(source.run)
        except NeedsTwoReadings:  # computed columns: row by row
            pass
    if isinstance(source, Partitions):
        return source.combined(needs.columns, partial(_of_tables, needs, term), merge_named, progress)
    with Beside(source.apart and get_num_threads() > 1) as beside:
        batches = read_batches(source, needs.columns, stage, progress)
        return added_up(_adding(needs, term, beside), batches)  # type: ignore[no-any-return]


def _adding(needs: Needs, term: VisitTerm | None, beside: Beside | None = None) -> Adding:
    return Adding(needs, beside) if term is None else VisitAdding(needs, term)


def _of_tables(needs: Needs, term: VisitTerm | None, tables: Iterable[Table]) -> Sums:
    """Return the sums of one partition; run by a worker."""
    found: Sums = added_up(_adding(needs, term), batches_of(tables, needs.columns))
    return found
