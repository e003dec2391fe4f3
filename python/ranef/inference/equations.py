"""The mixed-model equations at a fit: exact variances of X beta + Z b for any rows.

With Omega = Lambda' Z'W Z Lambda + I, U = Omega^-1 Lambda' Z'W X and C = (X'H^-1 X)^-1 the error of x'beta +
z'b has the variance sigma^2 (g'C g + v'Omega^-1 v), v = Lambda'z, g = x - U'v: nothing is divided by Lambda,
so it holds for singular fits too.

References
----------
Henderson (1975), Best linear unbiased estimation and prediction under a selection model, Biometrics 31,
423-447. Robinson (1991), That BLUP is a good thing, Statistical Science 6, 15-32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_matrix, csr_matrix, diags, hstack, identity, vstack

from ..arrays import FloatArray
from ..cached import cached_property
from ..coordinates import Coordinates, term_factors
from ..design import RandomTerm
from ..errors import FitError
from ..fit import Fit
from ..pickles import Snapshot
from ..sparse_symmetric import SymmetricPattern

Rows = Sequence[tuple[npt.NDArray[np.int32], FloatArray]]
"""For each random term the codes of the rows, -1 for a level without data, and their basis."""

_FEW = 64  # rows that are solved for; of more, the entries of Omega^-1 that they meet are computed
_WHAT, _REMEDY = "the mixed-model equations", "model fewer levels (combine rare ones)"


class Equations(Snapshot):
    """The equations of one fit, in the core's coordinates: the user's rows are brought there.

    C, (p, p): (X'H^-1 X)^-1 over the kept columns.
    factors: list of (r, r) float64, Lambda of each term.
    movable: bool, whether they can be made at other thetas, for derivatives.
    """

    movable = True

    def __init__(self, fit: Fit, coordinates: Coordinates, factors: list[FloatArray], C: FloatArray) -> None:
        self.fit = fit
        self.terms: tuple[RandomTerm, ...] = fit.model.design.terms
        self.coordinates, self.factors, self.C = coordinates, factors, C
        sizes = [term.factor.n_levels * len(term.columns) for term in self.terms]
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        self.q = int(self.first[-1])

    @property
    def X(self) -> FloatArray:
        """Kept columns of X on the used rows."""
        design, kept = self.fit.model.design, self.fit.model.cross.columns
        return design.X if len(kept) == design.X.shape[1] else design.X[:, kept]

    def loadings(self, term: int, basis: FloatArray) -> FloatArray:
        """Return Lambda'z of rows of one term's columns, (m, r)."""
        return self.coordinates.random(term, basis) @ self.factors[term]

    def spherical(self, rows: Rows, chosen: Sequence[npt.NDArray[np.intp]] | None = None) -> Any:
        """Return Lambda'z of rows as a sparse (m, q) matrix; no entries where a level is new.

        rows: sequence of (codes, basis).
        chosen: columns of each term that are meant; all by default.
        """
        blocks = []
        for index, (term, (codes, basis)) in enumerate(zip(self.terms, rows, strict=True)):
            m, r = basis.shape
            z = basis if chosen is None else np.zeros_like(basis)
            if chosen is not None:
                z[:, chosen[index]] = basis[:, chosen[index]]
            v = self.loadings(index, z)
            v[codes < 0] = 0.0
            columns = np.where(codes < 0, 0, codes).astype(np.int64)[:, None] * r + np.arange(r)
            pointer = np.arange(0, m * r + 1, r)
            shape = (m, term.factor.n_levels * r)
            blocks.append(csr_matrix((v.ravel(), columns.ravel(), pointer), shape=shape))
        return hstack(blocks, format="csr")

    @cached_property
    def own(self) -> Any:
        """Lambda'z of the data's own rows, without the correlation of their residuals."""
        whiten = self.fit.model.whiten_rows
        return self.spherical([(term.factor.codes, whiten(term.basis)) for term in self.terms])

    @property
    def weights(self) -> FloatArray | None:
        """Those of the rows, None where `whiten_rows` has them."""
        model = self.fit.model
        return None if model.whitened else model.design.weights

    @cached_property
    def _weighted(self) -> Any:
        weights = self.weights
        return self.own if weights is None else diags(weights) @ self.own

    @cached_property
    def omega(self) -> Any:
        """Omega, sparse."""
        return (self._weighted.T @ self.own + identity(self.q)).tocsc()

    @cached_property
    def _blocks(self) -> FloatArray | None:
        """Omega^-1 of each level, (levels, R, R), when there is one grouping factor; R over all terms."""
        if len({term.group for term in self.terms}) > 1:
            return None
        codes, levels = self.terms[0].factor.codes, self.terms[0].factor.n_levels
        v = self.own.data.reshape(codes.size, -1)
        weights = self.weights
        weighted = v if weights is None else v * weights[:, None]
        out = np.empty((levels, v.shape[1], v.shape[1]))
        for i in range(v.shape[1]):
            for j in range(i + 1):
                out[:, i, j] = out[:, j, i] = np.bincount(codes, weighted[:, i] * v[:, j], levels) + (i == j)
        return np.linalg.inv(out)

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        """Index among the q of the random effects of each level, (levels, R): one grouping factor."""
        levels = np.arange(self.terms[0].factor.n_levels)[:, None]
        return np.hstack(
            [
                first + levels * len(t.columns) + np.arange(len(t.columns))
                for first, t in zip(self.first, self.terms, strict=False)
            ]
        )

    @cached_property
    def _factor(self) -> SparseOmega:
        return SparseOmega(self.omega, self.own)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return Omega^-1 right, (q, k)."""
        if self._blocks is not None:
            out = np.empty_like(right)
            out[self._places] = self._blocks @ right[self._places]
            return out
        return self._factor.solve(right)

    @cached_property
    def U(self) -> FloatArray:
        """Omega^-1 Lambda'Z'W X, (q, p)."""
        X = self.coordinates.fixed(self.fit.model.whiten_rows(self.X))
        return self.solve(np.ascontiguousarray(self._weighted.T @ X))

    def variances(self, X: FloatArray, v: Any) -> tuple[FloatArray, FloatArray]:
        """Return g'C g and v'Omega^-1 v of every row.

        X, (m, p): kept columns.
        v: sparse (m, q), of `spherical`.
        """
        g = self.coordinates.fixed(X) - v @ self.U
        return np.einsum("ij,jk,ik->i", g, self.C, g), self._quadratic(v)

    def _quadratic(self, v: Any) -> FloatArray:
        """Return v'Omega^-1 v of every row."""
        if not v.shape[0]:
            return np.zeros(0)
        if self._blocks is not None:
            values = v.data.reshape(v.shape[0], -1)
            levels = v.indices.reshape(v.shape[0], -1)[:, 0] // len(self.terms[0].columns)
            return np.einsum("mi,mij,mj->m", values, self._blocks[levels], values)
        if v.shape[0] <= _FEW:
            solved = self._factor.solve(v.T.toarray())
            return np.asarray(v.multiply(solved.T).sum(axis=1)).ravel()
        return self._factor.quadratic(v)


class SparseOmega:
    """A factor of Omega, and the entries of Omega^-1 between random effects that some row meets together.

    The inverse is computed on the pattern of the factor, which contains that of the rows: its cost does not
    depend on their number (Erisman & Tinney, 1975, Communications of the ACM 18, 177-179).

    omega: sparse (q, q).
    rows: sparse (m, q), those of the data among them.
    """

    def __init__(self, omega: Any, rows: Any) -> None:
        self._omega, self._rows, self._pattern = omega, rows, SymmetricPattern.of_rows(rows)
        self._factor = self._pattern.new_factor(_WHAT, _REMEDY)
        if not np.isfinite(self._factor.factor(self._pattern.lower(omega))):
            raise FitError("the mixed-model equations are not positive definite: no errors of predictions")

    def solve(self, right: FloatArray) -> FloatArray:
        """Return Omega^-1 right, (q, k)."""
        return np.asarray(self._factor.solve(right))

    @cached_property
    def _places(self) -> Any:
        """Where the pattern has its entries, counted from 1: 0 elsewhere."""
        own, order = self._pattern, self._pattern.order
        return csc_matrix((np.arange(1, len(own.rows) + 1), own.rows, own.pointers), (order, order))

    @cached_property
    def _inverse(self) -> FloatArray:
        """Entries of Omega^-1 on the pattern."""
        return np.asarray(self._factor.selected_inverse())

    def quadratic(self, v: Any) -> FloatArray:
        """Return v'Omega^-1 v of the rows of a sparse matrix with equally many entries each, ascending."""
        m = v.shape[0]
        columns, values = v.indices.reshape(m, -1), v.data.reshape(m, -1)
        out = np.zeros(m)
        for i in range(columns.shape[1]):
            for j in range(i + 1):
                place = np.asarray(self._places[columns[:, i], columns[:, j]]).ravel()
                if not place.all():
                    return SparseOmega(self._omega, vstack([self._rows, v], format="csr")).quadratic(v)
                part = values[:, i] * values[:, j] * self._inverse[place - 1]
                out += part if i == j else 2 * part
        return out


def equations(fit: Fit) -> Equations:
    """Return the equations of a fit."""
    factors = term_factors(fit.model.cross, fit.solution)
    return Equations(fit, fit.model.coordinates, factors, fit.solution["internal_vcov"])
