"""Two models refitted in the core to the same drawn responses."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.generalised.bootstrap.parametric import both_criteria, replicates
from ranef.generalised.bootstrap.ratio_test import _ratio
from scipy import stats


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": np.repeat(np.arange(20), 12), "x": rng.integers(0, 2, 240) * 1.0})
    frame["z"] = rng.integers(0, 2, 240) * 1.0
    mean = np.exp(0.6 + 0.3 * frame.x + 0.4 * rng.normal(size=20)[frame.g])
    frame["n"] = rng.poisson(mean) * 1.0
    frame["t"] = mean * rng.gamma(3, 1 / 3, 240)
    frame["y"] = (rng.random(240) < mean / (1 + mean)) * 1.0
    frame["m"] = rng.integers(1, 6, 240) * 1.0
    frame["k"] = rng.binomial(frame.m.astype(int), mean / (1 + mean)) * 1.0
    frame["share"] = np.clip(rng.beta(2 * mean, 2), 1e-3, 1 - 1e-3)
    return frame


LEFT = {
    "binomial": "y",
    "betabinomial": "cbind(k, m - k)",
    "gamma": "t",
    "inverse_gaussian": "t",
    "gaussian": "t",
    "beta": "share",
}


@pytest.mark.parametrize("family", ranef.generalised.FAMILIES)
def test_cells_and_rows_of_the_same_responses_have_one_criterion(data, family):
    left = LEFT.get(family, "n")
    rows = data[data.n > 0] if family.startswith("truncated") else data
    link = "log" if family == "gaussian" else None
    fit = ranef.glmer(f"{left} ~ x + (1 | g)", rows, family, link)
    core, at = fit.model.core, fit._answer("internal")
    core = core if core.sums else core.by_rows()
    trials = fit.response.trials
    found = np.asarray(core.bootstrap_both(core.by_rows(), at, at, True, 7, 0, 4, 1, trials))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 0], found[:, 1], rtol=0, atol=1e-6)


def test_replicates_do_not_depend_on_threads(data):
    small, large = (ranef.glmer(f"n ~ {right} + (1 | g)", data, "poisson") for right in ("x", "x + z"))
    at = small._answer("internal")
    one, two = (both_criteria(small, large, at, True, 5, 40, threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one[:, 0] >= one[:, 1] - 1e-6).all()


def test_draws_are_those_of_the_bootstrap():
    cbpp = ranef.datasets.load("cbpp")
    left = "cbind(incidence, size - incidence)"
    small, large = (ranef.glmer(f"{left} ~ {right} + (1 | herd)", cbpp) for right in ("1", "period"))
    at = small._answer("internal")
    both = both_criteria(small, large, at, True, 3, 20, 1)
    by_rows = replicates(large, large._answer("internal"), 3, 0, 20, 1, None)
    again = both_criteria(large, small, large._answer("internal"), False, 3, 20, 1)
    np.testing.assert_allclose(again[:, 0], by_rows[:, -3], atol=1e-6)
    # The reference distribution is that of refits one by one.
    drawn = small.simulate(60, seed=8)
    slow = [_ratio(small, large, y) for y in drawn]
    fast = both_criteria(small, large, at, True, 9, 300, 1)
    assert stats.ks_2samp(slow, fast[:, 0] - fast[:, 1]).pvalue > 0.01
    assert (both[:, 0] >= both[:, 1] - 1e-6).all()


def test_power_of_the_likelihood_ratio_is_near_that_of_wald():
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp"))
    found = [
        ranef.power(fit, "period[T.2]", effect=-0.8, n=400, seed=1, test=t).power for t in ("lrt", "normal")
    ]
    assert found[0] == pytest.approx(found[1], abs=0.1)
    term = ranef.power(fit, "period", n=100, seed=1)
    assert term.power > 0.9
