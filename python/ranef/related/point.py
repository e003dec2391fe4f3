"""What the criterion of a model with relationship matrices is made of, however it is computed.

Term k has effects u_k ~ N(0, sigma^2 lambda_k K_k) with K_k the relationship matrix, or the identity. With
G_k = Z_k K_k Z_k', H = W^-1 + sum lambda_k G_k and P = H^-1 - H^-1 X (X'H^-1 X)^-1 X'H^-1 the criterion's
slopes are tr(P G_k) - y'P G_k P y / sigma^2 (H^-1 for P in the trace by ML). `related_dense` computes them
from dense matrices, `related_sparse` from the sparse inverse of K_k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..arrays import FloatArray
from ..coordinates import Orthonormal
from ..design import Design


@dataclass(frozen=True, eq=False)
class Point:
    """What is known at one lambda."""

    criterion: float
    gradient: FloatArray  # (k,): in lambda
    beta: FloatArray  # (p,)
    inner: FloatArray  # (p, p): their covariance over sigma^2, in the coordinates of the sums
    squares: float  # r^2, nu times sigma^2
    effects: list[FloatArray]  # each (q,): u of every term
    spreads: list[FloatArray]  # each (p, p): Q'H^-1 G_k H^-1 Q, X in those coordinates
    pulls: FloatArray  # (k,): y'P G_k P y
    curvature: FloatArray  # (k, k): y'P G_k P G_l P y


@dataclass(frozen=True, eq=False)
class Kinds:
    """How far the covariances of the terms and of the residual can be told apart."""

    sizes: FloatArray  # (k,): norm of G_k; zero where a term's column is
    gram: FloatArray  # (k + 1, k + 1): tr(P G_k P G_l) over the sizes at lambda = 0, the residual last


class RelatedRows:
    """The rows of a design, weighted, with X made orthonormal and y without its part in X.

    columns, (n, p): the columns of X that are kept.
    y, (n,): the response less its offset.
    places, (levels,): for each term which of its effects a level of its factor has.
    sizes: how many effects it has.
    """

    def __init__(
        self,
        design: Design,
        columns: FloatArray,
        y: FloatArray,
        reml: bool,
        places: Sequence[npt.NDArray[np.intp]],
        sizes: Sequence[int],
    ) -> None:
        n, root = design.nobs, None if design.weights is None else np.sqrt(design.weights)
        self.n, self.p, self.reml = n, columns.shape[1], reml
        self.log_weights = 0.0 if design.weights is None else float(np.log(design.weights).sum())
        self.places, parts = list(places), []
        for term, place, size in zip(design.terms, places, sizes, strict=True):
            values = np.asarray(term.basis[:, 0]) * (1.0 if root is None else root)
            where = (np.arange(n), place[term.factor.codes])
            parts.append(sparse.csr_array((values, where), shape=(n, size)))
        edges = np.concatenate([[0], np.cumsum(sizes)])
        self.slices = [slice(a, b) for a, b in pairwise(edges)]
        q, r = np.linalg.qr(columns if root is None else columns * root[:, None])
        whole = y if root is None else y * root
        self.least = q.T @ whole
        self.coordinates = Orthonormal(r)
        self.log_det_x = 2 * float(np.log(np.abs(np.diag(r))).sum())
        self.fixed = np.column_stack([q, whole - q @ self.least])  # [Q, the rest of y]
        self.rows = sparse.hstack(parts, format="csr")  # Z

    @property
    def nu(self) -> int:
        """Degrees of freedom of sigma."""
        return self.n - (self.p if self.reml else 0)

    def row_effects(self, term: int, codes: npt.NDArray[Any], basis: FloatArray) -> tuple[Any, FloatArray]:
        """Return rows z of a term as a sparse (m, q) matrix over its effects, and what they leave out, (m,).

        codes, (m,): of the labels that the term has effects of, -1 for another one.
        basis, (m,): what the effects are multiplied by.
        Left out is the variance, over sigma^2 lambda, that no effect of a level in the data tells about.
        """
        known, at = codes >= 0, self.slices[term]
        place = np.flatnonzero(known), codes[known]
        rows = sparse.csr_array((basis[known], place), shape=(len(codes), at.stop - at.start))
        return rows, np.where(known, 0.0, basis**2)

    def criterion(self, logs: float, squares: float) -> float:
        """Return REML criterion or deviance from its log determinants and nu times sigma^2."""
        if not squares > 0:
            raise np.linalg.LinAlgError("no digits are left of the residual variance")
        return float(logs + self.nu * (1 + np.log(2 * np.pi * squares / self.nu)))
