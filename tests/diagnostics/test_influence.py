"""Leverage, residuals, Cook's distance, leave-one-group-out: lme4; marginal parts: dense matrices."""

import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from conftest import fitted
from oracle_design import reference_design
from reference_battery import canonical, load_data, load_model, load_table, manifest, translate_name
from scipy.stats import norm

TABLES = load_table("influence")
LEFT_OUT = [(case, group) for case in load_table("leave_out") for group in case["without"]]


@pytest.fixture(scope="module", params=TABLES, ids=lambda t: t["data"])
def pair(request):
    table = request.param
    return ranef.lmer(table["formula"], load_data(table["data"])), table


def test_rows(pair):
    fit, table = pair
    rows = fit.influence()
    np.testing.assert_allclose(rows["leverage"][:20], table["hat_head"], rtol=1e-5)
    assert rows["leverage"].sum() == pytest.approx(table["hat_sum"], rel=1e-5)
    np.testing.assert_allclose(rows["cooks"][:20], table["cooks_obs_head"], rtol=2e-4)
    np.testing.assert_allclose(rows["standardised"][:20], table["rstudent_head"], atol=1e-4)
    np.testing.assert_allclose(fit.residuals("standardised"), rows["standardised"])


def test_groups(pair):
    fit, table = pair
    found = fit.influence(table["group"])
    # lme4 goes through the groups as they appear in the data
    order = load_data(table["data"])[table["group"]].astype(str).unique()
    levels = [str(level) for level in found.params.index]
    assert levels == table["levels"]
    back = [list(order).index(level) for level in levels]
    np.testing.assert_allclose(
        (found.params - np.array(table["fixef_without"])[back]) / fit.bse.to_numpy(), 0, atol=1e-4
    )
    np.testing.assert_allclose(found.cooks, np.array(table["cooks_group"])[back], atol=2e-5)
    if table["dfbetas_group"]:
        np.testing.assert_allclose(found.dfbetas, np.array(table["dfbetas_group"])[back], atol=2e-4)
    assert found.converged.all()
    assert "most influential first" in repr(found)
    assert set(found.to_frame().columns) >= {"cooks", "sigma"}


def test_a_group_left_out_is_a_fit_without_its_rows():
    data = load_data("sleepstudy")
    found = fitted("ss_slope_ml").influence("Subject")
    without = ranef.lmer("Reaction ~ Days + (Days | Subject)", data[data["Subject"] != "309"], reml=False)
    np.testing.assert_allclose(found.params.loc["309"], without.params, rtol=1e-8)
    assert found.components.loc["309", "sigma"] == pytest.approx(without.sigma, rel=1e-6)
    assert found.components.loc["309", "sd[Subject.Days]"] == pytest.approx(
        without.varcorr[0].sd[1], rel=1e-5
    )


def test_nested_weighted_and_offset_models():
    """Levels of other factors that lose all their rows go too."""
    data = load_data("Pastes")
    fit = ranef.lmer("strength ~ 1 + (1 | batch/cask)", data)
    found = fit.influence("batch")
    without = ranef.lmer("strength ~ 1 + (1 | batch/cask)", data[data["batch"] != "C"])
    np.testing.assert_allclose(found.params.loc["C"], without.params, rtol=1e-7)
    weighted = fitted("ss_weights_reml")
    frame = load_model("ss_weights_reml").frame()
    keep = frame["Subject"] != "308"
    again = ranef.lmer("Reaction ~ Days + (Days | Subject)", frame[keep], weights=frame["w"][keep].to_numpy())
    np.testing.assert_allclose(weighted.influence("Subject").params.loc["308"], again.params, rtol=1e-7)


@pytest.mark.parametrize(("case", "group"), LEFT_OUT, ids=lambda x: x if isinstance(x, str) else x["formula"])
def test_every_factor_against_refits_in_lme4(case, group):
    """lme4's fits to the rows outside a level: nested, crossed, vector-valued, weighted, ML, any factor."""
    data = load_data(case["data"]).iloc[case["rows"]]
    weights = np.arange(1, len(data) + 1) % 3 + 1.0 if case["weights"] else None
    fit = ranef.lmer(case["formula"], data, reml=case["reml"], weights=weights)
    columns = manifest()[case["data"]]["columns"]
    found = fit.influence(group)
    for left_out in case["without"][group]:
        row = found.params.loc[found.params.index.astype(str) == left_out["level"]].iloc[0]
        row.index = [canonical(name) for name in row.index]
        expected = pd.Series(
            left_out["beta"], [translate_name(name, columns, None) for name in left_out["names"]]
        )
        errors = np.sqrt(np.diag(left_out["vcov"]))
        np.testing.assert_allclose((row[expected.index] - expected) / errors, 0, atol=1e-4)
        components = found.components.loc[found.params.index.astype(str) == left_out["level"]].iloc[0]
        assert components["sigma"] == pytest.approx(left_out["sigma"], rel=1e-5)
        sd = components[components.index.str.startswith("sd[")]
        np.testing.assert_allclose(
            sorted(sd), sorted(left_out["sd"][:-1]), rtol=1e-3, atol=1e-3 * left_out["sigma"]
        )


@pytest.mark.parametrize("name", ["ss_slope_reml", "pen_ml", "ss_weights_reml", "ss_offset_arg_reml"])
def test_residuals(name):
    fit, design = fitted(name), reference_design(load_model(name))
    weights = np.ones(len(design.y)) if design.weights is None else design.weights
    answer = oracle.solve(design, fit.theta, fit.reml)
    np.testing.assert_allclose(fit.residuals(), design.y - answer.fitted, atol=1e-8)
    np.testing.assert_allclose(
        fit.residuals("pearson"), (design.y - answer.fitted) * np.sqrt(weights) / fit.sigma, atol=1e-8
    )
    marginal = design.y - design.X @ answer.beta
    np.testing.assert_allclose(fit.residuals("marginal"), marginal, atol=1e-8)
    V = fit.sigma**2 * np.diag(oracle.relative_covariance(design, fit.theta))
    np.testing.assert_allclose(fit.residuals("quantile"), norm.cdf(marginal / np.sqrt(V)), atol=1e-10)
    # the hat matrix of the fitted values, dense
    H = oracle.relative_covariance(design, fit.theta)
    P = np.linalg.inv(H) - np.linalg.inv(H) @ design.X @ np.linalg.solve(
        design.X.T @ np.linalg.solve(H, design.X), design.X.T @ np.linalg.inv(H)
    )
    np.testing.assert_allclose(fit.leverage(), 1 - np.diag(P) / weights, atol=1e-10)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("ss_slope_reml", "Subject"),
        ("ss_weights_ml", "Subject"),
        ("ss_offset_arg_reml", "Subject"),
        ("pen_reml", "plate"),
        ("pen_reml", "sample"),
        ("pastes_slash_reml", "batch"),
        ("mach_0_reml", "Worker"),
        ("ss_crossed_reml", "Dayf"),
        ("oats_reml", "Block"),
        ("ss_rankdef_reml", "Subject"),
    ],
)
def test_downdating_is_reading_the_other_rows(name, group):
    """Taking a group's products away against a fit to the other rows, for every kind of design."""
    from ranef.diagnostics.groups import fit_rows, fit_without

    state = fitted(name)
    factor = next(f for f in state.model.design.factors if f.name == group)
    for level in range(0, factor.n_levels, max(1, factor.n_levels // 4)):
        found = fit_without(state, np.flatnonzero(factor.codes == level))
        again = fit_rows(state, factor.codes != level)
        scale = np.sqrt(np.diag(state.vcov))
        np.testing.assert_array_equal(np.isnan(found.beta), np.isnan(again.beta))
        np.testing.assert_allclose(np.nan_to_num((found.beta - again.beta) / scale), 0, atol=1e-6)
        np.testing.assert_allclose(found.sigma, again.sigma, rtol=1e-6)
        np.testing.assert_allclose(found.vcov, again.vcov, rtol=1e-4, atol=1e-10 * np.nanmax(state.vcov))


def test_a_coefficient_that_goes_with_its_group():
    """One group alone carries a level: without it the column is dropped, and the others are as always."""
    data = load_data("sleepstudy")
    data["special"] = (data["Subject"] == "308").astype(float)
    fit = ranef.lmer("Reaction ~ Days + special + (1 | Subject)", data)
    found = fit.influence("Subject")
    assert np.isnan(found.params.loc["308", "special"])
    without = ranef.lmer("Reaction ~ Days + (1 | Subject)", data[data["Subject"] != "308"])
    np.testing.assert_allclose(found.params.loc["308", ["Intercept", "Days"]], without.params, rtol=1e-6)
    assert np.isnan(found.cooks.loc["308"])


def test_index_is_the_row_of_the_data():
    fit = fitted("ss_na_reml")
    assert isinstance(fit.influence(), pd.DataFrame)
    np.testing.assert_array_equal(fit.influence().index, fit.model.design.rows)


def test_bad_input():
    fit = fitted("ss_slope_reml")
    with pytest.raises(ranef.ArgumentError, match="no grouping factor 'Days'; the model has 'Subject'"):
        fit.influence("Days")
    with pytest.raises(ranef.ArgumentError, match="type= must be one of 'response', 'pearson'"):
        fit.residuals("deviance")
