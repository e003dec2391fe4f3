"""From a design to the core's cross-products: after this file nothing grows with the number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from .arrays import FloatArray
from .design import Design
from .errors import DataError
from .guidance.old_names import old_attribute
from .machine.memory import WORTH_ASKING, require_memory
from .theta import count

_LEAST, _MOST = 1e-75, 1e75


@dataclass(frozen=True)
class FactorBlocks:
    """How the core sees one grouping factor: all its terms side by side."""

    group: str  # name of the grouping factor
    terms: tuple[int, ...]  # indices of the design's terms on this factor, in order
    slices: tuple[slice, ...]  # the factor's columns that belong to each of those terms


@dataclass(frozen=True, eq=False)
class EstimatedColumns:
    """The columns of X that have a coefficient: those that are no combinations of earlier ones."""

    columns: npt.NDArray[np.intp] = field(repr=False)  # (rank,) int
    kept = old_attribute("columns")

    @property
    def rank(self) -> int:
        """Number of coefficients that are estimated."""
        return len(self.columns)


@dataclass(frozen=True, eq=False)
class CrossProducts:
    """The design's cross-products with the map back to its terms.

    Attributes
    ----------
    rows : _core.Rows
        Views of the design's arrays; needed only to bring in another response.
    design : _core.DesignCross
        The cross-products, const.
    factors : tuple of FactorBlocks
        One per distinct grouping factor, in the order given to the core.
    columns : (rank,) int
        Columns of X that are not combinations of earlier ones.
    """

    rows: Any = field(repr=False)
    design: Any = field(repr=False)
    factors: tuple[FactorBlocks, ...]
    columns: npt.NDArray[np.intp]

    kept = old_attribute("columns")

    @property
    def rank(self) -> int:
        """Number of coefficients that are estimated."""
        return len(self.columns)

    def response(self, y: FloatArray) -> Any:
        """Cross-products of a response of the same rows (offset already subtracted)."""
        found = _core.ResponseCross(self.rows, self.design, y)
        require_squares(found.scale if isfinite(found.shift) else inf, "the response")
        return found


def cross_products(design: Design) -> CrossProducts:
    """One pass over the rows of a design.

    design: arrays of n rows: columns of X, codes and bases of the random terms, weights.
    Returns a CrossProducts of the size of the random effects, whatever n is.
    """
    _require_memory(design)
    rows, factors = core_rows(design)
    cross = _core.DesignCross(rows)
    kept = cross.kept
    for column, scale in zip(kept, cross.x_scale, strict=True):
        if not _LEAST < scale < _MOST:
            require_squares(scale, f"the column '{design.column_names[column]}'")
    return CrossProducts(rows, cross, factors, np.asarray(kept, dtype=np.intp))


def require_sizes(design: Design) -> None:
    """Refuse a response and columns as `require_squares` does, for criteria that begin with the rows."""
    names = [f"the column '{name}'" for name in design.column_names]
    with np.errstate(over="ignore"):
        spans = [np.ptp(design.without_offset(design.response)), *np.ptp(design.X, axis=0)]
    for span, what in zip(spans, ["the response", *names], strict=True):
        require_squares(float(span), what)


def require_squares(scale: float, what: str) -> None:
    """Refuse values whose squares, and their products with others, a double cannot hold."""
    if scale != 0 and not _LEAST < scale < _MOST:  # NaN too: what overflowed
        raise DataError(
            f"{what} has values that differ by about {scale:.1g}, whose squares a double cannot hold: "
            "give it in another unit"
        )


def core_rows(design: Design) -> tuple[Any, tuple[FactorBlocks, ...]]:
    """Return the rows of a design as the core sees them, and how it sees the grouping factors."""
    factors, thetas = factor_blocks(design), first_thetas(design)
    given = []
    for factor in factors:
        terms = [design.terms[i] for i in factor.terms]
        blocks = [
            {"basis": term.matrix.columns, "intercept": term.intercept, "theta": thetas[i]}
            for i, term in zip(factor.terms, terms, strict=True)
        ]
        codes = np.ascontiguousarray(terms[0].factor.codes)
        given.append({"codes": codes, "levels": terms[0].factor.n_levels, "blocks": blocks})

    rows = _core.Rows(design.nobs, design.matrix.columns, design.constant, given, design.weights)
    return rows, factors


def factor_blocks(design: Design) -> tuple[FactorBlocks, ...]:
    """Return how the core sees the grouping factors of a design: one after the other, by their first term."""
    by_group: dict[str, list[int]] = {}
    for index, term in enumerate(design.terms):
        by_group.setdefault(term.group, []).append(index)
    factors = []
    for group, members in by_group.items():
        edges = [0, *accumulate(len(design.terms[i].columns) for i in members)]
        slices = tuple(slice(first, last) for first, last in pairwise(edges))
        factors.append(FactorBlocks(group, tuple(members), slices))
    return tuple(factors)


def first_thetas(design: Design) -> list[int]:
    """Return the place in theta of each term's first parameter."""
    return [0, *accumulate(count(len(term.columns)) for term in design.terms)][:-1]


def _require_memory(design: Design) -> None:
    """Refuse blocks that do not fit: for each level its products among its columns and with those of X."""
    p = len(design.matrix.columns)
    most = sum(len(term.columns) for term in design.terms)  # columns of a factor; its levels have a row each
    if 8 * (design.nobs * most * (most + p) + p * p) < WORTH_ASKING:
        return
    widths: dict[str, tuple[int, int]] = {}
    for term in design.terms:
        levels, width = widths.get(term.group, (term.factor.n_levels, 0))
        widths[term.group] = levels, width + len(term.columns)
    sizes = {group: 8.0 * levels * r * (r + p) for group, (levels, r) in widths.items()}
    size = sum(sizes.values()) + 8.0 * p * p
    largest = max(sizes, key=sizes.__getitem__)
    levels, r = widths[largest]
    require_memory(
        size,
        f"the cross-products of {levels:,} levels of '{largest}' x {r:,} columns and {p:,} fixed effects",
        "use fewer columns in the random terms or the fixed part, or fewer levels (combine rare ones)",
    )
