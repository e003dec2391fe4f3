"""Python code inside a formula: read, held to what a formula may contain, and written out again.

Code is parsed by Python and then only ever interpreted, node by node (``ranef.design.evaluate``): nothing
here or there hands text to ``eval``. What may stand in code: columns, numbers and text, arithmetic,
comparisons, and calls of functions by name. Names of columns keep every character they have; they are told
from Python's own words by where they stand.
"""

from __future__ import annotations

import ast
import re
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

from ..cached import cached_property
from ..errors import FormulaError
from .tokens import Token, in_quotes, tokenize

# R's spelling -> formulaic's; as functions only, so that a column may bear such a name
_CALLS = {"factor": "C", "as.factor": "C"}
_CONSTANTS = {"TRUE": "True", "FALSE": "False", "NULL": "None"}
# Python's words with a meaning inside an expression; its other keywords (class, yield ...) may be columns
_WORDS = {"and", "or", "not", "in", "is", "if", "else", "for", "lambda", "True", "False", "None"}
_READABLE = re.compile(r"[^\W\d][\w.]*")
_DEEPEST = 200  # operators within operators: more is no formula, and Python's own stack has an end

_OPERATORS = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.BitAnd, ast.BitOr),
    *(ast.UAdd, ast.USub, ast.Not, ast.Invert, ast.And, ast.Or),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)
_NODES = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.keyword),
    *(ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Load, *_OPERATORS),
)
_ADD_COLUMN = "add the result to the data as a column"
_REFUSED = {
    ast.Attribute: "methods and attributes, as in x.mean() or x.values, cannot be used in a formula: write a "
    "function of the column, such as center(x), scale(x), np.log(x), or " + _ADD_COLUMN,
    ast.Subscript: "parts of a column, as in x[0], cannot be taken in a formula: " + _ADD_COLUMN,
    ast.Lambda: "a function cannot be written in a formula: pass it as functions={'name': function} and call "
    "it by that name",
    ast.IfExp: "'a if condition else b' looks at one value: for a choice row by row write "
    "np.where(condition, a, b)",
    ast.In: "'in' looks at one value: for a choice row by row write np.isin(x, [1, 2])",
    ast.NotIn: "'in' looks at one value: for a choice row by row write np.isin(x, [1, 2])",
    ast.Starred: "arguments are written out in a formula, not unpacked with '*'",
}


@dataclass(frozen=True, eq=False)
class Code:
    """A piece of code."""

    label: str  # as formulaic writes it: ``"I(x ** 2)"``. Equal code has equal labels.
    # names of columns and of functions are those of the formula, whatever characters they have
    tree: ast.expr
    quoted: frozenset[str]  # names that stood in backticks

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """Every call."""
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names that are not called, each once, in order; that of ``Q("x")`` is x."""
        found: dict[str, None] = {}
        _collect(self.tree, found)
        return tuple(found)


def _collect(node: ast.AST, found: dict[str, None]) -> None:
    if isinstance(node, ast.Call):
        quoted = quoted_column(node)
        if quoted is not None:
            found[quoted] = None
            return
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            _collect(argument, found)
    elif isinstance(node, ast.Name):
        found[node.id] = None
    else:
        for child in ast.iter_child_nodes(node):
            _collect(child, found)


def quoted_column(call: ast.Call) -> str | None:
    """Return the column that ``Q("column")``, patsy's way to quote, names; None for another call."""
    if function_name(call) != "Q" or len(call.args) != 1 or call.keywords:
        return None
    argument = call.args[0]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def function_name(call: ast.Call) -> str:
    """Return the name of the function of a call."""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def label_of(node: ast.AST) -> str:
    """Return code as formulaic writes it."""
    return ast.unparse(node).replace("\n", " ")


def translate(text: str, tokens: list[Token]) -> str:
    """Return the code spanned by `tokens` as Python: ``factor(x)`` becomes ``C(x)``, ``TRUE`` ``True``.

    Raises FormulaError when the code is not Python, or holds what a formula may not contain.
    """
    for token in tokens:
        if token.text == "^":
            message = "inside code a power is written '**', as in I(x**2), not '^'"
            raise FormulaError(message, text, token.start)
    _parse(text, tokens)
    return "".join(_pieces(text, tokens))


def _pieces(text: str, tokens: list[Token]) -> list[str]:
    pieces = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        gap = text[token.end : following.start] if following else ""
        word = token.text
        if token.kind == "name" and following is not None and following.text == "(":
            word, gap = _CALLS.get(word, word), ""
        elif token.kind == "name":
            word = _CONSTANTS.get(word, word)
        pieces.append(word + gap)
    return pieces


@lru_cache(maxsize=512)
def read_code(text: str) -> Code:
    """Return code that `translate` has let through.

    >>> code = read_code("np.log(`IQ ver`+1)")
    >>> code.label, list(code.names), [function_name(call) for call in code.calls]
    ('np.log(IQ ver + 1)', ['IQ ver'], ['np.log'])
    """
    tokens = tokenize(text)[:-1]
    tree = _parse(text, tokens)
    return Code(label_of(tree), tree, frozenset(token.name for token in tokens if token.kind == "quoted"))


def _parse(text: str, tokens: list[Token]) -> ast.expr:
    """Let Python parse the code with its names replaced by plain ones, and put the names back."""
    if tokens and tokens[0].text == "{":
        tokens = tokens[1:-1]
    names: dict[str, str] = {}
    pieces, starts, length = [], [], 1
    for index, token in enumerate(tokens):
        piece = token.text
        if _is_name(tokens, index):
            piece = f"_{len(names)}_"
            names[piece] = token.name
        starts.append(length)
        pieces.append(piece)
        length += len(piece) + 1
    code = "(" + " ".join(pieces) + ")"

    def refuse(message: str, offset: int | None) -> NoReturn:
        place = sum(start <= (offset or 0) for start in starts) - 1
        raise FormulaError(message, text, tokens[max(place, 0)].start if tokens else None) from None

    try:
        tree = ast.parse(code, mode="eval")
        if _depth(tree) > _DEEPEST:
            refuse(f"operators are nested more than {_DEEPEST} deep: " + _ADD_COLUMN, None)
    except SyntaxError as error:
        what = text[tokens[0].start : tokens[-1].end] if tokens else text
        refuse(f"{what} is no Python expression: {error.msg}", (error.offset or 1) - 1)
    except (RecursionError, MemoryError, ValueError, OverflowError):
        refuse("the code is nested too deep, or has numbers too large, to be read: " + _ADD_COLUMN, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        fault = _fault(node)
        if fault is not None:
            refuse(fault[1], _offset(code, fault[0]))
    return tree.body


def _is_name(tokens: list[Token], index: int) -> bool:
    """Whether a token is the name of a column or a function, no word of Python, attribute or keyword."""
    token = tokens[index]
    before = tokens[index - 1] if index else None
    if token.kind == "quoted":
        return True
    if token.kind != "name" or token.text in _WORDS:
        return False
    if token.text.startswith(".") and before is not None and before.end == token.start:
        return before.kind == "op" and before.text not in (")", "]", "}")
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return not (following == "=" and before is not None and before.text in ("(", ","))


def _fault(node: ast.AST) -> tuple[ast.AST, str] | None:
    """Return what a node holds that a formula may not, and why."""
    if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name):
        unnamed = "only a function that has a name can be called in a formula"
        return node.func, _REFUSED.get(type(node.func), unnamed)
    if isinstance(node, ast.Compare):
        wrong = [_REFUSED[type(op)] for op in node.ops if type(op) in _REFUSED]
        return (node, wrong[0]) if wrong else None
    if isinstance(node, ast.keyword) and (node.arg is None or node.arg.startswith("_")):
        return node, "arguments are written out by their names in a formula"
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str | None):
        return node, f"{node.value!r} is not a value that a formula can contain"
    if isinstance(node, _NODES):
        return None
    what = f"code in a formula is arithmetic, comparisons and functions of columns, no {type(node).__name__}"
    return node, _REFUSED.get(type(node), f"{what}: {_ADD_COLUMN}")


def _offset(code: str, node: ast.AST) -> int | None:
    """Return where a node stands in code, an attribute at its name; Python counts bytes."""
    at = getattr(node, "col_offset", None)
    if isinstance(node, ast.Attribute):
        at = (node.end_col_offset or 1) - 1
    return None if at is None else len(code.encode()[:at].decode())


def _depth(tree: ast.AST) -> int:
    depth = 0
    level: list[ast.AST] = [tree]
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def as_source(node: ast.expr) -> str:
    """Return code as text that `read_code` reads: columns in backticks where their names need them."""
    copy = deepcopy(node)
    functions = {id(call.func) for call in ast.walk(copy) if isinstance(call, ast.Call)}
    for name in ast.walk(copy):
        if isinstance(name, ast.Name) and id(name) not in functions:
            name.id = in_backticks(name.id)
    return label_of(copy)


def in_backticks(column: str) -> str:
    """Return the name of a column as a formula can have it."""
    return column if _READABLE.fullmatch(column) and column not in _WORDS else in_quotes(column)
