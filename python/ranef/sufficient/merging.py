"""Sums of parts of the data become those of the whole: levels matched by name, columns of one origin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, TypeVar

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError
from ..stream.survey import added_counts
from .cells import CellSums, merge_cells
from .levels_of_parts import require_same_kind, require_same_model
from .patterns import Patterns, added, require_small, require_whole_subjects
from .segments import moved
from .sums import Contents, Sums
from .table import Table, add_tables, is_identity
from .union import Union, united

S = TypeVar("S", Sums, CellSums)


def merge(parts: Iterable[S]) -> S:
    """Add up the sums of parts of the data.

    Parameters
    ----------
    parts : iterable of Sums, or of CellSums
        Sums of the same formula, made anywhere, in any order. A part without rows adds only its missing
        values.

    Returns
    -------
    Sums or CellSums
        Levels are matched by name: the parts can have different ones.

    Raises
    ------
    DataError
        For sums of different formulas, weights, offsets, types of columns or orders of categories; the
        message says what differs and in which part (they count from 0).

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> parts = [ranef.sums("Reaction ~ Days + (1 | Subject)", data[k::3]) for k in range(3)]
    >>> ranef.merge(parts).n
    180
    """
    given = list(parts)
    return merge_named(given, [f"part {number}" for number in range(len(given))])


def merge_named(given: list[S], names: Sequence[str]) -> S:
    """Add up the sums of parts that have names for the messages."""
    if not given:
        raise ArgumentError("merge() needs the sums of at least one part of the data")
    parts: Any = given
    made: Any = merge_cells if isinstance(given[0], CellSums) else merge_products
    return made(parts, names)  # type: ignore[no-any-return]


def merge_products(given: list[Sums], names: Sequence[str]) -> Sums:
    """Add up the sums of parts for a linear model."""
    for name, part in zip(names, given, strict=True):
        if not isinstance(part, Sums):
            raise ArgumentError(f"merge() adds up sums, {name} is {type(part).__name__}")
    named = list(zip(names, given, strict=True))
    require_same_model(named, "formula", "weights", "offset")
    missing = added_counts(*(part.missing for part in given))
    numbered = [(name, part) for name, part in named if part.contents is not None]
    contents = None
    if len(numbered) == 1:
        contents = numbered[0][1].contents
    elif numbered:
        contents = _merged(numbered)
    head = given[0]
    n, n_total = sum(part.n for part in given), sum(part.n_total for part in given)
    return Sums(head.formula, head.weights, head.offset, n, n_total, missing, contents)


def plus(self: S, other: Any) -> S:
    """Return the sums of the rows of both."""
    if type(other) is not type(self):
        return NotImplemented
    return merge([self, other])


def _require_same_columns(parts: Sequence[tuple[str, Contents]]) -> None:
    (first, head), *others = parts
    for number, other in others:
        if other.products != head.products or dict(other.z) != dict(head.z):
            raise DataError(f"the sums of {first} and {number} are of different columns: make them again")


def _merged(numbered: Sequence[tuple[str, Sums]]) -> Contents:
    """Return the contents of all parts: in the union of their levels, from one origin, added up."""
    parts = [(number, part.contents) for number, part in numbered if part.contents is not None]
    kinds = require_same_kind([(number, contents.kinds) for number, contents in parts])
    _require_same_columns(parts)
    own = [contents for _, contents in parts]
    union = united(parts)
    origins = _origins([c.origins for c in own], union, [part.n for _, part in numbered])
    changes = [moved(at, c.origins, origins) for at, c in zip(union.columns, own, strict=True)]
    shape = replace(
        own[0], kinds=kinds, levels=union.levels, groups=union.groups, cells=union.cells, origins=origins
    )
    return replace(
        shape,
        table=_table(own, changes, shape, union),
        unweighted=_unweighted(own, changes),
        patterns=_patterns(parts, changes, union),
        ranges=_ranges(own),
        log_weights=sum(c.log_weights for c in own),
        inverse_weights=sum(c.inverse_weights for c in own),
        offsets=sum(c.offsets for c in own),
    )


def _origins(given: Sequence[FloatArray], union: Union, rows: Sequence[int]) -> FloatArray:
    """Return the origin of each column: that of the largest part that has the column."""
    out, largest = np.zeros(union.count), np.full(union.count, -1)
    for own, at, n in zip(given, union.columns, rows, strict=True):
        better = (n > largest[at]) | ((n == largest[at]) & (own < out[at]))
        out[at[better]], largest[at[better]] = own[better], n
    return out


def _table(parts: Sequence[Contents], changes: Sequence[FloatArray], shape: Contents, union: Union) -> Table:
    z = shape.z_columns()
    tables = [
        contents.table if is_identity(change) else contents.table.combined(change, z)
        for contents, change in zip(parts, changes, strict=True)
    ]
    return add_tables(tables, union.of_groups, [keys.shape[0] for keys in shape.groups.values()])


def _unweighted(parts: Sequence[Contents], changes: Sequence[FloatArray]) -> FloatArray | None:
    if parts[0].unweighted is None:
        return None
    known = [contents.unweighted for contents in parts if contents.unweighted is not None]
    return reduce(np.add, (change.T @ one @ change for one, change in zip(known, changes, strict=True)))


def _patterns(
    parts: Sequence[tuple[str, Contents]], changes: Sequence[FloatArray], union: Union
) -> Patterns | None:
    """Return the sums by pattern of all parts, None where there are none."""
    own = [contents.patterns for _, contents in parts if contents.patterns is not None]
    if not own:
        return None
    head = own[0]
    subjects, places = union.combined(head.subject, [one.subjects for one in own])
    label = [union.levels[name].values for name in head.subject]
    require_whole_subjects([name for name, _ in parts], places, label, subjects)
    arms, of_arm = union.combined(head.by, [one.arms for one in own])
    visits = [rank[head.visit] for rank in union.ranks]
    summed = [
        one.renamed(visit, arm).combined(change)
        for one, visit, arm, change in zip(own, visits, of_arm, changes, strict=True)
    ]
    found = added([one.found for one in summed])
    require_small([found], union.count)
    return replace(summed[0], subjects=subjects, arms=arms, found=found)


def _ranges(parts: Sequence[Contents]) -> dict[str, tuple[float, float]]:
    return {
        name: (min(c.ranges[name][0] for c in parts), max(c.ranges[name][1] for c in parts))
        for name in parts[0].ranges
    }
