"""Recognise formula text that is only an intercept and bare column names."""

from __future__ import annotations

from functools import lru_cache

from .grammar import Grammar
from .nodes import Leaf, Sum
from .tokens import tokenize


@lru_cache(maxsize=512)
def plain_terms(text: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return (intercept, column names) of a plain sum, or None when the text asks for more.

    Examples
    --------
    >>> plain_terms("1 + days"), plain_terms("0 + f"), plain_terms("x - 1")
    ((True, ('days',)), (False, ('f',)), (False, ('x',)))
    >>> plain_terms("x:f") is None
    True
    """
    intercept = True
    names: dict[str, None] = {}
    for sign, item in _items(Grammar(text, tokenize(text)).whole_sum()):
        if not isinstance(item, Leaf):
            return None
        if item.kind == "name" and sign == "+":
            names[item.text.strip("`")] = None
        elif item.text in ("0", "1"):
            intercept = (item.text == "1") == (sign == "+")
        else:
            return None
    return intercept, tuple(names)


def _items(node: Sum) -> list[tuple[str, object]]:
    """The signed terms, parentheses without effect removed."""
    found: list[tuple[str, object]] = []
    for sign, item in node.items:
        if isinstance(item, Sum) and sign == "+":
            found += _items(item)
        else:
            found.append((sign, item))
    return found
