"""Formula text -> ``Formula``."""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import FormulaError, quote_list
from . import python_code
from .expand import expand
from .grammar import Grammar
from .grouping import expand_group
from .nodes import Bar, Leaf, Node, Sum, children, render
from .structures import STRUCTURES, called_here
from .tokens import Token, matching, tokenize, with_depths
from .types import Formula, RandomBar

_ERROR_STRATUM = re.compile(r"\bError\s*\(")
_CALL_WITH_BAR = re.compile(r"(\w+)\([^()|]*\|[^()]*\)")


def parse_formula(text: str) -> Formula:
    """Split a formula in the language of lme4 into response, fixed part, random terms and offsets.

    text: such as ``"reaction ~ days + (days | subject)"``.
    The answer is frozen; the same text gives the same object.
    Raises FormulaError with the text and the position at fault.

    >>> formula = parse_formula("log(y) ~ x*f + (1 | batch/cask) + offset(z)")
    >>> formula.response, formula.fixed, formula.offsets
    ('log(y)', 'x * f', ('z',))
    >>> [str(term) for term in formula.random]
    ['(1 | cask:batch)', '(1 | batch)']
    """
    if not isinstance(text, str):
        raise FormulaError(f"the formula must be text such as 'y ~ x + (x | g)', not {type(text).__name__}")
    return _parse(text)


@lru_cache(maxsize=256)
def _parse(text: str) -> Formula:
    formula = _parse_any(text)
    if not formula.random:
        call = _CALL_WITH_BAR.search(text)
        if call is not None:
            here = called_here(call[1])
            if here:
                raise FormulaError(f"{call[1]}() is called {here}() here", text, call.start())
            raise FormulaError(
                f"{call[1]}() is no covariance structure, so there is no random term: write (x | g), or "
                f"(x || g) without correlations, or one of {quote_list(STRUCTURES, 30)}",
                text,
                call.start(),
            )
        stratum = _ERROR_STRATUM.search(text)
        if stratum is not None:
            raise FormulaError(
                "R's aov() writes Error(subject / within) for strata: write (1 | subject / within), or "
                "(1 | subject)",
                text,
                stratum.start(),
            )
        raise FormulaError(
            "the formula has no random term: add one such as (1 | group); "
            "a model without random terms is an ordinary regression, or ranef.gls()",
            text,
        )
    return formula


def parse_fixed(text: str) -> Formula:
    """Split a formula without random terms, see `parse_formula`.

    >>> parse_fixed("y ~ x + offset(z)").random
    ()
    """
    if not isinstance(text, str):
        raise FormulaError(f"the formula must be text such as 'y ~ x', not {type(text).__name__}")
    formula = _parse_any(text)
    if formula.random:
        raise FormulaError("this model has no random terms: use ranef.lmer() for them", text)
    return formula


def parse_one_sided(text: str, response: str) -> Formula:
    """Split a formula that has no left side, such as that of an argument, as if it were of `response`.

    >>> parse_one_sided("~ x * f", "zero").fixed
    'x * f'
    """
    if not text.strip().startswith("~") or not text.strip()[1:].strip():
        raise FormulaError(f"{response}= must be a one-sided formula such as '~ x'", text, 0)
    return _parse_any(f"{response} {text.strip()}")


def _parse_any(text: str) -> Formula:
    tokens = tokenize(text)
    tilde = _tilde(tokens, text)
    response = _response(tokens[:tilde], text)
    responses = _responses(tokens[:tilde], text) or (response,)
    parts = _Parts(text)
    parts.collect(Grammar(text, tokens, tilde + 1).whole_sum())
    fixed = render(Sum(tuple(parts.fixed), 0)) or "1"
    return Formula(text, response, fixed, tuple(parts.random), tuple(parts.offsets), responses)


def _tilde(tokens: list[Token], text: str) -> int:
    # within brackets it is Python's "not"
    found = [k for k, (token, depth) in enumerate(with_depths(tokens)) if token.text == "~" and depth <= 0]
    if not found:
        raise FormulaError("the formula has no '~': write response ~ predictors + (1 | group)", text)
    if len(found) > 1:
        raise FormulaError(
            "the formula has a second '~': one separates response and predictors",
            text,
            tokens[found[1]].start,
        )
    if found[0] == 0:
        raise FormulaError(
            "the formula has no response: name a numeric column before '~'", text, tokens[0].start
        )
    return found[0]


def _response(tokens: list[Token], text: str) -> str:
    for token in tokens:
        if token.text in ("|", "||"):
            raise FormulaError("a random term belongs to the right of '~'", text, token.start)
    return python_code.translate(text, tokens)


def _responses(tokens: list[Token], text: str) -> tuple[str, ...]:
    """Return the columns of ``cbind(a, b)`` as code, none for another response."""
    if len(tokens) < 3 or tokens[0].text != "cbind" or tokens[1].text != "(":
        return ()
    start, closing = tokens[0].start, matching(tokens, 1, text)
    if closing != len(tokens) - 1:
        raise FormulaError("cbind(a, b) must be the whole response", text, start)
    columns: list[list[Token]] = [[]]
    for token, depth in with_depths(tokens[2:closing]):
        if token.text == "," and depth == 0:
            columns.append([])
        else:
            columns[-1].append(token)
    if len(columns) < 2 or not all(columns):
        raise FormulaError("cbind() takes two columns or more: cbind(successes, failures)", text, start)
    return tuple(python_code.translate(text, column) for column in columns)


class _Parts:
    """Collects the parts of the right-hand side."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.fixed: list[tuple[str, Node]] = []
        self.random: list[RandomBar] = []
        self.offsets: list[str] = []
        self._bars = 0

    def collect(self, node: Sum) -> None:
        """Sort the terms of a sum; a sum in parentheses that holds bars is opened, as lme4 does."""
        for sign, item in node.items:
            if isinstance(item, Bar):
                self._require_plus(sign, item, "a random term")
                self._random(item)
            elif isinstance(item, Leaf) and _is_offset(item):
                self._require_plus(sign, item, "an offset")
                self.offsets.append(item.text[len("offset(") : -1].strip())
            elif isinstance(item, Sum) and _special(item) is not None:
                self._require_plus(sign, item, "a group with a random term or an offset")
                self.collect(item)
            else:
                self._refuse_special(item)
                expand(Sum(((sign, item),), item.start), self.text)  # refused here, where positions are known
                self.fixed.append((sign, item))

    def _random(self, bar: Bar) -> None:
        self._refuse_special(bar.columns)
        assert isinstance(bar.columns, Sum)
        expand(bar.columns, self.text)
        columns = render(bar.columns)
        for group in expand_group(bar.group, self.text):
            self.random.append(
                RandomBar(columns, group.name, bar.correlated, group.columns, self._bars, bar.structure)
            )
        self._bars += 1

    def _require_plus(self, sign: str, node: Node, what: str) -> None:
        if sign == "-":
            raise FormulaError(f"{what} can only be added with '+'", self.text, node.start)

    def _refuse_special(self, node: Node) -> None:
        inner = _special(node)
        if inner is not None:
            what = "a random term" if isinstance(inner, Bar) else "an offset"
            raise FormulaError(
                f"{what} can only be added with '+' to the other terms", self.text, inner.start
            )


def _is_offset(node: Node) -> bool:
    return isinstance(node, Leaf) and node.kind == "python" and node.text.startswith("offset(")


def _special(node: Node) -> Node | None:
    """Return the first bar or offset in a tree."""
    if isinstance(node, Bar) or _is_offset(node):
        return node
    return next((found for found in map(_special, children(node)) if found is not None), None)
