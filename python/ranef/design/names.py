"""How a column of the table is called among the columns of a model matrix."""

from __future__ import annotations

import ast
from functools import lru_cache

from ..formula.python_code import label_of
from ..formula.tokens import in_quotes

_CODE = (ast.Call, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare)


@lru_cache(maxsize=1024)
def shown(column: str) -> str:
    """Return the name a column has in a matrix: its own, in backticks where it could be another column's.

    ``Intercept`` is the constant, ``a:b`` an interaction, ``f[T.b]`` a dummy, ``log(x)`` code.

    >>> shown("my days"), shown("IQ.ver"), shown("a:b"), shown("log(x)"), shown("Intercept")
    ('my days', 'IQ.ver', '`a:b`', '`log(x)`', '`Intercept`')
    """
    mistakable = column == "Intercept" or any(c in column for c in ":[`") or _reads_as_code(column)
    return in_quotes(column) if mistakable else column


def _reads_as_code(column: str) -> bool:
    """Whether code in a formula could have this very label."""
    if column.isidentifier() or not column.isascii():
        return False
    try:
        node = ast.parse(column, mode="eval").body
        return isinstance(node, _CODE) and label_of(node) == column
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
