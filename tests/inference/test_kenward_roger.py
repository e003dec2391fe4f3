"""Kenward and Roger's test against pbkrtest and against the paper's formulas with n x n matrices."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import ranef
from conftest import fitted
from inference.kenward_roger_oracle import adjusted
from inference.kenward_roger_oracle import test as oracle_test
from inference.made_up import FORMULAS, dense_crossing, made_up_data
from oracle_design import oracle_design
from ranef.inference import kenward_roger as kenward_roger_module
from ranef.inference.kenward_roger import KenwardRoger
from reference_battery import all_models

MODELS = [model for model in all_models() if (model.raw.get("kenward_roger") or {}).get("df")]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_battery(model):
    """Degrees of freedom, adjusted covariance, t and p are pbkrtest's."""
    fit, wanted = fitted(str(model)), model.raw["kenward_roger"]
    table = fit.coef_table(ddf="kenward-roger")
    for column, tolerance in (("df", 1e-5), ("se", 1e-5), ("t", 1e-5), ("p", 1e-3)):
        values = model.align(fit.params.index, np.array(wanted[column], float))
        np.testing.assert_allclose(table[column], values, rtol=tolerance)
    covariance = model.align(fit.params.index, np.array(wanted["vcov_adj"], float))
    size = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    found = fit.cov_params(ddf="kenward-roger")
    np.testing.assert_allclose(found / size, covariance / size, atol=1e-5)
    assert list(found.index) == list(found.columns) == list(fit.params.index)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_battery_at_the_same_theta(model):
    fit, wanted = fitted(str(model)), model.raw["kenward_roger"]
    state = replace(fit, optimum=replace(fit.optimum, theta=model.theta))
    tests = KenwardRoger(state)
    df = state.padded(np.array([tests.df(row) for row in np.eye(len(tests.covariance))]))
    np.testing.assert_allclose(df, model.align(fit.params.index, np.array(wanted["df"], float)), rtol=1e-6)


@pytest.mark.parametrize("singular", [False, True])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_the_paper_with_dense_matrices(formula, weights, singular):
    """The paper's parameters and ours span the same covariances: covariance, df and F must agree."""
    frame = made_up_data(120)
    fit = ranef.lmer(formula, frame, weights=weights, allow_saturated=True)
    theta = np.random.default_rng(len(formula)).normal(0, 0.8, fit.model.n_theta)
    if singular:
        theta[-1] = 0.0
    state = replace(fit, optimum=replace(fit.optimum, theta=theta))
    tests, beta = KenwardRoger(state), state.solution["beta"]
    found = adjusted(oracle_design(formula, frame, weights=weights), theta, state.sigma)
    size = np.sqrt(np.outer(np.diag(found.phi), np.diag(found.phi)))
    np.testing.assert_allclose(tests.covariance / size, found.phi_a / size, atol=1e-8)
    for row in np.eye(len(beta)):
        np.testing.assert_allclose(tests.df(row), oracle_test(found, beta, row)[1], rtol=1e-6)
    L = np.eye(len(beta))[-2:]
    L[0, -1] = -1.0
    joint, (f, df, scale) = tests.f_statistic(L, L @ beta), oracle_test(found, beta, L)
    np.testing.assert_allclose([joint.value, joint.den_df], [f, df], rtol=1e-6)
    np.testing.assert_allclose(joint.value / joint.unscaled, scale, rtol=1e-6)


def test_heavily_crossed_factors():
    frame, formula = dense_crossing(), "y ~ x + (x | a) + (1 | b)"
    fit = ranef.lmer(formula, frame, weights="w")
    found = adjusted(oracle_design(formula, frame, weights="w"), fit.theta, fit.sigma)
    np.testing.assert_allclose(fit.cov_params("kenward-roger"), found.phi_a, rtol=1e-7)
    wanted = [oracle_test(found, fit.params, row)[1] for row in np.eye(2)]
    np.testing.assert_allclose(fit.coef_table("kenward-roger")["df"], wanted, rtol=1e-6)


def test_units_do_not_matter():
    """pbkrtest inverts the information in the response's units; here every unit gives the same df."""
    frame = made_up_data(120)
    plain = ranef.lmer("y ~ x + (x | a) + (1 | b)", frame).coef_table("kenward-roger")
    frame = frame.assign(y=frame["y"] * 1e7, x=frame["x"] * 1e-5)
    scaled = ranef.lmer("y ~ x + (x | a) + (1 | b)", frame).coef_table("kenward-roger")
    np.testing.assert_allclose(scaled[["df", "t", "p"]], plain[["df", "t", "p"]], rtol=1e-5)


def test_a_fit_by_maximum_likelihood_is_refused():
    fit = fitted("ss_slope_ml")
    for call in (fit.coef_table, fit.cov_params, fit.anova, lambda ddf: fit.test("Days", ddf=ddf)):
        with pytest.raises(ranef.ArgumentError, match=r"needs a fit by REML.*fit with reml=True"):
            call(ddf="kenward-roger")


def test_a_model_too_large_for_dense_matrices_is_refused(monkeypatch):
    fit = ranef.lmer("y ~ x + (1 | many) + (1 | big)", made_up_data(120))
    monkeypatch.setattr("ranef.inference.fisher.MOST_BYTES", 1000)
    with pytest.raises(ranef.ArgumentError, match=r"dense matrices of order \d+.* of memory .*satterthwaite"):
        KenwardRoger(fit)


def test_every_coefficient_of_a_large_crossed_model(monkeypatch):
    """28 coefficients on 73,421 rows: with so many groups Kenward-Roger and Satterthwaite meet.

    What takes long, the information, is asked for once, not for each of them.
    """
    fit, asked = fitted("inst_fix_reml"), []
    plain = kenward_roger_module.fisher_information
    monkeypatch.setattr(kenward_roger_module, "fisher_information", lambda of: asked.append(of) or plain(of))
    kenward_roger, satterthwaite = fit.coef_table("kenward-roger"), fit.coef_table()
    assert len(asked) == 1
    assert np.isfinite(kenward_roger.to_numpy()).all()
    np.testing.assert_allclose(kenward_roger["se"], satterthwaite["se"], rtol=1e-3)
    np.testing.assert_allclose(kenward_roger["df"], satterthwaite["df"], rtol=0.05)


@pytest.mark.slow
def test_a_million_rows():
    random = np.random.default_rng(0)
    n, groups = 1_000_000, 50_000
    g, x = random.integers(0, groups, n), random.normal(size=n)
    intercepts, slopes = random.normal(size=(2, groups)) * [[1], [0.5]]
    y = 1 + x + intercepts[g] + slopes[g] * x + random.normal(size=n)
    fit = ranef.lmer("y ~ x + (1 + x | g)", {"y": y, "x": x, "g": g})
    tracemalloc.start()
    try:
        table = fit.coef_table("kenward-roger")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * n  # behind the cross-products: not one array with a number for each row
    np.testing.assert_allclose(table["df"], fit.df, rtol=1e-2)


@pytest.mark.parametrize("unit", [1e8, 1e-8])
def test_weights_in_another_unit_change_nothing(unit):
    frame = made_up_data(120)
    df = [
        ranef.lmer("y ~ x + (1 | a)", frame, weights=frame.w * scale).coef_table("kenward-roger")["df"]
        for scale in (1.0, unit)
    ]
    np.testing.assert_allclose(df[1], df[0], rtol=1e-6)
