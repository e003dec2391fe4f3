"""Variance components as values and as a table."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from ranef.estimates.varcorr import Component, VarCorr
from reference_battery import load_data, load_table


def test_table_has_the_numbers_of_broom():
    """lme4's as.data.frame(VarCorr) for four models of the lecture and Machines."""
    for case in load_table("tidy"):
        table = ranef.lmer(case["formula"], load_data(case["data"])).varcorr.to_frame()
        expected = case["VarCorr_df"]
        single = [i for i, second in enumerate(expected["var2"]) if second is None]
        np.testing.assert_allclose(table["var"], np.array(expected["vcov"])[single], rtol=1e-4)
        np.testing.assert_allclose(table["sd"], np.array(expected["sdcor"])[single], rtol=1e-4)
        both = [i for i, second in enumerate(expected["var2"]) if second is not None]
        if both:
            np.testing.assert_allclose(table["corr"].dropna(), np.array(expected["sdcor"])[both], rtol=1e-3)


def test_labels_of_terms_that_share_a_group():
    varcorr = fitted("gap_uncorr_reml").varcorr
    assert [component.label for component in varcorr] == ["subject", "subject.1"]
    assert varcorr["subject.1"].columns == ("days",)
    assert varcorr[0].group == varcorr[1].group == "subject"
    assert len(varcorr) == 2
    with pytest.raises(KeyError, match=r"subject\.1"):
        varcorr["Subject"]


def test_columns_of_the_table():
    table = fitted("mach_0_reml").varcorr.to_frame()
    assert list(table.columns) == ["group", "name", "var", "sd", "corr", "corr.2"]
    assert list(table["group"]) == ["Worker"] * 3 + ["Residual"]
    assert table.loc[2, "corr.2"] == pytest.approx(0.771, abs=1e-3)
    assert table.loc[3, ["corr", "corr.2"]].isna().all()


def test_covariance_is_that_of_theta():
    fit = fitted("ss_slope_reml")
    lower = np.array([[fit.theta[0], 0], [fit.theta[1], fit.theta[2]]]) * fit.sigma
    np.testing.assert_allclose(fit.varcorr["Subject"].cov, lower @ lower.T)
    assert fit.varcorr.sigma == fit.sigma


def test_no_variance_at_all():
    frame = {"y": np.tile([1.0, 2.0, 4.0, 3.0], 6), "x": np.tile([0.0, 1.0, 2.0, 3.0], 6),
             "g": np.repeat(list("abcdef"), 4)}
    fit = ranef.lmer("y ~ x + (x | g)", frame)
    assert fit.singular
    component = fit.varcorr["g"]
    assert component.sd == pytest.approx([0, 0], abs=1e-12)
    message = "the by-g variance of the intercept and x is zero"
    assert message in fit.optimum.message


def test_correlation_of_no_variance():
    component = Component("g", "g", ("Intercept", "x"), np.diag([0.0, 4.0]))
    assert np.isnan(component.corr[1, 0]) and component.corr[0, 0] == 1
    varcorr = VarCorr((component,), 1.0)
    assert "NaN" in str(varcorr)
    assert varcorr.to_frame()["corr"].isna().all()
