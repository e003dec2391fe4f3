"""Formula text -> tokens with their positions. Knows no grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import FormulaError

# a name may contain dots, as R's names do (IQ.ver.cen), and combining accents (U+0300 to U+036F); a backtick
# in backticks is written twice; %in% is R's "nested in"
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.\u0300-\u036f]*)
    | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<op>\|\||\*\*|%in%|//|==|!=|<=|>=|[-+*/:^|~(){}\[\],=<>!&@%])
    """,
    re.VERBOSE,
)

_DEEPEST = 50
CLOSING = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """One token: ``kind`` is name, number, string, quoted (a name in backticks), op or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name without its backticks."""
        return unquoted(self.text)


def unquoted(text: str) -> str:
    """Return the name of a column without the backticks it is written in.

    >>> unquoted("x"), unquoted("`my x`"), unquoted("`a``b`")
    ('x', 'my x', 'a`b')
    """
    return text[1:-1].replace("``", "`") if text.startswith("`") else text


def in_quotes(column: str) -> str:
    """Return the name of a column in backticks."""
    return "`" + column.replace("`", "``") + "`"


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a formula, closed by one of kind ``end``.

    Raises FormulaError at a character that belongs to no token, such as an unclosed quote.
    """
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(_unreadable(text[position]), text, position)
        if match.group() == "``":
            raise FormulaError("a column without a name cannot stand in a formula: rename it", text, position)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), match.start(), match.end()))
        position = match.end()
    _require_shallow(tokens, text)
    end = len(text.rstrip())
    return [*tokens, Token("end", "", end, end)]


def with_depths(tokens: Iterable[Token]) -> Iterator[tuple[Token, int]]:
    """Yield tokens, each with how many brackets are open behind it.

    >>> [(token.text, depth) for token, depth in with_depths(tokenize("f(x)"))]
    [('f', 0), ('(', 1), ('x', 1), (')', 0), ('', 0)]
    """
    depth = 0
    for token in tokens:
        depth += (token.text in CLOSING) - (token.text in CLOSING.values())
        yield token, depth


def _require_shallow(tokens: list[Token], text: str) -> None:
    for token, depth in with_depths(tokens):
        if depth > _DEEPEST:
            raise FormulaError(
                f"brackets are nested more than {_DEEPEST} deep: write the terms one by one",
                text,
                token.start,
            )


def _unreadable(char: str) -> str:
    if char == "`":
        return "the quote ` is never closed: add the closing `, and write a backtick within a name twice"
    if char in "\"'":
        return f"the quote {char} is never closed: add the closing {char}"
    return f"the character {char!r} has no meaning in a formula: put odd column names in backticks"


def matching(tokens: list[Token], opening: int, text: str) -> int:
    """Return the index of the bracket that closes the one at index `opening`."""
    expected: list[Token] = []
    for index in range(opening, len(tokens)):
        token = tokens[index]
        if token.kind != "op":
            continue
        if token.text in CLOSING:
            expected.append(token)
        elif token.text in CLOSING.values():
            if CLOSING[expected[-1].text] != token.text:
                break
            expected.pop()
            if not expected:
                return index
    bracket = expected[-1]
    raise FormulaError(
        f"'{bracket.text}' is never closed: add the closing '{CLOSING[bracket.text]}'", text, bracket.start
    )
