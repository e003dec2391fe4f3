"""The criterion of a mixed model some of whose terms have a relationship matrix, from dense matrices.

With K_k = L L' and Z_k L for Z_k the effects are spherical: the rest is as in lme4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..arrays import FloatArray
from ..design import Design
from ..errors import DataError
from .point import Kinds, Point, RelatedRows
from .relationship import Relationship

MOST = 4000  # random effects: matrices of this order are factored at every evaluation


@dataclass(frozen=True, eq=False)
class DensePoint(Point):
    """A `Point` with what Kenward and Roger's test asks for."""

    seen: list[FloatArray]  # each (q, p): Z_k'H^-1 Q, X in the coordinates of the sums
    projected: FloatArray  # (q, q): Z'P Z over all terms


class DenseSums(RelatedRows):
    """Cross-products of [Z X y], Z times the factors of the relationship matrices."""

    def __init__(
        self, design: Design, columns: FloatArray, y: FloatArray, related: dict[str, Relationship], reml: bool
    ) -> None:
        sizes = [term.factor.n_levels for term in design.terms]
        if sum(sizes) > MOST:
            raise DataError(
                f"the random terms have {sum(sizes):,} effects; dense matrices of that order would be "
                f"factored, at most {MOST:,}: combine levels, or leave out random terms. Pedigrees need none"
            )
        super().__init__(design, columns, y, reml, [np.arange(size) for size in sizes], sizes)
        matrices = {group: one.matrix for group, one in related.items()}
        self._related = [matrices.get(term.group) for term in design.terms]
        self._roots = [None if one is None else one.root for one in self._related]
        Z, fixed = self.rows, self.fixed
        self._zz, self._zf, self._ff = (Z.T @ Z).toarray(), np.asarray(Z.T @ fixed), fixed.T @ fixed
        for at, factor in zip(self.slices, self._roots, strict=True):
            if factor is not None:
                self._zz[at, :] = factor.T @ self._zz[at, :]
                self._zz[:, at] = self._zz[:, at] @ factor
                self._zf[at] = factor.T @ self._zf[at]

    def kinds(self) -> Kinds:
        """Return how far the covariances of the terms and of the residual differ."""
        fixed = self._zf[:, :-1]
        seen = self._zz - fixed @ fixed.T if self.reml else self._zz
        sizes = np.array([np.linalg.norm(self._zz[at, at]) for at in self.slices])
        scale = np.where(sizes > 0, sizes, 1.0)
        products = [[float(np.sum(seen[a, b] ** 2)) for b in self.slices] for a in self.slices]
        traces = np.array([float(np.trace(seen[a, a])) for a in self.slices]) / scale / np.sqrt(self.nu)
        inner = np.array(products) / np.outer(scale, scale)
        return Kinds(sizes, np.block([[inner, traces[:, None]], [traces[None, :], np.ones((1, 1))]]))

    def all_effects(self, point: Point) -> list[FloatArray]:
        """Return the effects of every term, with a relationship matrix of all levels that it names."""
        return [
            values if one is None else one.to_all(values)
            for one, values in zip(self._related, point.effects, strict=True)
        ]

    def row_effects(self, term: int, codes: npt.NDArray[Any], basis: FloatArray) -> tuple[Any, FloatArray]:
        """Return rows over the spherical effects of the levels in the data, see `RelatedRows.row_effects`."""
        one = self._related[term]
        if one is None:
            return super().row_effects(term, codes, basis)
        loadings, left = one.loadings
        known = codes >= 0
        rows = np.where(known[:, None], loadings[codes], 0.0) * basis[:, None]
        return sparse.csr_array(rows), np.where(known, left[codes], 1.0) * basis**2

    def prediction_errors(self, variances: FloatArray, rows: Any) -> tuple[FloatArray, FloatArray]:
        """Return Q'W Z V z and z'V z of sparse rows, V the covariance of the effects' errors over sigma^2."""
        z = rows.toarray()
        solved = self._factored(variances)[2] @ z.T
        return solved.T @ self._zf[:, :-1], np.einsum("mq,qm->m", z, solved)

    def _factored(self, variances: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return Gamma's diagonal, Omega and Gamma Omega^-1 Gamma."""
        gamma = np.empty(len(self._zz))
        for at, variance in zip(self.slices, variances, strict=True):
            gamma[at] = np.sqrt(variance)
        omega = gamma[:, None] * self._zz * gamma
        omega[np.diag_indices_from(omega)] += 1.0
        return gamma, omega, gamma[:, None] * np.linalg.inv(omega) * gamma

    def at(self, variances: FloatArray) -> DensePoint:
        """Return criterion, slopes and estimates at relative variances lambda, none negative."""
        gamma, omega, half = self._factored(variances)
        taken = half @ self._zf
        with_h = self._zf - self._zz @ taken  # Z'H^-1 [X y]
        ff = self._ff - self._zf.T @ taken  # [X y]'H^-1 [X y]
        inner = np.linalg.inv(ff[:-1, :-1])
        beta = inner @ ff[:-1, -1]
        squares = float(ff[-1, -1] - ff[-1, :-1] @ beta)
        seen, scores = with_h[:, :-1], with_h[:, -1] - with_h[:, :-1] @ beta
        within = self._zz - self._zz @ half @ self._zz  # Z'H^-1 Z
        projected = within - seen @ inner @ seen.T
        logs = float(np.linalg.slogdet(omega)[1]) - self.log_weights
        if self.reml:
            logs += float(np.linalg.slogdet(ff[:-1, :-1])[1]) + self.log_det_x
        traces = np.diag(projected if self.reml else within)
        weight = self.nu / squares
        slopes = [traces[at].sum() - weight * float(scores[at] @ scores[at]) for at in self.slices]
        modes = gamma**2 * scores
        effects = [
            modes[at] if factor is None else factor @ modes[at]
            for at, factor in zip(self.slices, self._roots, strict=True)
        ]
        moved = np.zeros((len(scores), len(self.slices)))
        for k, at in enumerate(self.slices):
            moved[at, k] = scores[at]
        return DensePoint(
            self.criterion(logs, squares),
            np.array(slopes),
            self.coordinates.coefficients(self.least + beta),
            inner,
            squares,
            effects,
            [seen[at].T @ seen[at] for at in self.slices],
            np.array([float(scores[at] @ scores[at]) for at in self.slices]),
            moved.T @ projected @ moved,
            [seen[at] for at in self.slices],
            projected,
        )
