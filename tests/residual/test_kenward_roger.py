"""Kenward and Roger's test with a variance for every stratum, beside dense algebra and Welch's test."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError
from ranef.inference.kenward_roger import f_approximation
from scipy.stats import ttest_ind


@pytest.fixture(scope="module")
def growth():
    """Unbalanced: a third of the girls' rows are missing, and some boys'."""
    data = ranef.datasets.load("Orthodont")
    drop = (np.arange(len(data)) * 7 % 11 < 3) & (data.Sex == "Female") | (np.arange(len(data)) % 13 == 4)
    return data[~drop].assign(age=lambda d: d.age - 11)


def _dense(fit):
    """Phi, Phi_A, dPhi and W by n x n matrices, in variances of strata and elements of D."""
    design, noise = fit.model.design, fit.model.noise
    X, y = np.asarray(design.X), np.asarray(design.response)
    codes, scale = noise.dispersion.codes, fit.sigma**2 * np.exp(2 * noise.dispersion.log_sd(fit.outer.phi))
    V, G = np.diag(scale), [np.diag((codes == s).astype(float)) for s in range(codes.max() + 1)]
    for term, factor in zip(getattr(design, "terms", ()), _factors(fit), strict=True):
        group, basis = np.asarray(term.factor.codes), np.asarray(term.basis)
        same = group[:, None] == group[None, :]
        V = V + fit.sigma**2 * same * (basis @ factor @ factor.T @ basis.T)
        for column in range(basis.shape[1]):
            for row in range(column, basis.shape[1]):
                E = np.zeros((basis.shape[1],) * 2)
                E[row, column] = E[column, row] = 1.0
                G.append(same * (basis @ E @ basis.T))
    inverse = np.linalg.inv(V)
    phi = np.linalg.inv(X.T @ inverse @ X)
    B = inverse - inverse @ X @ phi @ X.T @ inverse
    BG = [B @ g for g in G]
    hessian = np.array([[2 * y @ a @ b @ B @ y - np.trace(a @ b) for b in BG] for a in BG])
    W = 2 * np.linalg.inv((hessian + hessian.T) / 2)
    P = [-X.T @ inverse @ g @ inverse @ X for g in G]
    middle = sum(
        W[k, m] * (X.T @ inverse @ G[k] @ inverse @ G[m] @ inverse @ X - P[k] @ phi @ P[m])
        for k in range(len(G))
        for m in range(len(G))
    )
    return phi, phi + 2 * phi @ middle @ phi, [-phi @ p @ phi for p in P], W


def _factors(fit):
    return fit.model.covariance_factors(fit.theta) if hasattr(fit, "theta") else ()


@pytest.mark.parametrize("kind", ["gls", "intercepts", "slopes"])
def test_dense_algebra_agrees(growth, kind):
    if kind == "gls":
        fit = ranef.gls("distance ~ age + I(age**2) + Sex", growth, dispersion="~ Sex")
    elif kind == "intercepts":
        fit = ranef.lmer("distance ~ age * Sex + (1 | Subject)", growth, dispersion="~ Sex")
    else:
        sleep = ranef.datasets.load("sleep_gappy")
        sleep = sleep.assign(late=np.where(sleep.days > 4, "yes", "no"), odd=sleep.days % 2)
        fit = ranef.lmer("reaction ~ days + late + odd + (days | subject)", sleep, dispersion="~ late")
    phi, adjusted, slopes, W = _dense(fit)
    table = fit.coef_table("kenward-roger")
    assert np.abs(np.diag(adjusted) / np.diag(phi) - 1).max() > 1e-3
    np.testing.assert_allclose(table.se**2, np.diag(adjusted), rtol=1e-6)
    L = np.eye(4)[2:]
    theta = np.linalg.inv(L @ phi @ L.T)
    parts = [theta @ L @ one @ L.T for one in slopes]
    traces = np.array([np.trace(one) for one in parts])
    a2 = np.sum(W * [[np.trace(one @ other) for other in parts] for one in parts])
    df, scale = f_approximation(traces @ W @ traces, a2, 2)
    found = fit.test(L, "kenward-roger")
    beta = fit.params.to_numpy()[2:]
    assert found.den_df == pytest.approx(df, rel=1e-5)
    wald = beta @ np.linalg.solve(adjusted[2:, 2:], beta) / 2
    assert pytest.approx(scale * wald, rel=1e-5) == found.F


def test_two_strata_alone_are_welchs_test():
    data = ranef.datasets.load("Orthodont")
    fit = ranef.gls("distance ~ Sex", data, dispersion="~ Sex")
    groups = [data.distance[data.Sex == sex] for sex in ("Female", "Male")]
    welch = ttest_ind(*groups, equal_var=False)
    row = fit.coef_table("kenward-roger").iloc[1]
    assert (row.df, row.t, row.p) == pytest.approx((welch.df, welch.statistic, welch.pvalue), rel=1e-5)


def test_maximum_likelihood_is_refused(growth):
    fit = ranef.lmer("distance ~ age + (1 | Subject)", growth, dispersion="~ Sex", reml=False)
    with pytest.raises(ArgumentError, match="reml=True"):
        fit.coef_table("kenward-roger")
