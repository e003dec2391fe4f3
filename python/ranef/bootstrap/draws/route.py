"""Which way replicates are drawn: from the Gram factor, or row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .gram_factor import GramFactor

GRAM = "gram"
ROWS = "rows"

# Order of the Schur complement of the rest: three dense copies, as its factorisation needs, are 1.5 GB.
_LARGEST_REST = 8_000


@dataclass(frozen=True)
class Route:
    """A way to draw, and why."""

    name: str  # ``"gram"`` or ``"rows"``
    reason: str
    factor: GramFactor | None = field(default=None, repr=False)  # what the Gram route draws from


def choose_route(
    nobs: float, levels: Sequence[int], widths: Sequence[int], rank: int, factor: Callable[[], GramFactor]
) -> Route:
    """The route that touches fewer numbers per replicate; rows where cross-products cannot tell the rank.

    A draw from the Gram factor reads the leading factor's blocks and the triangle of the rest, whose size
    does not depend on the number of rows. A draw of rows reads each row's random-effects columns and codes
    twice (for y, then for its cross-products) and X once.

    nobs: rows; infinity where there are none to draw.
    levels, widths: levels and random effects per level of every grouping factor, in the core's order (the
        leading one first).
    rank: columns of X in the core.
    factor: makes the Gram factor; called only if the sizes speak for it.

    >>> choose_route(1_000_000, [100_000, 50_000], [1, 1], 3, factor=None)
    Route(name='rows', reason='the factor of the cross-products would be larger than the rows')
    """
    rest = sum(count * width for count, width in zip(levels[1:], widths[1:], strict=True)) + rank
    gram = levels[0] * widths[0] ** 2 + rest * (rest + 1) // 2
    rows = nobs * (2 * (sum(widths) + len(widths)) + rank + 1)
    if gram > rows:
        return Route(ROWS, "the factor of the cross-products would be larger than the rows")
    if rest > _LARGEST_REST:
        return Route(ROWS, "the factor of the cross-products would take too much memory")
    made = factor()
    if not made.certain:
        return Route(ROWS, "columns so nearly collinear that their cross-products cannot tell the rank")
    return Route(GRAM, "the factor of the cross-products is smaller than the rows", made)
