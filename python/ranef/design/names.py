"""How a column of the table is called among the columns of a model matrix."""

from __future__ import annotations

import re

_MISTAKABLE = re.compile(r"[()\[\]:{}]")


def shown(column: str) -> str:
    """Return the name a column has in a matrix: its own, in backticks where it could be another column's.

    ``Intercept`` is the constant, ``a:b`` an interaction, ``f[T.b]`` a dummy, ``log(x)`` code.

    Examples
    --------
    >>> shown("days"), shown("my days"), shown("a:b"), shown("Intercept")
    ('days', 'my days', '`a:b`', '`Intercept`')
    """
    return f"`{column}`" if column == "Intercept" or _MISTAKABLE.search(column) else column
