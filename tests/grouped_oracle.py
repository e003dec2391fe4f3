"""The dense oracle's deviance with one grouping factor, group by group: for searches of thousands of points.

H is then block diagonal, and the matrix inversion lemma needs each group's cross-products only::

    deviance = grouped_deviance(design)     # agrees with oracle.deviance(design, theta, sigma)
    value = deviance(theta, sigma)
"""

import numpy as np
from oracle import covariance_factors, random_effects_matrix


def grouped_deviance(design):
    """A function of theta and sigma; the design has one random-effects term and no weights."""
    (term,) = design.terms
    assert design.weights is None
    n, p = design.X.shape
    columns = np.column_stack([design.X, design.y])
    Z = random_effects_matrix(term).reshape(n, term.levels, term.width)
    inner = np.einsum("nja,njb->jab", Z, Z)
    cross = np.einsum("nja,nc->jac", Z, columns)
    gram = columns.T @ columns

    def deviance(theta, sigma):
        (factor,) = covariance_factors(design.terms, theta)
        middle = np.eye(term.width) + factor.T @ inner @ factor
        scaled = factor.T @ cross
        explained = np.einsum("jac,jad->cd", scaled, np.linalg.solve(middle, scaled))
        pwrss = np.linalg.cholesky(gram - explained)[p, p] ** 2
        log_det = np.linalg.slogdet(middle)[1].sum()
        return log_det + n * np.log(2 * np.pi * sigma**2) + pwrss / sigma**2

    return deviance
