"""Conditional modes and coefficients by group, as labelled tables."""

import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from conftest import fitted
from oracle_design import reference_design
from reference_battery import load_data, load_table


def test_coefficients_are_those_of_lme4():
    for case in load_table("tidy"):
        fit = ranef.lmer(case["formula"], load_data(case["data"]))
        for group, expected in case["coef"].items():
            ours = fit.coef[group]
            values = np.array(expected["values"])
            np.testing.assert_allclose(ours.to_numpy(), values, atol=1e-4 * fit.sigma)
            assert [str(level) for level in ours.index] == expected["levels"]


def test_index_keeps_the_type_of_the_labels():
    gap = load_data("sleep_gappy").assign(subject=lambda d: d["subject"].astype(int))
    fit = ranef.lmer("reaction ~ days + (days | subject)", gap)
    assert fit.ranef["subject"].index.dtype == np.int64
    assert fit.coef["subject"].loc[308, "days"] == pytest.approx(19.62642, abs=1e-4)
    assert fit.ranef["subject"].index.name == "subject"


def test_terms_on_one_factor_stand_side_by_side():
    fit = fitted("gap_uncorr_reml")
    assert list(fit.ranef) == ["subject"] and len(fit.ranef) == 1
    assert list(fit.ranef["subject"].columns) == ["Intercept", "days"]
    assert fit.ranef.cond_var["subject"].shape == (20, 2, 2)


def test_random_effect_without_a_fixed_one():
    fit = fitted("ss_noint_reml")  # 0 + Days + (Days | Subject)
    coef = fit.coef["Subject"]
    assert list(coef.columns) == ["Days", "Intercept"]
    pd.testing.assert_series_equal(coef["Intercept"], fit.ranef["Subject"]["Intercept"])


def test_dropped_coefficients_are_left_out():
    assert list(fitted("ss_rankdef_reml").coef["Subject"].columns) == ["Intercept", "Days", "I(Days ** 2)"]


@pytest.mark.parametrize("name", ["ss_slope_reml", "gap_uncorr_reml", "pastes_reml", "pen_ml", "mach_0_reml"])
def test_conditional_variances_agree_with_the_dense_oracle(name):
    fit = fitted(name)
    answer = oracle.solve(reference_design(name), fit.theta, fit.reml)
    for factor in fit.model.cross.factors:
        for number, part in zip(factor.terms, factor.slices, strict=True):
            ours = fit.ranef.cond_var[factor.group][:, part, part]
            np.testing.assert_allclose(ours, answer.cond_var[number], rtol=1e-7, atol=1e-9 * fit.sigma**2)


def test_long_table():
    fit = fitted("ss_slope_reml")
    table = fit.ranef.to_frame()
    assert list(table.columns) == ["group", "level", "name", "mode", "sd"]
    assert len(table) == 36
    row = table[(table["level"] == "308") & (table["name"] == "Days")].iloc[0]
    assert row["mode"] == fit.ranef["Subject"].loc["308", "Days"]
    assert row["sd"] == pytest.approx(np.sqrt(fit.ranef.cond_var["Subject"][0, 1, 1]))


def test_mappings_print_and_name_what_they_lack():
    fit = fitted("pen_reml")
    assert repr(fit.ranef).startswith("plate\n")
    with pytest.raises(KeyError, match="plate"):
        fit.ranef["plates"]
    assert dict(fit.coef).keys() == {"plate", "sample"}
