"""Likelihood-ratio tests, terms dropped one at a time, boundary mixtures: lme4, lmerTest and closed forms."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted
from ranef.inference.comparison.boundary import Mixture
from ranef.inference.comparison.cone import cone_draws, cone_weights, quadrant_weights
from reference_battery import load_data, load_table, our_formula

LRT = load_table("lrt")
CHI = {
    "aic": "AIC",
    "bic": "BIC",
    "llf": "logLik",
    "chisq": "Chisq",
    "df": "Df",
    "p": "Pr(>Chisq)",
    "npar": "npar",
}


def close(ours, theirs):
    np.testing.assert_allclose(np.asarray(ours, float), np.array(theirs, float), rtol=1e-7, atol=2e-6)


@pytest.mark.parametrize("table", LRT, ids=lambda t: "-".join(t["models"]))
@pytest.mark.parametrize("reml", [False, True])
def test_likelihood_ratios_are_those_of_lme4(table, reml):
    data = load_data(table["data"])
    fits = [ranef.lmer(our_formula("", formula), data, reml=reml) for formula in table["formulas"]]
    ours = ranef.anova(*fits)
    same = all(list(fit.params.index) == list(fits[0].params.index) for fit in fits)
    theirs = table["reml_refit_false" if reml and same else "ml"]
    for name, key in CHI.items():
        close(ours[name], theirs[key])
    notes = " ".join(ours.attrs["notes"])
    if reml:
        assert (
            "REML criteria compared" if same else "refitted by maximum likelihood because the fixed"
        ) in notes
        close(ranef.anova(*fits, refit=True)["chisq"], table["ml"]["Chisq"])
    assert ours["weight"].sum() == pytest.approx(1)
    n, k = fits[0].nobs, ours["npar"]
    np.testing.assert_allclose(ours["aicc"], ours["aic"] + 2 * k * (k + 1) / (n - k - 1))


def test_order_does_not_matter():
    small, large = fitted("ss_int_ml"), fitted("ss_slope_ml")
    pd.testing.assert_frame_equal(
        ranef.anova(large, small, names=["b", "a"]), ranef.anova(small, large, names=["a", "b"])
    )


def test_against_a_linear_regression():
    about = load_table("lrt_vs_lm")
    fit = ranef.lmer(about["lmer"], load_data(about["data"]), reml=False)
    regression = SimpleNamespace(llf=about["lm_logLik"], nobs=fit.nobs, params=about["lm_coef"])
    ours = ranef.anova(regression, fit)
    for name, key in CHI.items():
        close(ours[name], about["table"][key])
    assert ours["p_boundary"].iloc[1] == pytest.approx(ours["p"].iloc[1] / 2)
    assert fit.ranova()["chisq"].iloc[1] == pytest.approx(about["table"]["Chisq"][1], abs=1e-6)


@pytest.mark.parametrize("table", load_table("ranova"), ids=lambda t: t["formula"])
@pytest.mark.parametrize("reduce_terms", [True, False])
def test_ranova_is_that_of_lmertest(table, reduce_terms):
    fit = ranef.lmer(our_formula("", table["formula"]), load_data(table["data"]))
    ours, theirs = fit.ranova(reduce_terms), table["reduce_terms" if reduce_terms else "no_reduce_terms"]
    assert list(ours.index) == theirs["term"]
    pairs = {"npar": "npar", "llf": "logLik", "aic": "AIC", "chisq": "LRT", "df": "Df", "p": "Pr(>Chisq)"}
    for name, key in pairs.items():
        close(ours[name], theirs[key])


@pytest.mark.parametrize("table", load_table("drop1"), ids=lambda t: t["formula"])
def test_drop1(table):
    formula, data = our_formula("", table["formula"]), load_data(table["data"])
    ml = ranef.lmer(formula, data, reml=False).drop1()
    assert [name.replace("**", "^").replace(" ", "") for name in ml.index] == [
        name.replace(" ", "") for name in table["ml_chisq"]["term"]
    ]
    for name, key in {"npar": "npar", "aic": "AIC", "chisq": "LRT", "p": "Pr(Chi)"}.items():
        close(ml[name], table["ml_chisq"][key])
    fit = ranef.lmer(formula, data)
    again = fit.drop1()
    assert "refitted by maximum likelihood" in repr(again)
    close(again["chisq"], table["ml_chisq"]["LRT"])
    f = fit.drop1(test="F")
    keys = {"sum_sq": "Sum Sq", "mean_sq": "Mean Sq", "num_df": "NumDF", "den_df": "DenDF", "F": "F value"}
    for name, key in (keys | {"p": "Pr(>F)"}).items():
        np.testing.assert_allclose(f[name].to_numpy(float), table["lmerTest_F"][key], rtol=1e-4)


# ---------------------------------------------------------------- boundary
def test_one_variance_is_half_and_half():
    """Self & Liang (1987), case 5."""
    table = ranef.anova(
        fitted("pastes_ml"), ranef.lmer("strength ~ 1 + (1 | sample)", load_data("Pastes"), reml=False)
    )
    assert table["p_boundary"].iloc[1] == pytest.approx(table["p"].iloc[1] / 2)


def test_a_slope_with_its_covariance():
    """Stram & Lee (1994), case 3: half chi2_1 and half chi2_2."""
    from scipy.stats import chi2

    row = ranef.anova(fitted("ss_int_reml"), fitted("ss_slope_reml")).iloc[1]
    expected = (chi2.sf(row["chisq"], 1) + chi2.sf(row["chisq"], 2)) / 2
    assert row["p_boundary"] == pytest.approx(expected, rel=1e-9)


def test_two_variances_at_once():
    """Penicillin, 24 plates x 6 samples: the information in closed form, tr(P G_k P G_l) - tr tr / n.

    P = I - 11'/n, tr(P G P G) = 6^2 23 and 24^2 5, none in common, tr(P G) = 6 23 and 24 5.
    """
    from scipy.stats import chi2

    fit = fitted("pen_ml")
    noise = ranef.anova(SimpleNamespace(llf=fit.llf - 2, nobs=fit.nobs, params=[0.0]), fit)
    a, b, c = 6**2 * 23 - 138**2 / 144, -138 * 120 / 144, 24**2 * 5 - 120**2 / 144
    both = 0.25 + np.arcsin(-b / np.sqrt(a * c)) / (2 * np.pi)
    expected = chi2.sf(4, 1) / 2 + both * chi2.sf(4, 2)
    assert noise["p_boundary"].iloc[1] == pytest.approx(expected, rel=1e-9)


def test_weights_of_two_correlated_variances():
    """The angle between the axes in the metric of the information, against draws."""
    information = np.array([[1.0, 0.6], [0.6, 2.0]])
    exact = quadrant_weights(information)
    drawn = cone_weights(*cone_draws(information, [1, 1]), 2)
    assert sum(exact) == pytest.approx(1)
    np.testing.assert_allclose(drawn, exact, atol=0.006)


def test_weights_of_a_covariance_matrix():
    """Isotropic 2 x 2: the cone is circular with a half angle of 45 degrees, weights as in its solid angles.

    With sqrt(2) b the cone a >= 0, c >= 0, ac >= b^2 is {(x, y, z): z >= hypot(x, y)}: the chance that a
    normal vector lies in it, and in its polar, is (1 - cos 45) / 2; those of one and two dimensions add to
    the rest, and even and odd ones to a half each.
    """
    information = np.diag([1.0, 2.0, 1.0])
    weights = cone_weights(*cone_draws(information, [2]), 3)
    inside = (1 - np.sqrt(0.5)) / 2
    expected = (inside, 0.5 - inside, 0.5 - inside, inside)
    np.testing.assert_allclose(weights, expected, atol=0.006)


def test_mixture_at_zero():
    assert Mixture(0, (0.5, 0.5)).p_value(0.0) == 1.0
    assert str(Mixture(1, (0.5, 0.5))) == "0.5 chi2(1) + 0.5 chi2(2)"


@pytest.mark.parametrize(("name", "index"), [("Dyestuff", 0), ("Dyestuff2", 1)])
def test_boundary_p_is_near_the_exact_one(name, index):
    """RLRsim's exact distribution, for small samples, is no larger than the asymptotic mixture's."""
    exact = load_table("exactRLRT")["single"][index]
    row = ranef.lmer("Yield ~ 1 + (1 | Batch)", load_data(name)).ranova().iloc[1]
    assert row["chisq"] == pytest.approx(exact["statistic"], abs=1e-4)
    assert exact["p"] <= row["p_boundary"] + 0.002


# ---------------------------------------------------------------- bad input
def test_different_rows():
    data = load_data("sleepstudy")
    with pytest.raises(ranef.DataError, match="model 2 uses 170 rows, model 1 180"):
        ranef.anova(fitted("ss_slope_ml"), ranef.lmer("Reaction ~ Days + (1 | Subject)", data.iloc[10:]))


def test_different_responses_weights_and_offsets():
    data = load_data("sleepstudy")
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", data, reml=False)
    with pytest.raises(ranef.DataError, match="model 1 and logged have different responses"):
        other = ranef.lmer("log(Reaction) ~ Days + (Days | Subject)", data, reml=False)
        ranef.anova(fit, other, names=["model 1", "logged"])
    weighted = ranef.lmer(
        "Reaction ~ Days + (Days | Subject)", data, weights=np.linspace(1, 2, 180), reml=False
    )
    with pytest.raises(ranef.DataError, match="different weights"):
        ranef.anova(fit, weighted)
    shifted = ranef.lmer("Reaction ~ Days + (Days | Subject)", data, offset=np.ones(180), reml=False)
    with pytest.raises(ranef.DataError, match="different offsets"):
        ranef.anova(fit, shifted)


def test_not_nested():
    data = load_data("sleepstudy").assign(Weekend=lambda d: (d["Days"] > 5).astype(float))
    linear = ranef.lmer("Reaction ~ Days + (1 | Subject)", data, reml=False)
    other = ranef.lmer("Reaction ~ Weekend + I(Weekend * Days) + (1 | Subject)", data, reml=False)
    with pytest.raises(ranef.ArgumentError, match="model 1 is not nested in model 2: its fixed effects"):
        ranef.anova(linear, other)
    criteria = ranef.anova(linear, other, nested=False)
    assert list(criteria.columns) == ["npar", "aic", "aicc", "bic", "weight", "llf", "deviance"]
    by_day = ranef.lmer("Reaction ~ Days + (1 | Subject) + (0 + Weekend | Subject)", data, reml=False)
    slopes = ranef.lmer("Reaction ~ Days + (Days | Subject)", data, reml=False)
    with pytest.raises(ranef.ArgumentError, match="model 1 is not nested in model 2: its random effects"):
        ranef.anova(by_day, slopes)
    with pytest.raises(ranef.ArgumentError, match="same number of parameters"):
        ranef.anova(linear, ranef.lmer("Reaction ~ Weekend + (1 | Subject)", data, reml=False))


def test_nesting_goes_by_the_columns_not_their_names():
    """A factor and its dummies, and a compound symmetric term within an unstructured one."""
    data = load_data("Machines")
    dummies = data.assign(b=(data["Machine"] == "B") * 1.0, c=(data["Machine"] == "C") * 1.0)
    small = ranef.lmer("score ~ b + (1 | Worker)", dummies, reml=False)
    large = ranef.lmer("score ~ Machine + (0 + Machine | Worker)", dummies, reml=False)
    assert ranef.anova(small, large)["df"].iloc[1] == 6


def test_arguments():
    fit = fitted("ss_slope_reml")
    with pytest.raises(ranef.ArgumentError, match=r"use fit.anova\(\)"):
        ranef.anova(fit)
    with pytest.raises(ranef.ArgumentError, match="one name per fit"):
        ranef.anova(fit, fit, names=["a"])
    with pytest.raises(ranef.ArgumentError, match="cannot be compared"):
        ranef.anova(fit, fitted("ss_quad_reml"), refit=False)
    with pytest.raises(ranef.ArgumentError, match="is no fit"):
        ranef.anova(fit, 3)
    with pytest.raises(ranef.ArgumentError, match="no term 'days'"):
        fit.drop1("days")
    with pytest.raises(ranef.ArgumentError, match="'nitro' is contained in 'nitro:Variety'"):
        fitted("oats_reml").drop1("nitro")
    with pytest.raises(ranef.ArgumentError, match="test= must be one of"):
        fit.drop1(test="lrt")
