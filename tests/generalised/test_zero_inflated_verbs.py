"""What zero-inflated fits answer, and what they refuse."""

import pickle

import numpy as np
import pytest
import ranef
from generalised.zero_inflated_rows import ANSWERS, DATA, drawn, fitted
from ranef.errors import ArgumentError, DataError, FormulaError
from scipy import stats
from scipy.special import expit


@pytest.fixture(scope="module")
def fit():
    return fitted(ANSWERS[1])


def test_simulated_responses_are_those_of_the_model(fit):
    drawn_ones = fit.simulate(400, seed=1, use_u=True)
    mean, p = np.asarray(fit.predict()), np.asarray(fit.predict(scale="zero"))
    mu = np.asarray(fit.predict(scale="conditional"))
    np.testing.assert_allclose(mean, (1 - p) * mu, rtol=1e-12)
    sd = np.sqrt((1 - p) * (mu + p * mu**2) / 400)
    assert np.abs((drawn_ones.mean(axis=0) - mean) / sd).max() < 4.5
    chance = p + (1 - p) * np.exp(-mu)
    assert abs((drawn_ones == 0).mean() - chance.mean()) < 4 * np.sqrt(0.25 / drawn_ones.size)
    np.testing.assert_array_equal(fit.simulate(1, seed=2), fit.simulate(1, seed=2))


def test_quantile_residuals_are_normal_where_the_model_holds():
    fit = ranef.glmer("y ~ x + (1 | g)", drawn("nbinom2", groups=60), "nbinom2", zero="~ x")
    assert stats.kstest(fit.residuals("quantile"), "norm").pvalue > 0.01
    assert abs(fit.zeros()["z"]) < 3


def test_the_zero_part_has_tables(fit):
    assert list(fit.tidy("fixed")["component"].unique()) == ["conditional", "zero"]
    np.testing.assert_allclose(fit.zero["se"] ** 2, np.diag(fit.cov_params(component="zero")))
    assert list(fit.tidy("fixed", component="zero")["estimate"]) == list(fit.zero["estimate"])
    ratios = fit.tidy("fixed", exponentiate=True, component="zero")
    np.testing.assert_allclose(ratios["conf_high"], np.exp(fit.zero["estimate"] + 1.959964 * fit.zero["se"]))
    assert len(fit.params) == len(fit.bse) == 8
    text = str(fit.summary())
    assert text.index("Fixed effects:") < text.index("Zero-inflation model (logit), ~mined:")
    assert "Zero-inflation model" in repr(fit)


def test_standard_errors_of_predictions_follow_the_scale(fit):
    rows = DATA["salamanders"].iloc[[0, 3]]
    found = {
        scale: fit.predict(rows, scale=scale, se=True, interval="confidence")
        for scale in ("zero", "response")
    }
    se = found["zero"]["se"] / (found["zero"]["fit"] * (1 - found["zero"]["fit"]))
    np.testing.assert_allclose(se.iloc[0], fit.zero["se"].iloc[0], rtol=1e-5)
    for table in found.values():
        assert ((table["lower"] < table["fit"]) & (table["fit"] < table["upper"])).all()
    averaged = fit.predict(rows, random=None, averaged=True)
    sd = fit.theta[0]
    typical = fit.predict(rows, random=None)
    np.testing.assert_allclose(averaged, typical * np.exp(sd**2 / 2), rtol=1e-12)


def test_a_fit_is_saved_changed_and_compared(fit):
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.predict(), fit.predict())
    plain, one = fit.update(zero=None), fit.update(zero="~ 1")
    table = ranef.anova(plain, one, fit)
    assert list(table["df"].dropna()) == [1, 1]
    assert table["p_boundary"].iloc[1] == pytest.approx(table["p"].iloc[1] / 2)
    assert table["p_boundary"].iloc[2] == pytest.approx(table["p"].iloc[2])
    assert np.isnan(ranef.anova(plain, fit)["p_boundary"].iloc[1])  # not identified where p is zero
    with pytest.raises(ArgumentError, match="different families, zero-inflated"):
        ranef.anova(fit, fit.update(zero="~ spp"))
    tested = ranef.pbtest(plain, one, 20, seed=1)
    assert tested.p < 0.06
    assert "test of zero-inflated Poisson (log), zero ~ 1 or Poisson (log)" in " ".join(str(tested).split())


def test_the_bootstrap_draws_certain_zeros(fit):
    records = fit.bootstrap(60, seed=1).to_frame()
    refits = [fit.refit(y) for y in fit.simulate(30, seed=2)]
    found = np.array([[*one.params, *one.gamma] for one in refits])
    own = records[[*fit.params.index, "zero[Intercept]", "zero[mined[T.no]]"]].to_numpy()
    spread = np.sqrt(found.var(axis=0) / len(found) + own.var(axis=0) / len(own))
    assert (np.abs(found.mean(axis=0) - own.mean(axis=0)) < 4 * spread).all()
    assert np.allclose(own.std(axis=0)[-2:], found.std(axis=0)[-2:], rtol=0.5)


def test_a_replicate_without_inflation_says_so():
    data = ranef.datasets.load("cbpp")
    fit = ranef.glmer("incidence ~ period + offset(log(size)) + (1 | herd)", data, "poisson", zero="~ 1")
    boot = fit.bootstrap(60, seed=1)
    values = boot.to_frame()["zero[Intercept]"]
    assert 0 < np.isneginf(values).sum() < len(values)
    lower, upper = boot.conf_int(parameters="zero[Intercept]").iloc[0]
    assert lower == -np.inf
    assert np.isfinite(upper)


def test_power_counts_what_the_bootstrap_rejects(fit):
    found = ranef.power(fit, "spp[T.DM]", n=60, seed=3)
    table = fit.bootstrap(60, seed=3).to_frame()
    z = table["spp[T.DM]"] / table["se[spp[T.DM]]"]
    assert found.rejections == (np.abs(z) > stats.norm.ppf(0.975)).sum()


def test_profiles_are_glmmtmbs(fit):
    profile = fit.profile()
    found = profile.conf_int()
    limits = np.array(ANSWERS[1]["profile"])
    limits[-1] = np.exp(limits[-1])  # a standard deviation, which stands before the zero part here
    assert np.allclose(found, limits[[*range(8), 10, 8, 9]], atol=1e-4)  # theirs are interpolated


def test_the_profile_of_an_infinite_estimate_has_no_end():
    fit = ranef.glmer("count ~ spp + mined + (1 | site)", DATA["salamanders"], "nbinom1", zero="~ mined")
    assert "is infinite" in fit.optimum.message
    profile = fit.profile("random")
    limits = profile.conf_int()
    assert np.isneginf(limits.loc["zero[Intercept]", "lower"])
    assert limits.loc["zero[mined[T.no]]"].abs().tolist() == [np.inf, np.inf]
    assert "the likelihood becomes level" in " ".join(limits.attrs["notes"])
    assert profile.evaluations < 2500


def test_groups_are_left_out_exactly(fit):
    data = DATA["salamanders"]
    without = fit.influence("site")
    other = ranef.glmer(ANSWERS[1]["formula"], data[data["site"] != "VF-1"], "poisson", zero="~ mined")
    assert np.allclose(without.params.loc["VF-1"], other.params, atol=1e-4)


def test_other_optimisers_find_the_same(fit):
    found = ranef.allfit(fit)
    assert found.llik["behind"].max() < 1e-5
    assert {type(run) for run, _ in fit.other_runs().values()} == {type(fit)}


def test_comparisons_are_of_responses_and_have_the_errors_of_all_parameters():
    data = drawn()
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero="~ x")
    table = fit.comparisons("x", contrast=(0.0, 1.0)).to_frame()
    ends = [fit.predict(data.assign(x=value), random=None).mean() for value in (0.0, 1.0)]
    assert table["estimate"][0] == pytest.approx(ends[1] - ends[0])

    def mean(beta, gamma, x):
        return np.exp(beta[0] + beta[1] * x) * expit(-(gamma[0] + gamma[1] * x))

    at = np.array([*fit.theta, *fit.solution["beta"], *fit.gamma])
    steps = 1e-3 * np.eye(len(at))

    def value(x):
        return fit.model.objective(x[:1], x[1:3], None, x[3:])

    curvature = [
        [sum(s * t * value(at + s * a + t * b) for s in (1, -1) for t in (1, -1)) for a in steps]
        for b in steps
    ]
    covariance = 2 * np.linalg.inv(np.array(curvature) / 4e-6)
    slope = [
        sum(
            s * (mean(p[1:3], p[3:], 1.0) - mean(p[1:3], p[3:], 0.0)) / 2e-3
            for s, p in ((1, at + a), (-1, at - a))
        )
        for a in steps
    ]
    assert table["se"][0] == pytest.approx(np.sqrt(slope @ covariance @ slope), rel=1e-3)


def test_effects_know_the_variables_of_both_parts():
    data = drawn().assign(w=lambda rows: np.arange(len(rows)) % 3 / 2.0)
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero="~ w")
    table = fit.slopes().to_frame().set_index("variable")
    moved = [fit.predict(data.assign(w=data.w + s), random=None).mean() for s in (1e-4, -1e-4)]
    assert table["estimate"]["w"] == pytest.approx((moved[0] - moved[1]) / 2e-4, rel=1e-5)
    counts = fit.comparisons("w", scale="conditional").to_frame()
    assert counts["estimate"][0] == pytest.approx(0.0, abs=1e-12)
    averaged = fit.comparisons("x", contrast=(0.0, 1.0), averaged=True).to_frame()["estimate"][0]
    ends = [fit.predict(data.assign(x=x), random=None, averaged=True).mean() for x in (0.0, 1.0)]
    assert averaged == pytest.approx(ends[1] - ends[0])
    grid = fit.comparisons("w", over="grid", at={"x": [0.0, 1.0]}).to_frame()
    assert grid["x"].tolist() == [0.0, 1.0]


def test_fits_side_by_side_have_the_zero_part(fit):
    plain = fit.update(zero=None, data=DATA["salamanders"])
    table = ranef.modelsummary(plain, fit).to_frame().set_index(["model", "term"])
    found = table.loc[[("(2)", "zero[Intercept]"), ("(2)", "zero[mined[T.no]]")]]
    assert np.allclose(found["estimate"], ANSWERS[1]["gamma"], atol=1e-4)
    assert np.allclose(found["std_error"], ANSWERS[1]["gamma_se"], rtol=1e-3)
    assert ("(1)", "zero[Intercept]") not in table.index


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"family": "binomial"}, r"zero= is for 'poisson', 'nbinom1', 'nbinom2', not for family='binomial'"),
        ({"family": "truncated_poisson"}, "hurdle"),
        ({"family": "gamma"}, "its responses are no counts"),
        ({"zero": "~ 1 + (1 | g)"}, r"zero= has fixed effects only, \(1 \| g\) is a random one"),
        ({"zero": "~ x + offset(1 / (0 * x))"}, r"offset\(.*\) in zero= is inf in row 0"),
        ({"zero": 1}, "zero= must be a one-sided formula"),
        ({"zero": "y ~ x"}, "zero= must be a one-sided formula"),
        ({"zero": "~ x + I(2 * x)"}, "is a combination of the others"),
        ({"zero": "~ nothing"}, "nothing"),
        ({"information": "expected"}, "information='expected'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(options, said):
    given = {"family": "poisson", "zero": "~ x"} | options
    with pytest.raises((ArgumentError, DataError, FormulaError), match=said):
        ranef.glmer("y ~ x + (1 | g)", drawn(), **given)


def test_rows_without_a_value_of_the_zero_part_are_dropped():
    data = drawn()
    data["w"] = np.where(np.arange(len(data)) < 5, np.nan, data.x)
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson", zero="~ w")
    assert fit.nobs == len(data) - 5
    assert np.isnan(fit.predict(data.head(6), scale="response")).tolist() == [True] * 5 + [False]


def test_methods_without_an_answer_are_refused_by_name(fit):
    with pytest.raises(ArgumentError, match="no deviance residuals"):
        fit.residuals("deviance")
    with pytest.raises(ArgumentError, match="ddf='kenward-roger' is not available"):
        fit.coef_table(ddf="kenward-roger")


def test_a_table_of_polars_gets_tables_of_polars():
    pl = pytest.importorskip("polars")
    fit = ranef.glmer("y ~ x + (1 | g)", pl.from_pandas(drawn()), "poisson", zero="~ x")
    assert isinstance(fit.tidy(), pl.DataFrame)
    assert isinstance(fit.coef_table(component="zero"), pl.DataFrame)


def test_too_many_zeros_are_diagnosed_and_no_longer_where_they_have_a_part():
    plain, inflated = (ranef.glmer("y ~ x + (1 | g)", drawn(), "poisson", zero=z) for z in (None, "~ x"))
    assert "zero='~ 1'" in str(ranef.diagnose(plain))
    assert "zeros where the model expects" not in str(ranef.diagnose(inflated))


def test_the_criterion_is_there_at_any_parameters(fit):
    at = fit.theta, fit.solution["beta"], None, fit.zero["estimate"]
    assert fit.model.objective(*at) == pytest.approx(fit.objective, abs=1e-8)
    assert np.abs(fit.model.gradient(*at)).max() < 1e-4
