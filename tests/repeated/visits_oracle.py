"""The dense oracle of models for repeated measures: V built and inverted, structures written down once more.

Structures here take natural parameters (standard deviations, correlations, the range), so that nothing is
shared with the core but the definition of the model.
"""

from __future__ import annotations

import numpy as np


def sigma_of(structure, order, values, times=None):
    """Sigma from natural parameters: sd (one, or one per visit), then correlations or the range."""
    base, own = (
        (structure[:-1], order) if structure in ("toeph", "csh", "ar1h", "adh", "diagh") else (structure, 1)
    )
    sd, rest = np.broadcast_to(values[:own], order), np.asarray(values[own:])
    s, t = np.indices((order, order))
    lag = np.abs(s - t)
    if base == "diag":
        R = np.eye(order)
    elif base == "cs":
        R = np.where(lag == 0, 1.0, rest[0])
    elif base == "ar1":
        R = rest[0] ** lag
    elif base == "sp_exp":
        R = np.exp(-np.abs(np.subtract.outer(times, times)) / rest[0])
    elif base == "sp_gau":
        R = np.exp(-(np.subtract.outer(times, times) ** 2) / rest[0] ** 2)
    elif base == "toep":
        R = np.r_[1.0, rest][lag]
    elif base == "ad":
        R = np.array([[np.prod(rest[min(a, b) : max(a, b)]) for a in range(order)] for b in range(order)])
    return np.outer(sd, sd) * R


def unstructured(order, elements):
    """Sigma from its lower triangle by columns."""
    columns, rows = np.triu_indices(order)
    out = np.zeros((order, order))
    out[rows, columns] = out[columns, rows] = elements
    return out


class Dense:
    """One data set: subjects, visits, arms, X, y, weights of rows, all dense."""

    def __init__(self, X, y, subject, visit, arm=None, weights=None, reml=True):
        self.X, self.y, self.reml = X, y, reml
        self.subject, self.visit = subject, visit
        self.arm = np.zeros(len(y), int) if arm is None else arm
        self.weights = np.ones(len(y)) if weights is None else weights

    def covariance(self, sigmas):
        """V from one Sigma per arm; linear in them."""
        own = np.stack(sigmas)[self.arm]
        same = self.subject[:, None] == self.subject[None, :]
        rows = np.arange(len(self.y))
        V = np.where(same, own[rows[:, None], self.visit[:, None], self.visit[None, :]], 0.0)
        root = np.sqrt(self.weights)
        return V / np.outer(root, root)

    def solve(self, sigmas):
        """(criterion, beta, Phi, V^-1)."""
        V = self.covariance(sigmas)
        Vi = np.linalg.inv(V)
        A = self.X.T @ Vi @ self.X
        beta = np.linalg.solve(A, self.X.T @ Vi @ self.y)
        e = self.y - self.X @ beta
        n = len(self.y) - (self.X.shape[1] if self.reml else 0)
        value = np.linalg.slogdet(V)[1] + e @ Vi @ e + n * np.log(2 * np.pi)
        return value + (np.linalg.slogdet(A)[1] if self.reml else 0.0), beta, np.linalg.inv(A), Vi

    def kenward_roger(self, sigmas, first, second, W):
        """The adjusted covariance from dV_k (Sigmas by arm), d2V_kl or None, and W, of the parameters."""
        _, _, phi, Vi = self.solve(sigmas)
        G = [self.covariance(one) for one in first]
        XV = self.X.T @ Vi
        P = [-XV @ g @ XV.T for g in G]
        middle = np.zeros_like(phi)
        for k, gk in enumerate(G):
            for j, gj in enumerate(G):
                middle += W[k, j] * (XV @ gk @ Vi @ gj @ XV.T - P[k] @ phi @ P[j])
                if second is not None:
                    middle -= W[k, j] / 4 * (XV @ self.covariance(second[k][j]) @ XV.T)
        return phi + 2 * phi @ middle @ phi

    def derivatives(self, sigmas, first, second):
        """Gradient and Hessian of the criterion by the textbook's formulas."""
        _, _, phi, Vi = self.solve(sigmas)
        P = Vi - Vi @ self.X @ phi @ self.X.T @ Vi
        outer = P if self.reml else Vi
        py = P @ self.y
        G = [self.covariance(one) for one in first]
        gradient = np.array([np.trace(outer @ g) - py @ g @ py for g in G])
        hessian = np.empty((len(G), len(G)))
        for k, gk in enumerate(G):
            for j, gj in enumerate(G):
                gkj = self.covariance(second[k][j])
                hessian[k, j] = np.trace(outer @ gkj) - np.trace(outer @ gk @ outer @ gj)
                hessian[k, j] += 2 * py @ gk @ P @ gj @ py - py @ gkj @ py
        return gradient, hessian


def map_derivatives(f, x, h=1e-2):
    """First and second derivatives of a matrix-valued f: complex steps, sixth-order differences of them."""
    x = np.asarray(x, dtype=float)

    def first(at):
        return [f(at + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))]

    weights = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    second = []
    for k, e in enumerate(np.eye(len(x))):
        step = h * max(0.1, abs(x[k]))
        total = [np.zeros_like(one) for one in first(x.astype(complex))]
        for place, weight in weights.items():
            ahead, behind = first(x + place * step * e + 0j), first(x - place * step * e + 0j)
            total = [t + weight * (a - b) / step for t, a, b in zip(total, ahead, behind, strict=True)]
        second.append(total)
    return first(x.astype(complex)), second
