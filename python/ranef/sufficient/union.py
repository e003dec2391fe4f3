"""Levels, their combinations and columns of all parts of the data, and where each part's own are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import IntArray
from .levels_of_parts import cells_of, numbers_of, places_in, union_of_levels
from .products import Cells, Group, Product
from .sums import ColumnLevels, Contents


@dataclass(frozen=True, eq=False)
class LevelsOfAll:
    """The levels of all parts."""

    levels: Mapping[str, ColumnLevels]  # categorical column -> its levels
    # for each part: categorical column -> the place of each of its levels
    ranks: Sequence[Mapping[str, IntArray]]

    def combined(self, names: tuple[str, ...], given: Sequence[Cells]) -> tuple[Cells, list[IntArray]]:
        """Return the combinations of levels that any part has, sorted, and where each part's are."""
        if not names:
            return given[0], [np.zeros(1, dtype=np.int64) for _ in given]
        if len(names) == 1:
            count = self.levels[names[0]].values.shape[0]
            return np.arange(count, dtype=np.int32)[:, None], [own[names[0]] for own in self.ranks]
        numbers = []
        for cells, own in zip(given, self.ranks, strict=True):
            codes = np.column_stack([own[name][cells[:, k]] for k, name in enumerate(names)])
            numbers.append(numbers_of(names, codes.astype(np.int32), self.levels))
        union = np.unique(np.concatenate(numbers))
        return cells_of(union, names, self.levels), [np.searchsorted(union, number) for number in numbers]


@dataclass(frozen=True, eq=False)
class Union(LevelsOfAll):
    """What all parts have."""

    groups: Mapping[Group, Cells]  # groups, cells: as of `Contents`
    cells: Mapping[Product, Cells]
    # for each part: grouping factor by grouping factor, the place of each of its levels
    of_groups: list[list[IntArray]]
    columns: list[IntArray]  # for each part: the place of each of its columns
    count: int  # how many columns all have


def united(parts: Sequence[tuple[str, Contents]]) -> Union:
    """Return what parts, with their names for the messages, have together.

    Raises DataError for levels that cannot be matched, or too many combinations of them.
    """
    given = [contents for _, contents in parts]
    head, each = given[0], range(len(given))
    levels = {
        name: union_of_levels(name, [(part, own.levels[name]) for part, own in parts]) for name in head.levels
    }
    ranks = [{name: places_in(own.levels[name], levels[name]) for name in levels} for own in given]
    of_all = LevelsOfAll(levels, ranks)
    groups = {g: of_all.combined(g, [own.groups[g] for own in given]) for g in head.groups}
    cells = {p: of_all.combined(p.factors, [own.cells[p] for own in given]) for p in head.products}
    first = np.cumsum([0, *(found.shape[0] for found, _ in cells.values())])
    starts = dict(zip(cells, first, strict=False))
    return Union(
        levels,
        ranks,
        groups={group: found for group, (found, _) in groups.items()},
        cells={product: found for product, (found, _) in cells.items()},
        of_groups=[[places[k] for _, places in groups.values()] for k in each],
        columns=[np.concatenate([starts[p] + places[k] for p, (_, places) in cells.items()]) for k in each],
        count=int(first[-1]),
    )
