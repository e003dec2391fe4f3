"""Which formula code can be computed batch by batch, and what must be learned for it first.

A row's value may depend on that row alone. ``scale(x)``, ``center(x)`` and ``standardize(x)`` need the mean
and the standard deviation of all rows, which a reading of their own gives; what needs more is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..design.functions import LEARNING, Functions, by_row
from ..errors import FormulaError
from ..formula.expand import terms_of
from ..formula.python_code import Code, as_source, function_name, label_of, quoted_column, read_code
from .moments import Moments

_STATEFUL = ("center", "scale", "standardize")


@dataclass(frozen=True)
class Stateful:
    """A call such as ``scale(log(x))``: its function, its one argument, and formulaic's name of the call."""

    function: str
    argument: str
    key: str

    def state(self, moments: Moments) -> dict[str, Any]:
        """Return what formulaic would have learned from all rows."""
        mean = np.float64(moments.mean[0])
        if self.function == "center":
            return {"ddof": 1, "center": mean, "scale": None}
        ddof = 0 if self.function == "standardize" else 1
        return {"ddof": ddof, "center": mean, "scale": np.sqrt(moments.squares[0] / (moments.n - ddof))}


def pieces(text: str) -> list[Code]:
    """Return the pieces of code in formula text."""
    return [read_code(variable.code) for variable in terms_of(text).variables if variable.code]


def require_by_row(code: Code, whole: str, functions: Functions) -> None:
    """Raise a FormulaError for code whose value in one row depends on other rows.

    whole: the whole formula, for the message.
    functions: the caller's own: whether they look at one row only is the caller's promise.
    """
    for call in code.calls:
        name = function_name(call)
        if not (by_row(name) or name in _STATEFUL or name in functions):
            raise FormulaError(
                f"{name}() depends on more than one row, which data read in batches do not allow: "
                "add its result to the data as a column. Ready for batches are functions of single rows "
                "(log, I, np.where ...), C(), interactions, and scale(x), center(x), standardize(x)",
                whole,
            )


def stateful_calls(code: Code, whole: str) -> list[Stateful]:
    """Return the calls in code that learn from all rows.

    Raises FormulaError: such a call with other arguments than what is to be scaled, or within another one.
    """
    found = []
    for call in code.calls:
        function = function_name(call)
        if function not in LEARNING:
            continue
        simple = len(call.args) == 1 and not call.keywords
        if not simple or any(function_name(inner) in LEARNING for inner in _within(call.args[0])):
            raise FormulaError(
                f"{label_of(call)}: for data read in batches write {function}(x) with one argument, which "
                "is a column or a function of single rows",
                whole,
            )
        found.append(Stateful(function, as_source(call.args[0]), label_of(call)))
    return list(dict.fromkeys(found))


def _within(node: ast.expr) -> Iterator[ast.Call]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def coded_columns(code: Code, whole: str) -> set[str]:
    """Return the columns that ``C(column, ...)`` makes categorical.

    Raises FormulaError for ``C()`` of anything but a column: its levels are not known beforehand.
    """
    found = set()
    for call in code.calls:
        if function_name(call) != "C":
            continue
        first = call.args[0] if call.args else None
        column = quoted_column(first) if isinstance(first, ast.Call) else getattr(first, "id", None)
        if column is None:
            raise FormulaError(
                "for data read in batches the first argument of C() is a column: add what it holds now to "
                "the data as a column",
                whole,
            )
        found.add(column)
    return found
