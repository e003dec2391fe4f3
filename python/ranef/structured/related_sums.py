"""The criterion of a mixed model some of whose terms have a relationship matrix, from dense cross-products.

Term k has effects u_k ~ N(0, sigma^2 lambda_k K_k) with K_k = L L' the relationship matrix, or the identity.
With Z_k L for Z_k its effects are spherical, H = W^-1 + sum lambda_k Z_k Z_k',
P = H^-1 - H^-1 X (X'H^-1 X)^-1 X'H^-1, and the criterion's slopes are tr(Z_k'P Z_k) - |Z_k'P y|^2 / sigma^2
(H^-1 for P in the trace by ML).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from ..arrays import FloatArray
from ..coordinates import Orthonormal
from ..design import Design
from ..errors import DataError
from .relationship import Relationship

MOST = 4000  # random effects: matrices of this order are factored at every evaluation


@dataclass(frozen=True, eq=False)
class Point:
    """What is known at one lambda.

    Attributes
    ----------
    criterion : float
    gradient : (k,) float64
        In lambda.
    beta : (p,) float64
    inner : (p, p) float64
        Their covariance over sigma^2, in `RelatedSums.coordinates`.
    squares : float
        r^2, nu times sigma^2.
    effects : list of (q,) float64
        L v of every term, that is u.
    seen : list of (q, p)
        Z_k'H^-1 Q, X in those coordinates.
    projected : (q, q)
        Z'P Z over all terms.
    scores : list of (q,)
        Z_k'P y.
    """

    criterion: float
    gradient: FloatArray
    beta: FloatArray
    inner: FloatArray
    squares: float
    effects: list[FloatArray]
    seen: list[FloatArray]
    projected: FloatArray
    scores: list[FloatArray]


class RelatedSums:
    """Cross-products of [Z X y], Z times the factors of the relationship matrices."""

    def __init__(
        self, design: Design, columns: FloatArray, y: FloatArray, related: dict[str, Relationship], reml: bool
    ) -> None:
        n, root = design.nobs, None if design.weights is None else np.sqrt(design.weights)
        self.n, self.p, self.reml = n, columns.shape[1], reml
        self._prior = 0.0 if design.weights is None else float(np.log(design.weights).sum())
        parts, self._roots = [], []
        for term in design.terms:
            values = np.asarray(term.basis[:, 0]) * (1.0 if root is None else root)
            shape = (n, term.factor.n_levels)
            parts.append(sparse.csr_array((values, (np.arange(n), term.factor.codes)), shape=shape))
            self._roots.append(related[term.group].root if term.group in related else None)
        sizes = [part.shape[1] for part in parts]
        if sum(sizes) > MOST:
            raise DataError(
                f"the random terms have {sum(sizes):,} effects; with relationship= dense matrices of that "
                f"order are factored, at most {MOST:,}: combine levels, or leave out random terms"
            )
        edges = np.concatenate([[0], np.cumsum(sizes)])
        self.slices = [slice(a, b) for a, b in pairwise(edges)]
        q, r = np.linalg.qr(columns if root is None else columns * root[:, None])
        whole = y if root is None else y * root
        self._least = q.T @ whole
        self.coordinates = Orthonormal(r)
        self._log_det_x = 2 * float(np.log(np.abs(np.diag(r))).sum())
        fixed = np.column_stack([q, whole - q @ self._least])
        Z = sparse.hstack(parts, format="csr")
        self._zz, self._zf = (Z.T @ Z).toarray(), np.asarray(Z.T @ fixed)
        self._ff = fixed.T @ fixed
        for at, factor in zip(self.slices, self._roots, strict=True):
            if factor is not None:
                self._zz[at, :] = factor.T @ self._zz[at, :]
                self._zz[:, at] = self._zz[:, at] @ factor
                self._zf[at] = factor.T @ self._zf[at]

    @property
    def nu(self) -> int:
        """Degrees of freedom of sigma."""
        return self.n - (self.p if self.reml else 0)

    @property
    def within(self) -> FloatArray:
        """Z'W Z over all terms, (q, q)."""
        return np.asarray(self._zz)

    @property
    def projected(self) -> FloatArray:
        """What the fixed effects leave of it, (q, q)."""
        fixed = self._zf[:, :-1]
        return np.asarray(self._zz - fixed @ fixed.T)

    def at(self, variances: FloatArray) -> Point:
        """Return criterion, slopes and estimates at relative variances lambda, none negative."""
        gamma = np.empty(len(self._zz))
        for at, variance in zip(self.slices, variances, strict=True):
            gamma[at] = np.sqrt(variance)
        omega = gamma[:, None] * self._zz * gamma
        omega[np.diag_indices_from(omega)] += 1.0
        inverse = np.linalg.inv(omega)
        half = gamma[:, None] * inverse * gamma  # Gamma Omega^-1 Gamma
        taken = half @ self._zf
        with_h = self._zf - self._zz @ taken  # Z'H^-1 [X y]
        ff = self._ff - self._zf.T @ taken  # [X y]'H^-1 [X y]
        inner = np.linalg.inv(ff[:-1, :-1])
        beta = inner @ ff[:-1, -1]
        squares = float(ff[-1, -1] - ff[-1, :-1] @ beta)
        seen, scores = with_h[:, :-1], with_h[:, -1] - with_h[:, :-1] @ beta
        within = self._zz - self._zz @ half @ self._zz  # Z'H^-1 Z
        projected = within - seen @ inner @ seen.T
        logs = float(np.linalg.slogdet(omega)[1]) - self._prior
        if self.reml:
            logs += float(np.linalg.slogdet(ff[:-1, :-1])[1]) + self._log_det_x
        traces = np.diag(projected if self.reml else within)
        weight = self.nu / squares
        slopes = [traces[at].sum() - weight * float(scores[at] @ scores[at]) for at in self.slices]
        modes = gamma**2 * scores
        effects = [
            modes[at] if factor is None else factor @ modes[at]
            for at, factor in zip(self.slices, self._roots, strict=True)
        ]
        return Point(
            float(logs + self.nu * (1 + np.log(2 * np.pi * squares / self.nu))),
            np.array(slopes),
            self.coordinates.coefficients(self._least + beta),
            inner,
            squares,
            effects,
            [seen[at] for at in self.slices],
            projected,
            [scores[at] for at in self.slices],
        )
