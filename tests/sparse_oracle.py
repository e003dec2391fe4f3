"""The sparse oracle: lme4's penalised least squares through scikit-sparse's CHOLMOD, for data the dense
oracle cannot hold.

Import it with `sparse_oracle = pytest.importorskip("sparse_oracle", reason=...)`: it needs scikit-sparse
below 0.5 (built by tools/setup.sh where possible). Same arguments as `oracle.criterion` and `oracle.solve`,
no gradient, no conditional variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from oracle import covariance_factors, one_blas_thread
from scipy import linalg, sparse
from sksparse.cholmod import cholesky


@dataclass(frozen=True)
class SparseFit:
    criterion: float
    beta: np.ndarray
    sigma: float
    vcov: np.ndarray
    modes: list
    pwrss: float


def _z_lambda(design, theta):
    n = len(design.y)
    blocks = []
    for term, factor in zip(design.terms, covariance_factors(design.terms, theta), strict=True):
        scaled = term.basis @ factor
        rows = np.repeat(np.arange(n), term.width)
        columns = (term.codes[:, None] * term.width + np.arange(term.width)).ravel()
        blocks.append(
            sparse.csc_matrix((scaled.ravel(), (rows, columns)), shape=(n, term.levels * term.width))
        )
    return sparse.hstack(blocks, format="csc")


@one_blas_thread
def solve(design, theta, reml=True):
    """Everything at theta: a `SparseFit`."""
    (n, p), y, X = design.X.shape, design.y, design.X
    weights = np.ones(n) if design.weights is None else design.weights
    root = np.sqrt(weights)
    A = sparse.diags(root) @ _z_lambda(design, theta)
    Xw, yw = root[:, None] * X, root * y
    factor = cholesky((A.T @ A).tocsc(), beta=1.0, mode="simplicial")
    cu, cX = factor(A.T @ yw), factor(A.T @ Xw)
    # generalised least squares by QR of [A-residual of X]: X'H^-1X = X'X - X'A (A'A+I)^-1 A'X
    S = Xw.T @ (Xw - A @ cX)
    R = linalg.cholesky((S + S.T) / 2)
    beta = linalg.cho_solve((R, False), Xw.T @ (yw - A @ cu))
    u = factor(A.T @ (yw - Xw @ beta))
    residual = yw - Xw @ beta - A @ u
    pwrss = float(residual @ residual + u @ u)
    nu = n - p if reml else n
    value = factor.logdet() - np.log(weights).sum() + nu * (1 + np.log(2 * np.pi * pwrss / nu))
    value += 2 * np.log(np.diag(R)).sum() if reml else 0.0
    sigma2 = pwrss / nu
    return SparseFit(
        float(value),
        beta,
        float(np.sqrt(sigma2)),
        sigma2 * linalg.cho_solve((R, False), np.eye(p)),
        _modes(design, theta, u),
        pwrss,
    )


def criterion(design, theta, reml=True):
    """REML criterion or deviance at theta."""
    return solve(design, theta, reml).criterion


def _modes(design, theta, u):
    modes, start = [], 0
    for term, factor in zip(design.terms, covariance_factors(design.terms, theta), strict=True):
        stop = start + term.levels * term.width
        modes.append(u[start:stop].reshape(term.levels, term.width) @ factor.T)
        start = stop
    return modes
