"""The columns of model matrices as combinations of the columns that sums are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.formulaic_bridge import FormulaicMatrix, variable_key
from ..design.matrices import MatrixSpec, PlainMatrix, constant_vector
from ..design.structure import structure
from ..design.vectors import bare_name
from ..formula.python_code import in_backticks
from ..frame import Column, FactorColumn, NumberColumn
from ..stream.learning import LearnedRows
from .products import Product, number, product_of, subsets
from .sums import Contents


class MatrixColumns:
    """Columns of model matrices, (columns summed, columns of the matrix)."""

    def __init__(
        self, contents: Contents, learned: LearnedRows, sample: Mapping[str, npt.NDArray[Any]]
    ) -> None:
        self.contents, self.learned, self.sample = contents, learned, sample
        self.first = contents.first_columns()
        self.width = contents.origins.size

    def of(self, spec: MatrixSpec) -> FloatArray:
        """Return the columns of a model matrix as they are, origins added."""
        out = self._plain(spec) if isinstance(spec, PlainMatrix) else self._computed(spec)
        out[0] += self.contents.origins @ out
        return out

    def _plain(self, spec: PlainMatrix) -> FloatArray:
        columns = [np.arange(1 if spec.intercept else 0)]
        for name in spec.columns:
            if name in spec.levels:
                first = self.first[Product(factors=(name,))]
                own = first + np.arange(spec.levels[name].shape[0])
                columns.append(own if name == spec.full else own[1:])
            else:
                columns.append(np.array([self.first[number(name)]]))
        out = np.eye(self.width)[:, np.concatenate(columns)]
        if spec.full is not None and spec.full not in spec.levels:  # truth values: one less True is False
            k = spec.columns.index(spec.full)
            out = np.insert(out, k, np.eye(self.width)[0] - out[:, k], axis=1)
        return out

    def _computed(self, spec: MatrixSpec) -> FloatArray:
        assert isinstance(spec, FormulaicMatrix)
        out = np.zeros((self.width, len(spec.names)))
        factors = frozenset(name for name in spec.columns if self.learned.survey.is_factor(name))
        for term, own in zip(spec.term_variables, structure(spec).terms, strict=True):
            product = product_of(term, factors)
            coding = self._coding(spec, product)
            codes = {
                variable_key(one): one.code or in_backticks(one.name)
                for one in term
                if variable_key(one) in spec.two_valued
            }
            place = {column: k for k, column in enumerate(own.columns, own.first)}
            for column, k in place.items():
                false = [e for e in column.entries if e.full and e.index == 0 and e.variable in codes]
                true = tuple(replace(e, index=1) if e in false else e for e in column.entries)
                coefficients = coding[:, place[replace(column, entries=true)]]
                there = {entry.variable for entry in column.entries}
                own_product = product.without([code for name, code in codes.items() if name not in there])
                for some in subsets([codes[entry.variable] for entry in false]):
                    start = self.first[own_product.without(some)]
                    sign = (-1.0) ** (len(false) - len(some))
                    out[start : start + coefficients.size, k] += sign * coefficients
        return out

    def _coding(self, spec: FormulaicMatrix, product: Product) -> FloatArray:
        """Return the matrix at one row for each cell of a product, whose numbers are 1."""
        cells = self.contents.cells[product]
        count = cells.shape[0]
        columns: dict[str, Column] = {}
        for name in spec.columns:
            known_cell = name in product.factors
            here = cells[:, product.factors.index(name)] if known_cell else np.zeros(count, np.int32)
            if self.learned.survey.is_factor(name):
                columns[name] = FactorColumn(name, here, self.contents.levels[name].values)
            elif name in self.contents.levels:
                levels = self.contents.levels[name].values.astype(self.sample[name].dtype)
                columns[name] = NumberColumn(name, levels[here])
        return spec.coding(columns, count)

    def constant(self, fixed: FloatArray) -> FloatArray | None:
        """Return the coefficients of the constant, if they hold in all rows; `fixed` are the columns of X."""
        learned = self.learned.learned
        if "Intercept" in learned.fixed.names:
            return constant_vector(learned.fixed, learned.matrix)
        for first, last in learned.fixed.terms:
            total = fixed[:, first:last].sum(axis=1)
            if last > first and self._is_one(total):
                out = np.zeros(fixed.shape[1])
                out[first:last] = 1.0
                return out
        return None

    def _is_one(self, column: FloatArray) -> bool:
        """Whether a combination of columns is 1 in every row: all dummies of a factor, a column of ones."""
        used = np.flatnonzero(column)
        for product, first in self.first.items():
            span = np.arange(first, first + self.contents.cells[product].shape[0])
            if product.factors and not product.numbers and np.array_equal(used, span):
                return bool(np.all(column[span] == 1.0))
            if len(product.numbers) == 1 and not product.factors and set(used) <= {0, first}:
                name = bare_name(product.numbers[0])
                return self.contents.ranges.get(name or "") == (1.0, 1.0)
        return np.array_equal(used, [0]) and column[0] == 1.0
