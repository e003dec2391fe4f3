"""The criterion of rows read in batches: that of lme4, and of the same rows in memory."""

import numpy as np
import pytest
import ranef
from hypothesis import given
from hypothesis import strategies as st
from nist import NAMES, one_way
from numpy.testing import assert_allclose
from reference_battery import all_models, load_data
from stream.batching import by, cut, frame_and_arguments, random_edges

MODELS = [model for model in all_models(big=False) if "poly(" not in model.formula]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_reference_models(model, model_of):
    frame, arguments = frame_and_arguments(model)
    streamed = ranef.Model(model.formula, cut(frame, random_edges(frame, seed=len(str(model)))), **arguments)
    whole = model_of(str(model))
    assert streamed.design.column_names == whole.design.column_names
    assert streamed.cross.columns.tolist() == whole.cross.columns.tolist()
    assert streamed.theta_names == whole.theta_names
    assert [f.levels.tolist() for f in streamed.design.factors] == [
        f.levels.tolist() for f in whole.design.factors
    ]
    assert_allclose(streamed.objective(model.theta), whole.objective(model.theta), rtol=1e-12)
    fit = streamed.fit()
    assert fit.objective <= model.criterion + 1e-6
    beta, se = model.align(fit.params.index, model.beta), model.align(fit.params.index, model.se)
    kept = np.isfinite(beta)
    if fit.objective > model.criterion - 1e-6:  # lme4 is at the same optimum
        assert_allclose(fit.params[kept], beta[kept], atol=2e-5 * np.nanmax(se), rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 7, 180, 1000])
def test_any_size_of_batch(sleepstudy, rows):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", by(sleepstudy, rows))
    whole = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    assert_allclose(fit.objective, whole.objective, rtol=1e-12)
    assert_allclose(fit.theta, whole.theta, rtol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_any_order_and_any_cut(seed):
    """Crossed factors with weights and missing values: rows in any order, cut anywhere."""
    rng = np.random.default_rng(seed)
    frame = load_data("Penicillin")
    frame["x"] = rng.normal(size=len(frame)) * 10.0 ** rng.integers(-3, 4)
    frame["w"] = rng.uniform(0.5, 2, size=len(frame))
    frame.loc[rng.integers(0, len(frame), 9), "x"] = np.nan
    shuffled = frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)
    formula = "diameter ~ x + (1 | plate) + (x || sample)"
    whole = ranef.Model(formula, frame, weights="w")
    streamed = ranef.Model(formula, cut(shuffled, random_edges(frame, seed)), weights="w")
    theta = rng.uniform(0.1, 1.5, size=3) / [1, 1, frame["x"].std()]
    assert_allclose(streamed.objective(theta), whole.objective(theta), rtol=1e-10)
    assert_allclose(streamed.gradient(theta), whole.gradient(theta), rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("name", NAMES[:3] + NAMES[6:])
def test_digits_of_nist(name):
    """The one-way layouts of NIST, with a mean of up to 10^12 times the spread, in batches of 100 rows."""
    layout = one_way(name)
    answer, frame = layout.stored(), layout.frame()
    fit = ranef.lmer("y ~ 1 + (1 | group)", by(frame.sample(frac=1, random_state=1), 100))
    for found, exact in (
        (fit.sigma, answer.sigma()),
        (fit.theta[0], answer.theta(reml=True)),
        (fit.bse.iloc[0], answer.se(reml=True)),
    ):
        assert_allclose(found, exact, rtol=1e-8)
    assert_allclose(fit.objective, answer.criterion(reml=True), rtol=1e-9)


def test_seconds_since_1970(sleepstudy):
    """A covariate with a huge mean and a trend in time: each batch has seen a part of its range only."""
    frame = sleepstudy.sort_values("Days").reset_index(drop=True)
    frame["t"] = 1.7e9 + 86400.0 * frame.Days
    centred = ranef.lmer("Reaction ~ Days + (Days | Subject)", frame)
    fit = ranef.lmer("Reaction ~ t + (t | Subject)", by(frame, 13))
    assert_allclose(fit.objective - centred.objective, 2 * np.log(86400.0), atol=1e-6)
    assert_allclose(fit.params["t"] * 86400, centred.params["Days"], rtol=1e-9)
    assert_allclose(fit.bse["t"] * 86400, centred.bse["Days"], rtol=1e-7)
