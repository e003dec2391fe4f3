"""Generalised models of data that are not in memory: rows become cells where they are, cells become a fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...design import Functions, with_functions
from ...design.build import assemble, response_name
from ...errors import RowsNotKeptError
from ...formula import parse_formula
from ...frame import Table, require_rows
from ...inference.predict import Asked
from ...stream import source_of
from ...stream.batch import added_up, batches_of, read_batches
from ...stream.duck_relation import DuckRelation
from ...stream.needs import Needs, needed_by
from ...stream.partitions import Partitions
from ...stream.source import Batches
from ...sufficient.cells import CellSums, CellTable
from ...sufficient.merging import merge_named
from ...verbs import Verb
from ..families import Family, choose_family
from ..fit import GlmerFit
from ..integration import checked_nodes, require_information
from ..model import GlmerModel
from ..prediction.predict import predicted as plain
from ..reading import require_moderate_offset, require_variation
from ..responses import Response
from .adding import BY_VALUE, OF_RESPONSE, CellAdding
from .in_sql import family_of_cells, formula_of_cells, require_by_row, sums_of_relation


def cell_sums(
    formula: str,
    data: Any,
    family: str,
    link: str | None = None,
    weights: str | None = None,
    offset: str | None = None,
    functions: Functions | None = None,
    progress: bool | None = None,
) -> CellSums:
    """Read a part of the data into the cells of a generalised model; see `ranef.sums`."""
    chosen, parsed = family_of_cells(family, link), formula_of_cells(formula, functions)
    source = source_of(data) or Batches(lambda: [data])
    needs = needed_by(parsed, source.head(), weights, offset, several=True)
    require_by_row(needs)
    if isinstance(source, DuckRelation):
        return sums_of_relation(needs, chosen, source, progress)
    if isinstance(source, Partitions):
        return source.combined(needs.columns, partial(_of_tables, needs, chosen), merge_named, progress)
    batches = read_batches(source, needs.columns, "summing", progress)
    return added_up(CellAdding(needs, chosen), batches)  # type: ignore[no-any-return]


def _of_tables(needs: Needs, family: Family, tables: Iterable[Table]) -> CellSums:
    """Return the sums of one partition; run by a worker."""
    found: CellSums = added_up(CellAdding(needs, family), batches_of(tables, needs.columns))
    return found


# ---------------------------------------------------------------- from cells to a model
class CellModel(GlmerModel):
    """A generalised model of cells that were summed elsewhere: what it has by rows is by cells."""

    n_rows: int
    by_cells = True

    @property
    def nobs(self) -> int:
        """Rows that were summed."""
        return self.n_rows

    fitted = Verb("generalised.cells.sums:CellFit", shown=False)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"n_rows": self.n_rows}


@dataclass(frozen=True, eq=False, repr=False)
class CellFit(GlmerFit, kind="cells"):
    """The fit of a `CellSums`: all that a `GlmerFit` has, but for what needs the rows."""

    by_cells = True

    predicted = Verb("generalised.cells.sums:predicted", shown=False)
    in_common = Verb("generalised.cells.same_rows:in_common", shown=False)

    @property
    def fittedvalues(self) -> Any:
        """Not there: see ``fit.predict(batch)``."""
        raise RowsNotKeptError("fittedvalues has an entry for every row; use fit.predict(batch)")


def predicted(fit: CellFit, asked: Asked) -> Any:
    """Return predictions for new data, as of a fit of rows, see `predict`."""
    if asked.newdata is None:
        raise RowsNotKeptError("the rows of these sums are not kept: give them, fit.predict(newdata)")
    return plain(fit, asked)


def fit_cells(
    sums: CellSums,
    agq: int = 1,
    *,
    information: str = "observed",
    prior: Any = None,
    functions: Functions | None = None,
    max_evaluations: int = 200,
    tolerance: float = 1e-8,
) -> CellFit:
    """Fit the generalised model of sums: the same numbers as from the rows they were made of.

    agq, information, prior, functions, max_evaluations, tolerance: as for `ranef.glmer`.
    Raises DataError as for rows: none of them, a response without variation, a factor with one level.
    """
    model = model_of_cells(sums, agq, information, prior, functions)
    found: CellFit = model.fit(max_evaluations=max_evaluations, tolerance=tolerance)
    return found


def model_of_cells(
    sums: CellSums,
    agq: int = 1,
    information: str = "observed",
    prior: Any = None,
    functions: Functions | None = None,
) -> CellModel:
    """Return the model of sums, not yet fitted."""
    table = sums.table
    if table is None:
        require_rows(sums.n, sums.n_total, sums.missing)
        raise AssertionError
    family, parsed = choose_family(sums.family, sums.link), parse_formula(sums.formula)
    require_information(information, checked_nodes(agq), family)
    parsed = with_functions(parsed, functions)
    response = _response_of(table, family, sums.constant)
    require_variation(response, family, response_name(parsed), sums.n)
    frame = _columns(table)

    def respond(*_: Any) -> FloatArray:
        return response.y

    design = assemble(parsed, frame, None, sums.offset, True, respond)
    require_moderate_offset(design, family, int)
    missing, repeats = dict(sums.missing), np.ascontiguousarray(table.totals[:, 0])
    design = replace(design, n_dropped=sums.n_total - sums.n, missing=missing, index=None, repeats=repeats)
    model = CellModel.__new__(CellModel)
    vars(model).update(n_rows=sums.n, data_library="", _source=None)
    of = parsed, family, checked_nodes(agq), information, design, response, prior
    return model.of(*of, weights=sums.weights, offset=sums.offset)  # type: ignore[return-value]


def _columns(table: CellTable) -> dict[str, Any]:
    """Return the cells as a table: the columns of the data, zeros in place of what was summed."""
    import pandas as pd

    out: dict[str, Any] = {}
    for name, kind in table.kinds.items():
        if name in table.codes:
            own, codes = table.levels[name], table.codes[name]
            plain = own.categories is None and own.values.dtype.kind != "O"
            out[name] = own.values[codes] if plain else pd.Categorical.from_codes(codes, own.values)
        elif name in table.numbers:
            types = {"whole": np.int64, "truth": bool}
            out[name] = table.numbers[name].astype(types.get(kind, np.float64))
        else:
            out[name] = np.zeros(table.count)
    return out


def _response_of(table: CellTable, family: Family, constant: float) -> Response:
    """Return the response of cells as the family sums it."""
    count, first, second = (np.ascontiguousarray(column) for column in table.totals.T[1:])
    if family.name in BY_VALUE:
        first, second = (table.numbers[name] for name in OF_RESPONSE)
    trials, y = np.ones_like(count), first
    if family.kind.trials:
        trials = count if family.name == "binomial" else second
        y = first / trials
    elif family.name == "beta":
        y = 1 / (1 + np.exp((second - first) / count))
    elif family.name not in BY_VALUE:
        y = first / count
    return Response(y, trials, None, bool(trials.max() <= 1), (count, first, second), constant)
