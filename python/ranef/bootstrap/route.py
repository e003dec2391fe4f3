"""Which way replicates are drawn: from the Gram factor, or row by row."""

from __future__ import annotations

__all__ = ["GRAM", "ROWS", "choose_route"]

GRAM = "gram"
ROWS = "rows"


def choose_route(nobs: int, levels, widths, rank: int) -> str:
    """The route that touches fewer numbers per replicate.

    A draw from the Gram factor reads the leading factor's blocks, and the triangle of the rest, whose size does not depend
    on the number of rows; a draw of rows reads each row's random-effects columns and codes, twice (for y, then
    for its cross-products, where X is read too).

    Parameters
    ----------
    nobs : int
        Rows.
    levels, widths : sequences of int
        Levels and random effects per level of every grouping factor, in the core's order (the leading one first).
    rank : int
        Columns of X in the core.

    Returns
    -------
    str
        ``"gram"`` or ``"rows"``.

    Examples
    --------
    >>> choose_route(180, [18], [2], 2)
    'gram'
    >>> choose_route(1_000_000, [100_000, 50_000], [1, 1], 3)
    'rows'
    """
    rest = sum(count * width for count, width in zip(levels[1:], widths[1:], strict=True)) + rank
    gram = levels[0] * widths[0] ** 2 + rest * (rest + 1) // 2
    rows = nobs * (2 * (sum(widths) + len(widths)) + rank + 1)
    return GRAM if gram <= rows else ROWS
