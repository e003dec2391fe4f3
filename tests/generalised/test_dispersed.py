"""A dispersion with a formula, an offset in the zero part: glmmTMB's answers (dispersed.R), closed forms."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import FAMILY, load_data
from ranef import _core
from ranef.errors import ArgumentError, DataError, RanefError
from ranef.generalised.dispersed.model import MODELLED
from ranef.generalised.families import kind_of
from scipy import stats
from scipy.special import expit

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "dispersed.json").read_text(encoding="utf-8"))
NAMES = [f"{a['family']} {a['dispersion']} {a['zero']}" for a in ANSWERS]
CROSSED = load_data("crossed_slopes").assign(h=lambda rows: (rows["b"].astype(int) % 3).astype(str))
DATA = {"crossed": CROSSED, "owls": pd.read_csv(HERE / "owls.csv.gz")}


def fitted(answer):
    second = {"zero": answer["zero"]} if answer["zero"] != "~0" else {"dispersion": answer["dispersion"]}
    family = FAMILY.get(answer["family"], answer["family"])
    return ranef.glmer(answer["formula"], DATA[answer["data"]], family, answer["link"], **second)


@pytest.fixture(scope="module")
def fits():
    return [fitted(answer) for answer in ANSWERS]


@pytest.fixture(scope="module")
def fit(fits):
    return fits[4]


def drawn(family="gamma", seed=3):
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(12), 15), rng.normal(size=180).round(2)
    f, m = np.where(g % 2, "b", "a"), rng.integers(2, 12, 180)
    eta, phi = 0.3 + 0.4 * x + 0.4 * rng.normal(size=12)[g], np.exp(1.2 + 0.8 * (f == "b"))
    mu, p = np.exp(eta), expit(eta)
    y = {
        "gamma": lambda: rng.gamma(phi, mu / phi),
        "inverse_gaussian": lambda: rng.wald(mu, phi),
        "gaussian": lambda: rng.normal(mu, np.sqrt(phi) / 10),
        "nbinom2": lambda: rng.poisson(rng.gamma(phi, mu / phi)),
        "nbinom1": lambda: rng.poisson(rng.gamma(mu / phi, phi)),
        "beta": lambda: rng.beta(p * phi, (1 - p) * phi).clip(1e-6, 1 - 1e-6),
        "betabinomial": lambda: rng.binomial(m, rng.beta(p * phi, (1 - p) * phi)) / m,
    }[family]()
    return pd.DataFrame({"y": y, "x": x, "f": f, "g": g.astype(str), "m": m})


def options(family):
    return {"family": family, "weights": "m" if family == "betabinomial" else None}


@pytest.mark.parametrize(("answer", "place"), [*zip(ANSWERS, range(len(ANSWERS)), strict=True)], ids=NAMES)
def test_fits_are_glmmtmbs(fits, answer, place):
    fit = fits[place]
    assert fit.converged
    assert fit.optimum.evaluations <= 15
    assert fit.objective <= answer["objective"] + 1e-6
    assert np.abs(fit.params - answer["beta"]).max() < 1e-4 * fit.bse.min()
    assert np.allclose(fit.bse, answer["se"], rtol=1e-4)
    gamma, se = fit.further_estimates
    assert np.abs(gamma - np.atleast_1d(answer["gamma"])).max() < 1e-4 * se.min()
    assert np.allclose(se, np.atleast_1d(answer["gamma_se"]), rtol=1e-4)
    if answer["zero"] == "~0":
        disp = fit.family.sigma(fit.predict(scale="dispersion").to_numpy()[:5])
    else:
        disp = fit.predict(scale="zero").to_numpy()[:5]
    assert np.allclose(disp, answer["disp"], rtol=1e-5)


@pytest.mark.parametrize("family", MODELLED)
def test_kernels_are_those_of_the_family_at_its_dispersion(family):
    counts = family in ("nbinom1", "nbinom2")
    first, second = (4.0, 0.0) if counts else (2.0, 7.0) if family == "betabinomial" else (-0.4, -1.3)
    cell = [np.array([one]) for one in (1.0, abs(first) if family != "beta" else first, second)]
    for link in kind_of(family).links:
        eta, zeta = np.array([0.3]), np.array([0.7])
        plain = _core.family_kernels(family, link, 0.7, *cell, eta)
        found = _core.family_kernels(f"modelled_{family}", link, 0.0, *cell, eta, zeta)
        for name in ("value", "s", "w", "w1", "l4", "expected", "expected1"):
            assert found[name] == pytest.approx(plain[name], rel=1e-14), (link, name)
        for name in ("dl", "ds", "dw"):
            assert found[f"{name}_zeta"] == pytest.approx(plain[name], rel=1e-14), (link, name)


@pytest.mark.parametrize("family", MODELLED)
def test_the_gradient_is_that_of_the_criterion(family):
    data = drawn(family)
    model = ranef.generalised.DispersedModel(
        "y ~ x + (x | g)", data, dispersion="~ x + f + offset(x / 3)", **options(family)
    )
    at = model.internal([0.4, 0.1, 0.3], [0.2, 0.3], [1.0, 0.2, 0.4])
    found, h = model._evaluate(at)[1], 1e-4
    for k, step in enumerate(h * np.eye(at.size)):
        one, two = (model._evaluate(at + c * step)[0] - model._evaluate(at - c * step)[0] for c in (1, 2))
        assert (8 * one - two) / (12 * h) == pytest.approx(found[k], abs=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("family", MODELLED)
def test_a_constant_dispersion_is_that_of_the_family(family):
    data, given = drawn(family), options(family)
    plain = ranef.glmer("y ~ x + (1 | g)", data, **given)
    fit = ranef.glmer("y ~ x + (1 | g)", data, dispersion="~ 1", **given)
    assert fit.objective == pytest.approx(plain.objective, abs=1e-7)
    assert fit.dispersion == pytest.approx(plain.dispersion, rel=1e-4)
    assert fit.bse.to_numpy() == pytest.approx(plain.bse.to_numpy(), rel=1e-4)
    assert fit.residuals().to_numpy() == pytest.approx(plain.residuals().to_numpy(), abs=1e-4)
    quantiles = [one.residuals("quantile", seed=2).to_numpy() for one in (fit, plain)]
    assert quantiles[0] == pytest.approx(quantiles[1], abs=1e-3)


def test_strata_of_their_own_are_two_fits():
    data = drawn()
    apart = data.assign(a=(data.f == "a") * 1.0, b=(data.f == "b") * 1.0)
    both = ranef.glmer("y ~ f * x + (0 + a | g) + (0 + b | g)", apart, "gamma", dispersion="~ f")
    parts = [ranef.glmer("y ~ x + (1 | g)", data[data.f == level], "gamma") for level in "ab"]
    assert both.objective == pytest.approx(sum(one.objective for one in parts), abs=1e-6)
    shown = both.predict(pd.DataFrame({"f": ["a", "b"], "x": 0.0}), scale="dispersion").to_numpy()
    assert shown == pytest.approx([one.dispersion for one in parts], rel=1e-4)


def test_predictions_of_the_dispersion(fit):
    new = DATA["crossed"].head(4)
    found = fit.predict(new, scale="dispersion", se=True, interval="confidence", level=0.9)
    W = np.column_stack([np.ones(4), new.x, new.h == "1", new.h == "2"]).astype(float)
    table, cov = fit.dispersion_model, fit.cov_params(component="dispersion").to_numpy()
    zeta, sd = W @ table["estimate"].to_numpy(), np.sqrt(np.einsum("ij,jk,ik->i", W, cov, W))
    assert found["fit"].to_numpy() == pytest.approx(np.exp(zeta))
    assert found["se"].to_numpy() == pytest.approx(np.exp(zeta) * sd, rel=1e-3)
    assert found["upper"].to_numpy() == pytest.approx(np.exp(zeta + stats.norm.ppf(0.95) * sd), rel=1e-3)
    assert fit.dispersion[:4] == pytest.approx(np.exp(zeta))
    missing = fit.predict(new.assign(x=[np.nan, 0, 0, 0]), scale="dispersion")
    assert np.isnan(missing.to_numpy()).tolist() == [True, False, False, False]
    with pytest.raises(ArgumentError, match="the same in all groups"):
        fit.predict(scale="dispersion", averaged=True)


@pytest.mark.parametrize("family", MODELLED)
def test_residuals_have_the_variance_of_their_row(family):
    data = drawn(family)
    fit = ranef.glmer("y ~ x + (1 | g)", data, dispersion="~ f", **options(family))
    square = fit.residuals().to_numpy() ** 2
    assert [square[data.f == level].mean() for level in "ab"] == pytest.approx([1, 1], abs=0.45)
    assert stats.kstest(fit.residuals("quantile").to_numpy(), "norm").pvalue > 1e-2


def test_draws_have_the_dispersion_of_their_row():
    data = drawn()
    fit = ranef.glmer("y ~ x + (1 | g)", data, "gamma", dispersion="~ f")
    draws = fit.simulate(4000, seed=1, use_u=True)
    relative = draws.std(axis=0) / np.asarray(fit.fittedvalues)
    assert relative == pytest.approx(fit.dispersion**-0.5, rel=0.15)
    assert relative.mean() == pytest.approx((fit.dispersion**-0.5).mean(), rel=0.01)
    new = data.head(3).assign(f=["a", "b", None])
    assert np.isnan(fit.simulate(2, seed=1, newdata=new)).tolist() == [[False, False, True]] * 2


@pytest.mark.parametrize("family", MODELLED)
def test_refits_in_the_core_find_the_coefficients_again(family):
    fit = ranef.glmer("y ~ x + (1 | g)", drawn(family), dispersion="~ f", **options(family))
    found = fit.bootstrap(100, seed=4, n_threads=2)
    again = fit.bootstrap(100, seed=4, n_threads=1)
    assert np.array_equal(found.records, again.records, equal_nan=True)
    estimate, se = fit.further_estimates
    for k, name in enumerate(["dispersion[Intercept]", "dispersion[f[T.b]]"]):
        low, middle, high = found.to_frame()[name].quantile([0.16, 0.5, 0.84])
        assert middle == pytest.approx(estimate[k], abs=0.8 * se[k])
        assert (high - low) / 2 == pytest.approx(se[k], rel=0.5)


def test_tests_and_tables(fit):
    plain = fit.update(dispersion=None, data=DATA["crossed"])
    one = fit.update(dispersion="~ x", data=DATA["crossed"])
    table = ranef.anova(plain, one, fit)
    assert table["df"].tolist()[1:] == [1, 2]
    assert table["chisq"].iloc[1] == pytest.approx(plain.objective - one.objective)
    terms = fit.tidy(component="dispersion")
    assert terms["term"].tolist() == ["Intercept", "x", "h[T.1]", "h[T.2]"]
    assert terms["estimate"].to_numpy() == pytest.approx(ANSWERS[4]["gamma"], abs=1e-4)
    assert "Dispersion model (log precision" in str(fit.summary(conf_int=True))
    limits = fit.conf_int("profile", ["dispersion[x]"]).loc["dispersion[x]"]
    wald = terms.set_index("term").loc["x", ["conf_low", "conf_high"]].to_numpy(dtype=float)
    assert limits.to_numpy() == pytest.approx(wald, rel=0.1)
    back = pickle.loads(pickle.dumps(fit))
    assert back.dispersion == pytest.approx(fit.dispersion)
    assert str(back.summary()) == str(fit.summary())


def test_a_stratum_without_overdispersion_is_named():
    rng = np.random.default_rng(1)
    data = drawn("nbinom2")
    data.loc[data.f == "a", "y"] = rng.binomial(40, 0.1, (data.f == "a").sum())
    fit = ranef.glmer("y ~ x + (1 | g)", data, "nbinom2", dispersion="~ f")
    assert "an estimate of dispersion= is infinite" in fit.optimum.message
    assert not np.isnan(fit.params).any()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"family": "poisson"}, "its variance is its mean; family='nbinom2' has a dispersion"),
        ({"family": "binomial"}, "family='betabinomial' has one"),
        ({"family": "truncated_nbinom2"}, "the mean of a truncated count moves with it"),
        ({"dispersion": "~ (1 | g)"}, r"dispersion= has fixed effects only"),
        ({"dispersion": "~ x + I(2 * x)"}, "is a combination of the others"),
        ({"dispersion": "~ nothing"}, "nothing"),
        ({"dispersion": "~ 0"}, "has no column"),
        ({"dispersion": 2}, "dispersion= must be a one-sided formula"),
        ({"information": "expected"}, "without zero= and dispersion="),
        ({"zero": "~ 1"}, "zero= and dispersion= do not go together"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(given, said):
    with pytest.raises((ArgumentError, DataError, RanefError), match=said):
        ranef.glmer("y ~ x + (1 | g)", drawn(), **({"family": "gamma", "dispersion": "~ x"} | given))
