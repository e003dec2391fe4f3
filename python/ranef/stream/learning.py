"""From the survey to a design without rows: what is learned is learned as from a table.

The model matrices are learned from a few rows of the data in which every level of a categorical predictor
occurs; grouping factors from their levels and the combinations that occur.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..design.build import Learned, learn
from ..design.spec import DesignSpec
from ..design.used import UsedColumns
from ..design.vectors import CodeVector
from ..frame import Column, FactorColumn, NumberColumn, UsedRows
from ..frame.factors import Codes
from .levels import FinishedLevels
from .survey import Survey


@dataclass(frozen=True, eq=False)
class SampleColumns(UsedColumns):
    """Columns to learn model matrices from, and apart from them those of the grouping factors."""

    parts: Mapping[tuple[str, ...], list[FactorColumn]] = field(default_factory=dict, repr=False)

    def grouping(self, names: Sequence[str]) -> list[FactorColumn]:
        return self.parts[tuple(names)]


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """What was learned about rows that are read in batches."""

    survey: Survey
    learned: Learned  # model matrices and random terms; their arrays are those of a sample
    levels: dict[str, FinishedLevels]  # column -> its levels, for codes of rows that are read again
    spec: DesignSpec


def learn_survey(survey: Survey) -> LearnedRows:
    """Learn a design from a survey that has met all rows, see `learn_rows`."""
    levels = {name: met.finish() for name, met in survey.levels.items()}
    cells = {names: met.finish([levels[name].rank for name in names]) for names, met in survey.cells.items()}
    return learn_rows(survey, levels, cells)


def learn_rows(
    survey: Survey,
    levels: dict[str, FinishedLevels],
    cells: Mapping[tuple[str, ...], Sequence[Codes]],
) -> LearnedRows:
    """Learn a design from what is known of all rows.

    levels: of categorical columns.
    cells: columns of a grouping factor -> the codes of each in the combinations that occur.
    Raises DataError as for a table: a grouping factor or a categorical predictor with one level.
    """
    needs = survey.needs
    parts: dict[tuple[str, ...], list[FactorColumn]] = {
        (name,): [levels[name].column] for name in needs.grouping
    }
    for names, codes in cells.items():
        parts[names] = [
            FactorColumn(name, code, levels[name].levels) for name, code in zip(names, codes, strict=True)
        ]
    columns, m = _sample_columns(survey, levels)
    states = {call.key: call.state(moments) for call, moments in survey.transforms.items()}
    used = SampleColumns(columns, UsedRows(m), needs.formula.functions, states, parts=parts)
    learned = learn(needs.formula, used, needs.by_part)
    offsets: tuple[CodeVector, ...] = tuple(survey.vectors[code] for code in needs.formula.offsets)
    spec = learned.spec(needs.formula, needs.by_part, offsets, needs.offset)
    return LearnedRows(survey, learned, levels, spec)


def _sample_columns(survey: Survey, levels: Mapping[str, FinishedLevels]) -> tuple[dict[str, Column], int]:
    """Return some rows of the data, repeated until every level of a categorical predictor occurs."""
    needs = survey.needs
    categorical = {name for name in needs.predictors if survey.is_factor(name)}
    many = [levels[name].levels.shape[0] for name in categorical | set(needs.coded)]
    m = max([len(values) for values in survey.sample.values()] + many)
    row = np.arange(m)
    columns: dict[str, Column] = {}
    for name in needs.predictors:
        if name in categorical:
            own = levels[name].levels
            columns[name] = FactorColumn(name, (row % own.shape[0]).astype(np.int32), own)
        else:
            values = np.array(survey.sample[name])
            if name in needs.coded:
                values = levels[name].levels.astype(values.dtype)
            columns[name] = NumberColumn(name, values[row % values.shape[0]])
    return columns, m
