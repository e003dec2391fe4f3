"""Principal components, shares of variance, redundancy, intervals of modes: lme4, papers, dense matrices."""

import numpy as np
import oracle
import pytest
import ranef
from conftest import fitted
from oracle_design import reference_design
from reference_battery import all_models, load_data, load_model, load_table, our_formula
from scipy.linalg import block_diag


@pytest.mark.parametrize("about", load_table("rePCA"), ids=lambda a: a["formula"])
def test_principal_components(about):
    found = ranef.lmer(our_formula("", about["formula"]), load_data(about["data"])).pca()
    assert set(found) == set(about["groups"])
    for group, expected in about["groups"].items():
        part = found[group]
        np.testing.assert_allclose(part.sdev, expected["sdev"], atol=1e-6)
        np.testing.assert_allclose(np.abs(part.rotation), np.abs(expected["rotation"]), atol=1e-5)
        np.testing.assert_allclose(part.importance.iloc[1:], expected["importance"][1:], atol=6e-6)
    assert list(found.to_frame().columns) == ["group", "component", "sdev", "proportion", "cumulative"]
    with pytest.raises(KeyError, match="grouping factors are"):
        found["nobody"]


def test_r2_and_icc_of_sleepstudy():
    """As MuMIn's and performance's documentation print them."""
    fit = fitted("ss_slope_reml")
    np.testing.assert_allclose(fit.r2(), [0.2786511, 0.7992199], atol=5e-6)
    np.testing.assert_allclose(fit.icc(), [0.722, 0.521], atol=5e-4)


@pytest.mark.parametrize("name", ["gap_slope_reml", "pen_reml", "oats_ml", "ss_weights_reml"])
def test_shares_of_variance(name):
    """Johnson's mean variance is the mean of the diagonal of Z D Z'."""
    fit, design = fitted(name), reference_design(load_model(name))
    fixed = np.var(design.X @ oracle.solve(design, fit.theta, fit.reml).beta, ddof=1)
    residual = np.eye(len(design.y)) if design.weights is None else np.diag(1 / design.weights)
    whole = fit.sigma**2 * np.mean(np.diag(oracle.relative_covariance(design, fit.theta)))
    noise = fit.sigma**2 * np.mean(np.diag(residual))
    random = whole - noise
    np.testing.assert_allclose(
        fit.r2(), [fixed / (fixed + whole), (fixed + random) / (fixed + whole)], rtol=1e-6
    )
    np.testing.assert_allclose(fit.icc(), [random / whole, random / (fixed + whole)], rtol=1e-6)
    assert fit.icc(by_group=True).sum() == pytest.approx(random / whole)


@pytest.mark.parametrize("case", load_table("shares")["cases"], ids=lambda c: c["formula"])
def test_shares_are_those_of_performance(case):
    fit = ranef.lmer(case["formula"], load_data(case["data"]))
    np.testing.assert_allclose(fit.r2(), case["r2"], rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(fit.icc(), case["icc"], rtol=1e-5)
    for group, share in (case["by_group"] or {}).items():
        assert fit.icc(by_group=True)[group] == pytest.approx(share, rel=1e-5)


def test_shares_do_not_depend_on_how_a_model_is_written():
    """Another basis of the same random effects, and weights on another scale."""
    data = load_data("Machines")
    w = 1.0 + np.arange(len(data)) % 3
    for bar, same, scale in (
        ("(Machine | Worker)", "(0 + Machine | Worker)", 1),
        ("(1 | Worker)", "(1 | Worker)", 100),
    ):
        one = ranef.lmer(f"score ~ Machine + {bar}", data, weights=w)
        two = ranef.lmer(f"score ~ Machine + {same}", data, weights=scale * w)
        np.testing.assert_allclose(one.r2(), two.r2(), rtol=1e-6)
        np.testing.assert_allclose(one.icc(), two.icc(), rtol=1e-6)


# ---------------------------------------------------------------- redundancy
SINGULAR = [m for m in all_models(big=False) if m.singular]


@pytest.mark.parametrize("model", SINGULAR, ids=str)
def test_redundancy_of_singular_fits(model):
    fit = fitted(model.name)
    found = fit.redundancy()
    assert bool(found) == fit.singular
    if fit.singular:
        assert (found.simpler["cost"] >= 0).all()
        text = repr(found)
        assert "has no variance" in text or "is zero" in text or "have no variance" in text


def test_cost_of_a_simpler_model():
    """Perfectly correlated effects: leaving the correlation out costs what lme4's criteria differ by."""
    groups = np.repeat(np.arange(12), 6)
    x = np.tile(np.arange(6.0), 12)
    rng = np.random.default_rng(3)
    y = 1 + x + rng.normal(size=12)[groups] * (1 + 0.8 * x) + 2 * rng.normal(size=72)
    data = {"y": y, "x": x, "g": groups}
    fit = ranef.lmer("y ~ x + (x | g)", data)
    apart = ranef.lmer("y ~ x + (x || g)", data)
    assert fit.singular
    found = fit.redundancy()
    assert "perfectly correlated (correlation 1)" in " ".join(repr(found).split())
    row = found.simpler[found.simpler["becomes"] == "(Intercept | g) + (x | g)"]
    assert row["cost"].iloc[0] == pytest.approx(apart.objective - fit.objective, abs=1e-6)
    assert row["npar"].iloc[0] == 1


def test_nothing_to_say():
    found = fitted("ss_slope_reml").redundancy()
    assert not found
    assert repr(found) == "Every random effect has variance of its own: nothing is redundant."


# ---------------------------------------------------------------- modes
@pytest.mark.parametrize("about", load_table("tidy"), ids=lambda a: a["formula"])
def test_modes_and_their_errors(about):
    fit = ranef.lmer(our_formula("", about["formula"]), load_data(about["data"]))
    table = fit.ranef.conf_int(level=0.9)
    expected = about["ran_vals"]
    keys = zip(expected["group"], expected["level"], expected["term"], strict=True)
    ours = {(r.group, str(r.level), r.name): r for r in table.itertuples(index=False)}
    for (group, level, term), mode, sd in zip(keys, expected["estimate"], expected["std.error"], strict=True):
        if group not in fit.ngroups:
            group, level = (":".join(reversed(text.split(":"))) for text in (group, level))
        row = ours[group, level, term.replace("(Intercept)", "Intercept")]
        assert row.mode == pytest.approx(mode, abs=1e-4 * fit.sigma)
        assert row.sd == pytest.approx(sd, rel=1e-4)
        assert row.upper - row.mode == pytest.approx(1.6448536269514722 * row.sd)


@pytest.mark.parametrize("name", ["ss_slope_reml", "pen_reml", "pastes_slash_reml", "ss_uncorr_reml"])
def test_errors_with_those_of_the_fixed_effects(name):
    """Henderson's prediction error variances: the diagonal of D - D Z'P Z D."""
    fit, design = fitted(name), reference_design(load_model(name))
    Z = np.hstack([oracle.random_effects_matrix(t) for t in design.terms])
    factors = oracle.covariance_factors(design.terms, fit.theta)
    D = block_diag(*[np.kron(np.eye(t.levels), f @ f.T) for t, f in zip(design.terms, factors, strict=True)])
    H = np.linalg.inv(oracle.relative_covariance(design, fit.theta))
    P = H - H @ design.X @ np.linalg.solve(design.X.T @ H @ design.X, design.X.T @ H)
    expected = fit.sigma * np.sqrt(np.diag(D - D @ Z.T @ P @ Z @ D))
    found = fit.ranef.conf_int(given_beta=False)
    np.testing.assert_allclose(np.sort(found["sd"]), np.sort(expected), rtol=1e-8)
    assert (found["sd"] >= fit.ranef.conf_int()["sd"] - 1e-10).all()


def test_level():
    with pytest.raises(ranef.ArgumentError, match="level must be"):
        fitted("ss_slope_reml").ranef.conf_int(level=95)
