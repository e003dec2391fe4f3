"""Tokens -> syntax tree: a recursive descent over the formula language of lme4, R's precedence included.

::

    sum     := [sign] term {sign term}
    term    := operand {op operand}          op: * / %in% : ^ by increasing precedence
    operand := name | number | `name` | call | {code} | ( sum ) | ( sum bar sum ) | structure
    structure := name ( sum | sum {, name = value} )
"""

from __future__ import annotations

import re
from typing import NoReturn

from ..errors import FormulaError
from . import python_code
from .nodes import PRECEDENCE, Bar, Leaf, Node, Operation, Sum
from .structures import STRUCTURES, bar_within, structure_of
from .tokens import Token, matching

_SIGNS = ("+", "-")
_BARS = ("|", "||")
_LONGEST = 100
_COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")


class Grammar:
    """A cursor over the tokens of one formula text."""

    def __init__(self, text: str, tokens: list[Token], position: int = 0) -> None:
        self.text = text
        self.tokens = tokens
        self.position = position

    def whole_sum(self) -> Sum:
        """Read a sum up to the end of the text."""
        node = self._sum()
        token = self._peek()
        if token.text in _BARS:
            self._fail(f"a random term needs its own parentheses: write ( ... {token.text} group )")
        if token.text in (")", "]", "}"):
            self._fail(f"'{token.text}' closes nothing: remove it, or add the opening bracket")
        if token.kind != "end":
            self._fail_between(f"an operator is missing before '{token.text}': put '+' (or ':' or '*') there")
        return node

    def _peek(self) -> Token:
        return self.tokens[self.position]

    def _next(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _fail(self, message: str, token: Token | None = None) -> NoReturn:
        raise FormulaError(message, self.text, (token or self._peek()).start)

    def _fail_between(self, message: str) -> NoReturn:
        """Fail at something between two terms: a comparison, which R would take for code, or `message`."""
        operator = self._peek().text
        self._fail(f"a comparison is code: write I(x {operator} 5)" if operator in _COMPARISONS else message)

    def _sum(self) -> Sum:
        start = self._peek().start
        items: list[tuple[str, Node]] = []
        sign = self._sign()
        while True:
            items.append((sign, self._term(1)))
            if self._peek().text not in _SIGNS:
                return Sum(tuple(items), start)
            sign = self._sign()

    def _sign(self) -> str:
        """Read any run of signs; ``x + -1`` is ``x - 1``."""
        negative = False
        while self._peek().kind == "op" and self._peek().text in _SIGNS:
            negative ^= self._next().text == "-"
        return "-" if negative else "+"

    def _term(self, level: int) -> Node:
        node = self._operand()
        for _ in range(_LONGEST):
            token = self._peek()
            op = "**" if token.text == "^" else token.text
            if token.kind != "op" or PRECEDENCE.get(op, 0) < level:
                return node
            self._next()
            right = self._term(PRECEDENCE[op] + 1)
            if op == "**" and (_is_power(node) or not _is_exponent(right)):
                self._fail(
                    "in a formula a power crosses terms, as in (a + b)^2, and needs one whole number up to "
                    "99; for the power of a numeric column write I(x**2)",
                    token,
                )
            node = Operation(op, node, right, token.start)
        self._fail(f"more than {_LONGEST} terms are multiplied: name the products that are meant")

    def _operand(self) -> Node:
        token = self._peek()
        if token.kind in ("name", "quoted"):
            return self._name()
        if token.kind == "number":
            return Leaf("number", self._next().text, token.start)
        if token.text == "(":
            return self._parentheses()
        if token.text == "{":
            return self._code(self.position, self.position)
        self._fail(self._missing(token))

    def _missing(self, token: Token) -> str:
        before = self.tokens[self.position - 1].text if self.position else ""
        place = f" after '{before}'" if before else ""
        if token.kind == "string":
            return f"the text {token.text} is not a term: a column is named without quotes, or in backticks"
        found = f", found '{token.text}'" if token.kind != "end" else ""
        return f"a term is missing{place}{found}"

    def _name(self) -> Node:
        token = self._peek()
        following = self.tokens[self.position + 1]
        if token.kind == "name" and following.text in ("(", "[") and following.kind == "op":
            if self._is_structure(token):
                return self._structure()
            return self._code(self.position, self.position + 1)
        if token.text == ".":
            self._fail("'.' for all other columns is not supported: name the columns")
        self._next()
        return Leaf("name", token.text, token.start)

    def _is_structure(self, token: Token) -> bool:
        """Whether ``name(...)`` holds a bar; in I() and other code that is Python's "or"."""
        opening = self.position + 1
        if self.tokens[opening].text != "(" or token.text not in STRUCTURES:
            return False
        return bar_within(self.tokens, opening, matching(self.tokens, opening, self.text))

    def _structure(self) -> Bar:
        name = self._next()
        closing = matching(self.tokens, self.position, self.text)
        self._next()
        columns = self._sum()
        if self._peek().text == "||":
            self._fail(f"{name.text}() says how its columns are correlated: write one bar, '|'")
        if self._peek().text != "|":
            self._fail_between(f"an operator is missing here, found '{self._peek().text}'")
        self._next()
        group = self._sum()
        structure = structure_of(name, self.tokens[self.position : closing], self.text)
        self.position = closing + 1
        return Bar(columns, group, True, name.start, structure)

    def _code(self, first: int, opening: int) -> Leaf:
        """Read Python code: a call, whose bracket is at index `opening`, or code in braces."""
        last = matching(self.tokens, opening, self.text)
        while self.tokens[last + 1].text == "[":  # a subscript of what a call returns
            last = matching(self.tokens, last + 1, self.text)
        code = python_code.translate(self.text, self.tokens[first : last + 1])
        self.position = last + 1
        return Leaf("python", code, self.tokens[first].start)

    def _parentheses(self) -> Node:
        closing = matching(self.tokens, self.position, self.text)
        start = self._next().start
        node: Node = self._sum()
        if self._peek().text in _BARS:
            correlated = self._next().text == "|"
            node = Bar(node, self._sum(), correlated, start)
        if self.position != closing:
            token = self._peek()
            reason = "a random term has one bar" if token.text in _BARS else "an operator is missing here"
            self._fail_between(f"{reason}, found '{token.text}'")
        self._next()
        return node


def _is_power(node: Node) -> bool:
    return isinstance(node, Operation) and node.op == "**"


def _is_exponent(node: Node) -> bool:
    """Whether a node is a whole number from 1 to 99."""
    return isinstance(node, Leaf) and re.fullmatch("0?[1-9][0-9]?", node.text) is not None
