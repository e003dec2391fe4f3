"""Python code inside a formula: checked, R's spellings translated, and the names in it listed."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..errors import FormulaError
from .tokens import CLOSING, Token, tokenize

# R's spelling -> formulaic's; as functions only, so that a column may bear such a name
_CALLS = {"factor": "C", "as.factor": "C"}
_CONSTANTS = {"TRUE": "True", "FALSE": "False", "NULL": "None"}
# what the name of a column gets appended if formulaic could not read it even in backticks
_ALIAS = "__column"
# Python's words with a meaning inside an expression; its other keywords (class, yield ...) may be columns
_WORDS = {"and", "or", "not", "in", "is", "if", "else", "for", "lambda", "True", "False", "None"}


def translate(text: str, tokens: list[Token]) -> str:
    """Return the code spanned by `tokens` as Python: ``factor(x)`` becomes ``C(x)``, ``TRUE`` ``True``.

    Raises
    ------
    FormulaError
        When the code is not Python; R's ``^`` gets a message of its own.
    """
    for token in tokens:
        if token.text == "^":
            message = "inside code a power is written '**', as in I(x**2), not '^'"
            raise FormulaError(message, text, token.start)
    _check_syntax(text, tokens)
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


def _check_syntax(text: str, tokens: list[Token]) -> None:
    """Let Python parse the code, with names it could not read replaced by others of the same length."""
    start, end = tokens[0].start, tokens[-1].end
    code = list(text[start:end])
    for token in tokens:
        if token.kind == "quoted" or (token.kind == "name" and _odd(token.text)):
            code[token.start - start : token.end - start] = "_" * len(token.text)
    braces = code[0] == "{"
    if braces:
        code[0], code[-1] = "(", ")"
    try:
        # the parentheses let the code run over several lines
        ast.parse("(" + "".join(code).replace("\n", " ") + ")", mode="eval")
    except SyntaxError as error:
        offset = min(max((error.offset or 1) - 2, 0), end - start - 1)
        what = text[start:end]
        raise FormulaError(f"{what} is no Python expression: {error.msg}", text, start + offset) from None


def _odd(name: str) -> bool:
    """Whether Python could not read the name as that of a variable."""
    return "." in name or (keyword.iskeyword(name) and name not in _WORDS)


class Reference(NamedTuple):
    """A name in formula text; ``called`` when it is the function of a call, ``inside`` when within code."""

    name: str
    called: bool
    inside: bool


@lru_cache(maxsize=512)
def references(text: str) -> tuple[Reference, ...]:
    """Return every name that formula text (or code) refers to, in order, each once.

    Examples
    --------
    >>> for reference in references("x + log(IQ.ver)"):
    ...     print(reference)
    Reference(name='x', called=False, inside=False)
    Reference(name='log', called=True, inside=False)
    Reference(name='IQ.ver', called=False, inside=True)
    """
    tokens = tokenize(text)
    found: dict[Reference, None] = {}
    for index, token in enumerate(tokens):
        if token.kind == "quoted" or (token.kind == "name" and _is_reference(tokens, index)):
            called = token.kind == "name" and tokens[index + 1].text == "("
            found[Reference(token.name, called, _inside_code(tokens, index))] = None
        elif token.kind == "string" and index > 1 and tokens[index - 2].text == "Q":
            found[Reference(token.text[1:-1], False, True)] = None  # Q("column") as in patsy
    return tuple(found)


def _is_reference(tokens: list[Token], index: int) -> bool:
    token, following = tokens[index], tokens[index + 1]
    if token.text in _CONSTANTS.values() or (token.text in _WORDS and _inside_code(tokens, index)):
        return False
    if token.text.startswith(".") and index and tokens[index - 1].end == token.start:
        return False  # an attribute of what a call returned
    # the name of a keyword argument: follows "(" or "," and is followed by "="
    return not (following.text == "=" and tokens[index - 1].text in ("(", ","))


def _inside_code(tokens: list[Token], index: int) -> bool:
    opened = sum(token.text in CLOSING for token in tokens[:index])
    closed = sum(token.text in CLOSING.values() for token in tokens[:index])
    return opened > closed


def alias(column: str) -> str:
    """Return the name a column gets for formulaic: its own, unless that is a keyword of Python."""
    return column + _ALIAS if keyword.iskeyword(column) else column


def plain_name(text: str) -> str:
    """Return a name formulaic gave to a column of a matrix without backticks and aliases."""
    return text.replace("`", "").replace(_ALIAS, "")


def spell(text: str, is_column: Callable[[str], bool]) -> str:
    """Spell columns so that formulaic can read them: in backticks with dots in the name, keywords aliased.

    Examples
    --------
    >>> spell("log(IQ.ver) + np.sqrt(x) + yield", {"IQ.ver", "x", "yield"}.__contains__)
    'log(`IQ.ver`) + np.sqrt(x) + yield__column'
    """
    tokens = tokenize(text)
    pieces, last = [], 0
    for index, token in enumerate(tokens):
        if token.kind not in ("name", "quoted") or tokens[index + 1].text == "(":
            continue
        if not is_column(token.name) or (token.kind == "name" and not _is_reference(tokens, index)):
            continue
        if keyword.iskeyword(token.name) or not token.name.isidentifier():
            name = alias(token.name)
            pieces += [text[last : token.start], name if name.isidentifier() else f"`{name}`"]
            last = token.end
    return "".join([*pieces, text[last:]])
