"""Kenward and Roger's test with correlations in time, beside dense algebra and SAS."""

import numpy as np
import pytest
import ranef
from ranef.inference.kenward_roger import f_approximation
from residual.natural_oracle import Oracle


@pytest.fixture(scope="module")
def growth():
    data = ranef.datasets.load("Orthodont")
    drop = (np.arange(len(data)) * 7 % 11 < 2) & (data.Sex == "Female") | (np.arange(len(data)) % 13 == 4)
    data = data[~drop].assign(visit=lambda d: (d.age - 8) // 2, age=lambda d: d.age - 11)
    return data.assign(w=1 + data.visit / 3)


AR1 = "ar1(visit | Subject)"
CASES = {
    "gls": (ranef.gls, "distance ~ age * Sex", {"residual": AR1}),
    "weights": (ranef.gls, "distance ~ age * Sex", {"residual": AR1, "weights": "w"}),
    "strata": (ranef.gls, "distance ~ age * Sex", {"residual": "car1(age | Subject)", "dispersion": "~ Sex"}),
    "within": (ranef.gls, "distance ~ age + Sex", {"residual": AR1, "dispersion": "~ late"}),
    "log-linear": (ranef.gls, "distance ~ age * Sex", {"residual": AR1, "dispersion": "~ age"}),
    "spread": (ranef.lmer, "distance ~ age * Sex + (1 | Subject)", {"dispersion": "~ age"}),
    "intercepts": (ranef.lmer, "distance ~ age * Sex + (1 | Subject)", {"residual": AR1}),
}


@pytest.mark.parametrize("case", CASES)
def test_dense_algebra_agrees(growth, case):
    verb, formula, options = CASES[case]
    fit = verb(formula, growth.assign(late=np.where(growth.visit > 1, "late", "early")), **options)
    assert fit.converged
    oracle = Oracle(fit)
    table = fit.coef_table("kenward-roger")
    assert np.abs(np.diag(oracle.adjusted) / np.diag(oracle.phi) - 1).max() > 1e-3
    np.testing.assert_allclose(table.se**2, np.diag(oracle.adjusted), rtol=1e-6)
    L = np.eye(len(oracle.phi))[-2:]
    parts = [np.linalg.inv(L @ oracle.phi @ L.T) @ L @ one @ L.T for one in oracle.slopes]
    traces = np.array([np.trace(one) for one in parts])
    a2 = np.sum(oracle.W * [[np.trace(one @ other) for other in parts] for one in parts])
    df, scale = f_approximation(traces @ oracle.W @ traces, a2, 2)
    found, beta = fit.test(L, "kenward-roger"), fit.params.to_numpy()[-2:]
    wald = beta @ np.linalg.solve(oracle.adjusted[-2:, -2:], beta) / 2
    assert (found.den_df, found.F) == pytest.approx((df, scale * wald), rel=1e-5)
