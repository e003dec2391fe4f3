"""Standard errors and intervals of predictions against dense matrices of the mixed-model equations."""

import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from conftest import fitted
from oracle_design import reference_design
from ranef.errors import ArgumentError
from reference_battery import load_data, load_model, load_table
from scipy.linalg import block_diag
from scipy.special import stdtrit

NAMES = [
    "ss_slope_reml", "ss_uncorr_ml", "pen_reml", "pastes_slash_reml", "mach_slash_reml", "oats_ml",
    "ss_weights_reml", "dye2_reml",
    "ss_rankdef_reml", "ss_na_reml", "ss_crossed_reml", "mach_0_reml", "ss_offset_arg_reml",
]  # fmt: skip


def joint(name):
    """Design, sigma^2, Z and the error covariance of (beta, b) over sigma^2, all dense."""
    fit, design = fitted(name), reference_design(load_model(name))
    Z = np.hstack([oracle.random_effects_matrix(t) for t in design.terms])
    factors = oracle.covariance_factors(design.terms, fit.theta)
    D = block_diag(*[np.kron(np.eye(t.levels), f @ f.T) for t, f in zip(design.terms, factors, strict=True)])
    H_inverse = np.linalg.inv(oracle.relative_covariance(design, fit.theta))
    C = np.linalg.inv(design.X.T @ H_inverse @ design.X)
    P = H_inverse - H_inverse @ design.X @ C @ design.X.T @ H_inverse
    mixed = -C @ design.X.T @ H_inverse @ Z @ D
    return fit, design, Z, np.block([[C, mixed], [mixed.T, D - D @ Z.T @ P @ Z @ D]])


@pytest.mark.parametrize("name", NAMES)
def test_errors_of_the_fitted_rows(name):
    fit, design, Z, covariance = joint(name)
    A = np.hstack([design.X, Z])
    expected = fit.sigma**2 * np.einsum("ij,jk,ik->i", A, covariance, A)
    table = fit.predict(interval="prediction", ddf="normal", parts=True)
    np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-9)
    np.testing.assert_allclose(table["fit"], fit.fittedvalues)
    weights = 1 if design.weights is None else design.weights
    total = np.sqrt(expected + fit.sigma**2 / weights)
    np.testing.assert_allclose(table["upper"] - table["fit"], 1.959963984540054 * total, rtol=1e-9)
    np.testing.assert_allclose(table["var_fixed"] + table["var_random"], expected, rtol=1e-9)


@pytest.mark.parametrize("name", ["ss_slope_reml", "pen_reml"])
def test_population(name):
    fit, design, _, covariance = joint(name)
    p = design.X.shape[1]
    expected = fit.sigma**2 * np.einsum("ij,jk,ik->i", design.X, covariance[:p, :p], design.X)
    table = fit.predict(random=None, interval="prediction", parts=True)
    np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-9)
    V = np.diag(oracle.relative_covariance(design, fit.theta)) * fit.sigma**2
    np.testing.assert_allclose(table["var_residual"], V, rtol=1e-9)


def test_a_part_of_the_random_effects():
    """Only the slopes: the intercepts' prior variance goes to a new observation."""
    fit, design, Z, covariance = joint("ss_slope_reml")
    slopes = Z.copy()
    slopes[:, 0::2] = 0
    A = np.hstack([design.X, slopes])
    expected = fit.sigma**2 * np.einsum("ij,jk,ik->i", A, covariance, A)
    table = fit.predict(random="(0 + Days | Subject)", se=True, parts=True)
    np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-9)
    np.testing.assert_allclose(table["var_residual"], fit.sigma**2 * (1 + fit.theta[0] ** 2), rtol=1e-9)


def test_new_levels_have_the_prior_variance():
    fit, _, _, covariance = joint("ss_slope_reml")
    new = pd.DataFrame({"Days": [0.0, 3.0, 12.0], "Subject": ["x", "y", None]})
    table = fit.predict(new, allow_new_levels=True, se=True)
    z = np.column_stack([np.ones(3), new["Days"]])
    D = fit.varcorr["Subject"].cov
    fixed = fit.sigma**2 * covariance[:2, :2]
    expected = np.einsum("ij,jk,ik->i", z, D + fixed, z)
    np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-9)
    with pytest.raises(ranef.NewLevelError, match="'x', 'y'"):
        fit.predict(new.iloc[:2], se=True)


def test_known_and_new_levels_of_crossed_factors():
    fit, _, _, covariance = joint("pen_reml")
    new = {"plate": ["a", "new"], "sample": ["B", "B"]}
    table = fit.predict(new, allow_new_levels=True, se=True)
    a = np.zeros((2, 1 + 24 + 6))
    a[:, 0] = 1
    terms = fit.model.design.terms
    first = {term.group: 1 + sum(t.factor.n_levels for t in terms[:i]) for i, term in enumerate(terms)}
    level = {t.group: list(t.factor.levels) for t in terms}
    a[0, first["plate"] + level["plate"].index("a")] = 1
    a[:, first["sample"] + level["sample"].index("B")] = 1
    expected = fit.sigma**2 * np.einsum("ij,jk,ik->i", a, covariance, a)
    expected[1] += fit.varcorr["plate"].cov[0, 0]
    np.testing.assert_allclose(table["se"] ** 2, expected, rtol=1e-9)


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("pairs", ["of the data", "new"])
def test_the_sparse_inverse_is_that_of_dense_algebra(monkeypatch, few, pairs):
    """v'Omega^-1 v by solves and by the entries that rows meet, of levels met together in the data or not."""
    from ranef.inference import equations

    monkeypatch.setattr(equations, "_FEW", few)
    rng = np.random.default_rng(1)
    g, h, x = rng.integers(0, 30, 90), rng.integers(0, 20, 90), rng.normal(size=90)
    y = rng.normal(size=90) + rng.normal(size=30)[g] * (1 + x) + rng.normal(size=20)[h]
    fit = ranef.lmer("y ~ x + (x | g) + (1 | h)", {"y": y, "x": x, "g": g, "h": h})
    system, terms = equations.equations(fit), fit.model.design.terms
    codes = [term.factor.codes for term in terms]
    if pairs == "new":
        codes = [codes[0], codes[1][::-1].copy()]
        assert not set(zip(*codes, strict=True)) <= set(zip(g, h, strict=True))
    v = system.spherical([(own, term.basis) for own, term in zip(codes, terms, strict=True)])
    loaded, omega = v.toarray(), system.omega.toarray()
    expected = np.sum(loaded * np.linalg.solve(omega, loaded.T).T, axis=1)
    np.testing.assert_allclose(system.variances(system.X, v)[1], expected, rtol=1e-11)


def test_what_estimating_theta_adds():
    """A balanced one-way layout: the shrinkage depends on theta, whose error is known by differences."""
    fit = fitted("dye_reml")
    plain, more = fit.predict(se=True), fit.predict(theta_uncertainty=True, parts=True)
    design = reference_design(load_model("dye_reml"))

    def fitted_at(theta):
        return oracle.solve(design, theta).fitted

    slope = oracle.difference_gradient(fitted_at, fit.theta)[0]

    def joint_criterion(x):
        answer = oracle.solve(design, x[:1])
        nu = 29
        rest = answer.criterion - nu * (1 + np.log(2 * np.pi * answer.pwrss / nu))
        return rest + nu * np.log(2 * np.pi * x[1] ** 2) + answer.pwrss / x[1] ** 2

    hessian = oracle.difference_hessian(joint_criterion, [fit.theta[0], fit.sigma])
    variance = 2 * np.linalg.inv(hessian)[0, 0]
    np.testing.assert_allclose(more["var_theta"], slope**2 * variance, rtol=1e-4)
    np.testing.assert_allclose(more["se"] ** 2, plain["se"] ** 2 + more["var_theta"])
    population = fitted("dye_reml").predict(random=None, theta_uncertainty=True, parts=True)
    np.testing.assert_allclose(population["var_theta"], 0, atol=1e-12)  # the mean of a balanced design


def test_means_are_those_of_lme4():
    about = load_table("predict")["gap"]
    fit = ranef.lmer(about["formula"], load_data(about["data"]))
    new = pd.DataFrame(about["newdata"])
    table = fit.predict(new, allow_new_levels=True, interval="confidence")
    np.testing.assert_allclose(table["fit"], about["full"], rtol=1e-6)
    table = fit.predict(new, random=None, interval="confidence", allow_new_levels=True)
    np.testing.assert_allclose(table["fit"], about["population"], rtol=1e-6)


def test_singular_covariance():
    """A variance of zero adds nothing and breaks nothing."""
    fit = fitted("dye2_reml")
    table = fit.predict(interval="prediction", parts=True)
    assert (table["var_random"] == 0).all()
    np.testing.assert_allclose(table["se"], fit.bse.iloc[0])
    new = fit.predict({"Batch": ["Z"]}, allow_new_levels=True, interval="prediction")
    np.testing.assert_allclose(new[["lower", "upper"]], table[["lower", "upper"]].iloc[:1], rtol=1e-12)


def test_groups_may_be_absent_for_the_population():
    fit = fitted("ss_slope_reml")
    new = {"Days": [0.0, 9.0]}
    assert list(fit.predict(new, random=None, se=True).columns) == ["fit", "se"]
    wide = fit.predict(new, random=None, interval="prediction", level=0.9, ddf="normal")
    z = np.array([[1.0, 0.0], [1.0, 9.0]])
    total = (
        np.einsum("ij,jk,ik->i", z, fit.varcorr["Subject"].cov + fit.cov_params().to_numpy(), z)
        + fit.sigma**2
    )
    np.testing.assert_allclose(wide["upper"] - wide["fit"], 1.6448536269514722 * np.sqrt(total), rtol=1e-9)


def test_weights_of_new_rows():
    fit = fitted("ss_weights_reml")
    new = {"Days": [1.0, 1.0], "Subject": ["308", "308"], "w": [1.0, 4.0]}
    table = fit.predict(new, interval="prediction", weights="w", parts=True)
    assert table["var_residual"].iloc[0] == pytest.approx(4 * table["var_residual"].iloc[1])
    with pytest.raises(ranef.DataError, match="one value per row, 2"):
        fit.predict(new, interval="prediction", weights=[1.0])
    with pytest.raises(ranef.DataError, match="must be positive: row 1"):
        fit.predict(new, interval="prediction", weights=[1.0, 0.0])
    with pytest.raises(ranef.ArgumentError, match="needs newdata"):
        fit.predict(interval="prediction", weights="w")


def test_missing_predictors_are_nan():
    table = fitted("ss_slope_reml").predict({"Days": [np.nan, 1.0], "Subject": ["308", "308"]}, se=True)
    assert table.isna().to_numpy().tolist() == [[True, True], [False, False]]


def test_bad_arguments():
    fit = fitted("ss_slope_reml")
    with pytest.raises(ranef.ArgumentError, match="interval= must be one of 'confidence', 'prediction'"):
        fit.predict(interval="credible")
    with pytest.raises(ranef.ArgumentError, match="level must be"):
        fit.predict(interval="confidence", level=95)
    with pytest.raises(ranef.ArgumentError, match="no random effects"):
        fit.predict(random="Batch", se=True)


def test_intervals_have_the_degrees_of_freedom_of_means():
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", load_data("sleepstudy"))
    at = [0.0, 3.5]
    found = fit.predict({"Days": at}, random=None, interval="confidence")
    means = ranef.emmeans(fit, "Days", at={"Days": at}).to_frame()
    np.testing.assert_allclose(found[["lower", "upper"]], means[["lower", "upper"]], rtol=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e9])
def test_degrees_of_freedom_of_a_new_observation(unit):
    """A balanced one-way layout: the variance is a sum of two mean squares (Satterthwaite 1946)."""
    rng = np.random.default_rng(0)
    g, n = 8, 5
    group = np.repeat(np.arange(g), n)
    y = unit * (rng.normal(size=g)[group] * 1.5 + rng.normal(size=g * n))
    data = pd.DataFrame({"g": group.astype(str), "y": y})
    fit = ranef.lmer("y ~ 1 + (1 | g)", data)
    means = data.groupby("g")["y"].transform("mean")
    between = n * np.sum((means[::n] - y.mean()) ** 2) / (g - 1)
    within = np.sum((y - means) ** 2) / (g * (n - 1))
    parts = np.array([(1 / (g * n) + 1 / n) * between, (1 - 1 / n) * within])
    df = parts.sum() ** 2 / np.sum(parts**2 / [g - 1, g * (n - 1)])
    for ddf, expected in (("satterthwaite", df), ("residual", g * n - 1), ("normal", np.inf)):
        found = fit.predict({"g": ["new"]}, random=None, interval="prediction", ddf=ddf)
        width = stdtrit(expected, 0.975) * np.sqrt(parts.sum())
        np.testing.assert_allclose(found[["lower", "upper"]] - y.mean(), [[-width, width]], rtol=1e-6)
    with pytest.raises(ArgumentError, match="along random effects ddf= is one of 'satterthwaite', 'res"):
        fit.predict(interval="confidence", ddf="kenward-roger")


def test_a_cell_never_observed_has_neither_prediction_nor_error():
    rng = np.random.default_rng(1)
    cells = {"a": np.tile(list("uvw"), 20), "b": np.repeat(list("pq"), 30)}
    data = pd.DataFrame({**cells, "g": np.arange(60) % 8})
    data["y"] = rng.normal(size=60)
    data = data[(data.a != "u") | (data.b != "p")]
    new = {"a": ["u", "v"], "b": ["p", "p"], "g": [0, 0]}
    fit = ranef.lmer("y ~ a * b + (1 | g)", data)
    table = fit.predict(new, interval="prediction", parts=True)
    assert table.loc[0].isna().all()
    assert np.isfinite(table.loc[1]).all()


def test_the_level_of_no_interval_is_refused():
    """It was left unheard: level=0.9 alone gave means without an interval."""
    sleep = ranef.datasets.load("sleepstudy")
    fits = [
        ranef.lmer("Reaction ~ Days + (1 | Subject)", sleep),
        ranef.lmer("Reaction ~ Days + (1 | Subject)", sleep, residual="ar1(Days | Subject)"),
        ranef.glmer("Reaction ~ Days + (1 | Subject)", sleep, family="gamma"),
        ranef.gls("Reaction ~ Days", sleep, residual="ar1(Days | Subject)"),
    ]
    for fit in fits:
        with pytest.raises(ArgumentError, match=r"level= is that of an interval.*interval='confidence'"):
            fit.predict(sleep.head(2), level=0.9)
