"""Confidence intervals: Wald against lme4's, arguments."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from reference_battery import all_models
from scipy.stats import t as student


@pytest.mark.parametrize("model", all_models(big=False, match="^(ss|gap|mach|oats)"), ids=str)
def test_wald_intervals_are_those_of_lme4(model):
    fit = fitted(model.name)
    limits = fit.conf_int(ddf="normal")
    se = model.align(fit.params.index, model.se)
    beta = model.align(fit.params.index, model.beta)
    kept = ~np.isnan(se)
    expected = np.column_stack([beta - 1.959963984540054 * se, beta + 1.959963984540054 * se])
    assert np.abs((limits.to_numpy() - expected) / se[:, None])[kept].max() < 5e-5
    assert np.isnan(limits.to_numpy()[~kept]).all()
    assert list(limits.columns) == ["lower", "upper"]


@pytest.mark.parametrize("model", all_models(big=False, match="^(ss|gap|mach|oats)"), ids=str)
def test_intervals_have_the_degrees_of_freedom_of_the_p_values(model):
    """Those of lmerTest, and of pbkrtest: an interval excludes zero where its p-value is small."""
    fit = fitted(model.name)
    for ours, theirs in (("satterthwaite", "satterthwaite"), ("kenward-roger", "kenward_roger")):
        known = (model.raw.get(theirs) or {}).get("df")
        if not known:
            continue
        df = model.align(fit.params.index, known)
        table = fit.coef_table(ours)
        half = student.ppf(0.975, df) * table["se"].to_numpy()
        limits = (fit.conf_int() if ours == "satterthwaite" else fit.conf_int(ddf=ours)).to_numpy()
        expected = np.column_stack([table["estimate"] - half, table["estimate"] + half])
        kept = ~np.isnan(df)
        assert np.abs((limits - expected) / half[:, None])[kept].max() < 1e-3
        assert ((table["p"] < 0.05) == (np.prod(limits, axis=1) > 0))[kept].all()


def test_few_groups():
    """Six groups: the normal interval excluded zero beside p = 0.085."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(6), 8)
    for _ in range(30):
        y = 1.6 * (g % 2) + rng.normal(size=6)[g] + rng.normal(size=48)
        fit = ranef.lmer("y ~ z + (1 | g)", {"y": y, "z": g % 2, "g": g})
        for level in (0.8, 0.95):
            lower, upper = fit.conf_int(level=level).loc["z"]
            assert (lower * upper > 0) == (fit.pvalues["z"] < 1 - level)
            tidy = fit.tidy(level=level).set_index("term").loc["z"]
            np.testing.assert_allclose([lower, upper], [tidy["conf_low"], tidy["conf_high"]], rtol=1e-12)


def test_the_level_goes_by_keyword():
    """statsmodels' conf_int(0.1) is a 90 % interval; here it would be one of 10 %."""
    fit = fitted("ss_slope_reml")
    boot = fit.bootstrap(20, seed=1, progress=False)
    alone = ranef.lm_list("Reaction ~ Days | Subject", ranef.datasets.load("sleepstudy"))
    for source in (fit, boot, fit.profile("sigma"), fit.ranef, alone):
        with pytest.raises(ranef.ArgumentError, match=r"by keyword, level=0.1; .* that is level=0.9$"):
            source.conf_int(0.1)
        with pytest.raises(ranef.ArgumentError, match=r"give the coverage, level=0.9$"):
            source.conf_int(alpha=0.1)


def test_groups_of_parameters_have_the_same_names_everywhere():
    fit = fitted("ss_slope_reml")
    boot, profile = fit.bootstrap(20, seed=1, progress=False), fit.profile("all")
    sets = {
        "fixed": ["Intercept", "Days"],
        "theta": ["theta1", "theta2", "theta3"],
        "random": ["sigma", "sd[Subject.Intercept]", "sd[Subject.Days]", "corr[Subject.Days.Intercept]"],
    }
    for group, names in sets.items():
        assert set(boot.conf_int(parameters=group).index) == set(names)
        assert set(profile.conf_int(parameters=group).index) == set(names)
        if group != "theta":
            assert set(fit.conf_int(parameters=group).index) == set(names)
    assert list(boot.conf_int(parameters=["Days", "fixed"]).index) == ["Days", "Intercept"]
    assert list(fit.profile("fixed").conf_int(parameters="fixed").index) == sets["fixed"]


def test_level():
    fit = fitted("ss_slope_reml")
    half = fit.conf_int(level=0.5, ddf="normal")
    np.testing.assert_allclose(half["upper"] - fit.params, 0.6744897501960817 * fit.bse)


def test_bad_arguments():
    fit = fitted("ss_slope_reml")
    for level in (0, 1, 95, True):
        with pytest.raises(ranef.ArgumentError, match="level must be"):
            fit.conf_int(level=level)
    with pytest.raises(ranef.ArgumentError, match="'wald', 'profile' or 'bootstrap'"):
        fit.conf_int(method="Wald")
    with pytest.raises(ranef.ArgumentError, match="takes no n="):
        fit.conf_int(n=100)
    with pytest.raises(ranef.ArgumentError, match="takes no ddf="):
        fit.conf_int(method="profile", ddf="kenward-roger")
    with pytest.raises(ranef.ArgumentError, match="ddf= must be one of"):
        fit.conf_int(ddf="anova")


def test_bootstrap():
    fit, options = fitted("ss_slope_reml"), {"n": 200, "seed": 1, "progress": False}
    limits = fit.conf_int(method="bootstrap", **options)
    assert limits.loc["Days", "lower"] < 10.467 < limits.loc["Days", "upper"]
    assert "sigma" in limits.index and "theta1" not in limits.index
    every = fit.conf_int(method="bootstrap", parameters="all", **options)
    assert "theta1" in every.index and every.loc[limits.index].equals(limits)
