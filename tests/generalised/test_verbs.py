"""Verbs of a generalised fit beside lme4 1.1-31, glmmTMB 1.1.5 and emmeans 1.8.4."""

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from ranef import lme4
from ranef.errors import ArgumentError, DataError
from scipy import stats

FORMULA = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@pytest.fixture(scope="module")
def fit():
    return ranef.glmer(FORMULA, ranef.datasets.load("cbpp"))


@pytest.fixture(scope="module")
def slopes():
    return ranef.glmer("n ~ x + (x | g)", load_data("slopes"), "poisson")


def test_standard_errors_of_predictions_are_glmmtmbs(fit, slopes):
    new = {"period": ["1", "4", "2"], "herd": ["1", "1", "7"]}
    link = fit.predict(new, scale="link", se=True)
    np.testing.assert_allclose(link["se"], [0.378330129, 0.532487501, 0.425162125], rtol=1e-5)
    response = fit.predict(new, se=True)
    np.testing.assert_allclose(response["se"], [0.0806659158, 0.0409844557, 0.0633522014], rtol=1e-5)
    typical = fit.predict(new, random=None, scale="link", se=True)
    np.testing.assert_allclose(typical["se"], [0.232472051, 0.430071955, 0.310213978], rtol=1e-5)
    two = slopes.predict({"g": ["1", "5"], "x": [0.5, -1]}, scale="link", se=True)
    np.testing.assert_allclose(two["se"], [0.231718705, 0.291648127], rtol=1e-5)


def test_a_level_without_data_has_the_priors_variance(fit):
    new = {"period": ["1"], "herd": ["unseen"]}
    se = fit.predict(new, scale="link", se=True, allow_new_levels=True)["se"][0]
    assert se**2 == pytest.approx(0.232472051**2 + fit.theta[0] ** 2, rel=1e-5)


def test_profile_intervals_are_lme4s(fit, slopes):
    found = fit.conf_int(method="profile")
    expected = [(-1.90115607, -0.94779455), (-1.61667889, -0.40784027), (-1.80091773, -0.51161021)]
    expected += [(-2.50060070, -0.80083105), (0.34609447, 1.09988172)]
    np.testing.assert_allclose(found, expected, atol=5e-4)
    found = slopes.conf_int(method="profile", parameters="random")
    expected = [(0.42105283, 0.6700642), (0.21002488, 0.3680103), (-0.06344763, 0.6242808)]
    np.testing.assert_allclose(found, expected, atol=5e-4)


def test_components_have_glmmtmbs_intervals(slopes):
    table = slopes.component_table()
    np.testing.assert_allclose(table[["lower", "upper"]].iloc[0], [0.419327385, 0.66596549], rtol=1e-4)
    np.testing.assert_allclose(table[["lower", "upper"]].iloc[1], [0.211738973, 0.36905246], rtol=1e-4)
    gamma = ranef.glmer("pos ~ x + (1 | a)", load_data("crossed_slopes"), "gamma")
    found = gamma.component_table().loc["sd[a.Intercept]", ["lower", "upper"]]
    np.testing.assert_allclose(found, [0.2795730, 0.4526157], rtol=1e-4)


def test_marginal_means_are_emmeans(fit):
    means = ranef.emmeans(fit, "period").to_frame()
    np.testing.assert_allclose(means["emmean"], [-1.3985325, -2.3908648, -2.5272038, -2.9788462], atol=2e-6)
    np.testing.assert_allclose(means["se"], [0.2324721, 0.3102140, 0.3302752, 0.4300720], rtol=1e-5)
    response = ranef.emmeans(fit, "period", scale="response")
    table = response.to_frame()
    np.testing.assert_allclose(table["response"], [0.19804909, 0.08387196, 0.07397296, 0.04839073], atol=1e-6)
    np.testing.assert_allclose(table["se"], [0.03692252, 0.02383605, 0.02262417, 0.01980441], rtol=1e-5)
    ratios = response.pairs("none").to_frame()
    expected = [2.697519, 3.091546, 4.856479, 1.146070, 1.800351, 1.570890]
    np.testing.assert_allclose(ratios["odds_ratio"], expected, rtol=1e-5)
    expected = [0.8271738, 1.0098158, 2.0758369, 0.4363184, 0.8466184, 0.7607574]
    np.testing.assert_allclose(ratios["se"], expected, rtol=1e-5)
    assert "typical group" in str(response)


def test_averaged_means_are_those_of_draws(fit):
    means = ranef.emmeans(fit, "period", averaged=True)
    draws = np.random.default_rng(3).normal(size=400_000) * fit.theta[0]
    eta = ranef.emmeans(fit, "period").to_frame()["emmean"].to_numpy()
    expected = [(1 / (1 + np.exp(-e - draws))).mean() for e in eta]
    np.testing.assert_allclose(means.to_frame()["response"], expected, atol=5e-4)
    difference = means.pairs().to_frame()["difference"][0]
    assert difference == pytest.approx(expected[0] - expected[1], abs=1e-3)
    assert "averaged" in str(means)


def test_averaged_means_of_effects_that_add_up_are_compared_one_by_one():
    """With a log link the mean over groups is exp(eta + sd^2 / 2); 8 cells of 5 coefficients."""
    data = ranef.datasets.load("cbpp")
    data["big"] = np.where(data["size"] > 14, "big", "small")
    fit = ranef.glmer("incidence ~ period + big + (1 | herd)", data, "poisson")
    eta = ranef.emmeans(fit, ["period", "big"]).to_frame()["emmean"].to_numpy()
    mean = np.exp(eta + fit.theta[0] ** 2 / 2)
    means = ranef.emmeans(fit, ["period", "big"], averaged=True)
    i, j = np.triu_indices(8, 1)
    np.testing.assert_allclose(means.pairs().to_frame()["difference"], mean[i] - mean[j], atol=1e-10)
    weights = [1, -1, 0, 0, -1, 1, 0, 0]
    found = means.contrast({"interaction": weights}).to_frame()["difference"][0]
    assert found == pytest.approx(weights @ mean, abs=1e-10)


def test_comparisons_of_averaged_means_are_adjusted_as_asked(fit):
    """Tukey's are of the studentized range: emmeans has p = 0.2432 for z = 1.865 among four means."""
    means = ranef.emmeans(fit, "period", averaged=True)
    table, plain = means.pairs().to_frame(), means.pairs("none").to_frame()
    assert stats.studentized_range.sf(1.865 * np.sqrt(2), 4, np.inf) == pytest.approx(0.2432, abs=1e-4)
    expected = stats.studentized_range.sf(np.abs(table["z"]) * np.sqrt(2), 4, np.inf)
    np.testing.assert_allclose(table["p"], expected, atol=1e-5)
    np.testing.assert_allclose(plain["p"], 2 * stats.norm.sf(np.abs(plain["z"])), rtol=1e-10)
    critical = stats.studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2)
    np.testing.assert_allclose(table["upper"] - table["difference"], critical * table["se"], rtol=1e-4)
    assert "adjusted by tukey" in str(means.pairs())
    control = means.contrast("trt.vs.ctrl", adjust="bonferroni", ref="4").to_frame()
    np.testing.assert_allclose(control["p"], np.minimum(1, 3 * plain["p"].iloc[[2, 4, 5]]), rtol=1e-10)


def test_averaged_means_of_a_family_with_a_dispersion_and_a_variable_named_as_a_column_of_the_table():
    data = ranef.datasets.load("cbpp").rename(columns={"period": "t"})
    fit = ranef.glmer("incidence ~ t + offset(log(size)) + (1 | herd)", data, "nbinom2")
    eta = ranef.emmeans(fit, "t").to_frame()["emmean"]
    for weights in ("equal", "proportional"):
        table = ranef.emmeans(fit, "t", averaged=True, weights=weights).to_frame()
        np.testing.assert_allclose(table["response"], np.exp(eta + fit.theta[0] ** 2 / 2), rtol=1e-10)


def test_averaged_means_of_empty_cells_are_not_there():
    data = ranef.datasets.load("cbpp")
    data["u"] = np.where(np.arange(len(data)) % 2, "a", "b")
    data = data[(data["period"] != "1") | (data["u"] == "b")]
    fit = ranef.glmer("incidence ~ period * u + (1 | herd)", data, "poisson")
    cells, means = (ranef.emmeans(fit, specs, averaged=True) for specs in (["period", "u"], "u"))
    assert cells.to_frame()["response"].isna().tolist() == [True] + 7 * [False]
    assert cells.pairs().to_frame()["se"].isna().tolist() == 7 * [True] + 21 * [False]
    assert means.to_frame().isna()[["response", "se", "lower"]].to_numpy().tolist() == [
        3 * [True],
        3 * [False],
    ]


def test_drop1_and_update_are_lme4s(fit):
    table = fit.drop1()
    assert table.loc["period", "aic"] == pytest.approx(213.662627, abs=1e-5)
    assert table.loc["period", "chisq"] == pytest.approx(25.6100634, abs=1e-5)
    smaller = fit.update(". ~ . - period", ranef.datasets.load("cbpp"))
    assert smaller.objective == pytest.approx(fit.objective + 25.6100634, abs=1e-5)
    assert ranef.anova(fit, smaller)["p"].iloc[1] == pytest.approx(1.1509e-05, rel=1e-3)


def test_terms_of_one_fit_by_walds_chi_squared():
    """Type III: joint_tests of glmmTMB's fit, F times its degrees of freedom."""
    data = ranef.datasets.load("cbpp")
    data["big"] = np.where(data["size"] > 14, "big", "small")
    both = ranef.glmer(FORMULA.replace("period", "period * big"), data)
    table = both.anova()
    np.testing.assert_allclose(table["chisq"], [3 * 4.778, 0.0006, 7.5964576], rtol=1e-4, atol=5e-4)
    assert table["df"].tolist() == [3, 1, 3]
    assert table["p"]["period:big"] == pytest.approx(0.0551301, rel=1e-4)  # pchisq(7.5964576, 3)
    with pytest.raises(ArgumentError, match="of linear models"):
        both.anova(ddf="satterthwaite")


def test_ranova_leaves_the_variance_out(fit):
    table = fit.ranova()
    data = ranef.datasets.load("cbpp")
    m, y = data["size"].to_numpy(float), data["incidence"].to_numpy(float)
    total = pd.DataFrame({"m": m, "y": y, "p": data["period"].to_numpy()}).groupby("p").sum()
    share = (total.y / total.m).reindex(data["period"].to_numpy()).to_numpy()
    from scipy.stats import binom

    alone = -2 * binom.logpmf(y, m, share).sum()
    assert table["chisq"].iloc[1] == pytest.approx(alone - fit.objective, abs=1e-4)
    assert table["p_boundary"].iloc[1] == pytest.approx(table["p"].iloc[1] / 2)


def test_a_prior_keeps_separated_estimates_finite():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"g": np.repeat(np.arange(12), 10), "x": rng.normal(size=120)})
    data["t"] = (rng.random(120) < 0.3).astype(float)
    data["y"] = np.where(data.t == 1, 1.0, (rng.random(120) < 0.4).astype(float))
    free = ranef.glmer("y ~ t + x + (1 | g)", data)
    assert free.separation is not None and free.separation.columns == ("t",)
    held = ranef.glmer("y ~ t + x + (1 | g)", data, prior=2.5)
    assert held.converged and 1 < held.params["t"] < 6

    def penalised(t):
        beta = held.params.to_numpy().copy()
        beta[1] = t
        at = held.model.objective(held.theta, beta)  # the prior of the core is part of it
        return at

    t = held.params["t"]
    slope = (penalised(t + 1e-4) - penalised(t - 1e-4)) / 2e-4
    assert abs(slope) < 1e-3
    bare = free.model.objective(held.theta, held.params.to_numpy())
    assert penalised(t) == pytest.approx(bare + (t**2 + held.params["x"] ** 2) / 2.5**2, abs=1e-6)
    assert held.objective == pytest.approx(bare, abs=1e-6)
    with pytest.raises(ArgumentError, match="prior= must be positive"):
        ranef.glmer("y ~ t + (1 | g)", data, prior=-1)
    with pytest.raises(ArgumentError, match="prior= names 'q'"):
        ranef.glmer("y ~ t + (1 | g)", data, prior={"q": 1.0})


def test_missing_terms_find_what_was_left_out():
    data = load_data("slopes")
    lacking = ranef.glmer("n ~ x + (1 | g)", data, "poisson").missing_terms()
    assert lacking.index[0] == "(0 + x | g)" and lacking["p"].iloc[0] < 1e-8
    assert lacking["variance"].iloc[0] == pytest.approx(0.2795**2, rel=0.7)
    whole = ranef.glmer("n ~ x + (x | g)", data, "poisson").missing_terms()
    assert whole.loc["(1 | observation)", "p"] > 0.05


def test_missing_terms_are_looked_for_among_the_columns_of_the_data():
    data = load_data("crossed_slopes")
    data = data.assign(b=data["b"].astype(str), noise=(np.arange(len(data)) % 7).astype(str))
    lacking = ranef.glmer("pos ~ x + (1 | a)", data, "gamma")
    found = lacking.missing_terms(data)
    assert {"(1 | b)", "(1 | noise)"} <= set(found.index)
    assert found.loc["(1 | b)", "p"] < 1e-8 < 0.001 < found.loc["(1 | noise)", "p"]
    assert "(1 | noise)" not in lacking.missing_terms(data, groups=["b"]).index
    with pytest.raises(DataError, match=f"must be the {len(data)} rows"):
        lacking.missing_terms(data[1:])
    with pytest.raises(ArgumentError, match="give the data of the fit too"):
        lacking.missing_terms(groups=["b"])


def test_score_of_a_term_in_the_model_is_near_zero(fit):
    """At the optimum the derivative in a variance that is estimated is zero, but for the third-order part."""
    from ranef.generalised.diagnostics.missing import _score

    factor = fit.model.design.factors[0]
    score = _score(fit, factor.codes, np.ones(fit.nobs), factor.n_levels)
    assert abs(score[1]) < 0.7


def test_quantile_residuals_are_normal_where_the_model_holds(slopes):
    drawn = slopes.refit(slopes.simulate(1, seed=5))
    values = drawn.residuals("quantile", seed=1)
    assert abs(values.mean()) < 0.25 and values.std() == pytest.approx(1, abs=0.1)
    checks = drawn.check_residuals(100, seed=1).to_frame()
    assert checks.loc["zeros", "p"] > 0.01 and checks.loc["outliers", "p"] > 1e-3
    zeros = drawn.zeros()
    assert zeros["expected"] == pytest.approx(zeros["observed"], rel=0.15)


@pytest.mark.parametrize("family", ["nbinom1", "nbinom2"])
def test_a_dispersion_at_its_limit_halves_the_p_value(family):
    data = load_data("slopes")
    simple, dispersed = (ranef.glmer("n ~ x + (1 | g)", data, name) for name in ("poisson", family))
    table = ranef.anova(simple, dispersed)
    assert table["df"].iloc[1] == 1
    assert table["p_boundary"].iloc[1] == pytest.approx(table["p"].iloc[1] / 2)
    assert "Poisson (log)" in str(table) and "0.5 chi2(0) + 0.5 chi2(1)" in str(table)


def test_no_p_value_of_simulations_is_zero(slopes):
    """With n simulations of which none is as far out, two-sided: 2 / (n + 1)."""
    y = slopes.y.copy()
    y[::2] = 0
    checks = slopes.refit(y).check_residuals(99, seed=1).to_frame()
    assert checks.loc["zeros", "p"] == pytest.approx(0.02, rel=1e-12)


def test_shares_of_variance_by_hand(slopes):
    fixed = np.var(slopes.model.design.X @ slopes.params, ddof=1)
    x = slopes.model.design.X[:, 1]
    d = slopes.varcorr[0].cov if hasattr(slopes.varcorr[0], "cov") else None
    factor = slopes.model.covariance_factors(slopes.theta)[0]
    d = factor @ factor.T
    random = np.mean(d[0, 0] + 2 * d[0, 1] * x + d[1, 1] * x**2)
    null = ranef.glmer("n ~ 1 + (x | g)", load_data("slopes"), "poisson")
    n = null.model.covariance_factors(null.theta)[0]
    n = n @ n.T
    mean = np.exp(null.params.iloc[0] + np.mean(n[0, 0] + 2 * n[0, 1] * x + n[1, 1] * x**2) / 2)
    noise = np.log1p(1 / mean)
    table = slopes.r2()
    assert table.loc["lognormal", "marginal"] == pytest.approx(fixed / (fixed + random + noise), rel=1e-6)
    assert slopes.icc().loc["lognormal", "adjusted"] == pytest.approx(random / (random + noise), rel=1e-6)


def test_other_searches_agree(slopes):
    found = ranef.allfit(slopes, ["newton", "newton from large variances", "bfgs"])
    assert found.agree
    assert found.sdcor["sd[g.Intercept]"].to_numpy() == pytest.approx(0.528448, abs=1e-3)


def test_lme4s_words():
    data = ranef.datasets.load("cbpp")
    fit = lme4.glmer(FORMULA, data, "binomial(link = 'logit')", nAGQ=9)
    assert fit.model.agq == 9
    assert lme4.glmer_nb("incidence ~ period + (1 | herd)", data).family.name == "nbinom2"
    np.testing.assert_allclose(lme4.predict(fit), fit.linear_predictor)
    np.testing.assert_allclose(lme4.predict(fit, type="response"), fit.fittedvalues)
    assert lme4.simulate(fit, 3, 1).shape == (3, 56)
    assert (lme4.weights(fit) == data["size"].to_numpy()).all()
    np.testing.assert_array_equal(lme4.cooks_distance(fit), fit.influence()["cooks"])


def test_tables_and_tests(fit):
    table = ranef.modelsummary(fit).to_frame()
    assert table.loc[table.term == "period[T.4]", "p_value"].iloc[0] == pytest.approx(0.000218, abs=1e-6)
    assert fit.test("period[T.2] = 0").t == pytest.approx(-3.236, abs=1e-3)
    with pytest.raises(ArgumentError, match="of linear models"):
        fit.test("period[T.2] = 0", ddf="satterthwaite")
    with pytest.raises(ArgumentError, match="interval='prediction'"):
        fit.predict(interval="prediction")


def test_slopes_of_the_mean_are_those_of_predictions(slopes):
    found = ranef.emtrends(slopes, None, "x", at={"x": 0.5}, scale="response").to_frame()
    mean = [slopes.predict({"x": [0.5 + h], "g": ["1"]}, random=None) for h in (1e-4, -1e-4)]
    expected = float(np.asarray(mean[0])[0] - np.asarray(mean[1])[0]) / 2e-4
    assert found["trend"][0] == pytest.approx(expected, rel=1e-5)
    # mu beta: by hand from the covariance of both coefficients
    mu, b = np.exp(slopes.params @ [1, 0.5]), slopes.params["x"]
    gradient = np.array([mu * b, mu * (1 + 0.5 * b)])
    assert found["se"][0] == pytest.approx(np.sqrt(gradient @ slopes.cov_params() @ gradient), rel=1e-4)
    averaged = ranef.emtrends(slopes, None, "x", at={"x": 0.5}, averaged=True).to_frame()
    mean = [slopes.predict({"x": [0.5 + h], "g": ["1"]}, random=None, averaged=True) for h in (1e-4, -1e-4)]
    expected = float(np.asarray(mean[0])[0] - np.asarray(mean[1])[0]) / 2e-4
    assert averaged["trend"][0] == pytest.approx(expected, rel=1e-5)


def test_profile_of_a_variance_estimated_as_zero():
    """Its upper limit is where the criterion, minimised over beta by another optimiser, has risen by 3.84."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": np.repeat(np.arange(12), 10), "x": rng.normal(size=120)})
    data["c"] = rng.poisson(2, 120).astype(float)
    fit = ranef.glmer("c ~ x + (1 | g)", data, "poisson")
    limits = fit.conf_int("profile", "random").iloc[0]
    assert fit.theta[0] == 0.0 and limits["lower"] == 0.0
    at = minimize(lambda beta: fit.model.objective([limits["upper"]], beta), fit.params, tol=1e-9)
    assert at.fun - fit.objective == pytest.approx(3.841459, abs=1e-4)


def test_tidy_has_the_intervals_of_standard_deviations_of_glmmtmb(fit):
    found = fit.tidy("ran_pars")[["estimate", "conf_low", "conf_high"]].to_numpy()
    np.testing.assert_allclose(found, [[0.64226167, 0.37244322, 1.10755154]], rtol=1e-5)
    gamma = ranef.glmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"), "gamma")
    table = gamma.tidy("ran_pars").set_index("term")[["estimate", "conf_low", "conf_high"]]
    expected = [[0.100857875, 0.067609704, 0.150456373], [0.017508403, 0.011594984, 0.026437654]]
    np.testing.assert_allclose(table.loc[["sd__Intercept", "sd__Days"]], expected, rtol=2e-5)
    correlation = table.loc["cor__Intercept.Days"]
    assert correlation["conf_low"] < correlation["estimate"] < correlation["conf_high"]


def test_tidy_names_the_rows_of_a_wide_term():
    data = load_data("slopes").assign(z=lambda table: np.cos(np.arange(len(table))))
    fit = ranef.glmer("n ~ x + (x + z | g)", data, "poisson")
    tidy, table = fit.tidy("ran_pars").set_index("term"), fit.component_table()
    for term, name in [
        ("sd__z", "sd[g.z]"),
        ("sd__Intercept", "sd[g.Intercept]"),
        ("cor__Intercept.z", "corr[g.z.Intercept]"),
        ("cor__x.z", "corr[g.z.x]"),
    ]:
        own, other = tidy.loc[term, ["estimate", "std_error", "conf_low"]], table.loc[name]
        np.testing.assert_allclose(own.to_numpy(float), other[["estimate", "se", "lower"]], rtol=1e-12)


def test_a_summary_without_remarks_ends_with_its_last_table():
    fit = ranef.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp"), agq=9
    )
    assert str(fit.summary()) == str(fit.summary()).rstrip()
