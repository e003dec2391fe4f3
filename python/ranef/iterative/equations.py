"""Variances of predictions in a fit by iterations: a solve for every row, sixteen at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from .. import _core
from ..arrays import FloatArray
from ..coordinates import term_factors
from ..errors import FitError
from ..inference.equations import Equations, Rows
from ..machine.memory import require_memory
from .waiting import waiting

AT_A_TIME = 16


class IterativeEquations(Equations):
    """The equations of a fit by iterations: nothing is kept, V z = Lambda Omega^-1 Lambda'z is a solve.

    `spherical` gives rows z in the core's coordinates and order, Lambda left out.
    """

    movable = False

    def __init__(self, fit: Any) -> None:
        factors = term_factors(fit.model.cross, fit.solution)
        super().__init__(fit, fit.model.coordinates, factors, fit.solution["internal_vcov"])

    def spherical(self, rows: Rows, chosen: Sequence[npt.NDArray[np.intp]] | None = None) -> Any:
        """Return the rows z as a sparse (m, q) matrix; no entries where a level is new."""
        cross, blocks = self.fit.model.cross, []
        for given in cross.design.factor_order:
            own = cross.factors[given]
            width = sum(self.factors[index].shape[0] for index in own.terms)
            levels = self.terms[own.terms[0]].factor.n_levels
            parts = []
            for index, part in zip(own.terms, own.slices, strict=True):
                codes, basis = rows[index]
                z = basis if chosen is None else np.zeros_like(basis)
                if chosen is not None:
                    z[:, chosen[index]] = basis[:, chosen[index]]
                values = self.coordinates.random(index, z)
                values[codes < 0] = 0.0
                first = np.where(codes < 0, 0, codes).astype(np.int64)[:, None] * width
                columns = first + np.arange(width)[part]
                m, r = values.shape
                parts.append(
                    csr_matrix(
                        (values.ravel(), columns.ravel(), np.arange(0, m * r + 1, r)),
                        shape=(m, levels * width),
                    )
                )
            blocks.append(sum(parts[1:], parts[0]))
        return hstack(blocks, format="csr")

    def variances(self, X: FloatArray, v: Any) -> tuple[FloatArray, FloatArray]:
        """Return g'C g and z'V z of every row, g = x - X'Z V z."""
        fixed, random, met = self.coordinates.fixed(X), np.empty(len(X)), np.empty(X.shape)
        with waiting("errors of predictions") as told:
            for first in range(0, len(X), AT_A_TIME):
                part = slice(first, first + AT_A_TIME)
                rhs = v[part].toarray()
                solved, met[part] = solved_rows(self.fit, rhs, "standard errors of predictions", told)
                random[part] = np.einsum("ij,ij->i", rhs, solved)
        g = fixed - met
        return np.einsum("ij,jk,ik->i", g, self.C, g), random


def solved_rows(fit: Any, rhs: FloatArray, what: str, told: Any = None) -> tuple[FloatArray, FloatArray]:
    """Return V z and X'Z V z of rows z, in the core's coordinates and order."""
    require_memory(8.0 * rhs.shape[1] * AT_A_TIME, "the right-hand sides", "fewer random effects")
    own = fit.iterations
    try:
        return _core.iterative_random_solves(  # type: ignore[no-any-return]
            *(fit.model.problem, fit.response, fit.theta, rhs),
            most_iterations=own.most_iterations,
            progress=told,
        )
    except RuntimeError as error:
        raise FitError(f"no {what}: {error}") from None
