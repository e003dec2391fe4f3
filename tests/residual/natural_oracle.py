"""Kenward and Roger's quantities by n x n matrices, derivatives of V by complex steps."""

from itertools import pairwise

import numpy as np


class Oracle:
    """Phi, Phi_A, P_i and W, in variances (or sigma^2, slopes of log sd), rho, elements of D."""

    def __init__(self, fit):
        design, self.noise = fit.model.design, fit.model.noise
        self.X, self.y = np.asarray(design.X), np.asarray(design.response)
        self.weights = np.ones(len(self.y)) if self.noise.weights is None else self.noise.weights
        self.terms = [(np.asarray(t.factor.codes), np.asarray(t.basis)) for t in getattr(design, "terms", ())]
        self.chain, dispersion = self.noise.chain, self.noise.dispersion
        strata = np.zeros((1, 0)) if dispersion is None else dispersion.strata
        self.codes = np.zeros(len(self.y), int) if dispersion is None else dispersion.codes
        self.strata, self.by_strata = strata, strata.shape[0] == strata.shape[1] + 1
        k, phi = strata.shape[1], fit.outer.phi
        log_sd = np.log(fit.sigma) + strata @ phi[:k]
        point = list(np.exp(2 * log_sd)) if self.by_strata else [fit.sigma**2, *phi[:k]]
        if self.chain is not None:
            point.append(np.tanh(phi[-1]) if self.chain.kind == "ar1" else 1 / (1 + np.exp(-phi[-1])))
        self.residuals = len(point)
        factors = fit.model.covariance_factors(fit.theta) if self.terms else []
        self.widths = [one.shape[0] for one in factors]
        for one in factors:
            D = fit.sigma**2 * one @ one.T
            point += list(D[np.tril_indices(len(D))])
        self._distances()
        self._compute(np.array(point))

    def _distances(self):
        n = len(self.y)
        self.apart = np.full((n, n), np.nan)  # in units of time; NaN between subjects
        np.fill_diagonal(self.apart, 0.0)
        if self.chain is None:
            return
        when, begun = np.zeros(n), {}
        for row in self.chain.order:
            before = self.chain.previous[row]
            when[row] = 0.0 if before < 0 else when[before] + self.chain.gap[row] / self.chain.unit
            begun.setdefault(self.chain.subject[row], []).append(row)
        for rows in begun.values():
            assert all(when[a] < when[b] for a, b in pairwise(rows))
            self.apart[np.ix_(rows, rows)] = np.abs(when[rows][:, None] - when[rows][None, :])

    def V(self, point):
        k = self.strata.shape[1]
        if self.by_strata:
            variance = point[: k + 1][self.codes]
        else:
            variance = point[0] * np.exp(2 * self.strata @ point[1 : k + 1])[self.codes]
        sd = np.sqrt(variance / self.weights)
        out = np.outer(sd, sd) * np.where(np.isnan(self.apart), 0, 1)
        if self.chain is not None:
            out = out * self.correlation(point[self.residuals - 1])
        at = self.residuals
        for (codes, basis), width in zip(self.terms, self.widths, strict=True):
            D = np.zeros((width, width), dtype=point.dtype)
            rows, columns = np.tril_indices(width)
            D[rows, columns] = D[columns, rows] = point[at : at + rows.size]
            at += rows.size
            out = out + (codes[:, None] == codes[None, :]) * (basis @ D @ basis.T)
        return out

    def correlation(self, rho):
        """Powers by multiplication, exact in the imaginary part also where rho is negative."""
        steps = np.nan_to_num(self.apart)
        if self.chain.kind == "car1":
            return np.exp(np.log(rho) * steps)
        out = np.ones(steps.shape, dtype=np.asarray(rho).dtype)
        for d in np.unique(steps)[1:]:
            out[steps == d] = np.prod([rho] * int(d))
        return out

    def slope(self, point, k, h=1e-20):
        return self.V(point + 1j * h * np.eye(point.size)[k]).imag / h

    def bend(self, point, k, m):
        """Central differences of the exact slopes, extrapolated."""
        size = 1e-3 * max(abs(point[m]), 1e-2)
        step = np.eye(point.size)[m] * size
        near = (self.slope(point + step, k) - self.slope(point - step, k)) / (2 * size)
        far = (self.slope(point + 2 * step, k) - self.slope(point - 2 * step, k)) / (4 * size)
        return (4 * near - far) / 3

    def _compute(self, point):
        X, y, k = self.X, self.y, len(point)
        inverse = np.linalg.inv(self.V(point))
        G = [self.slope(point, i) for i in range(k)]
        GG = [[self.bend(point, i, j) for j in range(k)] for i in range(k)]
        self.phi = np.linalg.inv(X.T @ inverse @ X)
        B = inverse - inverse @ X @ self.phi @ X.T @ inverse
        by = B @ y
        hessian = np.array(
            [
                [
                    2 * by @ G[i] @ B @ G[j] @ by - np.trace(B @ G[i] @ B @ G[j]) + np.trace(B @ GG[i][j])
                    - by @ GG[i][j] @ by
                    for j in range(k)
                ]
                for i in range(k)
            ]
        )  # fmt: skip
        self.W = 2 * np.linalg.inv((hessian + hessian.T) / 2)
        left = X.T @ inverse
        self.P = P = [-left @ g @ left.T for g in G]
        middle = np.zeros_like(self.phi)
        for i in range(k):
            for j in range(k):
                Q, R = left @ G[i] @ inverse @ G[j] @ left.T, left @ GG[i][j] @ left.T
                middle += self.W[i, j] * (Q - P[i] @ self.phi @ P[j] - R / 4)
        self.phi_a = self.phi + 2 * self.phi @ middle @ self.phi
