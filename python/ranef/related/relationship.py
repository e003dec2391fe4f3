"""Relationship matrices: the known covariance K of a term's random effects over its levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import ArgumentError, DataError, quote_list
from ..frame.factors import label_texts
from ..sparse_symmetric import FactoredMatrix
from .pedigree import Pedigree, is_pedigree, read_pedigree

_SYMMETRIC = 1e-8
_DEFINITE = 1e-10


@dataclass(frozen=True, eq=False)
class MatrixRelationship:
    """A relationship matrix that was given, of the levels in the data and of others that it names."""

    group: str
    labels: tuple[str, ...]  # all that the matrix names
    whole: FloatArray = field(repr=False)  # (m, m)
    places: Any = field(repr=False)  # (q,): of the levels in the data among the labels
    # (q, q): lower Cholesky factor of the matrix of the levels in the data
    root: FloatArray = field(repr=False)
    remark: str = ""

    @property
    def matrix(self) -> MatrixRelationship:
        """Itself: see `PedigreeRelationship.matrix`."""
        return self

    @property
    def diagonal(self) -> FloatArray:
        """Of the matrix of all labels, (m,)."""
        return np.diag(self.whole)

    @cached_property
    def loadings(self) -> tuple[FloatArray, FloatArray]:
        """Effects of all labels by spherical ones of the levels in the data, (m, q); the variance left."""
        across = np.linalg.solve(self.root, self.whole[self.places]).T
        return across, np.maximum(self.diagonal - np.sum(across**2, axis=1), 0.0)

    def to_all(self, values: FloatArray) -> FloatArray:
        """Return the best predictions of all labels from the effects of the levels in the data."""
        inner = np.linalg.solve(self.root.T, np.linalg.solve(self.root, values))
        return np.asarray(self.whole[:, self.places] @ inner)

    def draw(self, random: np.random.Generator, n: int) -> FloatArray:
        """Return n draws of the effects of the levels in the data, (q, n), of variance K."""
        return np.asarray(self.root @ random.standard_normal((len(self.root), n)))


@dataclass(frozen=True, eq=False)
class PedigreeRelationship:
    """The relationships of a pedigree, whose inverse is sparse."""

    group: str
    pedigree: Pedigree = field(repr=False)
    places: Any = field(repr=False)  # (q,): of the levels in the data among the animals
    remark: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """All animals."""
        return tuple(self.pedigree.labels)

    @property
    def size(self) -> int:
        """How many animals."""
        return len(self.pedigree.labels)

    @property
    def diagonal(self) -> FloatArray:
        """Of the matrix of all animals, (m,)."""
        return 1 + self.pedigree.inbreeding

    @cached_property
    def inverse(self) -> FactoredMatrix:
        """K^-1 of all animals."""
        return FactoredMatrix.of(self.pedigree.precision)

    @cached_property
    def matrix(self) -> MatrixRelationship:
        """The dense matrix."""
        whole = self.pedigree.matrix()
        root = np.asarray(np.linalg.cholesky(whole[np.ix_(self.places, self.places)]), dtype=np.float64)
        return MatrixRelationship(self.group, self.labels, whole, self.places, root)

    def times(self, values: FloatArray) -> FloatArray:
        """Return K values, (m, c), of all animals."""
        return self.inverse.solve(values)

    def draw(self, random: np.random.Generator, n: int) -> FloatArray:
        """Return n draws of the effects of the levels in the data, (q, n), of variance K."""
        return self.inverse.spread(random.standard_normal((self.size, n)))[self.places]


Relationship = MatrixRelationship | PedigreeRelationship


def read_relationships(given: Any, factors: Sequence[Any]) -> dict[str, Relationship]:
    """Check ``relationship=`` against the grouping factors of a model.

    Raises ArgumentError: it is no dict, or names a group without a random term.
    Raises DataError: a matrix lacks levels, is not symmetric or not positive definite; a pedigree that goes
        in a circle.
    """
    if not isinstance(given, Mapping) or not given:
        raise ArgumentError(
            "relationship= must be a dict of group -> matrix or pedigree, such as {'animal': A}, "
            f"not {type(given).__name__}"
        )
    by_name = {factor.name: factor for factor in factors}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        raise ArgumentError(
            f"relationship= names {quote_list(unknown)}, of which the formula has no random term: its groups "
            f"are {quote_list(by_name)}"
        )
    return {name: _relationship(name, table, by_name[name]) for name, table in given.items()}


def _relationship(name: str, given: Any, factor: Any) -> Relationship:
    levels = label_texts(factor.levels)
    table = given.to_pandas() if hasattr(given, "to_pandas") else given
    if hasattr(table, "columns") and is_pedigree([str(c) for c in table.columns]):
        pedigree = read_pedigree(name, table)
        return PedigreeRelationship(name, pedigree, _places(f"pedigree of '{name}'", pedigree.labels, levels))
    labels, matrix, remark = _labelled(name, table, levels)
    places = _places(f"relationship matrix of '{name}'", labels, levels)
    if not np.isfinite(matrix).all():
        raise DataError(f"the relationship matrix of '{name}' has missing or infinite entries")
    size = float(np.abs(matrix).max())
    gap = np.abs(matrix - matrix.T)
    if gap.max() > _SYMMETRIC * size:
        i, j = np.unravel_index(int(np.argmax(gap)), gap.shape)
        raise DataError(
            f"the relationship matrix of '{name}' is not symmetric: {matrix[i, j]:g} and {matrix[j, i]:g} "
            f"for '{labels[i]}' and '{labels[j]}'"
        )
    matrix = (matrix + matrix.T) / 2
    inner = matrix[np.ix_(places, places)]
    values, vectors = np.linalg.eigh(inner)
    if values[0] <= _DEFINITE * values[-1]:
        involved = np.argsort(-np.abs(vectors[:, 0]))[:2]
        raise DataError(
            f"the relationship matrix of '{name}' is not positive definite (smallest eigenvalue "
            f"{values[0]:.2g}, mostly of {quote_list([levels[k] for k in involved])}): twins or clones make "
            "one level, estimated matrices need a little on the diagonal, A + 0.01 I"
        )
    root = np.asarray(np.linalg.cholesky(inner), dtype=np.float64)
    return MatrixRelationship(name, tuple(labels), matrix, places, root, remark)


def _places(what: str, labels: list[str], levels: list[str]) -> npt.NDArray[np.intp]:
    """Return where the levels in the data stand among the labels of a matrix or pedigree."""
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise DataError(f"the {what} has the level '{twice}' twice")
    place = {label: k for k, label in enumerate(labels)}
    lacking = [level for level in levels if level not in place]
    if lacking:
        raise DataError(
            f"the {what} lacks {len(lacking)} of {len(levels)} levels in the data: {quote_list(lacking, 5)}; "
            "add them (unrelated ones with ones on the diagonal, without parents), or leave their rows out"
        )
    return np.array([place[level] for level in levels])


def _labelled(name: str, table: Any, levels: list[str]) -> tuple[list[str], FloatArray, str]:
    """Return labels, matrix, and what must be said of them."""
    if hasattr(table, "columns") and hasattr(table, "index"):
        labels, columns = label_texts(np.asarray(table.index)), [str(c) for c in table.columns]
        matrix = np.asarray(table, dtype=np.float64)
        if matrix.shape[0] != matrix.shape[1]:
            raise DataError(f"the relationship matrix of '{name}' is not square: {matrix.shape}")
        if sorted(labels) != sorted(columns):
            raise DataError(
                f"the relationship matrix of '{name}' has other labels in its rows than in its columns: "
                "set both to the levels"
            )
        order = {label: k for k, label in enumerate(columns)}
        return labels, matrix[:, [order[label] for label in labels]], ""
    try:
        matrix = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.zeros(0)
    if matrix.shape != (len(levels), len(levels)):
        raise DataError(
            f"relationship= of '{name}' must be a DataFrame whose rows and columns are levels, a pedigree "
            f"with columns animal, sire, dam, or an array of the {len(levels)} levels in their order, not "
            f"of shape {matrix.shape}"
        )
    remark = (
        f"the relationship matrix of '{name}' has no labels: its rows are taken as the levels in order, "
        f"{quote_list(levels, 3)}"
    )
    return levels, matrix, remark
