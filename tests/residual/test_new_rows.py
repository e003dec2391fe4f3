"""Predictions of new rows given the same subject's others, and draws for new rows: beside dense algebra."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, NewLevelError
from scipy.stats import norm
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
    with pytest.raises(ArgumentError, match="goes with se="):
        beside = ranef.lmer("distance ~ age + (1 | Subject)", GROWTH, residual="ar1(age | Subject)")
        beside.predict(GROWTH, random=None, conditional=True)
    by_sex = ranef.gls("distance ~ age", GROWTH, dispersion="~ Sex")
    with pytest.raises(NewLevelError, match="Sex"):
        by_sex.predict({"age": [8.0], "Sex": ["other"]}, interval="prediction")


WEIGHED = GROWTH.assign(w=1 + GROWTH.index % 3)[GROWTH.index % 7 != 3].reset_index(drop=True)
NEW = {"age": [7.0, 9.0, 9.5, 20.0, 9.0], "Subject": ["M03"] * 4 + ["who"], "Sex": ["Male"] * 5}


def _dense(fit, tau=0.0):
    """Prediction and its variance from the covariance matrix of all rows and the new ones."""
    both = {name: np.append(WEIGHED[name], NEW[name]) for name in NEW}
    ratio = fit.residual.sd["Female"] / fit.residual.sd["Male"]
    sd = np.where(both["Sex"] == "Female", ratio, 1.0) / np.sqrt(np.append(WEIGHED.w, np.ones(5)))
    rho = fit.residual.parameters.estimate.iloc[-1]
    same = both["Subject"][:, None] == both["Subject"]
    apart = np.abs(np.subtract.outer(both["age"].astype(float), both["age"].astype(float)))
    whole = fit.sigma**2 * same * (tau**2 + np.outer(sd, sd) * rho**apart)
    n = len(WEIGHED)
    X = np.asarray(fit.model.design.X)
    X_new = np.asarray(fit.model.design.spec.rows(NEW, random=False).X)
    V, cross = whole[:n, :n], whole[n:, :n]
    inner = np.linalg.inv(X.T @ np.linalg.solve(V, X))
    K = np.linalg.solve(V, cross.T).T
    rest = X_new - K @ X
    mean = X_new @ fit.params + K @ (WEIGHED.distance.to_numpy() - X @ fit.params)
    of_mean = np.einsum("ij,jk,ik->i", rest, inner, rest)
    return mean, of_mean, np.diag(whole)[n:] - np.sum(K * cross, axis=1)


def test_strata_and_weights_beside_a_chain():
    options = {"residual": "car1(age | Subject)", "dispersion": "~ Sex", "weights": "w"}
    fit = ranef.gls("distance ~ age + Sex", WEIGHED, **options)
    mean, of_mean, left = _dense(fit)
    table = fit.predict(NEW, conditional=True, interval="prediction")
    np.testing.assert_allclose(table["fit"], mean, rtol=1e-8)
    np.testing.assert_allclose(table.se, np.sqrt(of_mean), rtol=1e-6)
    half = student.ppf(0.975, fit.nobs - 3) * np.sqrt(of_mean + left)
    np.testing.assert_allclose(table.upper - table["fit"], half, rtol=1e-6)
    assert table["fit"][4] == pytest.approx(fit.predict(NEW)[4])  # nobody knows who
    women = {**NEW, "Sex": ["Female"] * 5}
    of_men, of_women = (fit.predict(rows, interval="prediction") for rows in (NEW, women))
    t = student.ppf(0.975, fit.nobs - 3)
    residual = [(one.upper - one["fit"]) ** 2 - (t * one.se) ** 2 for one in (of_men, of_women)]
    ratio = fit.residual.sd["Female"] / fit.residual.sd["Male"]
    np.testing.assert_allclose(residual[1] / residual[0], ratio**2, rtol=1e-6)


def test_strata_and_weights_beside_a_chain_and_random_effects():
    options = {"residual": "car1(age | Subject)", "dispersion": "~ Sex", "weights": "w"}
    fit = ranef.lmer("distance ~ age + Sex + (1 | Subject)", WEIGHED, **options)
    mean, of_mean, left = _dense(fit, fit.theta[0])
    new = {name: values[:4] for name, values in NEW.items()}
    table = fit.predict(new, conditional=True, interval="prediction", ddf="normal")
    np.testing.assert_allclose(table["fit"], mean[:4], rtol=1e-7)
    half = 1.959963984540054 * np.sqrt(of_mean + left)[:4]
    np.testing.assert_allclose(table.upper - table["fit"], half, rtol=1e-6)
    assert table.upper[1] - table["fit"][1] < 1.1 * half[1]


def test_a_new_response_has_the_variance_of_its_stratum():
    """It was that of the reference stratum for all new rows."""
    machines = ranef.datasets.load("Machines")
    fit = ranef.lmer("score ~ Machine + (1 | Worker)", machines, dispersion="~ Machine")
    table = fit.predict(machines, interval="prediction", parts=True)
    expected = fit.residual.sd.to_numpy()[pd.Categorical(machines.Machine).codes] ** 2
    np.testing.assert_allclose(table.var_residual, expected, rtol=1e-8)
    own = fit.predict(interval="prediction")
    np.testing.assert_allclose(own, fit.predict(machines, interval="prediction"))
    doubled = fit.predict(machines, interval="prediction", parts=True, weights=np.full(len(machines), 2.0))
    np.testing.assert_allclose(doubled.var_residual, expected / 2, rtol=1e-8)


@pytest.mark.parametrize("random", [False, True])
def test_draws_for_new_rows(random):
    formula = "distance ~ age" + (" + (1 | Subject)" if random else "")
    function = ranef.lmer if random else ranef.gls
    fit = function(formula, GROWTH, residual="car1(age | Subject)", dispersion="~ Sex")
    new = {"age": [12.0, 8.0, 9.0, 8.0], "Subject": ["n", "n", "n", "o"], "Sex": ["Male"] * 3 + ["Female"]}
    drawn = fit.simulate(20_000, seed=1, newdata=new)
    rho, tau = fit.residual.parameters.estimate.iloc[-1], fit.theta[0] * fit.sigma if random else 0.0
    apart = np.abs(np.subtract.outer(new["age"], new["age"]))
    same = np.array(new["Subject"])[:, None] == new["Subject"]
    sd = fit.residual.sd[new["Sex"]].to_numpy()
    expected = same * (tau**2 + np.outer(sd, sd) * rho**apart)
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=0.05 * expected.max())
    mean = fit.predict(new, random=None) if random else fit.predict(new)
    assert np.abs((drawn.mean(axis=0) - mean) / np.sqrt(np.diag(expected) / 20_000)).max() < 4
    with pytest.raises(DataError, match="two rows of one subject at one time"):
        fit.simulate(1, newdata={**new, "age": [8.0] * 4})


def colliding(n_times):
    """Rows of thirty subjects of two columns; the first two have the same joined label."""
    site = np.repeat(["a:b", "a", *[f"s{k}" for k in range(28)]], n_times)
    person = np.repeat(["c", "b:c", *["p"] * 28], n_times)
    rng, time = np.random.default_rng(4), np.tile(np.arange(n_times), 30)
    level = np.repeat([9.0, -9.0, *rng.normal(size=28)], n_times)
    return pd.DataFrame({"site": site, "person": person, "t": time, "y": level + rng.normal(size=len(time))})


def test_subjects_of_two_columns_with_the_same_joined_label():
    data = colliding(5)
    seen = data[data.t < 4]
    last = data[data.t == 4].iloc[:2]
    renamed = data.assign(person=np.repeat(["u", "v", *["p"] * 28], 5))  # no labels that collide
    one = ranef.gls("y ~ 1", seen, residual="ar1(t | site:person)")
    other = ranef.gls("y ~ 1", renamed[data.t < 4], residual="ar1(t | site:person)")
    found = one.predict(last, conditional=True)
    rho, mean = one.residual.estimates.iloc[0], one.params["Intercept"]
    before = seen.y[seen.t == 3].iloc[:2].to_numpy()
    np.testing.assert_allclose(found, mean + rho * (before - mean), rtol=1e-9)
    expected = other.predict(renamed.loc[last.index], conditional=True)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert ranef.gls("y ~ 1", seen, residual="ar1(t | site:person)").predict(
        {"site": ["a:b"], "person": ["p"], "t": [4]}, conditional=True
    ) == pytest.approx(mean, rel=1e-9)  # a pair that the fit has not seen


    predicted = []
    for rows in (data, renamed):
        fit = ranef.mmrm("y ~ 1 + ar1(t | site:person)", rows.drop(index=[3, 8]))
        predicted.append(fit.predict(rows.loc[[3, 8]], conditional=True))
    found, expected = predicted
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert found.iloc[0] > 0 > found.iloc[1]


def test_arms_of_two_columns_with_the_same_joined_label():
    data = colliding(4).assign(id=np.repeat(np.arange(30), 4))
    data["site"], data["person"] = (np.where(data.id % 2, *pair) for pair in (("a:b", "a"), ("c", "b:c")))
    data["y"] *= np.where(data.id % 2, 1.0, 5.0)
    fit = ranef.mmrm("y ~ 1 + ar1(t | site:person / id)", data)
    renamed = data.assign(arm=np.where(data.id % 2, "y", "x"))
    apart = ranef.mmrm("y ~ 1 + ar1(t | arm / id)", renamed)
    upper = fit.predict(data, interval="prediction")["upper"]
    sd = [fit.residual.cov(arm).to_numpy()[0, 0] for arm in ("a:`b:c`", "`a:b`:c")]
    assert sd == pytest.approx([apart.residual.cov(arm).to_numpy()[0, 0] for arm in "xy"], rel=1e-6)
    np.testing.assert_allclose(upper, apart.predict(renamed, interval="prediction")["upper"], rtol=1e-6)
    summed = ranef.fit(ranef.sums("y ~ 1 + ar1(t | site:person / id)", data))
    np.testing.assert_allclose(summed.predict(data, interval="prediction")["upper"], upper, rtol=1e-6)


def test_a_missing_subject_of_new_rows_is_named(trial):
    fit = ranef.gls("distance ~ age", GROWTH, residual="car1(age | Subject)")
    in_order = ranef.gls("distance ~ age", GROWTH, residual="ar1(1 | Subject)")
    new = {"age": [8.0, 8.0, 9.0], "Subject": ["M01", None, None]}
    for one in (fit, in_order):
        with pytest.raises(DataError, match="'Subject' of the new data is missing in row 1"):
            one.simulate(1, newdata=new)
    rows = TRIAL.iloc[:4].assign(id=[TRIAL.id[0], None, None, TRIAL.id[0]])
    with pytest.raises(DataError, match="'id' of the new data is missing in row 1"):
        trial.simulate(1, newdata=rows)


@pytest.mark.parametrize("name", ["a:b", "my-id", "the id (new)"])
def test_a_quoted_name_of_subjects_is_one_name(name):
    plain = ranef.gls("distance ~ age", GROWTH, residual="car1(age | Sex:Subject)")
    quoted = ranef.gls(
        "distance ~ age", GROWTH.rename(columns={"Subject": name}), residual=f"car1(age | Sex:`{name}`)"
    )
    assert quoted.objective == plain.objective
    new = GROWTH.iloc[:6].rename(columns={"Subject": name})
    np.testing.assert_array_equal(
        quoted.predict(new, conditional=True), plain.predict(GROWTH.iloc[:6], conditional=True)
    )


def test_rows_and_parameters_in_tables():
    fit = ranef.gls("distance ~ age", GROWTH, dispersion="~ Sex")
    rows = fit.augment(GROWTH)
    sd = fit.residual.sd[GROWTH.Sex].to_numpy()
    np.testing.assert_allclose(rows[".weights"], (fit.sigma / sd) ** 2)
    np.testing.assert_allclose(rows[".wtres"] / fit.sigma, rows[".normalized"])
    own = fit.tidy().set_index("term").estimate
    assert own["sigma"] == fit.sigma
    assert "sigma" not in set(ranef.mmrm("fev1 ~ arm + ar1(visit | id)", TRIAL).tidy().term)


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
    table = fit.predict(new, conditional=True, interval="prediction", ddf="normal")
    np.testing.assert_allclose(table["fit"], expected, rtol=1e-9)
    np.testing.assert_allclose(table.se, np.sqrt(error), rtol=1e-6)
    taken = np.einsum("is,is->i", K, sigma[np.ix_(places, seen)] * scale)
    left = np.maximum(np.diag(sigma)[places] - taken, 0)
    half = norm.ppf(0.975) * np.sqrt(error + left)
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


@pytest.fixture(scope="module")
def beside():
    """A random intercept, residuals that correlate, differ between strata and have weights: all at work."""
    options = {"residual": "ar1(Days | Subject)", "dispersion": "~ late", "weights": "w"}
    rows = SLEEP.assign(w=1 + SLEEP.index % 3, late=np.where(SLEEP.Days > 4, "yes", "no"))
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", rows, **options)
    sd = np.where(rows.late == "yes", fit.residual.sd["yes"] / fit.residual.sd["no"], 1.0) / np.sqrt(rows.w)
    rho = fit.residual.parameters.estimate.iloc[-1]
    same = rows.Subject.to_numpy()[:, None] == rows.Subject.to_numpy()
    R = same * np.outer(sd, sd) * rho ** np.abs(np.subtract.outer(rows.Days.to_numpy(), rows.Days.to_numpy()))
    assert abs(rho) > 0.2 and fit.theta[0] > 0.1
    return fit, rows, R, same


def test_errors_of_predictions_beside_a_chain(beside):
    """Henderson's equations with the whole covariance of the residuals; it was taken as diagonal."""
    fit, rows, R, _ = beside
    X = np.asarray(fit.model.design.X)
    Z = pd.get_dummies(rows.Subject).to_numpy(dtype=float)
    both = np.column_stack([X, Z])
    inner = both.T @ np.linalg.solve(R, both)
    inner[2:, 2:] += np.eye(Z.shape[1]) / fit.theta[0] ** 2
    C = fit.sigma**2 * np.linalg.inv(inner)
    table = fit.predict(rows, se=True)
    np.testing.assert_allclose(table.se, np.sqrt(np.einsum("ij,jk,ik->i", both, C, both)), rtol=1e-8)
    np.testing.assert_allclose(fit.predict(se=True), table, rtol=1e-12)


def test_robust_covariance_beside_a_chain(beside):
    """CR0 by matrices: scores of subjects with the whole covariance of the residuals."""
    fit, rows, R, same = beside
    X = np.asarray(fit.model.design.X)
    V = fit.sigma**2 * (R + same * fit.theta[0] ** 2)
    solved = np.linalg.solve(V, X)
    rest = rows.Reaction.to_numpy() - X @ fit.params
    scores = pd.DataFrame(solved * rest[:, None]).groupby(rows.Subject.to_numpy()).sum().to_numpy()
    bread = np.linalg.inv(X.T @ solved)
    expected = bread @ scores.T @ scores @ bread
    np.testing.assert_allclose(fit.robust(type="CR0").cov, expected, rtol=1e-6)
    with pytest.raises(ArgumentError, match="lie in several clusters"):
        fit.robust(group=np.arange(len(rows)) % 2)
