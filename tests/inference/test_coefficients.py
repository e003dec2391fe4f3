"""The table of coefficients: methods, alternatives, dropped columns, what is refused."""

import gc
import weakref

import numpy as np
import pytest
import ranef
from conftest import fitted
from ranef.inference.pvalues import f_p_value, t_p_values
from scipy import stats


def test_columns_and_index():
    fit = fitted("gap_slope_reml")
    table = fit.coef_table()
    assert list(table.columns) == ["estimate", "se", "df", "t", "p"]
    assert list(table.index) == list(fit.params.index)
    np.testing.assert_array_equal(table["estimate"], fit.params)
    np.testing.assert_allclose(table["se"], fit.bse, rtol=1e-14)
    np.testing.assert_allclose(table["t"], fit.tvalues, rtol=1e-14)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger", "residual", "normal"])
def test_p_values_by_scipy(ddf):
    table = fitted("gap_slope_reml").coef_table(ddf)
    for alternative, tail in (("less", stats.t.cdf), ("greater", stats.t.sf)):
        p = fitted("gap_slope_reml").coef_table(ddf, alternative)["p"]
        np.testing.assert_allclose(p, tail(table["t"], table["df"]), rtol=1e-9)
    np.testing.assert_allclose(table["p"], 2 * stats.t.sf(np.abs(table["t"]), table["df"]), rtol=1e-9)


def test_residual_and_normal_degrees_of_freedom():
    fit = fitted("gap_slope_reml")
    assert (fit.coef_table("residual")["df"] == 183 - 2).all()
    assert np.isinf(fit.coef_table("normal")["df"]).all()
    wald = fit.conf_int()  # normal quantiles: zero is at the edge of the interval with level 1 - p
    outside = (wald["lower"] > 0) | (wald["upper"] < 0)
    assert (fit.coef_table("normal")["p"] < 0.05).tolist() == outside.tolist()


def test_dropped_columns_are_nan():
    fit = fitted("ss_rankdef_reml")
    for ddf in ("satterthwaite", "kenward-roger", "residual"):
        table = fit.coef_table(ddf)
        assert table.loc["I(2 * Days)"].isna().all()
        assert table.drop("I(2 * Days)").notna().all(axis=None)
        assert fit.cov_params(ddf).loc["I(2 * Days)"].isna().all()
    assert np.isnan(fit.df["I(2 * Days)"]) and np.isnan(fit.pvalues["I(2 * Days)"])


def test_covariance_follows_the_method():
    fit = fitted("gap_slope_reml")
    np.testing.assert_array_equal(fit.cov_params(), fit.cov_params(ddf="residual"))
    assert (np.diag(fit.cov_params(ddf="kenward-roger")) > np.diag(fit.cov_params())).all()


def test_bad_names():
    fit = fitted("gap_slope_reml")
    for call in (fit.coef_table, fit.cov_params, fit.anova, fit.summary):
        with pytest.raises(ranef.ArgumentError, match="ddf= must be one of 'satterthwaite', 'kenward-roger'"):
            call(ddf="kenward")
    with pytest.raises(ranef.ArgumentError, match="alternative= must be one of 'two-sided', 'less'"):
        fit.coef_table(alternative="two.sided")
    with pytest.raises(ranef.ArgumentError, match="alternative= must be one of"):
        fit.test("days", alternative="bigger")


def test_summary_by_method():
    fit = fitted("gap_slope_reml")
    assert "Kenward-Roger's method" in str(fit.summary("kenward-roger"))
    assert "18.85" in str(fit.summary("kenward-roger"))
    assert "Pr(>|t|)" not in str(fit.summary("lme4"))
    assert "Satterthwaite" in fit.summary()._repr_html_()


@pytest.mark.parametrize("df", [1.0, 2.5, 17.16, 4e4, np.inf])
@pytest.mark.parametrize("t", [0.0, -0.3, 6.78, -40.0])
def test_tails(t, df):
    for alternative, wanted in (
        ("two-sided", 2 * stats.t.sf(abs(t), df)),
        ("less", stats.t.cdf(t, df)),
        ("greater", stats.t.sf(t, df)),
    ):
        np.testing.assert_allclose(t_p_values(t, df, alternative), wanted, rtol=1e-8)


def test_f_tail():
    for f, m, n in ((3.2, 2, 17.5), (180.0, 13, 33018.2), (0.0, 1, 5.0)):
        np.testing.assert_allclose(f_p_value(f, m, n), stats.f.sf(f, m, n), rtol=1e-9)
    np.testing.assert_allclose(f_p_value(2.5, 4, np.inf), stats.chi2.sf(10.0, 4), rtol=1e-12)
    assert np.isnan(f_p_value(np.nan, 1, 5.0))


def test_tests_do_not_keep_a_fit_alive():
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    fit.coef_table(), fit.coef_table("kenward-roger"), fit.anova(), fit.test("Days")
    state = weakref.ref(fit)
    del fit
    gc.collect()
    assert state() is None
