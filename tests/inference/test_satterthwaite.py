"""Satterthwaite's degrees of freedom against lmerTest's, on every model of the battery."""

from dataclasses import replace

import numpy as np
import pytest
import ranef
from conftest import fitted
from inference.made_up import FORMULAS, made_up_data
from ranef.inference.differences import difference_derivatives
from ranef.inference.satterthwaite import (
    Satterthwaite,
    core_coordinates,
    derivatives,
    exact_derivatives,
)
from ranef.inference.testing import joint_df
from reference_battery import all_models, load_data

MODELS = [model for model in all_models() if (model.raw.get("satterthwaite") or {}).get("df")]


def at_reference(model):
    """The fit's state with theta replaced by the reference's."""
    state = fitted(str(model))
    return replace(state, optimum=replace(state.optimum, theta=model.theta))


def aligned(model, fit, values):
    return model.align(fit.params.index, np.array(values, float))


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_df_and_p_are_lmertests(model):
    """lmerTest differentiates numerically; its sixth-order differences, where there, are the yardstick."""
    fit, wanted = fitted(str(model)), model.raw["satterthwaite"]
    table = fit.coef_table()
    df = aligned(model, fit, wanted.get("df_refined") or wanted["df"])
    np.testing.assert_allclose(table["df"], df, rtol=1e-5)
    np.testing.assert_allclose(table["df"], aligned(model, fit, wanted["df"]), rtol=1e-4)
    np.testing.assert_allclose(table["se"], aligned(model, fit, wanted["se"]), rtol=1e-5)
    np.testing.assert_allclose(table["p"], aligned(model, fit, wanted["p"]), rtol=1e-3)
    np.testing.assert_array_equal(table["df"], fit.df)
    np.testing.assert_array_equal(table["p"], fit.pvalues)


@pytest.mark.parametrize("model", [m for m in MODELS if not m.big], ids=str)
def test_df_at_the_same_theta(model):
    state, fit = at_reference(model), fitted(str(model))
    tests = Satterthwaite(state)
    df = state.padded(np.array([tests.df(row) for row in np.eye(len(state.solution["beta"]))]))
    refined = model.raw["satterthwaite"].get("df_refined")
    if refined:
        np.testing.assert_allclose(df, aligned(model, fit, refined), rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["gap_slope_reml", "gap_slope_ml", "dye2_reml", "ss_crossed_ml", "cake_slope_c_reml"]
)
def test_covariance_of_the_parameters(name):
    """Of (theta, sigma), singular fits included: a variance at zero has a Hessian too."""
    model = next(m for m in MODELS if str(m) == name)
    wanted = np.array(model.raw["satterthwaite"]["vcov_varpar_refined"], float)
    state = at_reference(model)
    found = Satterthwaite(state).parameter_covariance
    size = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    np.testing.assert_allclose(found / size, wanted / size, atol=1e-4)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("formula", FORMULAS)
def test_exact_derivatives_are_the_limits_of_differences(formula, reml):
    fit = ranef.lmer(formula, made_up_data(120), reml=reml, weights="w", allow_saturated=True)
    # away from the optimum: nothing vanishes there by itself
    state = replace(fit, optimum=replace(fit.optimum, theta=fit.theta + 0.4))
    for core in (True, False):
        exact, near = exact_derivatives(state, core), difference_derivatives(state, core)
        for found, wanted in zip(near, exact, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7 * np.abs(wanted).max())


def test_large_sparse_schur_complements_use_differences(monkeypatch):
    fit = ranef.lmer("y ~ x + (1 | many) + (1 | big)", made_up_data(120), schur="sparse")
    exact = fit.df
    monkeypatch.setattr("ranef.inference.satterthwaite.LARGEST_EXACT", 10)
    monkeypatch.setattr("ranef.inference.satterthwaite.exact_derivatives", None)
    tests = Satterthwaite(fit)
    np.testing.assert_allclose([tests.df(row) for row in np.eye(2)], exact, rtol=1e-6)


def test_large_dense_schur_complements_do_not(monkeypatch):
    fit = ranef.lmer("y ~ x + (1 | many) + (1 | big)", made_up_data(120), schur="dense")
    fit = replace(fit, optimum=replace(fit.optimum, theta=fit.theta + 0.4))
    slopes, hessian = difference_derivatives(fit, True)
    monkeypatch.setattr("ranef.inference.satterthwaite.LARGEST_EXACT", 10)
    monkeypatch.setattr("ranef.inference.satterthwaite.difference_derivatives", None)
    for found, wanted in zip(derivatives(fit, True), (slopes, hessian), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7 * np.abs(wanted).max())


def test_the_lecture():
    """df 19.294, 17.163, t 39.256, 6.778, p < 2e-16, 3.06e-06; the better optimum moves the last digits."""
    fit = fitted("gap_slope_reml")
    np.testing.assert_allclose(fit.df, [19.2953, 17.1629], atol=1e-4)
    np.testing.assert_allclose(fit.df, [19.294, 17.163], atol=2e-3)
    np.testing.assert_allclose(fit.tvalues, [39.256, 6.778], atol=2e-3)
    assert fit.pvalues["Intercept"] < 2e-16
    np.testing.assert_allclose(fit.pvalues["days"], 3.06e-6, atol=5e-9)
    text = str(fit.summary())
    assert "t-tests use Satterthwaite's method" in text
    assert "Pr(>|t|)" in text and "< 2e-16 ***" in text and "3.06e-06 ***" in text


def test_joint_df():
    """By hand: E = 10/8 + 20/18, df = 2 E / (E - 2)."""
    assert joint_df([10.0, 20.0]) == pytest.approx(2 * (10 / 8 + 20 / 18) / (10 / 8 + 20 / 18 - 2))
    assert joint_df([7.0]) == 7.0
    assert joint_df([7.0, 7.0 + 1e-9]) == pytest.approx(7.0)
    assert joint_df([1.5, 30.0]) == 2.0
    assert joint_df([np.inf, np.inf]) == np.inf
    assert joint_df([np.inf]) == np.inf
    assert joint_df([np.inf, 10.0]) == pytest.approx(2 * 2.25 / 0.25)


@pytest.mark.parametrize(("shift", "scale"), [(2000, 1), (1e5, 1), (1.7e9, 86400), (1.7e9, 1), (0, 1e-9)])
@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_covariates_far_from_zero(shift, scale, ddf):
    """Years, or seconds since 1970: the slope's test is that of days since the start."""
    data = load_data("sleep_gappy")
    formula = "reaction ~ days + (days | subject)"
    plain = ranef.lmer(formula, data).coef_table(ddf).loc["days"]
    far = ranef.lmer(formula, data.assign(days=data["days"] * scale + shift)).coef_table(ddf).loc["days"]
    np.testing.assert_allclose(far[["df", "t"]], plain[["df", "t"]], rtol=1e-5)
    np.testing.assert_allclose(far["se"] * scale, plain["se"], rtol=1e-5)


def test_a_slope_without_an_intercept_by_group():
    """Where the intercept has exactly no variance, zero has a meaning, and theta is the user's."""
    random = np.random.default_rng(8)
    g, x = np.repeat(np.arange(30), 8), random.uniform(0, 2, 240)
    y = 1 + x + random.normal(0, 2, 30)[g] * x + random.normal(size=240)
    fit = ranef.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g})
    at_zero = replace(fit, optimum=replace(fit.optimum, theta=np.array([0.0, 0.0, 2.0])))
    assert not core_coordinates(at_zero)
    assert core_coordinates(fit) or fit.singular
    assert np.isfinite(Satterthwaite(at_zero).df(np.array([0.0, 1.0])))
