"""Influence on generalised fits, beside lme4's and beside fits of the rows that stay."""

import numpy as np
import pandas as pd
import pytest
import ranef

FORMULA = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
# lme4 1.1-31, influence(glmer(...), "herd"), see influence_cbpp.R
COOKS = [
    *(0.250049918, 0.005329087, 0.101157446, 0.042735597, 0.134215756, 0.040962658, 0.102720071, 0.023223457),
    *(0.012843270, 0.119084502, 0.317139375, 0.006776024, 0.065030297, 0.089387916, 0.031988846),
]
PARAMS = {"1": [-1.374790755, -1.1620747116, -1.4737077953, -1.582742462]}
PARAMS["11"] = [-1.270748385, -1.3638663539, -1.3990894778, -1.709729585]
DFBETAS = {"11": [0.5323875904, -1.081798857, -0.763811111, -0.2857685227]}


@pytest.fixture(scope="module")
def fit():
    return ranef.glmer(FORMULA, ranef.datasets.load("cbpp"))


@pytest.fixture(scope="module")
def found(fit):
    return fit.influence("herd")


def test_groups_are_those_of_lme4(found):
    assert found.converged.all()
    order = found.cooks.index.astype(int).argsort()
    np.testing.assert_allclose(found.cooks.iloc[order], COOKS, rtol=1e-2, atol=4e-4)  # lme4 stops early
    for herd, expected in PARAMS.items():
        np.testing.assert_allclose(found.params.loc[herd], expected, atol=1e-3)
    for herd, expected in DFBETAS.items():
        np.testing.assert_allclose(found.dfbetas.loc[herd], expected, rtol=2e-2)


@pytest.mark.parametrize("family", ["poisson", "nbinom1", "gaussian", "gamma"])
def test_groups_are_fits_of_the_other_rows(family):
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(list("abcdefgh"), 15), "x": np.tile([0.0, 1.0, 2.0], 40)})
    mean = np.exp(0.8 + 0.2 * data["x"] + np.repeat(0.5 * rng.normal(size=8), 15))
    data["y"] = rng.poisson(mean * rng.gamma(3, 1 / 3, 120)) + (0.5 if family == "gamma" else 0.0)
    link = "log" if family == "gaussian" else None
    fit = ranef.glmer("y ~ x + (1 | g)", data, family, link)
    without = fit.influence("g")
    other = ranef.glmer("y ~ x + (1 | g)", data[data["g"] != "c"], family, link)
    np.testing.assert_allclose(without.params.loc["c"], other.params, atol=1e-4 * other.bse.min())
    np.testing.assert_allclose(without.components.loc["c"].iloc[0], other.sigma, rtol=1e-4)
    np.testing.assert_allclose(without.components.loc["c"].iloc[1], other.theta[0], rtol=1e-4)


def test_rows(fit):
    rows = fit.influence()
    h = fit.leverage()
    assert list(rows) == ["leverage", "residual", "standardised", "quantile", "cooks"]
    design = fit.model.design
    Z = np.eye(15)[design.terms[0].factor.codes]
    both, mean = np.hstack([design.X, Z]), np.asarray(fit.fittedvalues)
    w = fit.response.trials * mean * (1 - mean)
    inner = (both.T * w) @ both + np.diag([0.0] * 4 + [fit.theta[0] ** -2] * 15)
    np.testing.assert_allclose(
        h, w * np.einsum("ij,ij->i", both, np.linalg.solve(inner, both.T).T), rtol=1e-8
    )
    np.testing.assert_allclose(rows["standardised"], fit.residuals() / np.sqrt(1 - h))
    np.testing.assert_allclose(rows["cooks"], rows["standardised"] ** 2 * h / (1 - h) / 4)


def test_a_coefficient_that_rests_on_one_group_is_lost(fit):
    data = ranef.datasets.load("cbpp").copy()
    data["odd"] = (data["herd"].astype(str) == "11").astype(float)
    lost = ranef.glmer(FORMULA.replace("period", "period + odd"), data).influence("herd")
    assert not lost.converged["11"]
    assert lost.converged.drop("11").all()
