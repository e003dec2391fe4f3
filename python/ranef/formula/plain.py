"""Recognise formula text that is only an intercept and bare column names."""

from __future__ import annotations

from .expand import terms_of


def plain_terms(text: str) -> tuple[bool, tuple[str, ...]] | None:
    """Return (intercept, column names) of a plain sum, or None when the text asks for more.

    >>> plain_terms("1 + days"), plain_terms("0 + f"), plain_terms("x - 1")
    ((True, ('days',)), (False, ('f',)), (False, ('x',)))
    >>> plain_terms("x:f") is None
    True
    """
    found = terms_of(text)
    if any(len(term) > 1 or term[0].code for term in found.terms):
        return None
    return found.intercept, tuple(term[0].name for term in found.terms)
