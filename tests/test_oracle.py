"""The oracles themselves, anchored to lme4's numbers: what they say counts only because of this file."""

import numpy as np
import oracle
import pytest
from oracle_design import reference_design
from reference_battery import all_models, canonical, load_model

SMALL = [m for m in all_models(big=False) if m.raw["dims"]["n"] <= 300]
MEDIUM = [m for m in all_models() if 1000 < m.raw["dims"]["n"] < 8000 and m.reml]
BIG = all_models(big=True)


def by_level(term, levels, values):
    position = {label: i for i, label in enumerate(term.labels)}
    return values[[position[level] for level in levels]]


def check_modes(model, design, fit, tolerance=1e-7):
    for expected, term, modes, index in zip(
        model.modes, design.terms, fit.modes, range(len(fit.modes)), strict=True
    ):
        assert [canonical(c) for c in term.columns] == expected["columns"]
        ours = by_level(term, expected["levels"], modes)
        assert np.abs(ours - expected["modes"]).max() < tolerance * fit.sigma
        if expected["cond_var"] is not None and hasattr(fit, "cond_var"):
            ours = by_level(term, expected["levels"], fit.cond_var[index])
            assert np.abs(ours - expected["cond_var"]).max() < tolerance * fit.sigma**2


@pytest.mark.parametrize("model", SMALL, ids=str)
def test_dense_oracle_agrees_with_lme4(model):
    design = reference_design(model)
    assert design.X.shape == (model.raw["dims"]["n"], model.raw["dims"]["p"])
    assert design.X[:3] == pytest.approx(model.x_head[:, model.order(design.names)], abs=1e-12)
    for theta, value in model.criterion_at:
        assert oracle.criterion(design, theta, model.reml) == pytest.approx(value, rel=1e-9)
    fit = oracle.solve(design, model.theta, model.reml)
    assert fit.criterion == pytest.approx(model.criterion, rel=1e-10)
    assert fit.sigma == pytest.approx(model.sigma, rel=1e-8)
    se = model.align(design.names, model.se)
    assert np.abs((fit.beta - model.align(design.names, model.beta)) / se).max() < 1e-6
    assert fit.vcov / np.outer(se, se) == pytest.approx(
        model.align(design.names, model.vcov) / np.outer(se, se), abs=1e-6
    )
    check_modes(model, design, fit)
    head = np.array(model.raw["fitted"])
    offset = model.frame()["off"].to_numpy()[: len(head)] if "offset" in model.tags else 0.0
    assert fit.fitted[: len(head)] + offset == pytest.approx(head, abs=1e-6 * fit.sigma)


@pytest.mark.parametrize(
    "name",
    ["ss_slope_reml", "ss_crossed_ml", "ss_weights_ml", "mach_0_reml", "pastes_slash_ml", "oxboys_reml"],
)
def test_dense_gradient_agrees_with_differences(name):
    model = load_model(name)
    design = reference_design(name)
    for theta, _ in model.criterion_at[2:]:
        exact = oracle.gradient(design, theta, model.reml)
        differences = oracle.difference_gradient(lambda t: oracle.criterion(design, t, model.reml), theta)
        assert exact == pytest.approx(differences, rel=1e-6, abs=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("name", ["ss_slope_reml", "gap_slope_ml", "pen_reml", "mach_slash_ml"])
def test_optimum_of_the_reference_is_stationary_with_lme4s_hessian(name):
    model = load_model(name)
    design = reference_design(name)
    newton = model.raw["optimum"]["newton"]
    hessian = oracle.hessian(design, model.theta, model.reml)
    assert np.abs(oracle.gradient(design, model.theta, model.reml)).max() < 1e-4
    assert np.linalg.eigvalsh(hessian).min() > 0
    free = np.array(newton["free"]) - 1
    expected = np.array(newton["hess_free"], float)
    assert hessian[np.ix_(free, free)] == pytest.approx(expected, rel=1e-4, abs=1e-4 * np.abs(expected).max())


@pytest.fixture(scope="module")
def sparse_oracle():
    return pytest.importorskip(
        "sparse_oracle",
        reason="scikit-sparse < 0.5 is not installed (it could not be built here)",
        exc_type=ImportError,
    )


@pytest.mark.parametrize(
    "model", [*MEDIUM, *[m for m in SMALL if "weights" in m.tags or "crossed" in m.tags]], ids=str
)
def test_sparse_oracle_agrees_with_lme4(model, sparse_oracle):
    design = reference_design(model)
    for theta, value in model.criterion_at:
        assert sparse_oracle.criterion(design, theta, model.reml) == pytest.approx(value, rel=1e-9)
    fit = sparse_oracle.solve(design, model.theta, model.reml)
    se = model.align(design.names, model.se)
    assert np.abs((fit.beta - model.align(design.names, model.beta)) / se).max() < 1e-6
    assert fit.sigma == pytest.approx(model.sigma, rel=1e-8)
    check_modes(model, design, fit, tolerance=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("model", BIG, ids=str)
def test_sparse_oracle_agrees_with_lme4_on_large_data(model, sparse_oracle):
    design = reference_design(model)
    fit = sparse_oracle.solve(design, model.theta, model.reml)
    assert fit.criterion == pytest.approx(model.criterion, rel=1e-10)
    assert (
        np.abs((fit.beta - model.align(design.names, model.beta)) / model.align(design.names, model.se)).max()
        < 1e-6
    )
    check_modes(model, design, fit, tolerance=1e-6)
