"""Covariances over visits that no response can tell about, beside fixed effects of every subject."""

import numpy as np
import pandas as pd
import pytest
import ranef

SUBJECTS, VISITS = 20, 3


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(SUBJECTS), VISITS)
    visit = np.tile(np.arange(VISITS), SUBJECTS)
    y = rng.normal(size=SUBJECTS)[subject] + rng.normal(size=subject.size)
    return pd.DataFrame({"y": y, "id": [f"s{k:02d}" for k in subject], "visit": [f"V{k}" for k in visit]})


@pytest.mark.parametrize(("structure", "flat", "of"), [("cs", 1, 2), ("csh", 1, 4), ("us", 3, 6)])
def test_what_the_subjects_effects_take_is_named(data, structure, flat, of):
    """What is removed with the subjects' means, a 1' + 1 a' in Sigma: T parameters of us, one of cs."""
    fit = ranef.mmrm(f"y ~ visit + id + {structure}(visit | id)", data)
    words = " ".join(str(fit).split())
    assert f"{flat} of the {of} covariance parameters, or of their combinations, cannot be estimated" in words
    finding = next(iter(ranef.diagnose(fit)))
    assert (finding.topic, "tell the subjects apart" in finding.advice) == ("identification", True)


def test_what_is_identified_is_as_by_least_squares(data):
    """With an effect of every subject compound symmetry is a model of independent residuals."""
    fit = ranef.mmrm("y ~ visit + id + cs(visit | id)", data)
    X = pd.get_dummies(data[["visit", "id"]], drop_first=True).assign(one=1).to_numpy(float)
    beta, rss, *_ = np.linalg.lstsq(X, data["y"].to_numpy(), rcond=None)
    df = len(data) - X.shape[1]
    se = np.sqrt(rss[0] / df * np.diag(np.linalg.inv(X.T @ X))[:2])
    table = fit.coef_table().loc[["visit[T.V1]", "visit[T.V2]"]]
    np.testing.assert_allclose(table["estimate"], beta[:2], rtol=1e-9)
    np.testing.assert_allclose(table["se"], se, rtol=1e-6)
    np.testing.assert_allclose(table["df"], df, rtol=1e-6)


def test_unstructured_is_as_on_differences_to_the_first_visit(data):
    """What subjects' effects leave is the covariance of differences, in which all is identified."""
    fit = ranef.mmrm("y ~ visit + id + us(visit | id)", data)
    wide = data.pivot(index="id", columns="visit", values="y")
    apart = wide[["V1", "V2"]].sub(wide["V0"], axis=0).stack().rename("y").reset_index()
    other = ranef.mmrm("y ~ 0 + visit + us(visit | id)", apart)
    for ddf in ("satterthwaite", "kenward-roger", "kenward-roger-linear", "normal"):
        own = fit.coef_table(ddf).loc[["visit[T.V1]", "visit[T.V2]"]]
        np.testing.assert_allclose(own, other.coef_table(ddf), rtol=1e-6)
    joint, theirs = fit.anova().loc["visit"], other.test(np.eye(2))
    np.testing.assert_allclose([joint["F"], joint["den_df"]], [theirs.F, theirs.den_df], rtol=1e-6)


@pytest.mark.parametrize("structure", ["cs", "csh", "us"])
def test_what_depends_on_it_has_no_estimate_and_what_does_not_has_one(data, structure):
    fit = ranef.mmrm(f"y ~ visit + id + {structure}(visit | id)", data)
    known = fit.coef_table()["se"].notna()
    assert known[known].index.to_list() == ["visit[T.V1]", "visit[T.V2]"]
    assert fit.bse.notna().equals(known) and fit.anova()["p"].notna().to_list() == [True, False]
    means = ranef.emmeans(fit, "visit")
    assert means.to_frame()["se"].isna().all() and means.pairs().to_frame()["se"].notna().all()
    table, ends = fit.residual.parameters, fit.residual_intervals()
    assert table[["estimate", "se"]].isna().all(axis=None) and fit.residual.cov().isna().all(axis=None)
    assert not np.isfinite(ends.drop(index="correlation", errors="ignore")["upper"]).any()
    rows = fit.predict(data.iloc[:2], interval="prediction")
    assert rows["fit"].notna().all() and rows["se"].isna().all() and np.isnan(fit.sigma)


def test_a_correlation_of_visits_of_different_subjects_has_no_estimate(data):
    """One visit a subject: the standard deviation is that of independent residuals."""
    one = data[data["visit"].str[1].astype(int) == data["id"].str[1:].astype(int) % 3]
    fit = ranef.mmrm("y ~ visit + cs(visit | id)", one)
    other = ranef.gls("y ~ visit", one)
    table = fit.residual.parameters.set_index("parameter")
    assert table.loc["sd", "estimate"] == pytest.approx(other.sigma, rel=1e-6)
    assert table.loc["correlation"].isna().all() and np.isfinite(table.loc["sd", "se"])
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-6)
    ends = fit.residual_intervals()
    assert ends.loc["correlation", ["lower", "upper"]].to_list() == [-0.5, 1]  # of three visits, -1 / (3 - 1)
    assert np.isfinite(ends.loc["sd"]).all()


def test_a_trial_has_nothing_to_say():
    fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    assert fit.message == "converged: a minimum of the REML criterion"
