"""How many columns a model matrix may have."""

from __future__ import annotations

from ..errors import FormulaError
from ..machine.memory import require_memory

_MANY = 5000
_REMEDY = "a factor with so many levels belongs after a bar, as in (1 | g); or combine rare levels"


def require_columns(count: int, text: str, n: int, copies: int = 1) -> None:
    """Refuse more columns than rows where they are thousands, and columns that do not fit into memory.

    Raises FormulaError, MemoryLimitError.
    """
    if count > max(n, _MANY):
        raise FormulaError(
            f"'{text}' gives {count:,} columns for {n:,} rows: name the interactions you want; {_REMEDY}"
        )
    require_memory(
        8.0 * count * n * copies,
        f"{count:,} columns for '{text}' on {n:,} rows{', with a copy,' if copies > 1 else ''}",
        _REMEDY,
    )
