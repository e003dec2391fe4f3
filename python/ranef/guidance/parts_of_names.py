"""What a name means by its parts: ``group_variance`` asks for a variance, ``plotResiduals`` for residuals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# A part alone: "random_effects" has lower case, "DHARMa" capitals, "plotQQ" both.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_]+")
# Parts that stand with anything, and so say nothing.
_SILENT = {*("data", "fit", "get", "has", "index", "is", "lme4", "mod", "model", "of"), *("plot", "result")}
_SILENT |= {"results", "set", "table", "to", "values"}
_SHORT = 3


def phrases(name: str) -> Iterator[str]:
    """Yield the parts of a name and what neighbours make together: the longest first, the last first.

    >>> list(phrases("get_group_variance"))
    ['group_variance', 'get_group', 'variance', 'group']
    """
    parts = _PART.findall(name)
    for length in range(len(parts) - 1, 0, -1):
        for start in range(len(parts) - length, -1, -1):
            found = parts[start : start + length]
            text = "_".join(found).lower()
            if len(text) >= _SHORT and not _SILENT.issuperset(part.lower() for part in found):
                yield text


def by_parts(name: str, answer: Callable[[str], str]) -> str:
    """Return the first answer to a part of a name, or ``""``.

    >>> by_parts("get_group_variance", {"variance": "fit.varcorr"}.get)
    'fit.varcorr'
    """
    return next((found for found in map(answer, phrases(name)) if found), "")
