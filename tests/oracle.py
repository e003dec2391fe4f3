"""The dense oracle: the textbook formulas with the n x n covariance matrix, slow and obvious.

With H = W^-1 + sum_i Z_i Lambda_i Lambda_i' Z_i' and y ~ N(X beta, sigma^2 H):

    deviance       = log|H|                    + n     (1 + log(2 pi r^2 / n))
    REML criterion = log|H| + log|X' H^-1 X|   + (n-p) (1 + log(2 pi r^2 / (n-p))),    r^2 = y' P y

Every function takes an `OracleDesign` (or anything with y, X, terms, weights) and theta in lme4's order::

    from oracle import criterion, gradient, solve
    value = criterion(design, theta, reml=True)
    answer = solve(design, theta, reml=True)      # beta, sigma, vcov, modes, cond_var ...
    g = gradient(design, theta, reml=True)        # analytic, dense
    g, H = difference_gradient(f, theta), difference_hessian(f, theta)    # sixth order, of any f
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from threadpoolctl import ThreadpoolController

_blas = ThreadpoolController()


def one_blas_thread(function):
    """On matrices this small several BLAS threads only wait for each other (15 times slower, measured)."""

    @functools.wraps(function)
    def limited(*args, **kwargs):
        with _blas.limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@dataclass(frozen=True)
class OracleFit:
    """The answer at one theta: modes[i] is (levels, r), cond_var[i] (levels, r, r) with sigma^2 in it."""

    criterion: float
    beta: np.ndarray
    sigma: float
    vcov: np.ndarray
    modes: list
    cond_var: list
    pwrss: float
    log_det: float  # log|H|
    fitted: np.ndarray


# ---------------------------------------------------------------- pieces
def covariance_factors(terms, theta):
    """Lambda of each term (r x r, lower triangular), filled from theta column by column."""
    factors, position = [], 0
    for term in terms:
        r = term.width
        factor = np.zeros((r, r))
        for column in range(r):
            for row in range(column, r):
                factor[row, column] = theta[position]
                position += 1
        factors.append(factor)
    if position != len(theta):
        raise ValueError(f"theta has {len(theta)} elements, the terms need {position}")
    return factors


def random_effects_matrix(term):
    """Z of one term, n x (levels * r), the columns of a level side by side."""
    n, r = term.basis.shape
    Z = np.zeros((n, term.levels, r))
    Z[np.arange(n), term.codes] = term.basis
    return Z.reshape(n, -1)


def relative_covariance(design, theta):
    """H = W^-1 + sum Z Lambda Lambda' Z'."""
    n = len(design.y)
    H = np.eye(n) if design.weights is None else np.diag(1 / design.weights)
    for term, factor in zip(design.terms, covariance_factors(design.terms, theta), strict=True):
        ZL = (term.basis @ factor).astype(float)
        same = term.codes[:, None] == term.codes[None, :]
        H += np.where(same, ZL @ ZL.T, 0.0)
    return H


@dataclass(frozen=True)
class _Whitened:
    """The generalised least squares problem after multiplication by L^-1, H = L L'."""

    chol: np.ndarray
    q: np.ndarray
    r: np.ndarray
    beta: np.ndarray
    residual: np.ndarray  # of the whitened problem
    log_det: float

    @property
    def pwrss(self):
        return float(self.residual @ self.residual)


def _whiten(design, theta):
    chol = linalg.cholesky(relative_covariance(design, theta), lower=True)
    white = linalg.solve_triangular(chol, np.column_stack([design.X, design.y]), lower=True)
    X, y = white[:, :-1], white[:, -1]
    q, r = linalg.qr(X, mode="economic")
    residual = y - q @ (q.T @ y)
    residual -= q @ (q.T @ residual)
    beta = linalg.solve_triangular(r, q.T @ y)
    return _Whitened(chol, q, r, beta, residual, 2 * np.log(np.diag(chol)).sum())


def _criterion(white, n, p, reml):
    nu = n - p if reml else n
    value = white.log_det + nu * (1 + np.log(2 * np.pi * white.pwrss / nu))
    return value + (2 * np.log(np.abs(np.diag(white.r))).sum() if reml else 0.0)


# ---------------------------------------------------------------- answers
@one_blas_thread
def criterion(design, theta, reml=True):
    """REML criterion or deviance at theta."""
    return float(_criterion(_whiten(design, theta), *design.X.shape, reml))


@one_blas_thread
def deviance(design, theta, sigma):
    """The deviance at theta and sigma, lowest over the fixed effects only."""
    white = _whiten(design, theta)
    n = len(design.y)
    return float(white.log_det + n * np.log(2 * np.pi * sigma**2) + white.pwrss / sigma**2)


@one_blas_thread
def solve(design, theta, reml=True):
    """Everything at theta: an `OracleFit`."""
    n, p = design.X.shape
    white = _whiten(design, theta)
    sigma2 = white.pwrss / (n - p if reml else n)
    r_inverse = linalg.solve_triangular(white.r, np.eye(p))
    weighted = linalg.solve_triangular(white.chol, white.residual, lower=True, trans="T")  # H^-1 (y - X beta)
    modes, variances, fitted = [], [], design.X @ white.beta
    for term, factor in zip(design.terms, covariance_factors(design.terms, theta), strict=True):
        Z, D = random_effects_matrix(term), factor @ factor.T
        b = (Z.T @ weighted).reshape(term.levels, term.width) @ D
        modes.append(b)
        fitted = fitted + Z @ b.ravel()
        half = linalg.solve_triangular(white.chol, Z, lower=True).reshape(n, term.levels, term.width)
        blocks = np.einsum("nja,njb->jab", half, half)  # Z_j' H^-1 Z_j
        variances.append(sigma2 * (D - D @ blocks @ D))
    vcov = sigma2 * r_inverse @ r_inverse.T
    value = float(_criterion(white, n, p, reml))
    return OracleFit(
        value, white.beta, float(np.sqrt(sigma2)), vcov, modes, variances, white.pwrss, white.log_det, fitted
    )


@one_blas_thread
def gradient(design, theta, reml=True):
    """Exact gradient in theta: tr(A dH) - (nu / r^2) y'P dH P y with A = P for REML, H^-1 for ML."""
    n, p = design.X.shape
    white = _whiten(design, theta)
    L_inverse = linalg.solve_triangular(white.chol, np.eye(n), lower=True)
    QL = white.q.T @ L_inverse
    A = L_inverse.T @ L_inverse - (QL.T @ QL if reml else 0.0)
    Py = L_inverse.T @ white.residual
    M = A - ((n - p if reml else n) / white.pwrss) * np.outer(Py, Py)
    parts = []
    for term, factor in zip(design.terms, covariance_factors(design.terms, theta), strict=True):
        same = term.codes[:, None] == term.codes[None, :]
        g_D = term.basis.T @ np.where(same, M, 0.0) @ term.basis  # d criterion / d (Lambda Lambda')
        g_factor = 2 * g_D @ factor
        parts += [g_factor[row, column] for column in range(term.width) for row in range(column, term.width)]
    return np.array(parts)


# ---------------------------------------------------------------- differences
_OFFSETS = np.array([-3, -2, -1, 1, 2, 3])
_FIRST = np.array([-1, 9, -45, 45, -9, 1]) / 60  # f' to O(h^6)


def difference_steps(theta, scale=1e-2):
    """Steps that suit sixth-order differences: about eps^(1/7) of each element's size."""
    return scale * np.maximum(np.abs(np.asarray(theta, float)), 0.1)


def difference_gradient(function, theta, steps=None):
    """Gradient of function by central differences of sixth order; works for vector-valued functions too."""
    theta = np.asarray(theta, float)
    steps = difference_steps(theta) if steps is None else np.broadcast_to(steps, theta.shape)
    columns = []
    for i, h in enumerate(steps):
        unit = np.zeros_like(theta)
        unit[i] = h
        values = np.array([function(theta + k * unit) for k in _OFFSETS])
        columns.append(np.tensordot(_FIRST, values, axes=1) / h)
    return np.array(columns)


def difference_hessian(function, theta, steps=None):
    """Hessian of a scalar function: differences of the difference gradient, symmetrised."""
    theta = np.asarray(theta, float)
    steps = difference_steps(theta) if steps is None else np.broadcast_to(steps, theta.shape)
    hessian = difference_gradient(lambda t: difference_gradient(function, t, steps), theta, steps)
    return (hessian + hessian.T) / 2


def hessian(design, theta, reml=True):
    """Hessian of the criterion in theta: sixth-order differences of the exact dense gradient."""
    H = difference_gradient(lambda t: gradient(design, t, reml), theta)
    return (H + H.T) / 2
