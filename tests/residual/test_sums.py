"""Sums behind residual= and dispersion=: rows or sums, exact gradients, df by dense algebra."""

import numpy as np
import pytest
import ranef
from ranef.residual import sums as module
from residual.test_residuals import rows

FORMULA = "y ~ x + (1 | id)"
OPTIONS = {"weights": "w", "residual": "ar1(t | id)", "dispersion": "~ s"}


def differences(f, x, h=1e-5):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


@pytest.mark.parametrize("phi", [(0.3, -0.4, 0.6), (0.3, -0.4, -0.6), (0.0, 0.2, 0.0), (0.1, 0.1, 4.0)])
def test_sums_and_rows_agree_and_know_their_gradient(monkeypatch, phi):
    fit = ranef.lmer(FORMULA, rows(), **OPTIONS)
    phi, sums = np.array(phi), fit.model.sums()
    monkeypatch.setattr(module, "keeps_rows", lambda *_: True)
    again = fit.model.sums()
    assert again.by_rows and not sums.by_rows
    value, slope = sums.criterion(phi)
    other, other_slope = again.criterion(phi)
    assert other == pytest.approx(value, rel=1e-11)
    np.testing.assert_allclose(other_slope, slope, atol=1e-8)
    np.testing.assert_allclose(slope, differences(lambda at: sums.criterion(at)[0], phi), atol=2e-5)
    np.testing.assert_allclose(again.squares(phi), sums.squares(phi), rtol=1e-8)


@pytest.mark.parametrize("reml", [True, False])
def test_least_squares_by_sums_and_by_rows(monkeypatch, reml):
    frame = rows()
    fit = ranef.gls("y ~ x", frame, reml, **OPTIONS)
    monkeypatch.setattr(module, "keeps_rows", lambda *_: True)
    again = ranef.gls("y ~ x", frame, reml, **OPTIONS)
    assert again.objective == pytest.approx(fit.objective, abs=1e-9)
    phi = fit.outer.phi + 0.1
    slope = fit.model.sums.criterion(phi)[1]
    np.testing.assert_allclose(slope, differences(lambda at: fit.model.sums.criterion(at)[0], phi), atol=2e-5)


def dense(frame, reml, variances):
    """Criterion and covariance of beta at (log sd ratios, rho, sd of subjects, sigma), V inverted."""
    X = np.column_stack([np.ones(len(frame)), frame.x])
    *logs, rho, between, sigma = variances
    sd = sigma * np.exp(np.array([0, *logs]))[frame.s.map("uvw".index)]
    sd = sd / np.sqrt(frame.w.to_numpy())
    same = np.equal.outer(frame.id.to_numpy(), frame.id.to_numpy())
    apart = np.abs(np.subtract.outer(frame.t.to_numpy(), frame.t.to_numpy()))
    V = np.where(same, np.outer(sd, sd) * rho**apart, 0)
    Vi = np.linalg.inv(V + between**2 * same)
    A = X.T @ Vi @ X
    e = frame.y - X @ np.linalg.solve(A, X.T @ Vi @ frame.y)
    value = -np.linalg.slogdet(Vi)[1] + e @ Vi @ e + (np.linalg.slogdet(A)[1] if reml else 0)
    return value, np.linalg.inv(A)


@pytest.mark.parametrize("reml", [True, False])
def test_satterthwaite_against_dense_algebra(reml):
    """2 f^2 / (g'A g) with all parameters free, those of the residuals too."""
    frame = rows(seed=3, subjects=25)
    fit = ranef.lmer(FORMULA, frame, reml, **OPTIONS)
    at = np.array([*fit.residual.parameters.estimate, fit.sigma * fit.theta[0], fit.sigma])
    h, k = 1e-3, len(at)
    steps = h * np.eye(k)

    def second(i, j):
        ends = [dense(frame, reml, at + a * steps[i] + b * steps[j])[0] for a in (1, -1) for b in (1, -1)]
        return (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * h * h)

    hessian = np.empty((k, k))
    for i, j in zip(*np.tril_indices(k), strict=True):
        hessian[i, j] = hessian[j, i] = second(i, j)
    slopes = [(dense(frame, reml, at + s)[1] - dense(frame, reml, at - s)[1]) / (2 * h) for s in steps]
    f = np.diag(dense(frame, reml, at)[1])
    g = np.array([np.diag(one) for one in slopes])
    expected = 2 * f**2 / np.einsum("kp,kl,lp->p", g, 2 * np.linalg.inv(hessian), g)
    np.testing.assert_allclose(fit.coef_table("satterthwaite").df, expected, rtol=1e-4)
    known = ranef.lmer(FORMULA, frame, reml).coef_table("satterthwaite").df
    assert (np.abs(known / expected - 1) > 0.01).any()


def test_a_correlation_near_one_is_a_minimum_like_another():
    """A slow process without noise: rho is 0.999, which is no boundary."""
    random = np.random.default_rng(4)
    steps = random.normal(0, np.sqrt(1 - 0.999**2), (8, 400))
    steps[:, 0] = random.normal(size=8)
    y = np.zeros((8, 400))
    for t in range(400):
        y[:, t] = (0.999 * y[:, t - 1] if t else 0) + steps[:, t]
    data = {"y": y.ravel(), "t": np.tile(range(400), 8), "id": np.repeat(range(8), 400)}
    fit = ranef.gls("y ~ 1", data, residual="ar1(t | id)")
    assert fit.converged and 0.99 < fit.residual.parameters.estimate[0] < 0.9999
    seconds = {**data, "t": data["t"] * 3600.0}
    slow = ranef.gls("y ~ 1", seconds, residual="car1(t | id)")
    assert slow.converged and slow.objective == pytest.approx(fit.objective, abs=1e-6)


def test_a_stratum_without_variance_is_singular_and_named():
    """The mean of a subject's readings among them: it fits so well that its variance runs to zero."""
    random = np.random.default_rng(8)
    level = random.normal(0, 3, 40)
    noisy = level[:, None] + random.normal(0, 1, (40, 4))
    y = np.column_stack([noisy, noisy.mean(axis=1)]).ravel()
    data = {"y": y, "id": np.repeat(range(40), 5), "s": list("aaaab") * 40}
    fit = ranef.lmer("y ~ 1 + (1 | id)", data, dispersion="~ s")
    assert fit.singular and fit.converged
    assert "singular: the standard deviation of s[T.b] runs to its limit" in str(fit.residual)
    assert fit.residual.sd["b"] < 0.02 * fit.residual.sd["a"]


def test_times_without_a_grid():
    """Nearly every gap is another: a set per row, whose numbers pass 2^31 from 46,341 rows on."""
    random = np.random.default_rng(5)
    n, g = 60_000, np.repeat(range(20_000), 3)
    t = np.cumsum(random.uniform(0.5, 1.5, n))
    y = np.zeros(n)
    for k in range(3):
        rho = 0.6 ** np.r_[1.0, np.diff(t)][k::3]
        before = y[k - 1 :: 3] if k else np.zeros(n // 3)
        y[k::3] = rho * before * (k > 0) + np.sqrt(1 - (rho * (k > 0)) ** 2) * random.normal(size=n // 3)
    fit = ranef.gls("y ~ 1", {"y": y, "t": t, "g": g}, residual="car1(t | g)")
    row = fit.residual.parameters.iloc[0]
    assert fit.converged and fit.model.sums.by_rows and abs(row.estimate - 0.6) < 4 * row.se
