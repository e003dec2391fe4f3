"""Formula code -> numbers: an interpreter of the few things a formula may contain.

Arithmetic is that of doubles, as in R: whole numbers do not overflow, and truth values count as 0 and 1. A
name that is called is a function, any other one a column; a column may bear the name of a function.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from ..errors import DataError, FormulaError, RanefError
from ..formula.python_code import Code, function_name, label_of, quoted_column
from ..frame.factors import are_whole
from .functions import (
    LEARNING,
    Functions,
    constant,
    contrast,
    elementwise,
    function,
    is_contrast,
    is_function,
)

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
_LOGICAL: dict[type, Callable[[Any, Any], Any]] = {
    ast.BitAnd: np.logical_and,
    ast.And: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.Or: np.logical_or,
}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TEXT = ("category", "str", "object")
_LARGEST = 1000  # of a number of columns that a call asks for


@dataclass(eq=False)
class Evaluator:
    """Evaluates code on some rows."""

    # name -> a pandas Series: numbers and truth values as the table has them, categories of text
    columns: Mapping[str, Any]
    n: int  # number of rows
    functions: Functions  # the caller's own
    # call of a transform -> what it learned; what is not there yet is learned on these rows
    states: dict[str, Any] = field(default_factory=dict)
    truths: set[str] = field(default_factory=set)  # code that gave truth values

    def value(self, code: Code) -> Any:
        """Return what code gives: a Series, a matrix, or formulaic's values of a factor.

        Raises DataError: the code cannot be evaluated on these rows.
        """
        try:
            with np.errstate(all="ignore"):  # a value that is not finite is reported by its column
                return self._result(self._value(code.tree), code.label)
        except FormulaError as error:
            raise FormulaError(error.message, code.label) from None
        except RanefError:
            raise
        except Exception as error:  # of numpy, pandas, formulaic or a caller's function
            reason = str(error).split("\n", 1)[0] or type(error).__name__
            raise DataError(f"'{code.label}' cannot be evaluated on the data: {reason}") from error

    def _result(self, value: Any, label: str) -> Any:
        import pandas as pd

        if hasattr(value, "__formulaic_metadata__"):
            return value
        if isinstance(value, pd.DataFrame):
            value = value.to_numpy(dtype=np.float64)
        if np.ndim(value) == 2 and np.shape(value)[0] == self.n:
            return np.asarray(value, dtype=np.float64)
        series = self._series(value, label)
        if series.dtype.kind == "b":
            self.truths.add(label)
        return _as_doubles(series) if _is_number(series) else series

    def _series(self, value: Any, label: str) -> Any:
        import pandas as pd

        if isinstance(value, bool | int | float | np.generic):
            return pd.Series(np.full(self.n, float(value)))
        if np.ndim(value) != 1 or len(value) != self.n:
            raise DataError(f"'{label}' does not give one value per row, of which there are {self.n}")
        return pd.Series(value).reset_index(drop=True)

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            return self._binary(type(node.op), self._value(node.left), self._value(node.right))
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return reduce(_LOGICAL[type(node.op)], [_number(self._value(value)) for value in node.values])
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(value) for value in node.elts]
        if isinstance(node, ast.Dict) and None not in node.keys:
            pairs = zip(node.keys, node.values, strict=True)
            return {self._value(key): self._value(value) for key, value in pairs if key is not None}
        raise FormulaError(f"'{label_of(node)}' cannot stand in a formula: add it to the data as a column")

    def _name(self, name: str, whole: bool = False) -> Any:
        """Return a column: its numbers as doubles, or for a factor as they are (`whole`)."""
        if name in self.columns:
            column = self.columns[name]
            return column if whole else _doubles(column)
        found = constant(name)
        if found is not None:
            return found
        if is_contrast(name):
            return contrast(name)
        raise FormulaError(f"'{name}' is neither a column nor a constant that formulas know")

    def _binary(self, kind: type, left: Any, right: Any) -> Any:
        if kind in _LOGICAL:
            return _LOGICAL[kind](_number(left), _number(right))
        one, other = _number(left), _number(right)
        found = _BINARY[kind](one, other)
        if np.ndim(found) == 0:
            if not np.isfinite(found):
                raise FormulaError(f"the constant {left!r} {_SIGNS[kind]} {right!r} has no finite value")
            whole = isinstance(left, int) and isinstance(right, int) and abs(found) < 2**53
            return int(found) if whole and found == int(found) else float(found)
        return found

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self._value(node.operand)
        if isinstance(node.op, ast.USub):
            return -value if isinstance(value, int | float) else -_number(value)
        if isinstance(node.op, ast.UAdd):
            return value if isinstance(value, int | float) else _number(value)
        return np.logical_not(_number(value))

    def _compare(self, node: ast.Compare) -> Any:
        values = [self._value(value) for value in (node.left, *node.comparators)]
        pairs = zip(node.ops, values[:-1], values[1:], strict=True)
        return reduce(np.logical_and, [_COMPARISONS[type(op)](left, right) for op, left, right in pairs])

    # ------------------------------------------------------------ calls
    def _call(self, node: ast.Call) -> Any:
        name = function_name(node)
        column = quoted_column(node)
        if column is not None:
            return self._name(column)
        keywords = {keyword.arg: self._value(keyword.value) for keyword in node.keywords if keyword.arg}
        if name == "C":
            return self._factor(node, keywords)
        arguments = [self._value(argument) for argument in node.args]
        numpys = None if name in self.functions else elementwise(name)
        if numpys is not None:
            return _by_value(numpys, name, arguments, keywords)
        # Whoever is called may write to what it gets.
        arguments = [value.copy() if hasattr(value, "copy") else value for value in arguments]
        if name in self.functions:
            return self.functions[name](*arguments, **keywords)
        if not is_function(name) or name == "offset":
            raise FormulaError(
                f"{name}() is no function that a formula can call here: add its result to the data as a "
                "column"
            )
        if is_contrast(name):
            found = contrast(name)
            return found(*arguments, **keywords)
        _require_few(name, arguments, keywords)
        if name in LEARNING:
            state = self.states.setdefault(label_of(node), {})
            first = _number(arguments[0]) if arguments else None
            if name == "poly" and not state:
                _require_distinct(first, arguments, keywords)
            return function(name)(first, *arguments[1:], **keywords, _state=state)
        return function(name)(*arguments, **keywords)

    def _factor(self, node: ast.Call, keywords: dict[str, Any]) -> Any:
        """``C(x, contrasts, levels=)``: of a column its own values are the levels, of code its results."""
        if not 1 <= len(node.args) <= 2:
            raise FormulaError("C() takes a column and, if need be, a coding: C(f), C(f, contr.sum)")
        first, *coding = node.args
        column = quoted_column(first) if isinstance(first, ast.Call) else getattr(first, "id", None)
        if column is not None and column in self.columns:
            values = self._name(column, whole=True)
        else:
            values = _whole(self._series(self._value(first), label_of(first)))
        if coding and isinstance(coding[0], ast.Name) and is_contrast(coding[0].id):
            contrasts = [contrast(coding[0].id)]
        else:
            contrasts = [self._value(value) for value in coding]
        return function("C")(values, *contrasts, **keywords)


_SIGNS: dict[type, str] = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"},
    **{ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"},
}


def _by_value(numpys: np.ufunc, name: str, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    # a further argument would be an array to write to
    if len(arguments) != numpys.nin or keywords:
        many = "s" * (numpys.nin > 1)
        raise FormulaError(f"{name}() takes {numpys.nin} argument{many} and nothing else here")
    return numpys(*[_number(argument) for argument in arguments])


def _require_few(name: str, arguments: list[Any], keywords: dict[str, Any]) -> None:
    """Refuse a degree or a number of columns that no data carry, before anything is built."""
    if name not in ("poly", "bs", "cr", "cs", "cc"):
        return
    for value in (*arguments[1:2], keywords.get("degree"), keywords.get("df")):
        if isinstance(value, int | float) and not 0 <= value <= _LARGEST:
            raise FormulaError(f"{name}() cannot give {value:g} columns: ask for up to {_LARGEST}")


def _require_distinct(x: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
    """Refuse a polynomial through more points than there are."""
    degree, count = (*arguments[1:2], keywords.get("degree", 1))[0], np.unique(x).size
    if isinstance(degree, int) and degree >= count:
        raise FormulaError(f"poly() of degree {degree} needs more distinct values than there are, {count}")


def _is_number(values: Any) -> bool:
    return getattr(getattr(values, "dtype", None), "kind", "") in "iufb"


def _as_doubles(numbers: Any) -> Any:
    """Return an array or a Series as doubles; pandas takes its time even where it is one of doubles."""
    return numbers if numbers.dtype == np.float64 else numbers.astype(np.float64)


def _doubles(values: Any) -> Any:
    """Return numbers as doubles; truth values stay, so that C() and np.where() know them."""
    return _as_doubles(values) if _is_number(values) and values.dtype.kind in "iuf" else values


def _number(value: Any) -> Any:
    """Return an operand of arithmetic as doubles."""
    if isinstance(value, bool | int | float | np.generic):
        return np.float64(value)
    if _is_number(value):
        return _as_doubles(value)
    if hasattr(value, "__formulaic_metadata__"):
        return np.asarray(value, dtype=np.float64)
    if isinstance(value, str) or getattr(getattr(value, "dtype", None), "name", "") in _TEXT:
        raise TypeError("there are text or categories where numbers are needed")
    return np.asarray(value, dtype=np.float64)


def _whole(values: Any) -> Any:
    """Return whole numbers as such, so that a level is called 2 and not 2.0."""
    return values.astype(np.int64) if are_whole(np.asarray(values)) else values
