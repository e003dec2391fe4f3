"""Columns of a part of the data, and of several: of one type, and levels matched by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import IntArray
from ..errors import DataError, quote_list
from ..frame import FactorColumn
from ..frame.factors import Levels, cell_numbers, label_texts, level_keys, sort_levels
from ..stream.kinds import WORDS, joined, level_words
from .products import Cells
from .sums import ColumnLevels


def require_same_kind(parts: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Return the kinds of the columns of all parts together.

    Raises DataError for a column of another type in another part.
    """
    (first, head), *others = parts
    kinds = dict(head)
    for number, other in others:
        for name, kind in other.items():
            before = kinds[name]
            both = joined(before, kind)
            if both is None:
                raise DataError(
                    f"the column '{name}' holds {WORDS[before]} in {first} and {WORDS[kind]} in {number} "
                    "(they count from 0): give it one type in every part"
                )
            kinds[name] = both
    return kinds


def require_same_model(parts: Sequence[tuple[str, Any]], *of_model: str) -> None:
    """Raise a DataError for sums, each with its name, of which a part of the model differs."""
    (first, head), *others = parts
    for name, other in others:
        for what in of_model:
            one, two = getattr(head, what), getattr(other, what)
            if one != two:
                said = what if what == "formula" else f"{what}="
                raise DataError(
                    f"sums can be added up when they are of one model: {said} of {name} is {two!r}, that of "
                    f"{first} is {one!r}. Make them again with the same {said}"
                )


def union_of_levels(name: str, parts: Sequence[tuple[str, ColumnLevels]]) -> ColumnLevels:
    """Return the levels that any part has of a column; each part comes with its name for the messages."""
    (first, head), *others = parts
    kind = level_words(head.values)
    for number, other in others:
        if level_words(other.values) != kind:
            raise DataError(
                f"the levels of the column '{name}' are {kind} in {first} and {level_words(other.values)} in "
                f"{number} (they count from 0): give it one type in every part"
            )
        if other.categories != head.categories:
            one, two = (quote_list(list(_listed(own))) for own in (head, other))
            raise DataError(
                f"the categories of the column '{name}' are in another order in {number} ({two}) than "
                f"in {first} ({one}), so that its levels would be coded otherwise: give it the same "
                "categories, in the same order, in every part"
            )
    arrays = [head.values, *(other.values for _, other in others)]
    if all(np.array_equal(arrays[0], other) for other in arrays[1:]):
        return head
    if head.categories is None and head.values.dtype.kind != "O":
        return ColumnLevels(np.unique(np.concatenate(arrays)), None)
    found = {
        key: value for array in arrays for key, value in zip(level_keys(array), array, strict=True)
    }
    values = np.empty(len(found), dtype=head.values.dtype)
    values[:] = list(found.values())
    if head.categories is None:
        return ColumnLevels(sort_levels(np.arange(values.size, dtype=np.int32), values)[1], None)
    rank = {value: k for k, value in enumerate(head.categories)}
    order = np.argsort([rank[key] for key in found], kind="stable")
    return ColumnLevels(values[order], head.categories)


def _listed(levels: ColumnLevels) -> Sequence[Any]:
    return levels.categories if levels.categories is not None else label_texts(levels.values)


def places_in(own: ColumnLevels, union: ColumnLevels) -> IntArray:
    """Return where levels are in the union."""
    if own.values is union.values:
        return np.arange(own.values.shape[0])
    if union.categories is None and union.values.dtype.kind != "O":
        return np.searchsorted(union.values, own.values).astype(np.int64)
    place = {key: k for k, key in enumerate(level_keys(union.values))}
    return np.array([place[key] for key in level_keys(own.values)], dtype=np.int64)


def numbers_of(names: Sequence[str], cells: Cells, levels: Mapping[str, ColumnLevels]) -> IntArray:
    """Return the number of each combination of levels, (cells, names), in the full crossing.

    Raises DataError: they are too many to be numbered.
    """
    if not names:
        return np.zeros(cells.shape[0], dtype=np.int64)
    columns = zip(names, cells.T, strict=True)
    return cell_numbers([FactorColumn(name, codes, levels[name].values) for name, codes in columns])


def cells_of(numbers: IntArray, names: Sequence[str], levels: Mapping[str, ColumnLevels]) -> Cells:
    """Return the combinations that have these numbers, see `numbers_of`."""
    sizes = [levels[name].values.shape[0] for name in names]
    codes = np.empty((numbers.size, len(names)), dtype=np.int32)
    for k, own in enumerate(np.unravel_index(numbers, sizes) if names else ()):
        codes[:, k] = own
    return codes


def unusual(categories: list[Any] | None) -> tuple[Any, ...] | None:
    """Return the order of categories, given by their keys, if it is not the sorted one."""
    if categories is None:
        return None
    values: Levels = np.empty(len(categories), dtype=object)
    values[:] = categories
    rank, _ = sort_levels(np.arange(values.size, dtype=np.int32), values)
    return None if np.array_equal(rank, np.arange(values.size)) else tuple(categories)
