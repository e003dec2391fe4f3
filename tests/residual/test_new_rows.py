"""Predictions of new rows given the same subject's others, and draws for new rows: beside dense algebra."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, NewLevelError
from scipy.stats import t as student

GROWTH = ranef.datasets.load("Orthodont")
SLEEP = ranef.datasets.load("sleepstudy")
TRIAL = ranef.datasets.load("asthma")


TIMES = {"car1": [7.0, 8.0, 9.5, 11.0, 14.5, 20.0], "ar1": [7.0, 8.0, 9.0, 11.0, 14.0, 20.0]}


@pytest.mark.parametrize(("kind", "times"), TIMES.items())
def test_a_chain_between_its_rows(kind, times):
    data = GROWTH[GROWTH.index % 7 != 3]
    fit = ranef.gls("distance ~ age + Sex", data, residual=f"{kind}(age | Subject)")
    new = {"age": times, "Subject": ["M03"] * 6, "Sex": ["Male"] * 6}
    own = (data.Subject == "M03").to_numpy()
    rho = fit.residual.parameters.estimate[0]
    seen = data.age.to_numpy()[own]
    R = rho ** np.abs(seen[:, None] - seen)
    cross = rho ** np.abs(np.array(times)[:, None] - seen)
    expected = fit.predict(new) + cross @ np.linalg.solve(R, np.asarray(fit.resid)[own])
    np.testing.assert_allclose(fit.predict(new, conditional=True), expected, rtol=1e-9)
    stranger = {**new, "Subject": ["who"] * 6}
    np.testing.assert_array_equal(fit.predict(stranger, conditional=True), fit.predict(stranger))
    at_rows = fit.predict(data, conditional=True)
    np.testing.assert_allclose(at_rows, data.distance, rtol=1e-9)


def test_rows_with_missing_values_have_no_prediction():
    fit = ranef.gls("distance ~ age", GROWTH, residual="ar1(1 | Subject)")
    table = fit.predict({"age": [8.0, np.nan, 14.0]}, interval="confidence")
    np.testing.assert_array_equal(table.loc[[0, 2]], fit.predict({"age": [8.0, 14.0]}, interval="confidence"))
    assert table.loc[1].isna().all()


def test_a_chain_beside_random_effects():
    """cov(new, y) V^-1 (y - X beta), random effects and residuals together."""
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", SLEEP, residual="car1(Days | Subject)")
    rho, tau = fit.residual.parameters.estimate[0], fit.theta[0]
    own = (SLEEP.Subject == "309").to_numpy()
    days = SLEEP.Days.to_numpy()[own].astype(float)
    V = tau**2 + rho ** np.abs(days[:, None] - days)
    marginal = SLEEP.Reaction.to_numpy()[own] - np.asarray(fit.predict(SLEEP, random=None))[own]
    new = {"Subject": ["309", "309"], "Days": [4.25, 12.0]}
    cross = tau**2 + rho ** np.abs(np.array(new["Days"])[:, None] - days)
    expected = fit.predict(new, random=None) + cross @ np.linalg.solve(V, marginal)
    np.testing.assert_allclose(fit.predict(new, conditional=True), expected, rtol=1e-7)


def test_what_has_no_condition():
    fit = ranef.gls("distance ~ age", GROWTH, residual="ar1(1 | Subject)")
    with pytest.raises(ArgumentError, match="needs residuals correlated in time"):
        fit.predict(GROWTH, conditional=True)
    both = ranef.gls("distance ~ age", GROWTH, residual="ar1(age | Subject)", dispersion="~ Sex")
    with pytest.raises(ArgumentError, match="not available with dispersion="):
        both.predict(GROWTH, conditional=True)


def test_intervals_of_means():
    fit = ranef.gls("distance ~ age", GROWTH, residual="car1(age | Subject)")
    table = fit.predict({"age": [8, 14]}, interval="confidence")
    means = ranef.emmeans(fit, "age", at={"age": [8, 14]}, ddf="residual").to_frame()
    columns = ["se", "lower", "upper"]
    np.testing.assert_allclose(table[["fit", *columns]], means[["emmean", *columns]])


@pytest.fixture(scope="module")
def trial():
    return ranef.mmrm("fev1 ~ baseline + arm * visit + ar1h(visit | arm / id)", TRIAL, weights="baseline")


def test_a_subject_at_other_visits(trial):
    """The mean, its error and the prediction's, by matrices of one subject."""
    first = np.flatnonzero(TRIAL.id == TRIAL.id[0])
    other = TRIAL.drop(index=TRIAL.index[first[2:]])
    fit = ranef.mmrm(trial.formula, other, weights="baseline", ddf="satterthwaite")
    new = TRIAL[TRIAL.id == TRIAL.id[0]]
    arm = list(fit.model.visits.arms).index(str(new.arm.iloc[0]))
    sigma, places = fit.point.sigma[arm], new.visit.cat.codes.to_numpy()
    seen = other.visit[other.id == TRIAL.id[0]].cat.codes.to_numpy()
    scale = 1 / np.sqrt(other.baseline[other.id == TRIAL.id[0]].to_numpy())
    V = sigma[np.ix_(seen, seen)] * np.outer(scale, scale)
    K = (sigma[np.ix_(places, seen)] * scale) @ np.linalg.inv(V)
    own = (other.id == TRIAL.id[0]).to_numpy()
    X_seen = np.asarray(fit.model.design.X)[own[fit.model.design.rows]]
    X = np.asarray(fit.model.design.spec.rows(new, random=False).X)
    expected = X @ fit.params + K @ (other.fev1.to_numpy()[own] - X_seen @ fit.params)
    rest = X - K @ X_seen
    error = np.einsum("ij,jk,ik->i", rest, fit.cov_params("satterthwaite").to_numpy(), rest)
    table = fit.predict(new, conditional=True, interval="prediction")
    np.testing.assert_allclose(table["fit"], expected, rtol=1e-9)
    np.testing.assert_allclose(table.se, np.sqrt(error), rtol=1e-6)
    taken = np.einsum("is,is->i", K, sigma[np.ix_(places, seen)] * scale)
    left = np.maximum(np.diag(sigma)[places] - taken, 0)
    df = [fit.test(row[None], "satterthwaite").den_df for row in rest]
    half = student.ppf(0.975, df) * np.sqrt(error + left)
    np.testing.assert_allclose(table.upper - table["fit"], half, rtol=1e-5)
    plain = fit.predict(new, interval="confidence")
    np.testing.assert_allclose(plain["fit"], fit.predict(new))


def test_draws_for_a_trial_that_is_planned(trial):
    new = {
        "id": np.repeat(["n1", "n2"], 3),
        "arm": np.repeat(["placebo", "active"], 3),
        "visit": ["V2", "V4", "V1"] * 2,
        "baseline": [50.0] * 6,
    }
    drawn = trial.simulate(20_000, seed=1, newdata=new)
    size = np.cov(drawn.T)
    away = (drawn.mean(axis=0) - trial.predict(new)) / np.sqrt(np.diag(size) / len(drawn))
    assert np.abs(away).max() < 4
    order = [1, 3, 0]
    for place, arm in ((slice(0, 3), "placebo"), (slice(3, 6), "active")):
        expected = trial.residual.cov(arm).to_numpy()[np.ix_(order, order)]
        np.testing.assert_allclose(size[place, place], expected, atol=0.05 * expected.max())
    assert np.abs(size[:3, 3:]).max() < 0.05 * size.max()
    assert np.array_equal(drawn[:2], trial.simulate(20_000, seed=1, newdata=new)[:2])
    with pytest.raises(DataError, match="two rows of one subject at one visit"):
        trial.simulate(1, newdata={**new, "visit": ["V2", "V2", "V1"] * 2})
    with pytest.raises(NewLevelError, match="'visit' has levels that were not in the fit"):
        trial.simulate(1, newdata={**new, "visit": ["V2", "V9", "V1"] * 2})
