"""The columns that sums are of: products of numbers and of dummies for every level, whatever the contrasts.

A column of a model matrix is, within its term, a number for each combination of levels times a product of
numeric columns. Sums of these products know no reference level and no coding, so that parts of the data with
other levels can be added up; what the formula makes of them is a linear map (`design.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.code_values import CodeValues, learn_code
from ..design.used import UsedColumns
from ..design.vectors import bare_name
from ..formula.expand import Variable, terms_of
from ..formula.python_code import function_name, in_backticks, quoted_column, read_code
from ..frame import Column, UsedRows
from ..stream.needs import Needs

Cells = npt.NDArray[np.int32]


class NeedsTwoReadings(Exception):
    """Something in the formula cannot be summed before all rows have been seen once; the text says what."""


@dataclass(frozen=True, order=True)
class Product:
    """A product of numbers and of dummies of categorical columns, both in alphabetical order."""

    numbers: tuple[str, ...] = ()  # code, of a bare column its name as a formula has it
    factors: tuple[str, ...] = ()  # names of columns

    def __str__(self) -> str:
        return ":".join([*self.factors, *self.numbers]) or "1"

    def without(self, numbers: Sequence[str]) -> Product:
        """Return the product of what is left."""
        return Product(tuple(code for code in self.numbers if code not in numbers), self.factors)


CONSTANT = Product()
RESPONSE = Product(("<response>",))

Group = tuple[str, ...]  # columns of a grouping factor
ProductsByUse = tuple[tuple[Product, ...], dict[Group, tuple[Product, ...]]]


def number(column: str) -> Product:
    """Return the product that is a numeric column."""
    return Product(numbers=(in_backticks(column),))


def products_of(
    text: str, needs: Needs, factors: frozenset[str], truths: frozenset[str]
) -> tuple[Product, ...]:
    """Return the products of a part of the formula, term by term.

    text: the fixed part, or the columns of a random term.
    factors: categorical columns.
    truths: numbers (code) that are truth values. The column of False is 1 less that of True, and so are its
        products: those without the number are needed too.
    Raises NeedsTwoReadings.
    """
    found = terms_of(text)
    products = tuple(product_of(term, factors) for term in found.terms)
    for code in (code for product in products for code in product.numbers):
        for call in read_code(code).calls:
            if function_name(call) in needs.formula.functions:
                raise NeedsTwoReadings(f"what {function_name(call)}() gives is known by calling it")
    return (*((CONSTANT,) if found.intercept else ()), *_with_false(products, truths))


def products_by_use(needs: Needs, factors: frozenset[str], truths: frozenset[str]) -> ProductsByUse:
    """Return all products, the constant first and the response last, and those of each grouping factor."""
    fixed = products_of(needs.formula.fixed, needs, factors, truths)
    z: dict[Group, dict[Product, None]] = {}
    for bar in needs.formula.random:
        own = z.setdefault(bar.group_columns, {CONSTANT: None})
        own.update(dict.fromkeys(products_of(bar.columns, needs, factors, truths)))
    others = dict.fromkeys([*fixed, *(product for own in z.values() for product in own)])
    others.pop(CONSTANT, None)
    products = (CONSTANT, *others, RESPONSE)
    return products, {group: tuple(p for p in products if p in own) for group, own in z.items()}


def _with_false(products: Sequence[Product], truths: frozenset[str]) -> list[Product]:
    return [
        product.without(some)
        for product in products
        for some in subsets([code for code in product.numbers if code in truths])
    ]


def subsets(items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the subsets of some items, the empty one first."""
    return chain.from_iterable(combinations(items, count) for count in range(len(items) + 1))


def product_of(term: Sequence[Variable], factors: frozenset[str]) -> Product:
    """Return the product that a term is made of."""
    label = ":".join(variable.name for variable in term)
    numbers, levels = [], []
    for variable in term:
        if not variable.code:
            if variable.name in factors:
                levels.append(variable.name)
            else:
                numbers.append(in_backticks(variable.name))
            continue
        coded = _coded_column(variable.code)
        if coded is not None:
            levels.append(coded)
        elif _mentions(variable.code, factors):
            raise NeedsTwoReadings(f"'{variable.name}' computes with the levels of a categorical column")
        else:
            numbers.append(variable.code)
    if len(set(levels)) < len(levels) or any(_mentions(code, frozenset(levels)) for code in numbers):
        raise NeedsTwoReadings(f"the term {label} has a column twice")
    return Product(tuple(sorted(numbers)), tuple(sorted(levels)))


def _coded_column(code: str) -> str | None:
    """Return the column that code such as ``C(x, contr.sum)`` makes categorical."""
    read = read_code(code)
    tree: Any = read.tree
    if not isinstance(tree, ast.Call) or function_name(tree) != "C":
        if any(function_name(call) == "C" for call in read.calls):
            raise NeedsTwoReadings(f"'{read.label}' computes with a factor")
        return None
    first: Any = tree.args[0]
    return quoted_column(first) if isinstance(first, ast.Call) else first.id


def _mentions(code: str, names: frozenset[str]) -> bool:
    return not names.isdisjoint(read_code(code).names)


class Evaluator:
    """The numeric code of products, row by row; learned from the first rows with which it is asked."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._learned: dict[str, CodeValues] = {}

    def values(self, code: str, columns: Mapping[str, Column], n: int) -> npt.NDArray[Any]:
        """Return code as one number per row.

        Raises NeedsTwoReadings for code that gives a factor, or several columns.
        """
        name = bare_name(code)
        if name is not None:
            return columns[name].values  # type: ignore[union-attr]
        learned = self._learn(code, columns, n)
        values = np.ascontiguousarray(learned.rows(columns, n)[:, 0])
        return values == 1.0 if learned.truths else values

    def truths(self, products: Sequence[Product], columns: Mapping[str, Column], n: int) -> frozenset[str]:
        """Return the numbers of products that are truth values."""
        codes = {code for product in products for code in product.numbers}
        return frozenset(code for code in codes if self.values(code, columns, n).dtype == bool)

    def _learn(self, code: str, columns: Mapping[str, Column], n: int) -> CodeValues:
        learned = self._learned.get(code)
        if learned is None:
            own = tuple(name for name in self._needs.predictors if _mentions(code, frozenset([name])))
            used = UsedColumns(columns, UsedRows(n), self._needs.formula.functions)
            found = learn_code(code, used, own)
            if found is None or found[1].shape[1] != 1:
                raise NeedsTwoReadings(f"'{code}' gives more than one number per row")
            learned = self._learned[code] = found[0]
        return learned

    def product(self, product: Product, columns: Mapping[str, Column], n: int) -> npt.NDArray[Any] | None:
        """Return the numeric part of a product, None for ones."""
        if not product.numbers:
            return None
        if len(product.numbers) == 1:
            return self.values(product.numbers[0], columns, n)
        out: FloatArray = np.ones(n)
        for code in product.numbers:
            out *= self.values(code, columns, n)
        return out
