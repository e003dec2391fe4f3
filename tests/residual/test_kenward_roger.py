"""Kenward and Roger's test with strata and correlations in time, beside dense algebra and Welch's test."""

import numpy as np
import pytest
import ranef
from inference.kenward_roger_oracle import test as oracle_test
from ranef.errors import ArgumentError
from residual.natural_oracle import Oracle
from scipy.stats import ttest_ind


@pytest.fixture(scope="module")
def growth():
    """Unbalanced: some of the girls' rows are missing, and some boys'."""
    data = ranef.datasets.load("Orthodont")
    drop = (np.arange(len(data)) * 7 % 11 < 2) & (data.Sex == "Female") | (np.arange(len(data)) % 13 == 4)
    data = data[~drop].assign(visit=lambda d: (d.age - 8) // 2, age=lambda d: d.age - 11)
    return data.assign(w=1 + data.visit / 3, late=np.where(data.visit > 1, "late", "early"))


@pytest.fixture(scope="module")
def sleep():
    data = ranef.datasets.load("sleep_gappy")
    return data.assign(late=np.where(data.days > 4, "yes", "no"), odd=data.days % 2)


AR1 = "ar1(visit | Subject)"
CASES = {
    "gls": (ranef.gls, "distance ~ age * Sex", {"residual": AR1}),
    "weights": (ranef.gls, "distance ~ age * Sex", {"residual": AR1, "weights": "w"}),
    "strata": (ranef.gls, "distance ~ age + I(age**2) + Sex", {"dispersion": "~ Sex"}),
    "strata in time": (
        *(ranef.gls, "distance ~ age * Sex"),
        {"residual": "car1(age | Subject)", "dispersion": "~ Sex"},
    ),
    "within": (ranef.gls, "distance ~ age + Sex", {"residual": AR1, "dispersion": "~ late"}),
    "log-linear": (ranef.gls, "distance ~ age * Sex", {"residual": AR1, "dispersion": "~ age"}),
    "spread": (ranef.lmer, "distance ~ age * Sex + (1 | Subject)", {"dispersion": "~ age"}),
    "intercepts": (ranef.lmer, "distance ~ age * Sex + (1 | Subject)", {"dispersion": "~ Sex"}),
    "intercepts in time": (ranef.lmer, "distance ~ age * Sex + (1 | Subject)", {"residual": AR1}),
    "slopes": (ranef.lmer, "reaction ~ days + late + odd + (days | subject)", {"dispersion": "~ late"}),
}


@pytest.mark.parametrize("case", CASES)
def test_dense_algebra_agrees(growth, sleep, case):
    verb, formula, options = CASES[case]
    fit = verb(formula, sleep if case == "slopes" else growth, **options)
    assert fit.converged
    oracle = Oracle(fit)
    table = fit.coef_table("kenward-roger")
    assert np.abs(np.diag(oracle.phi_a) / np.diag(oracle.phi) - 1).max() > 1e-3
    np.testing.assert_allclose(table.se**2, np.diag(oracle.phi_a), rtol=1e-6)
    L = np.eye(len(oracle.phi))[-2:]
    found, (f, df, _) = fit.test(L, "kenward-roger"), oracle_test(oracle, fit.params.to_numpy(), L)
    assert (found.den_df, found.F) == pytest.approx((df, f), rel=1e-5)


def test_two_strata_alone_are_welchs_test():
    data = ranef.datasets.load("Orthodont")
    fit = ranef.gls("distance ~ Sex", data, dispersion="~ Sex")
    groups = [data.distance[data.Sex == sex] for sex in ("Female", "Male")]
    welch = ttest_ind(*groups, equal_var=False)
    row = fit.coef_table("kenward-roger").iloc[1]
    assert (row.df, row.t, row.p) == pytest.approx((welch.df, welch.statistic, welch.pvalue), rel=1e-5)


def test_maximum_likelihood_is_refused(growth):
    fit = ranef.lmer("distance ~ age + (1 | Subject)", growth, dispersion="~ Sex", reml=False)
    with pytest.raises(ArgumentError, match="reml=True"):
        fit.coef_table("kenward-roger")
