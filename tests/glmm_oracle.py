"""Laplace's approximation the slow way: dense matrices, densities of SciPy, derivatives by differences."""

import numpy as np
from scipy import optimize, stats
from scipy.special import expit, ndtr

INVERSE = {
    "logit": expit,
    "probit": ndtr,
    "cloglog": lambda e: -np.expm1(-np.exp(e)),
    "log": np.exp,
    "sqrt": np.square,
}


def log_density(family, y, trials, mu, phi):
    """Of every row, all constants included."""
    if family == "binomial":
        return stats.binom.logpmf(np.round(y * trials), trials, np.clip(mu, 1e-15, 1 - 1e-15))
    if family == "betabinomial":
        return stats.betabinom.logpmf(np.round(y * trials), trials, mu * phi, (1 - mu) * phi)
    if family == "poisson":
        return stats.poisson.logpmf(y, mu)
    if family == "gamma":
        return stats.gamma.logpdf(y, phi, scale=mu / phi)
    if family == "inverse_gaussian":
        return stats.invgauss.logpdf(y, mu / phi, scale=phi)
    if family == "gaussian":
        return stats.norm.logpdf(y, mu, np.sqrt(phi))
    if family == "nbinom2":
        return stats.nbinom.logpmf(y, phi, phi / (phi + mu))
    if family == "nbinom1":
        return stats.nbinom.logpmf(y, mu / phi, 1 / (1 + phi))
    return stats.beta.logpdf(y, mu * phi, (1 - mu) * phi)


def laplace(family, link, y, trials, X, Z, factor, beta, phi=1.0, offset=0.0):
    """-2 log L by Laplace's approximation; `factor`: the whole Lambda, b = Lambda u."""
    ZL, fixed, inverse = Z @ factor, X @ beta + offset, INVERSE[link]

    def rows(eta):
        return log_density(family, y, trials, inverse(eta), phi)

    h = 1e-4

    def slopes(eta):
        up2, up, at, down, down2 = (
            rows(eta + 2 * h),
            rows(eta + h),
            rows(eta),
            rows(eta - h),
            rows(eta - 2 * h),
        )
        first = (8 * (up - down) - (up2 - down2)) / (12 * h)
        second = (16 * (up + down) - (up2 + down2) - 30 * at) / (12 * h * h)
        return first, second

    def objective(u):
        eta = fixed + ZL @ u
        return -2 * rows(eta).sum() + u @ u, -2 * ZL.T @ slopes(eta)[0] + 2 * u

    u = optimize.minimize(objective, np.zeros(Z.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-7}).x
    for _ in range(5):  # Newton to the end
        s, second = slopes(fixed + ZL @ u)
        omega = ZL.T @ (-second[:, None] * ZL) + np.eye(len(u))
        u = u + np.linalg.solve(omega, ZL.T @ s - u)
    s, second = slopes(fixed + ZL @ u)
    omega = ZL.T @ (-second[:, None] * ZL) + np.eye(len(u))
    return objective(u)[0] + np.linalg.slogdet(omega)[1]


def integral(family, link, y, trials, X, codes, sd, beta, phi=1.0):
    """-2 log L of random intercepts by numerical integration over each group."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    fixed, inverse, total = X @ beta, INVERSE[link], 0.0
    for group in np.unique(codes):
        rows = codes == group
        eta = fixed[rows][:, None] + sd * nodes
        trial = np.broadcast_to(np.asarray(trials)[rows][:, None], eta.shape)
        values = log_density(family, y[rows][:, None], trial, inverse(eta), phi).sum(axis=0)
        top = values.max()
        total += top + np.log(np.sum(weights * np.exp(values - top)) / np.sqrt(2 * np.pi))
    return -2 * total
