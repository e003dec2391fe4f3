"""The criterion of a mixed model whose relationships are pedigrees, from Henderson's mixed-model equations.

With gamma_k^2 = lambda_k and C = block-diagonal(K_k^-1) + Gamma Z'WZ Gamma, which is sparse,

    log|H W| = log|C| + sum log|K_k|,    H^-1 = W - W Z Gamma C^-1 Gamma Z'W,
    tr(G_k H^-1) = (1 / gamma_k) sum_ij (C^-1)_ij (Z'WZ)_ij gamma_j,    i in term k,

so that an evaluation takes one factorisation, the entries of C^-1 on its pattern, and one solve.

References
----------
Henderson (1976), Biometrics 32, 69-83. Gilmour, Thompson & Cullis (1995), Average information REML,
Biometrics 51, 1440-1450.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from scipy import sparse

from ..arrays import FloatArray
from ..design import Design
from ..sparse_symmetric import FEWER_ANIMALS, SymmetricPattern
from .point import Kinds, Point, RelatedRows
from .relationship import PedigreeRelationship

_PROBES = 4
_AT_A_TIME = 64  # rows whose prediction errors are solved for
_LEAST_GAMMA = 1e-4  # at which slopes in variances that are zero are taken


class SparseSums(RelatedRows):
    """Cross-products of [Z X y], sparse, and the inverses of the relationship matrices."""

    def __init__(
        self,
        design: Design,
        columns: FloatArray,
        y: FloatArray,
        related: dict[str, PedigreeRelationship],
        reml: bool,
    ) -> None:
        self._related = [related.get(term.group) for term in design.terms]
        levels = [np.arange(term.factor.n_levels) for term in design.terms]
        places = [own if one is None else one.places for own, one in zip(levels, self._related, strict=True)]
        sizes = [
            len(own) if one is None else one.size for own, one in zip(levels, self._related, strict=True)
        ]
        super().__init__(design, columns, y, reml, places, sizes)
        self._log_det_k = sum(one.pedigree.log_det for one in self._related if one is not None)
        self._zz = (self.rows.T @ self.rows).tocsc()
        self._zf, self._ff = np.asarray(self.rows.T @ self.fixed), self.fixed.T @ self.fixed
        inverses = [
            sparse.eye_array(size, format="csc") if one is None else one.pedigree.precision
            for one, size in zip(self._related, sizes, strict=True)
        ]
        precision = sparse.block_diag(inverses, format="csc")
        self._pattern = SymmetricPattern.of(precision, self._zz)
        self._inverse, self._gram = self._pattern.lower(precision), self._pattern.lower(self._zz)
        self._term = np.repeat(np.arange(len(sizes)), sizes)  # of an effect
        animals = max(one.size for one in related.values())
        self._factor = self._pattern.new_factor(
            f"the mixed-model equations of {animals:,} animals", FEWER_ANIMALS
        )
        self._alone = Lock()  # the factor is that of one caller at a time

    def kinds(self) -> Kinds:
        """Return how far the covariances of the terms and of the residual differ, by random vectors.

        Products of G_k with a few vectors depend on each other as the G_k do.
        """
        basis = self.fixed[:, : self.p] if self.reml else self.fixed[:, :0]
        probes = np.random.default_rng(0).choice([-1.0, 1.0], (self.n, _PROBES))
        seen = probes - basis @ (basis.T @ probes)
        sizes, vectors = [], []
        for k, at in enumerate(self.slices):
            Z = self.rows[:, at]
            sizes.append(float(np.linalg.norm(Z @ self._times(k, Z.T @ probes))) / _PROBES**0.5)
            moved = Z @ self._times(k, Z.T @ seen)
            vectors.append((moved - basis @ (basis.T @ moved)) / (sizes[-1] or 1.0))
        vectors.append(seen / np.sqrt(self.nu))
        stacked = np.array([one.ravel() for one in vectors])
        return Kinds(np.array(sizes), stacked @ stacked.T / _PROBES)

    def all_effects(self, point: Point) -> list[FloatArray]:
        """Return the effects of every term, of all animals of a pedigree."""
        return point.effects

    def at(self, variances: FloatArray) -> Point:
        """Return criterion, slopes and estimates at relative variances lambda, none negative.

        Raises LinAlgError: the variances are so large that the equations lose all digits.
        """
        with self._alone:
            return self._at(variances)

    def _at(self, variances: FloatArray) -> Point:
        gammas = np.sqrt(np.asarray(variances, dtype=np.float64))
        gamma = gammas[self._term]
        log_det = self._refactor(gamma)
        taken = gamma[:, None] * self._solve(gamma[:, None] * self._zf)
        with_h = self._zf - self._zz @ taken  # Z'H^-1 [X y]
        ff = self._ff - self._zf.T @ taken  # [X y]'H^-1 [X y]
        inner = np.linalg.inv(ff[:-1, :-1])
        beta = inner @ ff[:-1, -1]
        squares = float(ff[-1, -1] - ff[-1, :-1] @ beta)
        logs = log_det + self._log_det_k - self.log_weights
        if self.reml:
            logs += float(np.linalg.slogdet(ff[:-1, :-1])[1]) + self.log_det_x
        seen = np.column_stack([with_h[:, :-1], with_h[:, -1] - with_h[:, :-1] @ beta])  # Z'H^-1 Q, Z'P y
        moved = [self._times(k, seen[at]) for k, at in enumerate(self.slices)]  # K times these
        spreads = [seen[at, :-1].T @ own[:, :-1] for own, at in zip(moved, self.slices, strict=True)]
        pulls = np.array(
            [float(seen[at, -1] @ own[:, -1]) for own, at in zip(moved, self.slices, strict=True)]
        )
        curvature = self._curvature([own[:, -1] for own in moved], gamma, taken[:, :-1], inner)
        slopes = self._traces(gammas) - self.nu / squares * pulls
        if self.reml:
            slopes = slopes - np.array([float(np.sum(inner * spread)) for spread in spreads])
        effects = [one * own[:, -1] for one, own in zip(variances, moved, strict=True)]
        return Point(
            self.criterion(logs, squares),
            slopes,
            self.coordinates.coefficients(self.least + beta),
            inner,
            squares,
            effects,
            spreads,
            pulls,
            curvature,
        )

    def prediction_errors(self, variances: FloatArray, rows: Any) -> tuple[FloatArray, FloatArray]:
        """Return Q'W Z V z and z'V z of sparse rows, V the covariance of the effects' errors over sigma^2."""
        gamma = np.sqrt(np.asarray(variances, dtype=np.float64))[self._term]
        met, random = np.empty((rows.shape[0], self.p)), np.empty(rows.shape[0])
        with self._alone:
            self._refactor(gamma)
            for first in range(0, rows.shape[0], _AT_A_TIME):
                part = slice(first, first + _AT_A_TIME)
                z = rows[part].toarray()
                solved = gamma[:, None] * self._solve(gamma[:, None] * z.T)
                met[part] = solved.T @ self._zf[:, :-1]
                random[part] = np.einsum("mq,qm->m", z, solved)
        return met, random

    def _times(self, term: int, values: FloatArray) -> FloatArray:
        """Return K_k times columns."""
        one = self._related[term]
        return values if one is None else one.times(values)

    def _refactor(self, gamma: FloatArray) -> float:
        """Factor C and return its log determinant."""
        pattern = self._pattern
        log_det = self._factor.factor(
            self._inverse + gamma[pattern.rows] * self._gram * gamma[pattern.columns]
        )
        if not np.isfinite(log_det):
            raise np.linalg.LinAlgError("the mixed-model equations are not positive definite")
        return float(log_det)

    def _solve(self, right: FloatArray) -> FloatArray:
        return np.asarray(self._factor.solve(right))

    def _traces(self, gammas: FloatArray) -> FloatArray:
        """Return tr(G_k H^-1) of every term; of those without a variance as if it were nearly zero."""
        zero = gammas == 0
        found = self._traces_of(np.where(zero, _LEAST_GAMMA, gammas), refactor=bool(zero.any()))
        if zero.any() and not zero.all():
            self._refactor(gammas[self._term])
            found = np.where(zero, found, self._traces_of(np.where(zero, 1.0, gammas), refactor=False))
        return found

    def _traces_of(self, gammas: FloatArray, refactor: bool) -> FloatArray:
        if refactor:
            self._refactor(gammas[self._term])
        rows, columns, count = self._pattern.rows, self._pattern.columns, len(gammas)
        gamma = gammas[self._term]
        products = self._factor.selected_inverse() * self._gram
        below = rows != columns
        sums = np.bincount(self._term[rows], products * gamma[columns], count)
        sums += np.bincount(self._term[columns[below]], (products * gamma[rows])[below], count)
        return np.asarray(sums / gammas)

    def _curvature(
        self, moved: Sequence[FloatArray], gamma: FloatArray, taken: FloatArray, inner: FloatArray
    ) -> FloatArray:
        """Return f_k'P f_l with f_k = Z_k K_k Z_k'P y."""
        effects = np.zeros((len(gamma), len(moved)))
        for k, at in enumerate(self.slices):
            effects[at, k] = moved[k]
        crossed = self._zz @ effects
        within = effects.T @ crossed
        scaled = gamma[:, None] * crossed
        within = within - scaled.T @ self._solve(scaled)
        on_fixed = self._zf[:, :-1].T @ effects - taken.T @ crossed
        return np.asarray(within - on_fixed.T @ inner @ on_fixed)
