"""What a design has learned from its data, to be replayed on new data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import DataError, NewLevelError, quote_list
from ..formula import Formula
from ..frame import Column, Table
from ..frame.factors import Codes, as_factor, label_texts
from .matrices import MatrixSpec
from .random_terms import GroupSpec, TermSpec
from .types import NewRows
from .vectors import CodeVector, number_values


@dataclass(frozen=True, eq=False, repr=False)
class DesignSpec:
    """Levels, contrasts and transforms learned from the data; can be pickled."""

    formula: Formula
    fixed: MatrixSpec  # the fixed-effects matrix
    bases: tuple[MatrixSpec, ...]  # the distinct bases of the random terms
    terms: tuple[TermSpec, ...]  # in the order of ``Design.terms``
    offsets: tuple[CodeVector, ...]  # offsets of the formula
    offset_columns: tuple[str, ...]
    offset_argument: str | None  # column given as ``offset=``
    offset_array: bool  # whether ``offset=`` was an array, unknown for new data

    def __repr__(self) -> str:
        return f"DesignSpec({self.formula.text!r})"

    def rows(self, newdata: Any, allow_new_levels: bool = False, random: bool = True) -> NewRows:
        """Return the design of new data.

        newdata: any table ``build_design`` accepts; the response may be absent.
        allow_new_levels: give levels of a grouping factor the fit has not seen, and missing ones, the code
            -1.
        random: False leaves the random terms out, and their columns need not be there.
        Rows where a predictor is missing are NaN.
        Raises UnknownColumnError: a column the formula uses is not in `newdata`.
        Raises NewLevelError: a new level of a factor: always for a fixed effect, for a grouping factor by
            default.
        Raises DataError: a missing value in a grouping column without `allow_new_levels`.
        """
        table = Table(newdata, "the new data")
        X = self.fixed.rows(self._columns(table, self.fixed.columns), table.n_rows)
        terms = self._terms(table, allow_new_levels) if random else ()
        return NewRows(X, terms, self._offset(table))

    def _columns(self, table: Table, names: Sequence[str]) -> dict[str, Column]:
        return {name: table.column(name) for name in names}

    def _terms(self, table: Table, allow_new: bool) -> tuple[tuple[Codes, FloatArray], ...]:
        bases = [basis.rows(self._columns(table, basis.columns), table.n_rows) for basis in self.bases]
        codes: dict[str, Codes] = {}
        for term in self.terms:
            if term.group.name not in codes:
                codes[term.group.name] = self._codes(term.group, table, allow_new)
        return tuple(
            (codes[term.group.name], bases[term.basis][:, term.columns[0] : term.columns[-1] + 1])
            for term in self.terms
        )

    def _codes(self, group: GroupSpec, table: Table, allow_new: bool) -> Codes:
        columns = self._columns(table, group.columns)
        codes = group.codes(columns)
        if allow_new or codes.size == 0 or codes.min() >= 0:
            return codes
        for column in columns.values():
            if column.missing is not None:
                row = int(np.argmax(column.missing))
                raise DataError(
                    f"the grouping column '{column.name}' is missing in row {row} of the new data (rows "
                    "count from 0): fill it in, or pass allow_new_levels=True to predict such rows without "
                    "their random effect"
                )
        raise NewLevelError(
            f"the grouping factor '{group.name}' has levels that were not in the fit: "
            f"{quote_list(_labels(group, columns, codes < 0))}. "
            "Pass allow_new_levels=True to predict them without their random effect."
        )

    def _offset(self, table: Table) -> FloatArray | None:
        if self.offset_array:
            raise DataError(
                "the model was fitted with an array as offset=, which is not known for new data: "
                "fit with offset='column', or with offset(column) in the formula"
            )
        parts = []
        if self.offsets:
            columns = self._columns(table, self.offset_columns)
            parts = [vector.rows(columns, table.n_rows) for vector in self.offsets]
        if self.offset_argument is not None:
            parts.append(number_values(table.column(self.offset_argument, "offset=")))
        return np.sum(parts, axis=0) if parts else None


def _labels(group: GroupSpec, columns: dict[str, Column], rows: npt.NDArray[np.bool_]) -> list[str]:
    """Return the labels of some rows in new data, each once."""
    texts = []
    for name in group.columns:
        factor = as_factor(columns[name])
        labels = label_texts(factor.levels)
        texts.append([labels[code] for code in factor.codes[rows].tolist()])
    return list(dict.fromkeys(":".join(parts) for parts in zip(*texts, strict=True)))
