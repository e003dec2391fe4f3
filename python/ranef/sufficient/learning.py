"""From sums to what a survey of the rows would have found, and from that to a design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.used import UsedColumns
from ..design.vectors import learn_vector
from ..errors import DataError
from ..frame import Column, NumberColumn, UsedRows
from ..frame.factors import Codes
from ..stream.learning import LearnedRows, learn_rows
from ..stream.levels import FinishedLevels
from ..stream.needs import Needs
from ..stream.survey import Survey
from .products import Cells, Evaluator
from .sums import Contents, Sums

_CANDIDATES = 64
_TYPES = {"real": np.float64, "whole": np.int64, "truth": np.bool_}


@dataclass(frozen=True, eq=False)
class KnownLevels:
    """Levels in their final order, as a survey's `LevelSet` gives them."""

    name: str
    values: npt.NDArray[Any]

    def finish(self) -> FinishedLevels:
        return FinishedLevels(self.name, self.values, np.arange(self.values.shape[0], dtype=np.int32))


@dataclass(frozen=True, eq=False)
class KnownCells:
    """Combinations in their final order, as a survey's `CellSet` gives them."""

    cells: Cells

    def finish(self, ranks: list[Codes]) -> list[Codes]:
        return [np.ascontiguousarray(self.cells[:, k]) for k in range(len(ranks))]


def learn_sums(sums: Sums, contents: Contents, needs: Needs) -> tuple[LearnedRows, dict[str, Any]]:
    """Learn the design of sums; also return numeric columns at values like those of the rows.

    Raises DataError as for a table.
    """
    found: Any = Survey(needs)
    found.n, found.n_total, found.missing = sums.n, sums.n_total, dict(sums.missing)
    found.kinds = dict(contents.kinds)
    found.levels = {name: KnownLevels(name, own.values) for name, own in contents.levels.items()}
    found.cells = {group: KnownCells(cells) for group, cells in contents.groups.items() if len(group) > 1}
    sample = like_rows(contents, needs)
    found.sample = {name: list(values) for name, values in sample.items()}
    columns = {name: _number(name, values) for name, values in sample.items()}
    rows = UsedRows(len(next(iter(sample.values()), ())))
    for code in needs.formula.offsets:
        used = UsedColumns(columns, rows, needs.formula.functions)
        found.vectors[code] = learn_vector(code, used, needs.by_part[code])[0]
    return learn_rows(found), sample


def _number(name: str, values: npt.NDArray[Any]) -> Column:
    return NumberColumn(name, values)


def like_rows(contents: Contents, needs: Needs) -> dict[str, npt.NDArray[Any]]:
    """Return values of the numeric columns within their ranges, at which the formula's code is finite."""
    rng = np.random.default_rng(0)
    share = rng.random((len(contents.kinds), _CANDIDATES))
    share[:, :3] = [0.5, 0.0, 1.0]
    sample: dict[str, npt.NDArray[Any]] = {}
    for at, (name, kind) in zip(share, contents.kinds.items(), strict=True):
        low, high = contents.ranges.get(name, (0.0, 1.0))
        if kind not in _TYPES:
            continue
        if name in needs.coded:
            levels = contents.levels[name].values
            sample[name] = levels[rng.integers(0, levels.shape[0], _CANDIDATES)].astype(_TYPES[kind])
        else:
            values: FloatArray = low + (high - low) * at
            sample[name] = (np.rint(values) if kind != "real" else values).astype(_TYPES[kind])
    fine = np.ones(_CANDIDATES, dtype=bool)
    columns: Mapping[str, Column] = {name: _number(name, values) for name, values in sample.items()}
    evaluator = Evaluator(needs)
    for code in dict.fromkeys(code for product in contents.products[:-1] for code in product.numbers):
        fine &= np.isfinite(np.asarray(evaluator.values(code, columns, _CANDIDATES), dtype=np.float64))
    if not fine.any():
        raise DataError(
            f"no values of the columns {', '.join(sample)} were found between their lowest and highest ones "
            "at which the formula can be computed: add what it computes to the data as columns"
        )
    return {name: values[fine] for name, values in sample.items()}
