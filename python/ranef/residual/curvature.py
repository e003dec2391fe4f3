"""Second derivatives of the residuals' covariance, as Kenward and Roger's correction takes them up.

Row i has the standard deviation s_i, rows i and j of a subject correlate by c_ij = r^d. In variances of
strata (or sigma^2 and coefficients of log sd) and the correlation r one unit of time apart, with a_i the
gradient of log s_i and W a covariance of these parameters,

    sum_kl W_kl R_kl [i, j] = s_i s_j {c_ij [(a_i + a_j)' W (a_i + a_j) + h_i + h_j] + 2 c'_ij (a_i + a_j)' w
                              + c''_ij W_rr},      h_i = sum_kl W_kl d2 log s_i,   w = W[:, r].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from ..arrays import FloatArray
from .chain import Chain
from .noise import Noise

_MOST = 2**21  # elements of subjects' matrices at a time


@dataclass(frozen=True, eq=False)
class Natural:
    """The residuals' parameters on the scales on which PROC MIXED has them.

    Variances of the strata where each has its own, else sigma^2 and the coefficients of log sd; then the
    correlation one unit of time apart.
    """

    noise: Noise

    @property
    def _design(self) -> FloatArray:
        """Log sd of each stratum by (log sigma, coefficients)."""
        dispersion = self.noise.dispersion
        strata = np.zeros((1, 0)) if dispersion is None else dispersion.strata
        return np.column_stack([np.ones(len(strata)), strata])

    @property
    def by_strata(self) -> bool:
        """Whether every stratum has a variance of its own."""
        rows, columns = self._design.shape
        return rows == columns

    def of(self, phi: FloatArray, log_sigma: float) -> FloatArray:
        """Return the parameters."""
        spread = phi[: self._design.shape[1] - 1]
        if self.by_strata:
            out = np.exp(2 * (self._design @ np.append(log_sigma, spread)))
        else:
            out = np.append(np.exp(2 * log_sigma), spread)
        chain = self.noise.chain
        return out if chain is None else np.append(out, chain.at_unit(float(phi[-1])))

    def back(self, values: FloatArray) -> tuple[FloatArray, float]:
        """Return phi and log sigma, or raise a LinAlgError for what cannot be."""
        width = self._design.shape[1]
        variances = values[: len(self._design)] if self.by_strata else values[:1]
        chain = self.noise.chain
        if not variances.min() > 0 or (chain is not None and not chain.least < values[-1] < 1):
            raise np.linalg.LinAlgError
        if self.by_strata:
            log_sigma, *spread = np.linalg.solve(self._design, np.log(variances) / 2)
        else:
            log_sigma, *spread = [np.log(values[0]) / 2, *values[1:width]]
        if chain is not None:
            spread = [*spread, chain.from_unit(float(values[-1]))]
        return np.array(spread), float(log_sigma)

    def log_sd_slopes(self, values: FloatArray, W: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return a (strata, k) and h (strata,) of each stratum."""
        design = self._design
        if self.by_strata:
            variances = values[: len(design)]
            return np.diag(0.5 / variances), -0.5 * np.diag(W)[: len(design)] / variances**2
        slopes = design.copy()
        slopes[:, 0] = 0.5 / values[0]
        return slopes, np.full(len(design), -0.5 * W[0, 0] / values[0] ** 2)


def curvature(fit: Any, X: FloatArray, inner: FloatArray, values: FloatArray, W: FloatArray) -> FloatArray:
    """Return Phi X'V^-1 [sum_kl W_kl V_kl] V^-1 X Phi.

    X, (n, p): in the coordinates of `inner`.
    inner, (p, p): Phi.
    values, (k,), W, (k, k): natural parameters of the residuals with their covariance.
    """
    noise, phi = fit.model.noise, fit.outer.phi
    A = _solved(fit, X) @ inner
    natural, chain = Natural(noise), noise.chain
    width = len(values) - (chain is not None)
    slopes, bends = natural.log_sd_slopes(values, W)
    codes = np.zeros(len(A), np.int64) if noise.dispersion is None else noise.dispersion.codes
    A = A * (fit.sigma * np.exp(np.broadcast_to(noise.log_sd(phi), len(A))))[:, None]
    out = np.zeros_like(inner)
    for rows in _subjects(chain, len(A)):
        a = slopes[codes[rows]]  # (subjects, m, k)
        both = a[:, :, None] + a[:, None, :]
        middle = np.einsum("jmnk,kl,jmnl->jmn", both, W[:width, :width], both, optimize=True)
        h = bends[codes[rows]]
        middle += h[:, :, None] + h[:, None, :]
        if chain is not None:
            when = chain.times[rows] / chain.unit
            c, first, second = _powers(np.abs(when[:, :, None] - when[:, None, :]), float(values[-1]))
            middle = c * middle + 2 * first * (both @ W[:width, -1]) + second * W[-1, -1]
        own = A[rows]
        out += np.tensordot(own, middle @ own, axes=([0, 1], [0, 1]))
    return (out + out.T) / 2


def _powers(steps: FloatArray, r: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return r^d with two derivatives in r."""
    rounded = np.rint(steps)
    steps = np.where(np.abs(steps - rounded) < 1e-9, rounded, steps)
    first, second = steps.copy(), steps * (steps - 1)
    there = steps > 0
    first[there] *= np.power(r, steps[there] - 1)
    there = second != 0
    second[there] *= np.power(r, steps[there] - 2)
    return np.power(r, steps), first, second


def _subjects(chain: Chain | None, n: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield rows that correlate, (subjects, m), subjects of m rows each."""
    if chain is None:
        yield from np.array_split(np.arange(n)[:, None], max(1, n // _MOST))
        return
    order = chain.order
    first = np.flatnonzero(chain.previous[order] < 0)
    sizes = np.diff(np.append(first, n))
    for size in np.unique(sizes):
        begins = first[sizes == size]
        for some in np.array_split(begins, max(1, min(len(begins), len(begins) * size * size // _MOST))):
            yield order[some[:, None] + np.arange(size)]


def _solved(fit: Any, X: FloatArray) -> FloatArray:
    """Return V^-1 X, (n, p)."""
    noise, phi = fit.model.noise, fit.outer.phi
    rows = noise.whiten(X, phi)
    if fit.by_groups:
        blocks = []
        for term, factor in zip(fit.model.design.terms, fit.model.covariance_factors(fit.theta), strict=True):
            basis = noise.whiten(np.asarray(term.basis), phi) @ factor  # rows that are joined share a level
            levels, width = term.factor.n_levels, basis.shape[1]
            place = term.factor.codes[:, None].astype(np.int64) * width + np.arange(width)
            start = np.arange(len(basis) + 1) * width
            shape = len(basis), levels * width
            blocks.append(sparse.csr_matrix((basis.ravel(), place.ravel(), start), shape))
        Z = sparse.hstack(blocks, format="csc")
        inner = splu((Z.T @ Z + sparse.identity(Z.shape[1])).tocsc())
        rows = rows - Z @ inner.solve(np.asarray(Z.T @ rows))
    return noise.whiten_transposed(rows, phi) / fit.sigma**2
