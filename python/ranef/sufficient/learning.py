"""From sums to what a survey of the rows would have found, and from that to a design."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.used import UsedColumns
from ..design.vectors import learn_vector
from ..errors import DataError
from ..frame import NumberColumn, UsedRows
from ..stream.learning import LearnedRows, learn_rows
from ..stream.levels import FinishedLevels
from ..stream.needs import Needs
from ..stream.survey import Survey
from .products import Evaluator
from .sums import Contents, Sums

_CANDIDATES = 64
_TYPES = {"real": np.float64, "whole": np.int64, "truth": np.bool_}


def learn_sums(sums: Sums, contents: Contents, needs: Needs) -> tuple[LearnedRows, dict[str, Any]]:
    """Learn the design of sums; also return numeric columns at values like those of the rows.

    Raises DataError as for a table.
    """
    sample = like_rows(contents, needs)
    found = Survey(
        needs,
        n_total=sums.n_total,
        n=sums.n,
        missing=dict(sums.missing),
        sample={name: list(values) for name, values in sample.items()},
        kinds=dict(contents.kinds),
    )
    columns = {name: NumberColumn(name, values) for name, values in sample.items()}
    rows = UsedRows(len(next(iter(sample.values()), ())))
    for code in needs.formula.offsets:
        used = UsedColumns(columns, rows, needs.formula.functions)
        found.vectors[code] = learn_vector(code, used, needs.by_part[code])[0]
    levels = {
        name: FinishedLevels(name, own.values, np.arange(own.values.shape[0], dtype=np.int32))
        for name, own in contents.levels.items()
    }
    cells = {
        group: list(np.ascontiguousarray(codes.T))
        for group, codes in contents.groups.items()
        if len(group) > 1
    }
    return learn_rows(found, levels, cells), sample


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
    columns = {name: NumberColumn(name, values) for name, values in sample.items()}
    evaluator = Evaluator(needs)
    for code in dict.fromkeys(code for product in contents.products[:-1] for code in product.numbers):
        fine &= np.isfinite(np.asarray(evaluator.values(code, columns, _CANDIDATES), dtype=np.float64))
    if not fine.any():
        raise DataError(
            f"no values of the columns {', '.join(sample)} were found between their lowest and highest ones "
            "at which the formula can be computed: add what it computes to the data as columns"
        )
    return {name: values[fine] for name, values in sample.items()}
