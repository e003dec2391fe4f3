"""Hypotheses in words: ``"days = 0"``, ``"service[T.1] - 2*lectage = 0"``, ``"a = b = c"``.

    hypotheses  equation {"," equation}         (also ";" and new lines)
    equation    sum {"=" sum}                   "= 0" may be left out; "==" is "="
    sum         ["+"|"-"] product {("+"|"-") product}
    product     factor {("*"|"/") factor}       at most one factor names coefficients
    factor      number | name | "(" sum ")"

Names are those of the coefficients, blanks inside them ignored, with or without backticks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, quote_list

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.\[])")
_WORD = re.compile(r"(?:[^\W\d]|`)(?:[\w.:]|`|\[[^\]]*\]|\([^()]*\))*|\(Intercept\)")
_CONTINUES = re.compile(r"[\w.:\[]")
_SYMBOLS = "+-*/(),;=\n"
_DEEPEST = 100  # brackets within brackets
MOST_EQUATIONS = 5000


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name" or the symbol itself
    text: str
    value: float
    position: int


@dataclass(frozen=True, eq=False)
class _Linear:
    """weights'beta + constant."""

    weights: FloatArray
    constant: float

    @property
    def named(self) -> bool:
        return bool(np.any(self.weights != 0))

    def plus(self, other: _Linear, sign: float) -> _Linear:
        return _Linear(self.weights + sign * other.weights, self.constant + sign * other.constant)

    def times(self, factor: float) -> _Linear:
        return _Linear(self.weights * factor, self.constant * factor)


def parse_hypotheses(text: str, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Turn hypotheses in words into contrasts and their values.

    names: names of the p coefficients.
    Returns (m, p) float64, (m,) float64: L and rhs with L beta = rhs.
    Raises ArgumentError if the text cannot be read, names a coefficient that does not exist, or has more than
        `MOST_EQUATIONS` of them; the message points to the place.

    >>> contrasts, rhs = parse_hypotheses("x - 2*g[T.b] = 1", ["Intercept", "x", "g[T.b]"])
    >>> contrasts.tolist(), rhs.tolist()
    ([[0.0, 1.0, -2.0]], [1.0])
    """
    return _Parser(text, names).hypotheses()


class _Parser:
    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text = text
        self.names = list(names)
        self.tokens = _tokens(text, self.names)
        self.next = 0
        self.depth = 0

    def hypotheses(self) -> tuple[FloatArray, FloatArray]:
        rows: list[FloatArray] = []
        values: list[float] = []
        while True:
            while self._take(",", ";", "\n"):
                pass
            if self._peek() == "":
                break
            if len(rows) > MOST_EQUATIONS:
                raise self._error(f"more than {MOST_EQUATIONS:,} hypotheses at a time are not tested")
            for found in self._equation():
                rows.append(found.weights)
                values.append(-found.constant)
            if self._peek() not in ("", ",", ";", "\n"):
                raise self._error(f"'{self.tokens[self.next].text}' is not expected here")
        if not rows:
            raise ArgumentError("the hypothesis is empty: write for example 'days = 0'")
        return np.array(rows), np.array(values)

    def _equation(self) -> list[_Linear]:
        start = self.next
        sides = [self._sum()]
        while self._take("="):
            sides.append(self._sum())
        if len(sides) == 1:
            sides.append(_Linear(np.zeros(len(self.names)), 0.0))
        found = [one.plus(other, -1.0) for one, other in pairwise(sides)]
        for equation in found:
            if not equation.named:
                self.next = start
                raise self._error("this says nothing about a coefficient")
        return found

    def _sum(self) -> _Linear:
        sign = -1.0 if self._peek() == "-" else 1.0
        self._take("+", "-")
        total = self._product().times(sign)
        while self._peek() in ("+", "-"):
            sign = 1.0 if self._peek() == "+" else -1.0
            self.next += 1
            total = total.plus(self._product(), sign)
        return total

    def _product(self) -> _Linear:
        total = self._factor()
        while self._peek() in ("*", "/"):
            symbol = self._peek()
            self.next += 1
            place = self.next
            other = self._factor()
            if symbol == "/" and (other.named or other.constant == 0):
                self.next = place
                raise self._error("only a number other than 0 can divide")
            if symbol == "*" and total.named and other.named:
                self.next = place
                raise self._error("a hypothesis is linear: coefficients cannot be multiplied with each other")
            if symbol == "/":
                total = total.times(1 / other.constant)
            else:
                total = total.times(other.constant) if total.named else other.times(total.constant)
        return total

    def _factor(self) -> _Linear:
        kind = self._peek()
        if kind == "(":
            self.next += 1
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self._error("these brackets are nested too deep")
            inner = self._sum()
            if not self._take(")"):
                raise self._error("a closing bracket is missing")
            self.depth -= 1
            return inner
        if kind in ("-", "+"):
            sign = 1.0
            while self._peek() in ("-", "+"):
                sign = -sign if self._peek() == "-" else sign
                self.next += 1
            return self._factor().times(sign)
        if kind not in ("number", "name"):
            raise self._error("a coefficient or a number is missing")
        token = self.tokens[self.next]
        self.next += 1
        weights = np.zeros(len(self.names))
        if kind == "number":
            return _Linear(weights, token.value)
        weights[self.names.index(token.text)] = 1.0
        return _Linear(weights, 0.0)

    def _peek(self) -> str:
        return self.tokens[self.next].kind if self.next < len(self.tokens) else ""

    def _take(self, *kinds: str) -> bool:
        found = self._peek() in kinds and self._peek() != ""
        self.next += found
        return found

    def _error(self, what: str) -> ArgumentError:
        known = self.next < len(self.tokens)
        return _error(what, self.text, self.tokens[self.next].position if known else len(self.text))


def _tokens(text: str, names: list[str]) -> list[_Token]:
    """Split at names first, the longest one that fits, so that names may hold any symbol."""
    patterns = [(name, _pattern(name)) for name in sorted(names, key=len, reverse=True)]
    if "Intercept" in names:
        patterns.insert(0, ("Intercept", re.compile(r"\(\s*Intercept\s*\)")))
    tokens, position = [], 0
    while position < len(text):
        if text[position] in " \t\r":
            position += 1
            continue
        token, position = _token(text, position, patterns, names)
        tokens.append(token)
    return tokens


def _token(
    text: str, position: int, patterns: list[tuple[str, re.Pattern[str]]], names: list[str]
) -> tuple[_Token, int]:
    for name, pattern in patterns:
        match = pattern.match(text, position)
        if match and not (match.end() < len(text) and _CONTINUES.match(text[match.end()])):
            return _Token("name", name, 0.0, position), match.end()
    number = _NUMBER.match(text, position)
    if number:
        return _Token("number", number[0], float(number[0]), position), number.end()
    if text.startswith("==", position):
        return _Token("=", "==", 0.0, position), position + 2
    if text[position] in _SYMBOLS:
        return _Token(text[position], text[position], 0.0, position), position + 1
    word = _WORD.match(text, position)
    if word is None:
        raise _error(f"'{text[position]}' cannot be read", text, position)
    raise _unknown(word[0], text, position, names)


def _pattern(name: str) -> re.Pattern[str]:
    """Match a name with any blanks where its pieces meet, with or without backticks around it."""
    pieces = re.findall(r"[\w.]+|[^\w.\s]", name)
    body = r"\s*".join(map(re.escape, pieces))
    return re.compile(rf"`\s*{body}\s*`|{body}")


def _unknown(word: str, text: str, position: int, names: list[str]) -> ArgumentError:
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    own = [name for name in names if name.startswith(f"{word}[")]
    hint = f" Did you mean '{close[0]}'?" if close else ""
    if own:
        hint = f" It has the coefficients {quote_list(own)}; fit.anova() tests them together."
    known = quote_list(names, 25)
    return _error(f"there is no coefficient '{word}'.{hint} Coefficients: {known}", text, position)


def _error(what: str, text: str, position: int) -> ArgumentError:
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].split("\n", 1)[0]
    return ArgumentError(f"hypothesis: {what}\n  {line}\n  {' ' * (position - start)}^")
