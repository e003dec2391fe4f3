"""Random terms: grouping factors, bases, the expansion of ``||``, lme4's order and its rules on size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from ..arrays import IntArray
from ..errors import DataError
from ..formula import RandomBar
from ..formula.expand import terms_of
from ..frame import Column, FactorColumn
from ..frame.factors import Codes, Levels, as_factor, cell_numbers, combine, recode
from ..pickles import Snapshot
from .formulaic_bridge import FormulaicMatrix
from .matrices import MatrixSpec, PlainMatrix, learn_matrix, plain_numeric, shared_part
from .model_matrix import ModelMatrix
from .structure import Key, column_keys
from .types import GroupingFactor, RandomTerm
from .used import UsedColumns, boolean_columns


@dataclass(frozen=True, eq=False)
class GroupSpec(Snapshot):
    """A grouping factor as learned: the levels of its columns, and for combinations the cells that occur."""

    name: str
    columns: tuple[str, ...]
    levels: Levels
    parts: tuple[Levels, ...]
    cells: IntArray | None

    def codes(self, columns: dict[str, Column]) -> Codes:
        """Return the codes of new data, -1 for a level the fit has not seen or a missing value."""
        coded = [
            FactorColumn(name, recode(as_factor(columns[name]), levels)[0], levels)
            for name, levels in zip(self.columns, self.parts, strict=True)
        ]
        return self.places(coded)

    def places(self, coded: Sequence[FactorColumn]) -> Codes:
        """Return the codes of rows from those of the columns, -1 for a combination the fit has not seen."""
        if self.cells is None:
            return coded[0].codes
        cells = cell_numbers(coded)
        place = np.minimum(np.searchsorted(self.cells, cells), self.cells.shape[0] - 1)
        return np.where(self.cells[place] == cells, place, -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class TermSpec:
    """A random term as learned: its group and the columns of a basis it takes."""

    group: GroupSpec
    basis: int
    """Number of the learned basis."""
    columns: tuple[int, ...]
    """The columns of that basis; one of them for a term that ``||`` gave."""


def coded_group(name: str, parts: Sequence[FactorColumn]) -> tuple[FactorColumn, GroupSpec]:
    """Return the factor of one column, or of the combinations of several, and how new rows are looked up."""
    factor, cells = (parts[0], None) if len(parts) == 1 else combine(name, parts)
    columns, levels = tuple(part.name for part in parts), tuple(part.levels for part in parts)
    return factor, GroupSpec(name, columns, factor.levels, levels, cells)


def grouping_factor(bar: RandomBar, used: UsedColumns) -> tuple[GroupingFactor, GroupSpec]:
    """Code the grouping factor of a bar on the used rows.

    Raises DataError when it has one level, and the term no structure for which that is enough.
    """
    factor, spec = coded_group(bar.group, used.grouping(bar.group_columns))
    if factor.levels.shape[0] < 2 and not bar.within:
        raise DataError(
            f"the grouping factor '{bar.group}' has one level ({factor.levels[0]}) on the rows used: "
            "a variance between groups needs two or more; leave the term out"
        )
    return GroupingFactor(bar.group, factor.codes, factor.levels), spec


class RandomBuilder:
    """Builds the random terms of one model; equal bases and equal groups are built once."""

    def __init__(
        self, used: UsedColumns, needed: dict[str, tuple[str, ...]], fixed: MatrixSpec, matrix: ModelMatrix
    ) -> None:
        self.used = used
        self.needed = needed
        self.fixed = fixed
        self.matrix = matrix
        self.bases: list[MatrixSpec] = []
        self._basis_number: dict[str, int] = {}
        self._matrices: list[ModelMatrix] = []
        self._groups: dict[str, tuple[GroupingFactor, GroupSpec]] = {}

    def build(self, bars: Sequence[RandomBar]) -> list[tuple[RandomTerm, TermSpec]]:
        """Return the terms in the order of the formula."""
        terms: list[tuple[RandomTerm, TermSpec]] = []
        for _, same_source in groupby(bars, key=lambda bar: bar.source):
            siblings = list(same_source)
            number = self._basis(siblings[0])
            width = len(self.bases[number].names)
            if siblings[0].correlated:
                chosen: list[tuple[int, ...]] = [tuple(range(width))]
            else:
                chosen = [(index,) for index in range(width)]
            # column by column, then group by group: lme4 expands || before /
            terms += [self._term(bar, number, columns) for columns in chosen for bar in siblings]
        return terms

    def _basis(self, bar: RandomBar) -> int:
        found = self._basis_number.get(bar.columns)
        if found is not None:
            return found
        spec, matrix = self._learn(bar.columns)
        spec = self._renamed(spec)
        if not spec.names:
            raise DataError(f"the random term {bar} has no columns: write (1 | {bar.group}) for intercepts")
        self.bases.append(spec)
        self._matrices.append(matrix)
        self._basis_number[bar.columns] = len(self.bases) - 1
        return len(self.bases) - 1

    def _renamed(self, spec: MatrixSpec) -> MatrixSpec:
        """Call a column as it is called where it was met before: ``a:b`` in X, ``b:a`` here are the same."""
        if not isinstance(spec, FormulaicMatrix) or spec is self.fixed:
            return spec
        known: dict[Key, str] = {}
        for met in (self.fixed, *self.bases):
            if isinstance(met, FormulaicMatrix):
                for key, name in zip(column_keys(met), met.names, strict=True):
                    known.setdefault(key, name)
        names = [known.get(key, name) for key, name in zip(column_keys(spec), spec.names, strict=True)]
        return replace(spec, names=tuple(names))

    def _learn(self, text: str) -> tuple[MatrixSpec, ModelMatrix]:
        """Learn a basis: X itself, or a part of X, where its terms (if plain, its columns) stand there."""
        if isinstance(self.fixed, FormulaicMatrix) and self.fixed.has_terms(text):
            return self.fixed, self.matrix
        found = terms_of(text)
        columns = found.bare_columns
        if columns is not None and isinstance(self.fixed, PlainMatrix):
            spans = not found.intercept and boolean_columns(columns, self.used)  # both levels have a column
            if not spans and not any(self.used.is_factor(name) for name in columns):
                spec = plain_numeric(found.intercept, columns, frozenset())
                part = shared_part(spec.names, self.fixed, self.matrix)
                if part is not None:
                    return spec, part
        return learn_matrix(text, self.used, self.needed[text])

    def _term(self, bar: RandomBar, number: int, columns: tuple[int, ...]) -> tuple[RandomTerm, TermSpec]:
        if bar.group not in self._groups:
            self._groups[bar.group] = grouping_factor(bar, self.used)
        factor, group = self._groups[bar.group]
        names = tuple(self.bases[number].names[index] for index in columns)
        matrix = self._matrices[number].part(columns[0], columns[-1] + 1)
        intercept = names.index("Intercept") if "Intercept" in names else -1
        return RandomTerm(bar.group, names, matrix, intercept, factor), TermSpec(group, number, columns)


def lme4_order(level_counts: Sequence[int]) -> list[int]:
    """Return the order of terms in lme4: as written if the level counts do not rise, else by rev(order(n)).

    >>> lme4_order([18, 18]), lme4_order([10, 30, 30])
    ([0, 1], [2, 1, 0])
    """
    positions = list(range(len(level_counts)))
    if all(a >= b for a, b in pairwise(level_counts)):
        return positions
    return sorted(positions, key=level_counts.__getitem__)[::-1]


def _brief(term: RandomTerm) -> str:
    names = term.columns if len(term.columns) <= 6 else (*term.columns[:3], "...", term.columns[-1])
    return f"({' + '.join(names)} | {term.group})"


def require_enough_rows(terms: Sequence[RandomTerm], n: int) -> None:
    """Raise a DataError for a term with at least as many levels, or random effects, as rows (lme4's rule)."""
    for term in terms:
        levels, width = term.factor.n_levels, len(term.columns)
        if levels >= n:
            raise DataError(
                f"the grouping factor '{term.group}' has {levels} levels for {n} rows: its variance cannot "
                "be told from the residual variance; use a coarser factor, or pass allow_saturated=True"
            )
        if levels * width >= n:
            raise DataError(
                f"the random term {_brief(term)} has {levels} levels x {width} columns = {levels * width} "
                f"random effects for {n} rows: its variances cannot be told from the residual variance; "
                "use fewer columns, or pass allow_saturated=True"
            )
