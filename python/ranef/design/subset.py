"""A design on some of its rows, on rows repeated, or with some of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .design import Design
from .types import GroupingFactor


def rows_of(design: Design, rows: np.ndarray, codes: dict[str, np.ndarray] | None = None) -> Design:
    """Return the design of some rows, for cross-products only: levels may have no rows.

    rows, (m,) int or (n,) bool: positions, or a mask.
    codes: dict of str to (m,) int, grouping factor -> new codes of the rows taken; otherwise those they had.
    """
    codes = codes or {}
    factors = {
        factor.name: _factor(factor, codes.get(factor.name, factor.codes[rows])) for factor in design.factors
    }
    terms = tuple(
        replace(term, matrix=term.matrix.rows(rows), factor=factors[term.group])
        for term in design.terms
    )
    response = np.ascontiguousarray(design.response[rows])
    return replace(
        design,
        response=response,
        matrix=design.matrix.rows(rows),
        terms=terms,
        weights=None if design.weights is None else np.ascontiguousarray(design.weights[rows]),
        offset=None if design.offset is None else np.ascontiguousarray(design.offset[rows]),
        nobs=len(response),
        kept=design.rows[rows],
        predictors=None,
    )


def columns_of(design: Design, columns: Sequence[int]) -> Design:
    """Return the design with only these columns of X."""
    chosen, constant = list(columns), design.constant
    if constant is not None:
        constant = constant[chosen] if set(np.flatnonzero(constant)) <= set(chosen) else None
    return replace(
        design,
        matrix=design.matrix.take(chosen),
        column_names=tuple(design.column_names[column] for column in chosen),
        constant=None if constant is None else np.ascontiguousarray(constant),
    )


def _factor(factor: GroupingFactor, codes: np.ndarray) -> GroupingFactor:
    count = max(factor.n_levels, int(codes.max(initial=-1)) + 1)
    levels = factor.levels if count == factor.n_levels else np.arange(count)
    return GroupingFactor(factor.name, np.ascontiguousarray(codes, np.int32), levels)
