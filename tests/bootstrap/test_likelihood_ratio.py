"""The bootstrap likelihood-ratio test against pbkrtest 0.5.2, the exact one against RLRsim 3.1-8."""

import ctypes
import json

import numpy as np
import pytest
import ranef
from ranef import _core
from ranef.bootstrap.studies.exact_test import simulate_rlrt, spectrum
from ranef.errors import ArgumentError
from reference_battery import REFERENCE, load_data, our_formula
from scipy import stats


def reference(name):
    return json.loads((REFERENCE / "tests" / f"{name}.json").read_text())


def fitted(formula, data, **options):
    return ranef.lmer(our_formula("", formula), load_data(data), **options)


@pytest.mark.parametrize("case", reference("pbmodcomp"), ids=lambda c: c["large"])
def test_as_pbmodcomp(case):
    small, large = fitted(case["small"], case["data"]), fitted(case["large"], case["data"])
    n = 6_000
    test = ranef.pbtest(small, large, n, seed=1, progress=False)
    theirs = dict(zip(case["summary"]["test"], case["summary"]["p.value"], strict=True))
    assert test.fixed and test.criterion == "ML" and len(test.reference) == n
    assert test.statistic == pytest.approx(case["summary"]["stat"][0], abs=1e-5)
    assert test.df == case["summary"]["df"][0]
    # the distribution of T* has their mean and variance, within the error of both samples
    m, v, used = case["ref_mean"], case["ref_var"], 1 / (1 / case["n_used"] + 1 / n)
    lost = case["n_used"] < case["n_requested"]
    assert abs(test.reference.mean() - m) < 4 * np.sqrt(v / used) + 0.02 * lost
    assert test.reference.var() == pytest.approx(v, rel=4 * np.sqrt(8 / used))
    ours = test.to_frame()["p"]
    assert ours["LRT"] == pytest.approx(theirs["LRT"], rel=1e-4)
    assert abs(ours["PBtest"] - theirs["PBtest"]) < 4 * np.sqrt(max(ours["PBtest"], 1 / used) / used)
    for name in ("Gamma", "Bartlett"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.25 if theirs[name] > 1e-3 else 9)


def test_corrections_are_the_formulas():
    # their ergoStool: mean 3.47, variance 7.88, T = 36.0, d = 3
    case = reference("pbmodcomp")[2]
    rng = np.random.default_rng(0)
    sample = rng.gamma(2.0, size=1000)
    sample = (sample - sample.mean()) / sample.std(ddof=1) * np.sqrt(case["ref_var"]) + case["ref_mean"]
    t = case["summary"]["stat"][0]
    from ranef.bootstrap.studies.likelihood_ratio import PBTest

    frame = PBTest("s", "l", t, 3, True, "ML", sample, 1000, 1).to_frame()
    theirs = dict(zip(case["summary"]["test"], case["summary"]["p.value"], strict=True))
    assert frame.loc["Gamma", "p"] == pytest.approx(theirs["Gamma"], rel=1e-9)
    assert frame.loc["Bartlett", "p"] == pytest.approx(theirs["Bartlett"], rel=1e-9)
    # the F has the mean of T* / d, which theirs has for d = 1 only
    assert stats.f.mean(3, frame.loc["F", "ddf"]) == pytest.approx(case["ref_mean"] / 3)


def test_variance_components_agree_with_the_exact_test(fit_of, sleepstudy):
    # Two slopes' components at once have no exact form; one has.
    small = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    large = ranef.lmer("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", sleepstudy)
    test = ranef.pbtest(small, large, 4000, seed=2, progress=False)
    exact = ranef.exact_rlrt(large, small, n=20_000, seed=3)
    assert not test.fixed and test.criterion == "REML" and test.df == 1
    assert exact.statistic == pytest.approx(test.statistic, abs=1e-6)
    assert list(test.to_frame().index) == ["LRT", "PBtest"]
    for quantile in (0.9, 0.95, 0.99):
        a, b = np.quantile(test.reference, quantile), np.quantile(exact.reference, quantile)
        assert a == pytest.approx(b, rel=0.15)
    both = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    assert ranef.pbtest(small, both, 200, seed=2, progress=False).df == 2


@pytest.mark.parametrize("case", reference("exactRLRT")["single"], ids=lambda c: c["data"])
def test_as_exact_rlrt(case):
    test = ranef.exact_rlrt(fitted(case["formula"], case["data"]), n=100_000, seed=1)
    assert test.exact and test.statistic == pytest.approx(case["statistic"], abs=1e-6)
    # at a statistic of zero theirs is the share of positive values: 5.7e-14 is rounding
    p = test.p if case["statistic"] > 1e-6 else np.mean(test.reference > 1e-9)
    assert abs(p - case["p"]) < 4 * np.sqrt(2 * max(p, 1e-5) / 100_000)


CANDIDATES = [
    ("strength ~ 1 + (1 | batch) + (1 | batch:cask)", "strength ~ 1 + (1 | batch:cask)"),
    (
        "Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)",
        "Reaction ~ Days + (1 | Subject)",
    ),
    ("diameter ~ 1 + (1 | plate) + (1 | sample)", "diameter ~ 1 + (1 | sample)"),
]


@pytest.mark.parametrize(
    ("case", "formulas"), list(zip(reference("exactRLRT")["several"], CANDIDATES, strict=True))
)
def test_one_of_several_as_exact_rlrt(case, formulas):
    fit, null = (fitted(formula, case["data"]) for formula in formulas)
    test = ranef.exact_rlrt(fit, null, n=100_000, seed=1)
    assert not test.exact and test.statistic == pytest.approx(case["statistic"], abs=1e-6)
    assert abs(test.p - case["p"]) < 4 * np.sqrt(2 * max(test.p, 1e-5) / 100_000)


def test_supremum_is_one():
    # against a fine grid of lambda, eigenvalues all different
    rng = np.random.default_rng(1)
    mu = rng.uniform(0.5, 20.0, 7)
    found = simulate_rlrt(mu, 40, 50, np.random.default_rng(5))
    again = np.random.default_rng(5)
    order = np.sort(mu)
    squares, rest = again.chisquare(np.ones(7), (50, 7)), again.chisquare(33, 50)
    lam = np.concatenate([[0.0], np.exp(np.linspace(-12, 12, 100_001))]) / order.mean()
    for i in range(50):
        shrink = 1 / (1 + lam[:, None] * order)
        value = 40 * np.log((squares[i].sum() + rest[i]) / (shrink @ squares[i] + rest[i]))
        value += np.log(shrink).sum(axis=1)
        assert found[i] == pytest.approx(value.max(), abs=1e-6)


def test_spectrum_is_that_of_the_rows(fit_of):
    for name in ("ss_weights_reml", "pastes_reml"):
        design = fit_of(name).model.design
        term = design.terms[0]
        root = np.sqrt(np.ones(design.nobs) if design.weights is None else design.weights)
        Z = np.zeros((design.nobs, term.factor.n_levels))
        Z[np.arange(design.nobs), term.factor.codes] = term.basis[:, 0]
        X = design.X * root[:, None]
        left = Z * root[:, None] - X @ np.linalg.lstsq(X, Z * root[:, None], rcond=None)[0]
        kept = fit_of(name).model.cross.columns
        assert np.allclose(spectrum(design, term, kept), np.linalg.eigvalsh(left.T @ left), atol=1e-9)


def test_exact_test_without_fixed_effects():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(10), 6)
    fit = ranef.lmer("y ~ 0 + (1 | g)", {"y": rng.normal(size=60) + rng.normal(size=10)[g], "g": g})
    test = ranef.exact_rlrt(fit, n=2000, seed=1)
    assert test.p < 0.01
    assert np.allclose(spectrum(fit.model.design, fit.model.design.terms[0], fit.model.cross.columns), 6.0)


def test_same_for_any_threads(sleepstudy):
    small = ranef.lmer("Reaction ~ 1 + (Days | Subject)", sleepstudy)
    large = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    one, three = (ranef.pbtest(small, large, 100, 4, n_threads=k, progress=False) for k in (1, 3))
    assert np.array_equal(one.reference, three.reference)
    text = str(one)
    assert "fixed effects (ML)" in text and "Bartlett" in text and "seed 4" in text


def test_wrong_pairs(sleepstudy):
    small = ranef.lmer("Reaction ~ 1 + (1 | Subject)", sleepstudy)
    large = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    slope = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    fewer = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy.iloc[:-3])
    with pytest.raises(ArgumentError, match=r"column 'Days' is not a combination.*small model first"):
        ranef.pbtest(large, small, 10)
    with pytest.raises(ArgumentError, match="not nested"):
        ranef.pbtest(slope, large, 10)
    with pytest.raises(ArgumentError, match=r"different rows \(177 and 180\)"):
        ranef.pbtest(fewer, slope, 10)
    with pytest.raises(ArgumentError, match="n is the number"):
        ranef.pbtest(small, large, 0)
    with pytest.raises(ArgumentError, match=r"one uncorrelated random effect.*ranef.pbtest"):
        ranef.exact_rlrt(slope)
    with pytest.raises(ArgumentError, match="one uncorrelated random effect"):
        ranef.exact_rlrt(slope, large)


def made_up(rng, n=240):
    data = {
        "x": rng.normal(1e3, 2.0, n),
        "z": rng.integers(0, 3, n).astype(str),
        "w": rng.uniform(0.5, 2.0, n),
        "o": rng.normal(size=n),
        "g": np.repeat(np.arange(24), n // 24).astype(str),
        "h": rng.integers(0, 6, n).astype(str),
    }
    u, v = rng.normal(size=(24, 2)), rng.normal(size=6)
    g, h = data["g"].astype(int), data["h"].astype(int)
    data["y"] = 2 + u[g, 0] + u[g, 1] * (data["x"] - 1e3) + v[h] + data["o"] + rng.normal(size=n)
    return data


PAIRS = [
    ("y ~ 1 + (1 | g)", "y ~ x + (1 | g)"),
    ("y ~ x + (1 | g)", "y ~ x + (x | g)"),
    ("y ~ x + (0 + x | g)", "y ~ x + (x | g)"),
    ("y ~ x + (x || g)", "y ~ x + (x | g)"),
    ("y ~ 1 + (1 | g)", "y ~ x + z + (x | g) + (1 | h)"),
    ("y ~ 1 + (1 | h)", "y ~ x + (1 | g) + (x | h)"),
    ("y ~ 0 + z + (1 | g)", "y ~ z * x + (1 | g) + (1 | h)"),  # other columns, the same span
    ("y ~ x + I(2 * x) + (1 | g)", "y ~ x + z + I(3 * x) + (x | g)"),
]


@pytest.mark.parametrize(("small", "large"), PAIRS)
def test_a_small_model_inside_a_large_one(small, large):
    """The embedded responses are those of the rows; so are the parameters: the same moments."""
    from ranef.bootstrap.studies.nested import embedding, nested_columns

    rng = np.random.default_rng(1)
    data = made_up(rng)
    inner = ranef.lmer(f"{small} + offset(o)", data, weights="w", reml=False)
    outer = ranef.lmer(f"{large} + offset(o)", data, weights="w", reml=False)
    found = embedding(inner, outer, nested_columns(inner, outer))
    assert found is not None
    # any response on the models' scale: its products with the large design give those with the small
    design, kept = outer.model.design, inner.model.cross.columns
    y = design.response + rng.normal(size=design.nobs) - design.offset
    from ranef.bootstrap.draws.true_parameters import true_parameters

    large_cross, small_cross = products(outer, y), products(inner, y)
    assert np.allclose(found.responses(large_cross[None])[0], small_cross, rtol=1e-8, atol=1e-8)
    # the mean and the covariance that the two sets of parameters imply
    assert np.allclose(
        design.X[:, outer.model.cross.columns] @ found.columns @ inner.solution["beta"],
        inner.model.design.X[:, kept] @ inner.solution["beta"],
    )
    true = true_parameters(inner)
    assert np.allclose(covariance(outer, found.theta), covariance(inner, true.theta), atol=1e-9)


def products(fit, y):
    """A response's cross-products at the scale of the fit's own response, from the rows."""
    model = fit.model
    target = _core.RefitTarget(model.problem, fit.response, model.cross.rows)
    out = np.empty(len(fit.response.values))
    call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    y = np.ascontiguousarray(y)
    call(_core.c_functions["response_from_rows"])(target.address, y.ctypes.data, out.ctypes.data)
    return out


def covariance(fit, theta):
    total = np.zeros((fit.nobs, fit.nobs))
    for term, factor in zip(fit.model.design.terms, fit.model.covariance_factors(theta), strict=True):
        codes = term.factor.codes
        inner = term.basis @ factor
        total += (inner @ inner.T) * (codes[:, None] == codes[None, :])
    return total


@pytest.mark.parametrize(("small", "large"), PAIRS[:6])
def test_both_ways_to_draw_agree(small, large):
    from ranef.bootstrap.draws.streams import stream_key
    from ranef.bootstrap.draws.true_parameters import true_parameters
    from ranef.bootstrap.studies.nested import nested_columns
    from ranef.bootstrap.studies.pairs import Pair

    data = made_up(np.random.default_rng(1))
    inner = ranef.lmer(f"{small} + offset(o)", data, weights="w", reml=False)
    outer = ranef.lmer(f"{large} + offset(o)", data, weights="w", reml=False)
    pair = Pair.of(inner, outer, nested_columns(inner, outer), inner, true_parameters(inner))
    assert pair.route == "gram"
    by_rows = Pair(inner, outer, inner, true_parameters(inner))
    assert by_rows.route == "rows"
    key = stream_key(3)[0]
    a, b = (one.ratios(key, 1500, 2) for one in (pair, by_rows))
    assert np.isfinite(a).all() and np.isfinite(b).all() and a.min() > -1e-6
    assert stats.ks_2samp(a, b).pvalue > 1e-3
    assert a.mean() == pytest.approx(b.mean(), rel=0.2)


def test_the_cost_is_without_the_rows():
    from ranef.bootstrap.studies.pairs import Pair

    rng = np.random.default_rng(0)
    data = {"x": np.tile(np.arange(50.0), 40), "g": np.repeat(np.arange(40), 50), "y": rng.normal(size=2000)}
    small, large = (ranef.lmer(f"y ~ {x} + (1 | g)", data, reml=False) for x in ("1", "x"))
    seen = []
    plain = Pair.of

    def spy(*arguments):
        seen.append(plain(*arguments))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pair, "of", spy)
        ranef.pbtest(small, large, 50, seed=1, progress=False)
    assert seen[0].route == "gram" and len(seen[0].large.response.values) == 40 + 2 + 1
