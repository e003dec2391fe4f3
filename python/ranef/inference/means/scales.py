"""The scale of the data behind a transformed response: ``log(y)`` and its like, and the way back."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, FormulaError
from ...formula.python_code import read_code


@dataclass(frozen=True)
class Scale:
    """The way back from a transformed response."""

    name: str  # of the transformation
    back: Callable[[FloatArray], FloatArray]  # back, slope: the inverse, and its derivative
    slope: Callable[[FloatArray], FloatArray]
    ratios: bool = False  # whether differences go back as ratios

    @property
    def keeps_order(self) -> bool:
        """Whether the way back rises over the whole line, so that intervals with one end have one."""
        with np.errstate(all="ignore"):
            return bool((np.diff(self.back(np.array([-np.inf, -1.0, 0.0, 1.0, np.inf]))) > 0).all())


def _power(base: float, shift: float = 0.0, name: str = "log") -> Scale:
    rate = np.log(base)
    return Scale(
        name, lambda x: np.exp(rate * x) - shift, lambda x: rate * np.exp(rate * x), ratios=shift == 0.0
    )


KNOWN = {
    "log": _power(np.e),
    "log2": _power(2.0, name="log2"),
    "log10": _power(10.0, name="log10"),
    "log1p": _power(np.e, 1.0, "log1p"),
    "sqrt": Scale("sqrt", np.square, lambda x: 2 * x),
    "cbrt": Scale("cbrt", lambda x: x**3, lambda x: 3 * x**2),
    "exp": Scale("exp", np.log, lambda x: 1 / x),
    "square": Scale("square", np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "inverse": Scale("inverse", lambda x: 1 / x, lambda x: -1 / x**2),
    "arcsin(sqrt)": Scale("arcsin(sqrt)", lambda x: np.sin(x) ** 2, lambda x: np.sin(2 * x)),
    "logit": Scale("logit", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (2 + np.exp(x) + np.exp(-x))),
}


def scale_of(response: str) -> Scale:
    """Return the scale behind a response as it stands in the formula.

    Raises ArgumentError if the response is not transformed, or in a way whose inverse is not known.

    >>> scale_of("log(y)").back(np.array([0.0, 1.0])).round(3).tolist()
    [1.0, 2.718]
    >>> scale_of("np.sqrt(y + 2)").back(np.array([3.0])).tolist()
    [7.0]
    >>> scale_of("I(1 / y)").name
    'inverse'
    """
    try:
        node = read_code(response).tree  # which lets a column have the name of a word of Python, as yield
    except FormulaError:
        raise _unknown(response) from None
    while isinstance(node, ast.Call) and _called(node) == "I" and len(node.args) == 1:
        node = node.args[0]
    if isinstance(node, ast.Name):
        raise ArgumentError(
            f"type='response' is for a transformed response, such as log(y): {response!r} is on its own scale"
        )
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return _of_call(_called(node), node.args[0], response)
    if isinstance(node, ast.BinOp):
        found = _of_power(node)
        if found is not None:
            return found
    raise _unknown(response)


def _of_call(name: str, inner: ast.expr, response: str) -> Scale:
    if name in ("arcsin", "asin") and isinstance(inner, ast.Call) and _called(inner) == "sqrt":
        name, inner = "arcsin(sqrt)", inner.args[0]
    if name not in KNOWN:
        raise _unknown(response)
    scale, shift, factor = KNOWN[name], 0.0, 1.0
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
        number = _number(inner.right)
        if number is None and isinstance(inner.op, ast.Add):
            inner, number = ast.BinOp(inner.right, inner.op, inner.left), _number(inner.left)
        if number is not None:
            shift, inner = number if isinstance(inner.op, ast.Add) else -number, inner.left
    if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Div | ast.Mult):
        number = _number(inner.right)
        if number:
            factor, inner = 1 / number if isinstance(inner.op, ast.Div) else number, inner.left
    if not isinstance(inner, ast.Name):
        raise _unknown(response)
    if shift == 0.0 and factor == 1.0:
        return scale
    return Scale(
        f"{name}, shifted" if shift else name,
        lambda x: (scale.back(x) - shift) / factor,
        lambda x: scale.slope(x) / factor,
        ratios=scale.ratios and shift == 0.0,
    )


def _of_power(node: ast.BinOp) -> Scale | None:
    """``y ** 2``, ``1 / y``."""
    if isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Name):
        power = _number(node.right)
        if power:
            return Scale(
                f"power {power:g}", lambda x: x ** (1 / power), lambda x: x ** (1 / power - 1) / power
            )
    if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Name):
        top = _number(node.left)
        if top:
            return Scale("inverse", lambda x: top / x, lambda x: -top / x**2)
    return None


def _number(node: ast.expr) -> float | None:
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1.0, node.operand
    good = isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return sign * float(node.value) if good else None  # type: ignore[attr-defined]


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id.rpartition(".")[2] if isinstance(function, ast.Name) else ""


def _unknown(response: str) -> ArgumentError:
    return ArgumentError(
        f"type='response': the way back from {response!r} is not known; it is from {', '.join(KNOWN)} of a "
        "column, with a number added or multiplied, and from powers: transform the table yourself"
    )
