"""Zero inflation: glmmTMB's answers (zero_inflated.R), densities in 40 digits, integrals, limits."""

import gzip
import json
import pickle
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from ranef import _core
from ranef.errors import ArgumentError, DataError, FormulaError
from ranef.generalised.inflated.model import ZeroInflatedModel
from scipy import stats
from scipy.special import expit

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "zero_inflated.json").read_text(encoding="utf-8"))
FAMILIES = ("poisson", "nbinom1", "nbinom2")
NAMES = [f"{a['name']} {a['family']} {a['zero']}" for a in ANSWERS]


def owls():
    with gzip.open(HERE / "owls.csv.gz") as file:
        return pd.read_csv(file)


DATA = {"salamanders": load_data("Salamanders"), "owls": owls()}


def fitted(answer):
    return ranef.glmer(answer["formula"], DATA[answer["name"]], answer["family"], zero=answer["zero"])


@pytest.fixture(scope="module")
def fits():
    return [fitted(answer) for answer in ANSWERS]


@pytest.fixture(scope="module")
def fit(fits):
    return fits[1]


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


def drawn(family="poisson", groups=30, size=12, zero=(-0.5, 0.8), seed=2):
    rng = np.random.default_rng(seed)
    codes, x = np.repeat(np.arange(groups), size), rng.normal(size=groups * size)
    mu = np.exp(0.9 + 0.4 * x + 0.5 * rng.normal(size=groups)[codes])
    if family != "poisson":
        mu = rng.gamma(2.0, mu / 2.0)
    y = rng.poisson(mu) * (rng.random(len(x)) >= expit(zero[0] + zero[1] * x))
    return pd.DataFrame({"y": y.astype(float), "x": x, "g": codes, "h": codes % 7, "f": codes % 2})


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


@pytest.mark.parametrize("index", range(len(ANSWERS)), ids=NAMES)
def test_estimates_and_means_are_glmmtmbs(fits, index):
    found, answer = fits[index], ANSWERS[index]
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


# ---------------------------------------------------------------- what a fit does
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
    found = np.array([fit.refit(y).params for y in fit.simulate(20, seed=2)])
    spread = np.sqrt(found.var(axis=0) / 20 + records[fit.params.index].to_numpy().var(axis=0) / 60)
    assert (np.abs(found.mean(axis=0) - records[fit.params.index].mean()) < 4 * spread).all()


def test_replicates_have_the_zero_part(fit):
    replicates = fit.bootstrap(40, seed=1).to_frame()
    found = np.array([fit.refit(y).gamma for y in fit.simulate(30, seed=2)])
    own = replicates[["zero[Intercept]", "zero[mined[T.no]]"]].to_numpy()
    spread = np.sqrt(found.var(axis=0) / len(found) + own.var(axis=0) / len(own))
    assert (np.abs(found.mean(axis=0) - own.mean(axis=0)) < 4 * spread).all()
    assert np.allclose(own.std(axis=0), found.std(axis=0), rtol=0.5)


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
    with pytest.raises(ArgumentError, match=r"leverage\(\) is not available for a zero-inflated model"):
        fit.leverage()
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
