"""Zero inflation: glmmTMB's answers (zero_inflated.R), densities in 40 digits, integrals, limits."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import ranef
from generalised.zero_inflated_rows import ANSWERS, DATA, drawn, fitted
from ranef import _core
from ranef.generalised.inflated.model import ZeroInflatedModel
from scipy import stats
from scipy.special import expit

FAMILIES = ("poisson", "nbinom1", "nbinom2")
NAMES = [f"{a['name']} {a['family']} {a['zero']}" for a in ANSWERS]


def log_mean(family, y, mu, phi):
    g = mp.loggamma
    if family == "poisson":
        return y * mp.log(mu) - mu
    if family == "nbinom2":
        return g(y + phi) - g(phi) + phi * mp.log(phi / (mu + phi)) + y * mp.log(mu / (mu + phi))
    k = mu / phi
    return g(y + k) - g(k) + y * mp.log(phi / (1 + phi)) - k * mp.log1p(phi)


def density(family, y, mu, phi, zeta):
    counts = log_mean(family, y, mu, phi)
    whole = mp.log1p(mp.exp(zeta))
    return (mp.log(mp.exp(zeta) + mp.exp(counts)) if y == 0 else counts) - whole


INVERSE = {"log": mp.exp, "sqrt": lambda e: e**2, "identity": lambda e: e}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("link", INVERSE)
@pytest.mark.parametrize("y", [0, 4])
@pytest.mark.parametrize(("eta", "zeta"), [(-2.0, 0.4), (0.7, -1.5), (2.5, 3.0), (4.5, -30.0)])
def test_derivatives_are_those_of_the_density(family, link, y, eta, zeta):
    mp.mp.dps, psi = 40, 0.6
    eta = abs(eta) if link != "log" else eta

    def value(e, p, z):
        return density(family, y, INVERSE[link](e), mp.exp(p), z)

    cell = (np.array([number]) for number in (1.0, float(y), 0.0))
    found = _core.family_kernels(f"inflated_{family}", link, psi, *cell, np.array([eta]), [zeta])
    at = (mp.mpf(eta), mp.mpf(psi), mp.mpf(zeta))
    orders = {"value": (0, 0, 0), "s": (1, 0, 0), "w": (2, 0, 0), "w1": (3, 0, 0), "l4": (4, 0, 0)}
    orders |= {"dl_zeta": (0, 0, 1), "ds_zeta": (1, 0, 1), "dw_zeta": (2, 0, 1)}
    if family != "poisson":
        orders |= {"dl": (0, 1, 0), "ds": (1, 1, 0), "dw": (2, 1, 0)}
    exact = {name: float(mp.diff(value, at, order)) for name, order in orders.items()}
    size = max(abs(exact[name]) for name in ("s", "w", "w1", "l4"))
    for name, one in exact.items():
        sign = -1 if name.startswith(("w", "dw")) else 1
        assert found[name][0] == pytest.approx(sign * one, rel=1e-8, abs=1e-10 * (1 + size)), name


@pytest.mark.parametrize("family", ["poisson", "nbinom2"])  # NB1's are those of its variance
def test_expected_weights_are_the_mean_of_the_observed_ones(family):
    eta, psi, zeta, h = 0.4, 0.6, -0.3, 1e-5

    def kernel(y, at):
        return _core.family_kernels(
            f"inflated_{family}", "log", psi, [1.0], [float(y)], [0.0], np.array([at]), [zeta]
        )

    mu, phi = np.exp(eta), np.exp(psi)
    base = {"poisson": stats.poisson(mu), "nbinom2": stats.nbinom(phi, phi / (phi + mu))}
    y = np.arange(200)
    chance = (1 - expit(zeta)) * base[family].pmf(y) + expit(zeta) * (y == 0)
    assert kernel(1, eta)["expected"][0] == pytest.approx(
        sum(p * kernel(k, eta)["w"][0] for k, p in enumerate(chance)), rel=1e-10
    )
    ends = [kernel(1, eta + step)["expected"][0] for step in (h, -h)]
    assert kernel(1, eta)["expected1"][0] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("agq", [1, 7])
def test_gradient_is_that_of_differences(family, agq):
    random = "(x | g)" if agq > 1 else "(x | g) + (1 | h)"
    model = ZeroInflatedModel(f"y ~ x + {random}", drawn(family), family, zero="~ x", agq=agq)
    theta = [0.5, 0.2, 0.3, 0.4][: model.n_theta]
    phi = None if family == "poisson" else 1.7
    at = model.internal(theta, [0.7, 0.25], phi, [-0.4, 0.6])
    gradient, h = model._evaluate(at)[1], 1e-3
    for i in range(at.size):
        ends = {k: model._evaluate(at + k * h * (np.arange(at.size) == i))[0] for k in (2, 1, -1, -2)}
        slope = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * h)
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6 * max(1.0, np.abs(gradient).max())), i


@pytest.mark.parametrize("family", FAMILIES)
def test_quadrature_is_the_integral(family):
    data = drawn(family)
    fit = ranef.glmer("y ~ x + (1 | g)", data, family, zero="~ x", agq=25)
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    x, y, phi = data.x.to_numpy(), data.y.to_numpy(), fit.dispersion or 1.0
    p = fit.predict(scale="zero").to_numpy()[:, None]
    mu = np.exp(fit.params.iloc[0] + fit.params.iloc[1] * x[:, None] + fit.theta[0] * nodes)
    base = {
        "poisson": lambda: stats.poisson(mu),
        "nbinom1": lambda: stats.nbinom(mu / phi, 1 / (1 + phi)),
        "nbinom2": lambda: stats.nbinom(phi, phi / (phi + mu)),
    }[family]()
    zero = np.where(y[:, None] == 0, np.log(p), -np.inf)
    rows = np.logaddexp(np.log1p(-p) + base.logpmf(y[:, None]), zero)
    sums = np.array([rows[data.g == g].sum(axis=0) for g in range(30)])
    exact = -2 * np.log(np.exp(sums) @ weights / np.sqrt(2 * np.pi)).sum()
    assert fit.converged
    assert fit.objective == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("answer", ANSWERS, ids=NAMES)
def test_estimates_and_means_are_glmmtmbs(answer):
    found = fitted(answer)
    assert found.converged
    assert found.objective <= answer["objective"] + 1e-6
    assert found.objective == pytest.approx(answer["objective"], abs=1e-5)
    gamma, gamma_se = (np.atleast_1d(answer[name]) for name in ("gamma", "gamma_se"))
    np.testing.assert_allclose((found.params - answer["beta"]) / answer["se"], 0, atol=1e-4)
    np.testing.assert_allclose(found.bse, answer["se"], rtol=1e-4)
    np.testing.assert_allclose((found.zero["estimate"] - gamma) / gamma_se, 0, atol=1e-4)
    np.testing.assert_allclose(found.zero["se"], gamma_se, rtol=1e-4)
    np.testing.assert_allclose(found.varcorr.to_frame()["sd"].dropna(), answer["sd"], rtol=1e-3)
    assert found.sigma == pytest.approx(answer["sigma"], rel=1e-4)
    rows = DATA[answer["name"]].head(5)
    for scale, name in (
        ("conditional", "conditional"),
        ("response", "response"),
        ("zero", "zero_probability"),
    ):
        np.testing.assert_allclose(found.predict(rows, scale=scale), answer[name], rtol=1e-4)
    np.testing.assert_allclose(found.predict(rows, se=True)["se"], answer["response_se"], rtol=1e-3)
    np.testing.assert_allclose(found.residuals()[:5], answer["pearson"], rtol=1e-3, atol=1e-4)


# ---------------------------------------------------------------- limits
def plain_counts(seed=1):
    rng = np.random.default_rng(seed)
    codes, x = np.repeat(np.arange(20), 20), rng.normal(size=400)
    y = rng.poisson(np.exp(1 + 0.3 * x + 0.4 * rng.normal(size=20)[codes]))
    return pd.DataFrame({"y": y.astype(float), "x": x, "g": codes, "f": np.where(codes % 2, "a", "b")})


@pytest.mark.parametrize("zero", ["~ 1", "~ x"])
def test_without_inflation_the_fit_is_the_plain_one_and_says_so(zero):
    data = plain_counts()
    found, plain = (ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero=z) for z in (zero, None))
    assert found.converged
    assert "no zero inflation is left" in found.optimum.message
    assert "plain Poisson" in found.optimum.message
    assert found.objective == pytest.approx(plain.objective, abs=1e-8)
    np.testing.assert_allclose(found.params, plain.params, rtol=1e-6)
    np.testing.assert_allclose(found.bse, plain.bse, rtol=1e-5)
    assert found.zero["estimate"].iloc[0] == -np.inf
    assert found.zero.notna().all(axis=None)
    np.testing.assert_allclose(found.predict(scale="zero"), 0, atol=1e-12)
    assert "-Inf" in str(found.summary())
    thinned = found.y * (np.random.default_rng(3).random(len(data)) < 0.6)
    again = found.refit(thinned)  # begins where this one ended
    other = ranef.glmer("y ~ x + (1 | g)", data.assign(y=thinned), "poisson", zero=zero)
    assert again.objective == pytest.approx(other.objective, abs=1e-6)
    assert np.isfinite(again.zero["se"]).all()


def test_an_infinite_estimate_of_the_zero_part_is_named():
    data = drawn()
    data.loc[data.f == 0, "y"] += 1  # no zeros in half of the groups
    data["f"] = np.where(data.f == 0, "none", "some")
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero="~ f")
    assert fit.converged
    assert "an estimate of zero= is infinite, along" in fit.optimum.message
    assert "'f[T.some]'" in fit.optimum.message
    assert np.isfinite(fit.bse).all()


def test_a_limit_of_the_dispersion_is_still_found():
    data = drawn(seed=5)
    fit = ranef.glmer("y ~ x + (1 | g)", data, "nbinom2", zero="~ x")
    poisson = ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero="~ x")
    assert fit.objective <= poisson.objective + 1e-8
