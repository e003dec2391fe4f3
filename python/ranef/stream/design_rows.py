"""The rows of one batch as the arrays of a design whose levels and transforms are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..arrays import FloatArray
from ..design import Design, GroupingFactor, ModelMatrix, RandomTerm
from ..design.matrices import MatrixSpec, PlainMatrix
from ..design.random_terms import GroupSpec
from ..design.used import require_number
from ..errors import DataError
from ..frame import Column, FactorColumn
from ..frame.factors import Codes, as_factor
from .batch import Batch
from .learning import LearnedRows


class DesignRows:
    """Batches as designs.

    empty: what is the same for all batches.
    """

    def __init__(self, learned: LearnedRows, empty: Design) -> None:
        self._learned, self._survey, self._empty = learned, learned.survey, empty
        self._factors = {term.group: term.factor for term in empty.terms}

    def of(self, batch: Batch) -> tuple[Design, FloatArray]:
        """Return the design of a batch's used rows and their response, offset subtracted."""
        spec = self._learned.spec
        fixed, bases = self.matrices(batch)
        codes: dict[str, Codes] = {}
        terms = []
        for term, own in zip(self._empty.terms, spec.terms, strict=True):
            if term.group not in codes:
                codes[term.group] = self._codes(own.group, batch)
            factor = GroupingFactor(term.group, codes[term.group], self._factors[term.group].levels)
            matrix = bases[own.basis].part(own.columns[0], own.columns[-1] + 1)
            terms.append(RandomTerm(term.group, term.columns, matrix, term.intercept, factor))
        y, _ = self._survey.response_and_offset(batch)
        weights = self._survey.weights(batch)
        design = replace(self._empty, matrix=fixed, terms=tuple(terms), weights=weights, nobs=batch.n)
        return design, y

    def matrices(self, batch: Batch) -> tuple[ModelMatrix, list[ModelMatrix]]:
        """Return X and the bases of the random terms."""
        columns = self._coded(batch)
        spec = self._learned.spec
        fixed = _matrix(spec.fixed, columns, batch.n)
        return fixed, [_matrix(basis, columns, batch.n) for basis in spec.bases]

    def _coded(self, batch: Batch) -> dict[str, Column]:
        """Return the batch's columns, categorical predictors with the learned levels."""
        columns = dict(batch.columns)
        for name in self._survey.needs.predictors:
            if self._survey.is_factor(name):
                levels = self._learned.levels[name]
                columns[name] = FactorColumn(name, levels.codes(batch.factor(name)), levels.levels)
        return columns

    def _codes(self, group: GroupSpec, batch: Batch) -> Codes:
        levels = [self._learned.levels[name] for name in group.columns]
        parts = [
            FactorColumn(name, known.codes(batch.factor(name)), known.levels)
            for name, known in zip(group.columns, levels, strict=True)
        ]
        codes = group.places(parts)
        if codes.min() < 0:
            raise DataError(
                f"the data have changed while they were read: '{group.name}' now has a combination that the "
                "first reading did not meet. Every reading must give the same rows"
            )
        return codes


def _matrix(spec: MatrixSpec, columns: Mapping[str, Column], n: int) -> ModelMatrix:
    if isinstance(spec, PlainMatrix):
        return spec.matrix(
            n, lambda name: as_factor(columns[name]).codes, lambda name: require_number(columns[name]).values
        )
    return ModelMatrix.of(spec.rows(columns, n))
