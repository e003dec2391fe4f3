"""Kenward & Roger (1997) with the n x n covariance matrix: slow, obvious, straight from the paper.

V = sum_i gamma_i G_i; the parameters are the unique elements of each term's covariance, then sigma^2 (with
prior weights its G is W^-1) unless it is known. `adjusted` gives section 2, `test` section 3; equation
numbers are the paper's.
"""

from dataclasses import dataclass

import numpy as np
from oracle import covariance_factors, one_blas_thread, random_effects_matrix


@dataclass(frozen=True)
class Adjusted:
    """Phi, Phi_A, and what section 3 needs: P_i and W."""

    phi: np.ndarray
    phi_a: np.ndarray
    P: list
    W: np.ndarray


def derivatives(design):
    """G_i of every unique covariance element, in lme4's order of theta."""
    out = []
    for term in design.terms:
        Z, r = random_effects_matrix(term), term.width
        for column in range(r):
            for row in range(column, r):
                E = np.zeros((r, r))
                E[row, column] = E[column, row] = 1.0
                out.append(Z @ np.kron(np.eye(term.levels), E) @ Z.T)
    return out


def residual_matrix(design):
    n = len(design.y)
    return np.eye(n) if design.weights is None else np.diag(1 / design.weights)


@one_blas_thread
def adjusted(design, theta, sigma, known=False):
    residual, G = residual_matrix(design), derivatives(design)
    V = sigma**2 * residual
    V += sum(gamma * matrix for gamma, matrix in zip(elements(design, theta, sigma), G, strict=True))
    G += [] if known else [residual]
    inverse = np.linalg.inv(V)
    X = design.X
    phi = np.linalg.inv(X.T @ inverse @ X)
    P = [-X.T @ inverse @ g @ inverse @ X for g in G]
    Q = [[X.T @ inverse @ g @ inverse @ h @ inverse @ X for h in G] for g in G]
    information = np.array([
        [
            np.trace(inverse @ G[i] @ inverse @ G[j])
            - 2 * np.trace(phi @ Q[i][j])
            + np.trace(phi @ P[i] @ phi @ P[j])
            for j in range(len(G))
        ]
        for i in range(len(G))
    ]) / 2
    W = np.linalg.inv(information)
    middle = sum(
        W[i, j] * (Q[i][j] - P[i] @ phi @ P[j]) for i in range(len(G)) for j in range(len(G))
    )
    return Adjusted(phi, phi + 2 * phi @ middle @ phi, P, W)


def elements(design, theta, sigma):
    """The unique elements of each term's covariance matrix."""
    out = []
    for factor in covariance_factors(design.terms, theta):
        D = sigma**2 * factor @ factor.T
        out += [D[row, column] for column in range(len(D)) for row in range(column, len(D))]
    return out


def test(found, beta, L, rhs=0.0):
    """(F, den_df, lambda) of the scaled Wald statistic of L'beta = rhs; rows of L are the paper's columns."""
    L = np.atleast_2d(L)
    size = len(L)
    theta = L.T @ np.linalg.inv(L @ found.phi @ L.T) @ L
    k = range(len(found.P))
    parts = [theta @ found.phi @ found.P[i] @ found.phi for i in k]
    A1 = sum(found.W[i, j] * np.trace(parts[i]) * np.trace(parts[j]) for i in k for j in k)
    A2 = sum(found.W[i, j] * np.trace(parts[i] @ parts[j]) for i in k for j in k)
    B = (A1 + 6 * A2) / (2 * size)
    g = ((size + 1) * A1 - (size + 4) * A2) / ((size + 2) * A2)
    c = np.array([g, size - g, size + 2 - g]) / (3 * size + 2 * (1 - g))
    mean = 1 / (1 - A2 / size)
    variance = 2 / size * (1 + c[0] * B) / ((1 - c[1] * B) ** 2 * (1 - c[2] * B))
    rho = variance / (2 * mean**2)
    df = 4 + (size + 2) / (size * rho - 1)
    scale = df / (mean * (df - 2))
    difference = L @ beta - rhs
    wald = difference @ np.linalg.solve(L @ found.phi_a @ L.T, difference) / size
    return scale * wald, df, scale
