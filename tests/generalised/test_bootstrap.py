"""The bootstrap in the core: the same for any number of threads, distributed as slow refits are."""

import numba
import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from ranef.bootstrap.replicates.storage import load
from ranef.errors import ArgumentError

FORMULA = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@pytest.fixture(scope="module")
def fit():
    return ranef.glmer(FORMULA, ranef.datasets.load("cbpp"))


def test_same_numbers_for_any_number_of_threads(fit):
    one = fit.bootstrap(60, seed=3, n_threads=1)
    two = fit.bootstrap(60, seed=3, n_threads=2)
    np.testing.assert_array_equal(one.records, two.records)
    late = fit.bootstrap(20, seed=3, first=40)
    np.testing.assert_array_equal(late.records, one.records[40:])
    assert not np.array_equal(one.records, fit.bootstrap(60, seed=4).records)


def test_replicates_are_distributed_as_slow_ones(fit):
    fast = fit.bootstrap(2000, seed=1).to_frame()
    assert fast["converged"].mean() > 0.99
    slow = np.array([fit.refit(y).params for y in fit.simulate(150, seed=2)])
    names = list(fit.params.index)
    sd = fast[names].std().to_numpy()
    assert np.abs(fast[names].mean().to_numpy() - slow.mean(axis=0)).max() < 4 * sd.max() / np.sqrt(150)
    np.testing.assert_allclose(sd, slow.std(axis=0), rtol=0.25)
    np.testing.assert_allclose(sd, fit.bse, rtol=0.2)
    assert fast["sd[herd.Intercept]"].mean() == pytest.approx(fit.theta[0], abs=0.12)


DRAWN = ["poisson", "nbinom1", "nbinom2", "gamma", "inverse_gaussian", "beta"]
DRAWN += ["truncated_poisson", "truncated_nbinom1", "truncated_nbinom2"]


@pytest.mark.parametrize("family", DRAWN)
def test_families_are_drawn_from_their_estimates(family):
    rng = np.random.default_rng(5)
    n = 600
    data = pd.DataFrame({"g": np.repeat(np.arange(30), 20), "x": rng.integers(0, 2, n).astype(float)})
    mean = np.exp(0.5 + 0.4 * data.x + rng.normal(size=30)[data.g] * 0.4)
    data["y"] = rng.poisson(mean * rng.gamma(3, 1 / 3, n)).astype(float)
    if family in ("gamma", "inverse_gaussian"):
        data["y"] = mean * rng.gamma(5, 0.2, size=n)
    if family == "beta":
        share = 1 / (1 + np.exp(-np.log(mean)))
        data["y"] = np.clip(rng.beta(share * 5, (1 - share) * 5), 1e-4, 1 - 1e-4)
    rows = data[data["y"] > 0] if family.startswith("truncated") else data
    fit = ranef.glmer("y ~ x + (1 | g)", rows, family)
    drawn = fit.bootstrap(200, seed=2).to_frame()
    names = list(fit.params.index)
    error = (drawn[names].mean() - fit.params) / (drawn[names].std() / np.sqrt(200))
    assert np.abs(error).max() < 4.5
    if fit.family.dispersed:
        assert drawn["sigma"].median() == pytest.approx(fit.sigma, rel=0.12)


def test_modes_can_be_kept(fit):
    kept = fit.bootstrap(300, seed=1, use_u=True).to_frame()
    free = fit.bootstrap(300, seed=1).to_frame()
    assert kept["Intercept"].std() < free["Intercept"].std()


@pytest.mark.parametrize("weighted", [False, True])
def test_what_a_statistic_raises_keeps_the_other_replicates(fit, weighted):
    if weighted:
        data = ranef.datasets.load("cbpp")
        fit = ranef.glmer("incidence / size ~ period + (1 | herd)", data, "binomial", weights="size")
    calls = iter(range(100))  # the first is of the fit itself

    def spread(refit):
        call = next(calls)
        if call == 3:
            raise ZeroDivisionError("no spread")
        if call == 4:
            return [1.0, 2.0]
        return np.nan if call == 5 else refit.theta[0]

    result = fit.bootstrap(8, seed=1, statistic=spread)
    assert result.messages == {
        2: "the statistic raised ZeroDivisionError: no spread",
        3: "the statistic returned 2 numbers, at the fit 1",
        4: "the statistic returned NaN",
    }
    assert result.statistic_failed.nonzero()[0].tolist() == [2, 3]
    assert not result.failed.any()
    kept = [0, 1, 5, 6, 7]
    np.testing.assert_array_equal(result.part("statistic")[kept], result.part("theta")[kept])
    assert np.isfinite(result.part("theta")).all()
    assert "replicate 2: the statistic raised ZeroDivisionError" in str(result)


def test_a_statistic_that_fails_on_the_fit_itself_is_refused(fit):
    with pytest.raises(ArgumentError, match="fails on the fit itself: ZeroDivisionError"):
        fit.bootstrap(5, statistic=lambda refit: 1 / 0)
    with pytest.raises(ArgumentError, match="not one compiled by Numba"):
        fit.bootstrap(5, statistic=numba.njit(lambda theta: theta[0]))
    with pytest.raises(ArgumentError, match="must return a number"):
        fit.bootstrap(5, statistic=lambda refit: "a")


def test_ctrl_c_keeps_the_replicates_whose_statistic_is_done(fit):
    calls = iter(range(100))

    def interrupted(refit):
        if next(calls) == 4:
            raise KeyboardInterrupt
        return refit.theta[0]

    result = fit.bootstrap(8, seed=1, statistic=interrupted)
    assert (len(result), result.requested, result.interrupted) == (3, 8, True)
    np.testing.assert_array_equal(
        result.records, fit.bootstrap(3, seed=1, statistic=lambda one: one.theta[0]).records
    )


def test_numbers_by_name_of_each_refit(fit):
    table = fit.bootstrap(4, seed=1, statistic=lambda one: {"twice": 2 * one.theta[0]}).to_frame()
    np.testing.assert_array_equal(table["twice"], 2 * table["sd[herd.Intercept]"])


def test_a_statistic_of_each_refit(fit):
    result = fit.bootstrap(12, seed=1, statistic=lambda refit: refit.params["period[T.2]"])
    table = result.to_frame()
    np.testing.assert_allclose(
        table.iloc[:, table.columns.get_loc("period[T.2]")], result.part("statistic")[:, 0]
    )


def test_weights_are_drawn_by_rows():
    data = load_data("slopes").head(200).assign(w=2.0)
    fit = ranef.glmer("n ~ x + (1 | g)", data, "poisson", weights="w")
    assert fit.bootstrap(3, seed=1).route == "rows"


def test_likelihood_ratio_by_bootstrap(fit):
    small = ranef.glmer(FORMULA.replace("period", "1"), ranef.datasets.load("cbpp"))
    found = ranef.pbtest(small, fit, 60, seed=1)
    assert found.statistic == pytest.approx(25.61006, abs=1e-4)
    assert found.reference.mean() == pytest.approx(3, abs=1.2)
    assert found.p == pytest.approx(1 / 61)


def test_refused(fit):
    data = ranef.datasets.load("cbpp")
    with pytest.raises(ArgumentError, match="maximum likelihood"):
        ranef.glmer(FORMULA, data, agq=0).bootstrap(10)
    with pytest.raises(ArgumentError, match="statistic= must be a function"):
        fit.bootstrap(10, statistic=3)
    with pytest.raises(ArgumentError, match="n_threads is the number of threads"):
        ranef.power(fit, "period[T.2]", n=10, n_threads=-2)


def test_accelerations_come_from_fits_without_each_group(fit):
    data = ranef.datasets.load("cbpp")
    boot = fit.bootstrap(99, seed=1)
    left = fit.left_out(boot)
    for herd in ("1", "7"):
        rows = data[data["herd"].astype(str) != herd]
        other = ranef.glmer(fit.formula, rows)
        place = list(fit.ranef["herd"].index.astype(str)).index(herd)
        expected = [*other.params, *other.theta, *other.theta]
        np.testing.assert_allclose(left.iloc[place], expected, atol=1e-4)
    assert boot.conf_int(kind="bca").notna().all(axis=None)


def test_studentized_intervals_are_of_coefficients(fit):
    boot = fit.bootstrap(99, seed=1)
    assert boot.conf_int(kind="studentized", parameters="fixed").notna().all(axis=None)
    with pytest.raises(ArgumentError, match="kind='studentized' is for the coefficients of a generalised"):
        boot.conf_int(kind="studentized", parameters="sd[herd.Intercept]")


def test_a_saved_run_has_the_same_standard_deviations(tmp_path):
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"g": np.repeat(np.arange(10), 6)})
    data["y"] = rng.gamma(4, np.exp(0.5 * rng.normal(size=10))[data["g"]])
    boot = ranef.glmer("y ~ 1 + (1 | g)", data, "gamma", "log").bootstrap(30, seed=1)
    boot.save(tmp_path / "run.parquet")
    pd.testing.assert_frame_equal(load(tmp_path / "run.parquet").to_frame(), boot.to_frame())
