"""Simulated responses: moments against lme4's analytic ones, seeds, weights, offsets."""

import numpy as np
import pytest
import ranef
from ranef.estimates import simulation
from reference_battery import load_data, load_table

DRAWS = 4000
MOMENTS = load_table("simulate_moments")


@pytest.mark.parametrize("case", MOMENTS, ids=lambda case: case["formula"])
def test_mean_and_covariance_are_the_analytic_ones(case):
    fit = ranef.lmer(case["formula"], load_data(case["data"]), weights=case["weights"])
    rows = np.array(case["obs"]) - 1
    draws = fit.simulate(DRAWS, seed=1)[:, rows]
    covariance = np.array(case["cov"])
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((draws.mean(axis=0) - case["mean"]) / sd).max() < 5 / np.sqrt(DRAWS)
    # a covariance of Gaussians has variance (s_ii s_jj + s_ij^2) / N
    error = np.sqrt((np.outer(sd**2, sd**2) + covariance**2) / DRAWS)
    assert (np.abs(np.cov(draws.T) - covariance) / error).max() < 5


@pytest.mark.parametrize("case", MOMENTS, ids=lambda case: case["formula"])
def test_conditional_on_the_modes(case):
    fit = ranef.lmer(case["formula"], load_data(case["data"]), weights=case["weights"])
    rows = np.array(case["obs"]) - 1
    draws = fit.simulate(DRAWS, seed=2, use_u=True)[:, rows]
    weights = fit.model.design.weights
    sd = fit.sigma / (1 if weights is None else np.sqrt(weights[rows]))
    assert np.abs((draws.mean(axis=0) - case["use_u_mean"]) / sd).max() < 5 / np.sqrt(DRAWS)
    assert np.abs(draws.std(axis=0) / sd - 1).max() < 5 / np.sqrt(2 * DRAWS)


def test_seed(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    np.testing.assert_array_equal(fit.simulate(2, seed=3), fit.simulate(2, seed=3))
    assert not np.array_equal(fit.simulate(1, seed=3), fit.simulate(1, seed=4))
    assert fit.simulate().shape == (1, 180)


def test_offset_is_added(sleepstudy):
    plain = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    shifted = sleepstudy.assign(Reaction=sleepstudy["Reaction"] + 50.0)
    moved = ranef.lmer("Reaction ~ Days + (1 | Subject)", shifted, offset=np.full(180, 50.0))
    np.testing.assert_allclose(moved.simulate(3, seed=1), plain.simulate(3, seed=1) + 50, atol=1e-6)


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", True])
def test_bad_n(n, sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    with pytest.raises(ranef.ArgumentError, match="n must be"):
        fit.simulate(n)


@pytest.mark.parametrize("seed", [-1, "one", 1.5, True])
def test_bad_seed(seed, sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    with pytest.raises(ranef.ArgumentError, match="seed must be"):
        fit.simulate(1, seed=seed)


@pytest.mark.parametrize("at_a_time", [1, 7, 30, 10**6])
def test_numbers_drawn_in_parts_are_those_of_one_call(at_a_time, monkeypatch):
    """So that Ctrl-C is heard between the parts of a large draw; it was not for half a minute."""
    monkeypatch.setattr(simulation, "_AT_A_TIME", at_a_time)
    found = simulation.standard_normal(np.random.default_rng(1), 8, 5)
    np.testing.assert_array_equal(found, np.random.default_rng(1).standard_normal((8, 5)))


def test_rows_without_any_group_have_no_response(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    new = sleepstudy.head(3).assign(Subject=None)
    assert np.isnan(fit.simulate(2, seed=1, newdata=new)).all()
