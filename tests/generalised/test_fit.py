"""What a generalised fit tells of itself, beside lme4's answers for cbpp."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import GlmmReference
from ranef.generalised import FAMILIES
from scipy.stats import norm, poisson

FORMULA = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@pytest.fixture(scope="module")
def fit():
    return ranef.glmer(FORMULA, ranef.datasets.load("cbpp"))


@pytest.fixture(scope="module")
def answers():
    return GlmmReference("cbpp_agq1").answers


def test_numbers_are_lme4s(fit, answers):
    assert fit.objective == pytest.approx(answers["m2ll"], abs=1e-6)
    assert (fit.aic, fit.bic) == pytest.approx((answers["AIC"], answers["BIC"]), abs=1e-5)
    np.testing.assert_allclose(fit.theta, answers["theta"], rtol=1e-5)
    np.testing.assert_allclose(fit.cov_params(), answers["vcov_hessian"], rtol=1e-4)
    by_information = fit.cov_params(method="information")
    np.testing.assert_allclose(np.sqrt(np.diag(by_information)), answers["se_rx"], rtol=1e-4)
    modes = answers["ranef"][0]
    np.testing.assert_allclose(fit.ranef["herd"], modes["modes"], atol=1e-5)
    np.testing.assert_allclose(fit.ranef.cond_var["herd"], modes["cond_var"], rtol=1e-4)


def test_rows_are_lme4s(fit, answers):
    np.testing.assert_allclose(fit.linear_predictor, answers["link_head"], atol=1e-5)
    np.testing.assert_allclose(fit.fittedvalues, answers["response_head"], atol=1e-5)
    np.testing.assert_allclose(fit.residuals(), answers["resid_pearson_head"], atol=1e-4)
    np.testing.assert_allclose(fit.residuals("deviance"), answers["resid_deviance_head"], atol=1e-4)


def test_expected_information_is_lme4s_criterion():
    for name in ("cbpp_probit", "cbpp_cloglog"):
        reference = GlmmReference(name)
        found = ranef.glmer(reference.formula, reference.data, information="expected", **reference.arguments)
        assert found.objective == pytest.approx(reference.answers["m2ll_tight"], abs=1e-6)
        np.testing.assert_allclose(found.bse, reference.answers["se_hessian"], rtol=1e-4)


def test_predictions(fit):
    data = ranef.datasets.load("cbpp")
    np.testing.assert_allclose(fit.predict(data), fit.fittedvalues, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(data, scale="link"), fit.linear_predictor, rtol=1e-12)
    new = {"herd": ["1"], "period": ["2"]}
    draws = np.random.default_rng(1).normal(size=200_000) * fit.theta[0]
    eta = fit.predict(new, random=None, scale="link")[0]
    mean = (1 / (1 + np.exp(-eta - draws))).mean()
    assert fit.predict(new, random=None, averaged=True)[0] == pytest.approx(mean, abs=1e-3)


def test_average_of_a_log_link_has_a_closed_form():
    reference = GlmmReference("ticks_brood")
    fit = ranef.glmer(reference.formula, reference.data, "poisson")
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    eta = np.asarray(fit.predict(random=None, scale="link"))
    mean = np.exp(eta[:, None] + fit.theta[0] * nodes) @ weights / weights.sum()
    np.testing.assert_allclose(fit.predict(random=None, averaged=True), mean, rtol=1e-6)


def test_the_certificate_costs_a_gradient_for_each_parameter(fit):
    assert fit.optimum.certificate_evaluations >= len(fit.theta) + len(fit.params)


def test_survives_pickling_and_refits(fit):
    again = pickle.loads(pickle.dumps(fit))
    assert again.objective == fit.objective
    np.testing.assert_array_equal(again.fittedvalues, fit.fittedvalues)
    np.testing.assert_allclose(fit.refit(fit.y).params, fit.params, rtol=1e-6)
    drawn = fit.simulate(2, seed=4)
    np.testing.assert_array_equal(drawn, fit.simulate(2, seed=4))
    assert fit.refit(drawn[0]).converged


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"binomial"}))
def test_simulated_responses_have_the_families_moments(family):
    rng = np.random.default_rng(2)
    n = 400
    data = pd.DataFrame({"g": np.repeat(np.arange(40), 10), "x": rng.normal(size=n), "m": np.full(n, 6.0)})
    mean = np.exp(0.4 + 0.2 * data.x)
    left = "y"
    if family in ("beta", "betabinomial"):
        share = rng.beta(3, 3, size=n)
        data["s"] = rng.binomial(6, share).astype(float)
        data["y"] = share
        left = "cbind(s, m - s)" if family == "betabinomial" else "y"
    elif family.removeprefix("truncated_") in ("poisson", "nbinom1", "nbinom2"):
        data["y"] = rng.poisson(mean * rng.gamma(3, 1 / 3, size=n)).astype(float)
        if family.startswith("truncated"):
            data = data[data.y > 0].reset_index(drop=True)
    else:
        data["y"] = mean * rng.gamma(5, 0.2, size=n)
    fit = ranef.glmer(f"{left} ~ x + (1 | g)", data, family)
    drawn = fit.simulate(400, seed=1, use_u=True).T
    variance = fit.family.variance(fit.location, fit.response.trials, fit.dispersion or 1.0)
    z = (drawn.mean(axis=1) - fit.fittedvalues) / np.sqrt(variance / 400)
    assert abs(z.mean()) < 0.25
    assert z.std() == pytest.approx(1, abs=0.2)
    assert (drawn.var(axis=1) / variance).mean() == pytest.approx(1, abs=0.08)


def test_summary_and_tables(fit):
    text = str(fit.summary())
    for part in ("Laplace Approximation", "Family: binomial ( logit )", "z value", "Groups", "herd, 15"):
        assert part in text
    assert "Residual" not in text.split("Random effects")[1].split("Fixed")[0]
    assert "<table" in fit.summary().to("html")
    assert list(fit.tidy("fixed")["statistic"]) == pytest.approx(list(fit.zvalues))
    assert fit.glance()["deviance"][0] == fit.objective
    assert len(fit.augment()) == 56
    ratio = fit.tidy("fixed", exponentiate=True)
    np.testing.assert_allclose(ratio["estimate"], np.exp(fit.params))


def test_likelihood_ratio(fit):
    null = ranef.glmer(FORMULA.replace("period", "1"), ranef.datasets.load("cbpp"))
    table = ranef.anova(fit, null)
    assert table["chisq"].iloc[1] == pytest.approx(null.objective - fit.objective)
    assert table["df"].iloc[1] == 3


def test_many_shapes_of_random_part_agree_with_each_other():
    """The same model twice, terms and rows in another order, has the same criterion."""
    rng = np.random.default_rng(9)
    n = 900
    data = pd.DataFrame({"a": rng.integers(0, 150, n), "b": rng.integers(0, 70, n), "x": rng.normal(size=n)})
    data["c"] = data.b // 10
    data["y"] = rng.poisson(np.exp(0.3 * data.x + rng.normal(size=70)[data.b] * 0.5)).astype(float)
    nested = ranef.glmer("y ~ x + (1 | a) + (1 | b) + (x | c)", data, "poisson")
    again = ranef.glmer("y ~ x + (x | c) + (1 | b) + (1 | a)", data.sample(frac=1, random_state=1), "poisson")
    assert nested.objective == pytest.approx(again.objective, abs=1e-7)


def test_many_responses_at_once(fit, answers):
    """Each row is the fit to that response; the first is lme4's."""
    drawn = np.vstack([fit.y, fit.simulate(3, seed=1), np.full((1, fit.nobs), np.nan)])
    table = fit.model.fit(drawn)
    assert table.objective.iloc[0] == pytest.approx(answers["m2ll"], abs=1e-6)
    np.testing.assert_allclose(table.theta1.iloc[0], answers["theta"], rtol=1e-5)
    data = ranef.datasets.load("cbpp")
    for row, y in enumerate(drawn[1:4], start=1):
        alone = ranef.glmer(FORMULA, data.assign(incidence=np.round(y * data["size"])))
        assert table.objective.iloc[row] == pytest.approx(alone.objective, abs=1e-7)
        np.testing.assert_allclose(table[list(alone.params.index)].iloc[row], alone.params, atol=1e-5)
    assert table.failed.tolist() == [False] * 4 + [True]
    assert fit.model.fit(drawn[1]).objective == pytest.approx(table.objective.iloc[1], abs=1e-8)


def test_the_square_root_link_has_several_optima():
    """The mean is that of both signs: lme4 stops where fewer linear predictors are below zero."""
    y = [3, 5, 2, 2, 5, 6, 6, 4, 4, 5, 6, 8, 4, 3, 3, 7, 3, 3, 2, 10, 3, 3, 10, 2, 3, 2, 8, 8, 6, 2]
    y += [0] * 8 + [1] + [0] * 9 + [1, 1, 1, 3, 2, 3]
    rng = np.random.default_rng(62)
    rng.integers(5, 15), rng.integers(3, 8)
    data = pd.DataFrame({"y": np.array(y, float), "x": rng.normal(size=54), "g": np.repeat(np.arange(9), 6)})
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson", "sqrt", information="expected")
    assert fit.objective < 183.4340985 - 1  # glmer(family = poisson(sqrt)), bobyqa with tolPwrss = 1e-12
    assert fit.converged

    def exact(theta, beta):
        """-2 log L by the rectangle rule."""
        u, total = np.linspace(-8, 8, 4001), 0.0
        for _, rows in data.groupby("g"):
            eta = (beta[0] + beta[1] * rows.x.to_numpy())[:, None] + theta * u
            log_density = poisson.logpmf(rows.y.to_numpy()[:, None], eta**2).sum(0) + norm.logpdf(u)
            total += np.log(np.exp(log_density - log_density.max()).sum() * (u[1] - u[0])) + log_density.max()
        return -2 * total

    assert exact(fit.theta[0], fit.params.to_numpy()) < exact(0.8992846204, [1.411472613, 0.1997935808])
