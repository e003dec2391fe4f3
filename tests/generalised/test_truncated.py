"""Counts whose zeros are left out: glmmTMB's answers (truncated.R), and integrals."""

import json
from pathlib import Path

import numpy as np
import pytest
import ranef
from glmm_battery import load_data
from ranef.errors import ArgumentError, DataError
from ranef.generalised.diagnostics.distribution import distribution
from ranef.generalised.families import choose_family
from scipy import stats

ANSWERS = json.loads(Path(__file__).with_name("truncated.json").read_text(encoding="utf-8"))
FAMILIES = ("truncated_poisson", "truncated_nbinom1", "truncated_nbinom2")


def rows_of(answer):
    data = load_data(answer["data"])
    return data[data[answer["response"]] > 0]


@pytest.fixture(scope="module")
def fits():
    return {name: ranef.glmer(a["formula"], rows_of(a), a["family"]) for name, a in ANSWERS.items()}


@pytest.fixture(scope="module")
def fit(fits):
    return fits["nbinom2"]


@pytest.mark.parametrize("name", ANSWERS)
def test_estimates_and_means_are_glmmtmbs(fits, name):
    found, answer = fits[name], ANSWERS[name]
    assert found.converged
    assert found.objective == pytest.approx(answer["m2ll"], abs=1e-6)
    np.testing.assert_allclose((found.params - answer["beta"]) / answer["se"], 0, atol=1e-4)
    np.testing.assert_allclose(found.bse, answer["se"], rtol=1e-4)
    np.testing.assert_allclose(found.varcorr.to_frame()["sd"].dropna(), answer["sd"], rtol=1e-3)
    assert found.sigma == pytest.approx(answer["sigma"], rel=1e-4)
    rows = rows_of(answer).head(len(answer["fitted"]))
    means = found.predict(rows, se=True)
    np.testing.assert_allclose(means["fit"], answer["fitted"], rtol=1e-4)
    np.testing.assert_allclose(means["se"], answer["fitted_se"], rtol=1e-4)
    np.testing.assert_allclose(found.predict(rows, scale="link"), answer["link"], atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_mean_and_variance_are_those_of_the_distribution(family):
    found, phi = choose_family(family, None), 1.7
    eta = np.array([-15.0, -6.0, -0.4, 1.3, 4.0])
    mu = np.exp(eta)
    base = {
        "truncated_poisson": lambda: stats.poisson(mu[:, None]),
        "truncated_nbinom1": lambda: stats.nbinom(mu[:, None] / phi, 1 / (1 + phi)),
        "truncated_nbinom2": lambda: stats.nbinom(phi, phi / (phi + mu[:, None])),
    }[family]()
    y = np.arange(1.0, 3000.0)
    chance = base.pmf(y) / base.sf(0)
    mean = chance @ y
    curve = found.curve(phi)
    np.testing.assert_allclose(curve.inverse(eta), mean, rtol=1e-9)
    above = chance @ (y - 1)
    variance = chance @ (y - 1) ** 2 - above**2
    np.testing.assert_allclose(found.variance(mu, np.ones(5), phi), variance, rtol=1e-6)
    step = (curve.inverse(eta + 1e-5) - curve.inverse(eta - 1e-5)) / 2e-5
    np.testing.assert_allclose(curve.slope(eta), step, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(curve.forward(curve.inverse(eta))[1:], eta[1:], atol=1e-9)


@pytest.mark.parametrize("name", ["poisson", "nbinom1", "nbinom2"])
def test_draws_have_the_distribution(fits, name):
    found = fits[name]
    drawn = found.simulate(400, seed=3, use_u=True)
    assert drawn.min() == 1
    for y in (1.0, 2.0, 4.0):
        chance = distribution(found, found.location, np.ones(found.nobs)).cdf(y)
        z = ((drawn <= y) - chance).sum() / np.sqrt(400 * (chance * (1 - chance)).sum())
        assert abs(z) < 4


@pytest.mark.parametrize("name", ["poisson", "nbinom2"])
def test_replicates_of_the_core_are_drawn_alike(fits, name):
    found = fits[name]
    core = found.bootstrap(24, seed=1, use_u=True, n_threads=1)
    rows = found.bootstrap(24, seed=1, use_u=True, statistic=lambda one: one.params.iloc[0])
    assert (core.route, rows.route) == ("cells", "rows")
    assert core.converged.all()
    one, other = (result.to_frame()[found.params.index[0]] for result in (core, rows))
    spread = np.sqrt(one.var() / 24 + other.var() / 24)
    assert abs(one.mean() - other.mean()) < 4 * spread


def test_averages_over_groups_are_integrals(fit):
    rows = rows_of(ANSWERS["nbinom2"]).head(3)
    eta, sd = np.asarray(fit.predict(rows, random=None, scale="link")), float(fit.theta[0])
    b = np.linspace(-8, 8, 4001) * sd
    curve, weight = fit.curve, stats.norm.pdf(b, 0, sd)
    exact = (curve.inverse(eta[:, None] + b) * weight).sum(axis=1) / weight.sum()
    np.testing.assert_allclose(fit.predict(rows, random=None, averaged=True), exact, rtol=1e-6)


def test_marginal_means_are_means_of_the_response(fit):
    means = ranef.emmeans(fit, "mined", scale="response").to_frame()
    link = ranef.emmeans(fit, "mined").to_frame()
    np.testing.assert_allclose(means["response"], fit.curve.inverse(link["emmean"].to_numpy()))
    assert (means["response"] > 1).all()


def test_quantile_residuals_are_uniform_in_simulated_data(fit):
    again = fit.refit(fit.simulate(1, seed=5)[0])
    table = again.check_residuals(100, seed=2).to_frame()
    assert table["p"].min() > 0.01
    assert np.isfinite(again.residuals("pearson")).all()
    assert np.isfinite(again.leverage()).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_quadrature_converges_to_the_integral(fits, family):
    answer = ANSWERS[family.removeprefix("truncated_")]
    rows = rows_of(answer)
    one, other = (ranef.glmer("count ~ cover + (1 | site)", rows, family, agq=k) for k in (15, 25))
    assert one.objective == pytest.approx(other.objective, abs=1e-4)
    sd, eta = one.theta[0], one.predict(random=None, scale="link")
    b = np.linspace(-9, 9, 1501)
    mu = np.exp(np.asarray(eta)[:, None] + sd * b)
    phi = one.dispersion or 1.0
    base = {
        "truncated_poisson": lambda: stats.poisson(mu),
        "truncated_nbinom1": lambda: stats.nbinom(mu / phi, 1 / (1 + phi)),
        "truncated_nbinom2": lambda: stats.nbinom(phi, phi / (phi + mu)),
    }[family]()
    logs = base.logpmf(one.y[:, None]) - base.logsf(0)
    total = 0.0
    for level in np.unique(rows["site"]):
        inside = (rows["site"] == level).to_numpy()
        weight = np.exp(logs[inside].sum(axis=0)) * stats.norm.pdf(b)
        total -= 2 * np.log(weight.sum() * (b[1] - b[0]))
    assert other.objective <= one.objective + 1e-4
    assert total == pytest.approx(one.objective, abs=1e-4)


def test_sums_of_parts_give_the_same_fit(fit):
    rows = rows_of(ANSWERS["nbinom2"])
    formula = ANSWERS["nbinom2"]["formula"]
    parts = [ranef.sums(formula, part, family="truncated_nbinom2") for part in (rows[:100], rows[100:])]
    found = ranef.fit(parts[0] + parts[1])
    assert found.objective == pytest.approx(fit.objective, abs=1e-6)


def test_what_does_not_fit_is_refused_by_name(fit):
    data = load_data("Salamanders")
    with pytest.raises(DataError, match=r"one or more; it is 0 in row .*hurdle model has two parts"):
        ranef.glmer("count ~ cover + (1 | site)", data, "truncated_poisson")
    ones = rows_of(ANSWERS["nbinom2"]).assign(count=1.0)
    with pytest.raises(DataError, match="no variation"):
        ranef.glmer("count ~ cover + (1 | site)", ones, "truncated_poisson")
    with pytest.raises(ArgumentError, match="never zero"):
        fit.zeros()
    with pytest.raises(ArgumentError, match="log without truncation"):
        fit.r2()
    with pytest.raises(ArgumentError, match="no deviance residuals"):
        fit.residuals("deviance")


def test_a_mean_that_runs_to_its_limit_is_named():
    """Counts of one part as of a logarithmic series, the family's limit as the mean goes to zero."""
    rng = np.random.default_rng(3)
    many = rng.negative_binomial(2, 0.2, 200)
    few = np.repeat([1.0, 2, 3, 4, 6], [27, 11, 6, 3, 2])
    y = np.concatenate([many[many > 0], few])
    part = np.repeat(["many", "few"], [(many > 0).sum(), few.size])
    data = {"y": y, "part": part, "g": np.arange(y.size) % 20}
    fit = ranef.glmer("y ~ part + (1 | g)", data, "truncated_nbinom1")
    assert "an estimate is infinite, or the data hardly determine it" in str(fit.summary())
