"""The bootstrap likelihood-ratio test against pbkrtest 0.5.2, the exact one against RLRsim 3.1-8."""

import json

import numpy as np
import pytest
import ranef
from ranef.bootstrap.exact_test import simulate_rlrt, spectrum
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
    n = 20_000
    test = ranef.pbtest(small, large, n, seed=1, progress=False)
    theirs = dict(zip(case["summary"]["test"], case["summary"]["p.value"], strict=True))
    assert test.fixed and test.criterion == "ML" and len(test.reference) == n
    assert test.statistic == pytest.approx(case["summary"]["stat"][0], abs=1e-5)
    assert test.df == case["summary"]["df"][0]
    # the distribution of T* has their mean and variance, within the error of their few replicates
    m, v, used = case["ref_mean"], case["ref_var"], case["n_used"]
    assert abs(test.reference.mean() - m) < 4 * np.sqrt(v / used) + 0.02 * (used < case["n_requested"])
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
    from ranef.bootstrap.likelihood_ratio import PBTest

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
    p = test.pvalue if case["statistic"] > 1e-6 else np.mean(test.reference > 1e-9)
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
    assert abs(test.pvalue - case["p"]) < 4 * np.sqrt(2 * max(test.pvalue, 1e-5) / 100_000)


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
        kept = fit_of(name).model.cross.kept
        assert np.allclose(spectrum(design, term, kept), np.linalg.eigvalsh(left.T @ left), atol=1e-9)


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
    with pytest.raises(ArgumentError, match=r"column 'Days' is no combination.*small model first"):
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
