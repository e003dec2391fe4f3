"""Sums of products as arrays, and what can be done with them: combine columns, rename levels, add up.

With the columns c (the first one of ones) of all rows and, for each grouping factor f, some of them as z_f:
c'c, z_f'c within each level, and z_f'z_g within each pair of levels that meet. Nothing has an entry per row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class FactorSums:
    """Within the levels of one grouping factor."""

    z: npt.NDArray[np.intp]  # (r,) int: which columns; the first is that of ones
    cross: FloatArray  # (levels, r, m): z'c of each level

    @property
    def levels(self) -> int:
        return int(self.cross.shape[0])

    @property
    def own(self) -> FloatArray:
        """z'z of each level, (levels, r, r)."""
        return self.cross[:, :, self.z]


@dataclass(frozen=True, eq=False)
class PairSums:
    """Where levels of two grouping factors f < g meet: each pair once, in any order."""

    first: IntArray  # first, second (pairs,) int64: level of f, level of g
    second: IntArray
    blocks: FloatArray  # (pairs, r_f, r_g): z_f'z_g over the rows of both


@dataclass(frozen=True, eq=False)
class Table:
    """Sums of the products of m columns."""

    fixed: FloatArray  # (m, m)
    factors: tuple[FactorSums, ...]
    pairs: Mapping[tuple[int, int], PairSums]  # (f, g) with f < g -> PairSums

    def combined(self, columns: FloatArray, chosen: Sequence[npt.NDArray[np.intp]]) -> Table:
        """Return the sums of linear combinations of the columns.

        columns: (m, new).
        chosen: the new z of each factor: combinations of the old z alone.
        """
        maps = [columns[np.ix_(f.z, new)] for f, new in zip(self.factors, chosen, strict=True)]
        factors = tuple(
            FactorSums(np.asarray(new), np.einsum("ab,lac->lbc", own, f.cross, optimize=True) @ columns)
            for f, new, own in zip(self.factors, chosen, maps, strict=True)
        )
        pairs = {
            (f, g): replace(pair, blocks=maps[f].T @ pair.blocks @ maps[g])
            for (f, g), pair in self.pairs.items()
        }
        return Table(columns.T @ self.fixed @ columns, factors, pairs)

    def pair(self, one: int, other: int) -> PairSums:
        """Return the sums where levels of two grouping factors meet, in either order."""
        if one < other:
            return self.pairs[one, other]
        pair = self.pairs[other, one]
        return PairSums(pair.second, pair.first, pair.blocks.transpose(0, 2, 1))


def table_of(results: Any, z: Sequence[npt.NDArray[np.intp]]) -> Table:
    """Return the results of the core's sums of rows as a table."""
    fixed, cross, pairs = results
    factors = tuple(FactorSums(own, sums) for own, sums in zip(z, cross, strict=True))
    keys = combinations(range(len(z)), 2)
    return Table(fixed, factors, {key: PairSums(*pair) for key, pair in zip(keys, pairs, strict=True)})


def is_identity(columns: FloatArray) -> bool:
    """Whether linear combinations of columns are the columns."""
    return columns.shape[0] == columns.shape[1] and np.array_equal(columns, np.eye(columns.shape[0]))


def add_tables(tables: Sequence[Table], levels: Sequence[Sequence[IntArray]], counts: Sequence[int]) -> Table:
    """Return the sum of tables of the same columns.

    levels: of each table and factor: where its levels are in the sum.
    counts: levels of each factor in the sum.
    """
    head = tables[0]
    factors = []
    for f, factor in enumerate(head.factors):
        cross = np.zeros((counts[f], *factor.cross.shape[1:]))
        for table, own in zip(tables, levels, strict=True):
            cross[own[f]] += table.factors[f].cross
        factors.append(replace(factor, cross=cross))
    pairs = {}
    if len(tables) == 1:  # millions of pairs are not copied
        for (f, g), pair in head.pairs.items():
            pairs[f, g] = PairSums(levels[0][f][pair.first], levels[0][g][pair.second], pair.blocks)
        return Table(head.fixed, tuple(factors), pairs)
    for f, g in head.pairs:
        parts = [(table.pairs[f, g], own) for table, own in zip(tables, levels, strict=True)]
        first = np.concatenate([own[f][part.first] for part, own in parts])
        second = np.concatenate([own[g][part.second] for part, own in parts])
        pairs[f, g] = _collected(first, second, np.concatenate([part.blocks for part, _ in parts]), counts[g])
    return Table(np.sum([table.fixed for table in tables], axis=0), tuple(factors), pairs)


def _collected(first: IntArray, second: IntArray, blocks: FloatArray, width: int) -> PairSums:
    """Return the pairs sorted, blocks of equal pairs added up."""
    keys = first * width + second
    order = np.argsort(keys, kind="stable")
    keys, blocks = keys[order], blocks[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    if starts.size < keys.size:
        blocks = np.add.reduceat(blocks, starts, axis=0)
        keys = keys[starts]
    return PairSums(keys // max(width, 1), keys % max(width, 1), blocks)
