"""Models of a model: another criterion, fewer columns of X, other random terms, some of the rows.

Each is planned as the model it comes from was asked to be: kind of Schur complement, leading term, memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from .arrays import FloatArray
from .design import RandomTerm
from .design.subset import columns_of, rows_of
from .errors import RowsNotKeptError
from .model import Model


def with_columns(model: Model, columns: Sequence[int]) -> Model:
    """Return the model with only these columns of X, all of them kept ones.

    Raises RowsNotKeptError: the rows are needed and were read in batches.
    """
    if not model.streamed:
        return model.variant(design=columns_of(model.design, columns))
    other, kept = model, model.cross.columns.tolist()
    for position in reversed(range(len(kept))):
        if kept[position] in columns:
            continue
        try:
            other = without_column(other, position)
        except ValueError:
            raise RowsNotKeptError(
                f"leaving out '{model.design.column_names[kept[position]]}' needs the rows, which were read "
                "in batches and are not kept: fit the smaller model to the same batches and compare the two "
                "by ranef.anova(small, large)"
            ) from None
    cross = replace(other.cross, columns=np.arange(len(columns)))
    design = columns_of(model.design, columns)
    return other.variant(design=design, cross=cross, response=other.response)


def without_column(model: Model, position: int) -> Model:
    """Return the model without one kept column of X, from its cross-products, in the same coordinates.

    Its design still has the column: what is made of it has no rows.

    Raises ValueError: the other columns are shifted by it.
    """
    design, response = _core.without_column(model.cross.design, model.response, position)
    kept = np.delete(model.cross.columns, position)
    cross = replace(model.cross, rows=None, design=design, columns=kept)
    return model.variant(cross=cross, response=response)


def with_terms(model: Model, terms: Sequence[RandomTerm]) -> Model:
    """Return the model with other random terms on its rows.

    Raises RowsNotKeptError: the rows were read in batches.
    """
    if model.streamed:
        raise RowsNotKeptError(
            "other random terms need the rows, which were read in batches and are not kept: fit the smaller "
            "model to the same batches and compare the two by ranef.anova(small, large)"
        )
    return model.variant(design=replace(model.design, terms=tuple(terms)))


def with_rows(model: Model, rows: npt.NDArray[np.bool_], y: FloatArray) -> Model:
    """Return the model of some of its rows, read again; `y` is the response of all."""
    return model.variant(design=replace(rows_of(model.design, rows), response=np.ascontiguousarray(y[rows])))


def changed(model: Any, reml: bool | None, columns: Sequence[int] | None, y: Any) -> Any:
    """Return a model, of any kind, by another criterion, of some columns of X, of another response."""
    if reml is not None and reml != model.reml:
        model = model.with_criterion(reml)
    if columns is not None:
        model = model.with_columns(columns)
    return model if y is None else model.with_response(np.asarray(y, dtype=np.float64))
