"""From sums by pattern of visits to a design without rows and the core's pair sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import _core
from ..design import Design
from ..errors import DataError, FormulaError
from ..formula import Formula
from ..formula.visit_term import VisitTerm, read_term
from ..stream.needs import needed_by
from ..stream.source import Batches
from .finishing import (
    Finishing,
    arguments_of,
    checked_contents,
    learned_design,
    may_be_shifted,
    needs_of,
    require_own,
)
from .making import added
from .patterns import Patterns
from .products import NeedsTwoReadings
from .sums import ColumnLevels, Sums


@dataclass(frozen=True, eq=False)
class SummedVisits:
    """Rows of subjects at visits that are not there."""

    design: Design
    parts: dict[str, Any]  # what ``_core.pair_sums_of_parts`` makes pair sums of
    patterns: Patterns
    kinds: Mapping[str, str]  # kinds, levels: of the columns, see `ranef.sufficient.sums.Contents`
    levels: Mapping[str, ColumnLevels]


def read_visits(formula: Formula, term: VisitTerm, source: Batches, weights: Any, offset: Any) -> Sums:
    """Read data in batches, the rows of a subject one after the other."""
    try:
        needs = needed_by(formula, source.head(), weights, offset)
        return added(needs, source, "reading", term)
    except NeedsTwoReadings as reason:
        raise FormulaError(
            f"{reason}, which a model for repeated measures of data in batches does not have at hand: add "
            "the result to the data as a column",
            formula.text,
        ) from None


def require_own_model(sums: Sums, formula: Formula, term: VisitTerm, weights: Any, offset: Any) -> None:
    """Raise a DataError for sums of another model than is asked for; its structure may be any."""
    own_term, own = read_term(sums.formula)
    require_own(
        ("fixed part", own.fixed, formula.fixed),
        ("response", own.response, formula.response),
        ("offset()", own.offsets, formula.offsets),
        ("visit, subject and groups", own_term.keys, term.keys),
        *arguments_of(sums, weights, offset),
        whatever=", whatever the structure",
    )


def finish_visits(sums: Sums, formula: Formula, term: VisitTerm) -> SummedVisits:
    """Return the design of sums by pattern, whose rows are not there, and its pair sums.

    Raises DataError as for a table: no rows, a constant response, a factor with one level.
    """
    contents = checked_contents(sums)
    if contents.patterns is None:
        raise DataError("these are sums of a model with random terms: fit them with ranef.fit(sums)")
    needs = replace(needs_of(sums, contents, formula), grouping=term.columns)
    learned, sample, empty = learned_design(sums, contents, needs)
    made = Finishing(sums, contents, learned, sample, empty)
    patterns = contents.patterns
    parts = _totals(made, patterns) | {
        "visits": contents.levels[term.visit].values.shape[0],
        "groups": patterns.arms.shape[0],
        "rows": sums.n,
        "sum_log_weights": contents.log_weights,
    }
    return SummedVisits(made.design(), parts, patterns, contents.kinds, contents.levels)


def _totals(made: Finishing, patterns: Patterns) -> dict[str, Any]:
    """Return the pair sums in the core's coordinates, of the columns that have a coefficient."""
    constant = made.empty.constant
    x, _, _ = made.coordinates(made.fixed, may_be_shifted(constant, made.fixed.shape[1]))
    gram = x.T @ made.table.fixed @ x
    kept = np.array(_core.independent_columns(np.asfortranarray(gram)), dtype=np.intp)
    if constant is not None and np.delete(constant, kept).any():
        constant = None
    shifted = may_be_shifted(None if constant is None else constant[kept], len(kept))
    x, x_shift, x_scale = made.coordinates(made.fixed[:, kept], shifted)
    y, y_shift, y_scale = made.response(constant is not None)
    found = patterns.combined(np.concatenate([x, y], axis=1)).found
    return {
        "kept": kept.tolist(),
        "patterns": [(arm, list(seen), one.subjects) for (arm, seen), one in found.items()],
        "pairs": [one.pairs for one in found.values()],
        "x_shift": x_shift.tolist(),
        "x_scale": x_scale.tolist(),
        "constant": [] if constant is None else constant[kept].tolist(),
        "y_shift": y_shift,
        "y_scale": y_scale,
    }
