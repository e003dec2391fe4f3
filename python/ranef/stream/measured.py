"""Moments of the columns of model matrices, by a reading of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design import ModelMatrix
from ..design.matrices import MatrixSpec, constant_vector, require_finite
from .batch import Batch
from .design_rows import DesignRows
from .learning import LearnedRows
from .moments import Moments


@dataclass(frozen=True, eq=False)
class Measured:
    """Moments of the columns of X and of each basis, (columns, 4), and whether terms of X add up to one."""

    fixed: FloatArray
    bases: list[FloatArray]
    ones: tuple[bool, ...]


def measure(batches: Iterable[Batch], rows: DesignRows, learned: LearnedRows) -> Measured:
    """A reading for the moments of what the formula computes."""
    fixed_spec, base_specs = learned.learned.fixed, learned.learned.bases
    fixed = Moments(len(fixed_spec.names))
    bases = [Moments(len(basis.names)) for basis in base_specs]
    ones = np.ones(len(fixed_spec.terms), dtype=bool)
    for batch in batches:
        matrix, others = rows.matrices(batch)
        parts = zip([matrix, *others], [fixed_spec, *base_specs], [fixed, *bases], strict=True)
        for part, spec, moments in parts:
            _require_finite(part, spec, batch)
            moments.add(part.array)
        for k, (first, last) in enumerate(fixed_spec.terms):
            ones[k] &= bool(np.all(matrix.array[:, first:last].sum(axis=1) == 1.0))
    return Measured(fixed.table, [basis.table for basis in bases], tuple(ones.tolist()))


def _require_finite(matrix: ModelMatrix, spec: MatrixSpec, batch: Batch) -> None:
    for index, name in enumerate(spec.names):
        require_finite(matrix.array[:, index], name, batch.rows)


def constant_of(learned: LearnedRows, measured: Measured) -> npt.NDArray[np.float64] | None:
    """Return the coefficients of the constant, see `constant_vector`, if they hold in all rows."""
    constant = constant_vector(learned.learned.fixed, learned.learned.matrix)
    if constant is None or "Intercept" in learned.learned.fixed.names:
        return constant
    first = int(np.flatnonzero(constant)[0])
    term = [k for k, (a, b) in enumerate(learned.learned.fixed.terms) if a <= first < b]
    return constant if measured.ones[term[0]] else None
