"""Generalised models of data that are not in memory: rows become cells where they are, cells become a fit."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..design import Functions, with_functions
from ..design.build import assemble, response_name
from ..design.matrices import require_finite
from ..design.used import UsedColumns
from ..design.vectors import require_finite_argument, require_positive_weights
from ..errors import ArgumentError, DataError, FormulaError, RowsNotKeptError
from ..formula import has_structures, parse_formula
from ..frame import FactorColumn, NumberColumn, Table, UsedRows, require_rows
from ..memory import require_memory
from ..stream import source_of
from ..stream.batch import Batch, batch_of, read_batches
from ..stream.engines import Partitions
from ..stream.levels import LevelSet
from ..stream.needs import Needs
from ..stream.source import Batches
from ..stream.summing import needs_of_source
from ..stream.survey import Survey
from ..sufficient.adding import kind_of, unusual
from ..sufficient.cells import CellSums, CellTable
from ..sufficient.merging import merge_named
from ..sufficient.sums import ColumnLevels
from ..verbs import RowVerb, Verb
from .families import Family, choose_family
from .fit import GlmerFit
from .model import GlmerModel, checked_nodes, require_information
from .prediction import predict as predict_rows
from .reading import Reader, require_moderate_offset, require_variation, summed
from .responses import Response

BY_VALUE = ("nbinom1", "nbinom2", "truncated_nbinom1", "truncated_nbinom2", "betabinomial")
"""Families with cells split by the response."""
_RESPONSE = ("<first>", "<second>")
_HELD = 1 << 18  # cells that are held unmerged


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
    chosen = choose_family(family, link)
    if chosen.name == "gaussian":
        raise ArgumentError(
            "family='gaussian' has no sums by cells, since means and squares about them do not add up as "
            "sums do: with the identity link leave family= out, ranef.sums() is then of the linear model; "
            "with another link read the rows into memory, ranef.glmer(formula, table, family='gaussian')"
        )
    parsed = with_functions(parse_formula(formula), functions)
    if has_structures(parsed):
        raise FormulaError("sums are of unstructured random terms, as in (x | g)", formula)
    source = source_of(data) or Batches(lambda: [data])
    needs = needs_of_source(parsed, source, weights, offset, several=True)
    if needs.stateful:
        raise FormulaError(
            f"{needs.stateful[0].key} needs the mean of all rows, which the sums of a part of the data do "
            "not have at hand: add the result to the data as a column",
            formula,
        )
    if isinstance(source, Partitions):
        return source.combined(needs.columns, partial(_of_table, needs, chosen), merge_named, progress)
    adding = CellAdding(needs, chosen)
    for batch in read_batches(source, needs.columns, "summing", progress):
        adding.add(batch)
    return adding.finish()


def _of_table(needs: Needs, family: Family, table: Table) -> CellSums:
    """Return the sums of one partition; run by a worker."""
    adding = CellAdding(needs, family)
    adding.add(batch_of(table, needs.columns))
    return adding.finish()


class CellAdding:
    """Cells in the making.

    Parameters
    ----------
    needs : Needs
    family : Family
    """

    def __init__(self, needs: Needs, family: Family) -> None:
        self.needs, self.family, self.survey = needs, family, Survey(needs)
        offsets = (name for code in needs.formula.offsets for name in needs.by_part[code])
        given = () if needs.offset is None else (needs.offset,)
        self._shared = tuple(dict.fromkeys([*needs.grouping, *needs.predictors, *offsets, *given]))
        self._levels: dict[str, LevelSet] = {}
        self._kinds: dict[str, str] = {}
        self._merged: CellTable | None = None
        self._held: list[CellTable] = []
        self._constant = 0.0

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        found = self.survey
        found.count_rows(batch)
        if batch.n == 0:
            return
        found.require_same_kinds(batch)
        for name, column in batch.columns.items():
            kind = kind_of(column)
            if self._kinds.setdefault(name, kind) == "whole" and kind == "real":
                self._kinds[name] = "real"
        kept = _core.kept_rows(self.family.name, *self._response(batch).arrays)
        self._constant += kept[3]
        self._held.append(self._cells(batch, *kept[:3]).merged())
        found.n += batch.n
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

    def _cells(self, batch: Batch, count: FloatArray, first: FloatArray, second: FloatArray) -> CellTable:
        codes, numbers = {}, {}
        for name in self._shared:
            column = batch.columns[name]
            if isinstance(column, NumberColumn) and self._number(name):
                values = batch.numbers(name)
                require_finite(values, name, batch.rows)
                numbers[name] = values
            else:
                levels = self._levels.setdefault(name, LevelSet(name, counted=False))
                codes[name] = levels.add(column, batch.categories(name), batch.rows.first)
        if self.family.name in BY_VALUE:
            numbers.update(zip(_RESPONSE, (first, second), strict=True))
            totals = np.column_stack([count, np.zeros(batch.n), np.zeros(batch.n)])
        else:
            totals = np.column_stack([count, first, second])
        return CellTable({}, {}, codes, numbers, totals)

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
            kinds = {name: self._kinds[name] for name in needs.columns}
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


# ---------------------------------------------------------------- from cells to a model
class CellModel(GlmerModel):
    """A generalised model of cells that were summed elsewhere: what it has by rows is by cells."""

    n_rows: int
    by_cells = True

    @property
    def nobs(self) -> int:
        """Rows that were summed."""
        return self.n_rows

    fit = Verb("generalised.cell_sums:fit_cell_model")

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"n_rows": self.n_rows}


@dataclass(frozen=True, eq=False, repr=False)
class CellFit(GlmerFit, kind="cells"):
    """The fit of a `CellSums`: all that a `GlmerFit` has, but for what needs the rows."""

    by_cells = True

    predict = RowVerb("generalised.cell_sums:predict")
    in_common = Verb("generalised.same_rows:in_common")

    @property
    def fittedvalues(self) -> Any:
        """Not there: see ``fit.predict(batch)``."""
        raise RowsNotKeptError("fittedvalues has an entry for every row; use fit.predict(batch)")


def predict(fit: CellFit, newdata: Any = None, *args: Any, **options: Any) -> Any:
    """Predict for new data, as of a fit of rows; see `GlmerFit.predict`."""
    if newdata is None:
        raise RowsNotKeptError("the rows of these sums are not kept: give them, fit.predict(newdata)")
    return predict_rows(fit, newdata, *args, **options)


def fit_cell_model(model: CellModel, y: Any = None, **options: Any) -> CellFit:
    """Fit the model; see `ranef.glmer` for ``max_evaluations=`` and ``tolerance=``."""
    if y is not None:
        raise RowsNotKeptError("another response has an entry for every row, and these rows are not kept")

    found = GlmerModel.fit(model, **options)
    return CellFit(**{one.name: getattr(found, one.name) for one in fields(found)})


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

    Parameters
    ----------
    sums : CellSums
    agq, information, prior, functions, max_evaluations, tolerance
        As for `ranef.glmer`.

    Returns
    -------
    CellFit

    Raises
    ------
    DataError
        As for rows: none of them, a response without variation, a factor with one level.
    """
    model = model_of_cells(sums, agq, information, prior, functions)
    return fit_cell_model(model, max_evaluations=max_evaluations, tolerance=tolerance)


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
    design = replace(design, n_dropped=sums.n_total - sums.n, missing=dict(sums.missing), index=None)
    model = CellModel.__new__(CellModel)
    vars(model).update(n_rows=sums.n, data_library="", _source=None)
    return model.of(
        formula=parsed,
        family=family,
        agq=checked_nodes(agq),
        information=information,
        design=design,
        sums=response,
        prior=prior,
        weights=sums.weights,
        offset=sums.offset,
    )  # type: ignore[return-value]


def _columns(table: CellTable) -> dict[str, Any]:
    """Return the cells as a table: the columns of the data, zeros in place of what was summed."""
    import pandas as pd

    out: dict[str, Any] = {}
    for name, kind in table.kinds.items():
        if name in table.codes:
            own = table.levels[name]
            values: npt.NDArray[Any] = own.values[table.codes[name]]
            listed = own.categories
            out[name] = values if listed is None else pd.Categorical(values, categories=list(listed))
        elif name in table.numbers:
            types = {"whole": np.int64, "truth": bool}
            out[name] = table.numbers[name].astype(types.get(kind, np.float64))
        else:
            out[name] = np.zeros(table.count)
    return out


def _response_of(table: CellTable, family: Family, constant: float) -> Response:
    """Return the response of cells as the family sums it."""
    count, first, second = (np.ascontiguousarray(column) for column in table.totals.T)
    if family.name in BY_VALUE:
        first, second = (table.numbers[name] for name in _RESPONSE)
    trials, y = np.ones_like(count), first
    if family.kind.trials:
        trials = count if family.name == "binomial" else second
        y = first / trials
    elif family.name == "beta":
        y = 1 / (1 + np.exp((second - first) / count))
    elif family.name not in BY_VALUE:
        y = first / count
    return Response(y, trials, None, bool(trials.max() <= 1), (count, first, second), constant)
