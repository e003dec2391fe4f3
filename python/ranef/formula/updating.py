"""A formula changed in R's words, a dot being what stood there."""

from __future__ import annotations

import re

from ..errors import FormulaError, quote_list

_DOT = re.compile(r"(?<![\w.`])\.(?![\w.])")
_REMOVED_BAR = re.compile(r"-\s*(\([^()|]*\|[^()]*\))")
_BAR = re.compile(r"\([^()|]*\|[^()]*\)")


def updated_formula(old: str, new: str) -> str:
    """Return the new formula with its dots filled in.

    >>> updated_formula("y ~ x + z + (1 | g)", "log(.) ~ . - z")
    'log(y) ~ x + z + (1 | g) - z'
    """
    if "~" not in new:
        raise FormulaError("the formula has no '~': write for example '. ~ . + x'", new, None)
    left, right = (part.strip() for part in old.split("~", 1))
    new_left, new_right = (part.strip() for part in new.split("~", 1))
    for gone in _REMOVED_BAR.findall(new_right):
        bars = _BAR.findall(right)
        match = next((bar for bar in bars if _squeezed(bar) == _squeezed(gone)), None)
        if match is None:
            raise FormulaError(
                f"there is no random term {gone} to leave out: there is {quote_list(bars)}", new, None
            )
        right = re.sub(r"(^|\s*\+)\s*" + re.escape(match), "", right, count=1).lstrip(" +") or "1"
    new_right = _REMOVED_BAR.sub("", new_right)
    filled = _DOT.sub(lambda _: right, new_right)
    return f"{_DOT.sub(lambda _: left, new_left)} ~ {' '.join(filled.split())}"


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)
