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


def test_a_trial_has_nothing_to_say():
    fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    assert fit.message == "converged: a minimum of the REML criterion"
