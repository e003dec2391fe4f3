"""Sums of parts of the data become those of the whole: levels matched by name, columns of one origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ArgumentError, DataError
from ..stream.survey import added_counts
from .adding import moved
from .cells import CellSums, merge_cells
from .levels_of_parts import Ranks, places_in, require_same_kind, union_of_levels
from .patterns import Patterns, added, require_small, require_whole_subjects
from .products import Cells, Product
from .sums import ColumnLevels, Contents, Sums
from .table import add_tables, is_identity

PartRanks = dict[str, Ranks]


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
        _require_same_model(given[0], part, names[0], name)
    missing = added_counts(*(part.missing for part in given))
    numbered = [(name, part) for name, part in zip(names, given, strict=True) if part.contents is not None]
    contents = None
    if len(numbered) == 1:
        contents = numbered[0][1].contents
    elif numbered:
        contents = _merged(numbered)
    head = given[0]
    n, n_total = sum(part.n for part in given), sum(part.n_total for part in given)
    return Sums(head.formula, head.weights, head.offset, n, n_total, missing, contents)


def plus(self: Sums, other: Any) -> Sums:
    """Return the sums of the rows of both."""
    if not isinstance(other, Sums):
        return NotImplemented
    return merge([self, other])


def _require_same_model(first: Sums, other: Sums, head: str, name: str) -> None:
    for what, one, two in (
        ("formula", first.formula, other.formula),
        ("weights=", first.weights, other.weights),
        ("offset=", first.offset, other.offset),
    ):
        if one != two:
            raise DataError(
                f"sums can be added up when they are of one model: the {what} of {name} is {two!r}, "
                f"that of {head} is {one!r}. Make them again with the same {what}"
            )


def _require_same_columns(parts: Sequence[tuple[str, Contents]]) -> None:
    (first, head), *others = parts
    for number, other in others:
        if other.products != head.products or dict(other.z) != dict(head.z):
            raise DataError(f"the sums of {first} and {number} are of different columns: make them again")


def _merged(numbered: Sequence[tuple[str, Sums]]) -> Contents:
    parts = [(number, part.contents) for number, part in numbered if part.contents is not None]
    kinds = require_same_kind([(number, contents.kinds) for number, contents in parts])
    _require_same_columns(parts)
    all_parts = [contents for _, contents in parts]
    head = all_parts[0]
    levels: dict[str, ColumnLevels] = {}
    ranks: list[PartRanks] = [{} for _ in parts]
    for name in head.levels:
        levels[name] = union_of_levels(name, [(n, c.levels[name]) for n, c in parts])
        for own, contents in zip(ranks, all_parts, strict=True):
            own[name] = places_in(contents.levels[name], levels[name])
    groups, group_places = {}, []
    for group in head.groups:
        found, places = _union_of_cells(group, [c.groups[group] for c in all_parts], levels, ranks)
        groups[group] = found
        group_places.append(places)
    cells: dict[Product, Cells] = {}
    columns: list[list[npt.NDArray[np.int64]]] = [[] for _ in parts]
    first = 0
    for product in head.products:
        names = product.factors
        found, places = _union_of_cells(names, [c.cells[product] for c in all_parts], levels, ranks)
        cells[product] = found
        for parts_columns, at in zip(columns, places, strict=True):
            parts_columns.append(first + at)
        first += found.shape[0]
    patterns = _patterns(parts, levels, ranks)
    place = [np.concatenate(each) for each in columns]
    origins = _origins([c.origins for c in all_parts], place, [part.n for _, part in numbered], first)
    changes = [moved(own, c.origins, origins) for own, c in zip(place, all_parts, strict=True)]
    shape = replace(head, kinds=kinds, levels=levels, groups=groups, cells=cells, origins=origins)
    z = shape.z_columns()
    tables = [
        contents.table if is_identity(change) else contents.table.combined(change, z)
        for contents, change in zip(all_parts, changes, strict=True)
    ]
    maps = [[places[k] for places in group_places] for k in range(len(parts))]
    table = add_tables(tables, maps, [keys.shape[0] for keys in groups.values()])
    if patterns is not None:
        summed = [own.combined(change) for own, change in zip(patterns, changes, strict=True)]
        all_of_them = added([own.found for own in summed])
        require_small([all_of_them], first)
        shape = replace(shape, patterns=replace(summed[0], found=all_of_them))
    unweighted = None
    if head.unweighted is not None:
        unweighted = np.zeros((first, first))
        for contents, change in zip(all_parts, changes, strict=True):
            assert contents.unweighted is not None
            unweighted += change.T @ contents.unweighted @ change
    return replace(
        shape,
        table=table,
        unweighted=unweighted,
        ranges=_ranges(all_parts),
        log_weights=sum(c.log_weights for c in all_parts),
        inverse_weights=sum(c.inverse_weights for c in all_parts),
        offsets=sum(c.offsets for c in all_parts),
    )


def _patterns(
    parts: Sequence[tuple[str, Contents]], levels: Mapping[str, ColumnLevels], ranks: Sequence[PartRanks]
) -> list[Patterns] | None:
    """Return the sums by pattern of each part with the codes of all, None where there are none."""
    own = [contents.patterns for _, contents in parts if contents.patterns is not None]
    if not own:
        return None
    head = own[0]
    subjects, places = _union_of_cells(head.subject, [one.subjects for one in own], levels, ranks)
    label = [levels[name].values for name in head.subject]
    require_whole_subjects([name for name, _ in parts], places, label, subjects)
    arms, of_arm = _union_of_cells(head.by, [one.arms for one in own], levels, ranks)
    return [
        replace(one.renamed(rank[head.visit], arm), subjects=subjects, arms=arms)
        for one, rank, arm in zip(own, ranks, of_arm, strict=True)
    ]


def _ranges(parts: Sequence[Contents]) -> dict[str, tuple[float, float]]:
    return {
        name: (min(c.ranges[name][0] for c in parts), max(c.ranges[name][1] for c in parts))
        for name in parts[0].ranges
    }


def _origins(
    given: Sequence[FloatArray], place: Sequence[npt.NDArray[Any]], rows: Sequence[int], count: int
) -> FloatArray:
    """Return the origin of each column: that of the largest part that has the column."""
    out, largest = np.zeros(count), np.full(count, -1)
    for own, at, n in zip(given, place, rows, strict=True):
        better = (n > largest[at]) | ((n == largest[at]) & (own < out[at]))
        out[at[better]], largest[at[better]] = own[better], n
    return out


def _union_of_cells(
    names: tuple[str, ...],
    given: Sequence[Cells],
    levels: Mapping[str, ColumnLevels],
    ranks: Sequence[PartRanks],
) -> tuple[Cells, list[npt.NDArray[np.int64]]]:
    """Return the combinations any part has, sorted, and where each part's are."""
    if not names:
        return given[0], [np.zeros(1, dtype=np.int64) for _ in given]
    if len(names) == 1:
        count = levels[names[0]].values.shape[0]
        return np.arange(count, dtype=np.int32)[:, None], [own[names[0]] for own in ranks]
    sizes = [levels[name].values.shape[0] for name in names]
    if np.prod([float(size) for size in sizes]) >= 2.0**62:
        raise DataError(
            f"'{':'.join(names)}' has too many combinations to number: leave one of its columns out"
        )
    numbers = []
    for cells, own in zip(given, ranks, strict=True):
        number = np.zeros(cells.shape[0], dtype=np.int64)
        for k, name in enumerate(names):
            number = number * sizes[k] + own[name][cells[:, k]]
        numbers.append(number)
    union = np.unique(np.concatenate(numbers))
    codes, rest = [], union
    for size in reversed(sizes):
        rest, inner = np.divmod(rest, size)
        codes.append(inner.astype(np.int32))
    return np.column_stack(codes[::-1]), [np.searchsorted(union, number) for number in numbers]
