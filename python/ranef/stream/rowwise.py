"""Which formula code can be computed batch by batch, and what must be learned for it first.

A row's value may depend on that row alone. ``scale(x)``, ``center(x)`` and ``standardize(x)`` need the mean
and the standard deviation of all rows, which a reading of their own gives; what needs more is refused.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..design.formulaic_bridge import factor_expressions
from ..errors import FormulaError
from ..formula.plain import plain_terms
from ..formula.python_code import references
from .moments import Moments

_STATEFUL = ("center", "scale", "standardize")
_BY_ROW = {
    *("abs", "C", "cos", "exp", "exp10", "exp2", "expm1", "float", "I", "int", "log", "log10", "log1p"),
    *("log2", "pow", "Q", "round", "sign", "sin", "sqrt", "tan"),
    *("Diff", "Helmert", "Poly", "Sum", "Treatment", "offset"),
}
_NUMPY_BY_ROW = {"clip", "isin", "nan_to_num", "round", "where"}
_METHODS_BY_ROW = {"abs", "astype", "between", "clip", "isin", "round"}


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


def require_by_row(text: str, whole: str) -> None:
    """Raise a FormulaError for code whose value in one row depends on other rows.

    Parameters
    ----------
    text : str
        A part of the formula.
    whole : str
        The whole formula, for the message.
    """
    if plain_terms(text) is not None:
        return
    for name, called, _ in references(text):
        if called and not (_by_row(name) or name in _STATEFUL):
            raise _refused(f"{name}()", whole)
    after_call = re.search(r"\)\s*\.\s*[^\W\d]\w*", text)
    if after_call:
        raise _refused(after_call[0][1:].strip(), whole)
    picked = re.search(r"[^\W\d]\w*\s*\[[^\]]*\]", text)
    if picked:
        raise _refused(picked[0], whole)


def _by_row(name: str) -> bool:
    if name in _BY_ROW or name.startswith("contr."):
        return True
    root, _, last = name.rpartition(".")
    if root == "np":
        return last in _NUMPY_BY_ROW or isinstance(getattr(np, last, None), np.ufunc)
    return bool(root) and last in _METHODS_BY_ROW


def _refused(what: str, whole: str) -> FormulaError:
    return FormulaError(
        f"{what} depends on more rows than one, which data read in batches do not have at hand: add its "
        "result to the data as a column. Ready for batches are functions of single rows (log, I, np.where "
        "...), C(), interactions, and scale(x), center(x), standardize(x)",
        whole,
    )


def stateful_calls(text: str, columns: tuple[str, ...], whole: str) -> list[Stateful]:
    """Return the calls in formula text, which uses some columns, that learn from all rows.

    Raises
    ------
    FormulaError
        Such a call with other arguments than what is to be scaled, or within another one.
    """
    from formulaic.utils.code import format_expr

    found = []
    if plain_terms(text) is not None:
        return []
    for call, aliases in _calls(text, columns):
        function = call.func.id
        simple = len(call.args) == 1 and not call.keywords
        inner = format_expr(call.args[0]) if simple else ""
        if not simple or any(f"{name}(" in inner for name in _STATEFUL):
            raise FormulaError(
                f"{format_expr(call)}: for data read in batches write {function}(x) with one argument, which "
                "is a column or a function of single rows",
                whole,
            )
        for short, name in aliases.items():  # back to backticks
            inner = re.sub(rf"\b{short}\b", f"`{name}`", inner)
        found.append(Stateful(function, inner, format_expr(call)))
    return list(dict.fromkeys(found))


def _calls(text: str, columns: tuple[str, ...]) -> list[tuple[Any, dict[str, str]]]:
    """Return the calls, and the columns behind names that formulaic made up."""
    from formulaic.utils.code import sanitize_variable_names

    found: list[tuple[Any, dict[str, str]]] = []
    for expression in factor_expressions(text, columns):
        aliases: dict[str, str] = {}
        tree = ast.parse(sanitize_variable_names(expression, {}, aliases).strip(), mode="eval")
        nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        found += [(n, aliases) for n in nodes if isinstance(n.func, ast.Name) and n.func.id in _STATEFUL]
    return found


def coded_columns(text: str) -> set[str]:
    """Return the columns that ``C(column, ...)`` makes categorical."""
    return {name.strip("`") for name in re.findall(r"\bC\(\s*(`[^`]+`|[^\W\d][\w.]*)\s*[,)]", text)}


def require_coded_columns(text: str, whole: str) -> None:
    """Raise a FormulaError for ``C()`` of anything but a column: its levels are not known beforehand."""
    if len(re.findall(r"\bC\(", text)) != len(re.findall(r"\bC\(\s*(?:`[^`]+`|[^\W\d][\w.]*)\s*[,)]", text)):
        raise FormulaError(
            "for data read in batches the first argument of C() is a column: add what it holds now to the "
            "data as a column",
            whole,
        )
