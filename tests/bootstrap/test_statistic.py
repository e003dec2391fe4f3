"""The user's own statistic: compiled into the loop, or plain Python on refits."""

import numpy as np
import pandas as pd
import pytest
from bootstrap.standin import ratio
from numba import njit
from ranef.bootstrap.loop.record import STATISTIC_FAILED, STATISTIC_SHAPE
from ranef.errors import ArgumentError


@njit
def pair(theta, se, objective):
    return theta[0] + objective, se[1]


@njit
def spread(modes):
    return np.array([modes.min(), modes.max(), modes.mean()])


@njit
def raises_sometimes(coefficients, sigma):
    if sigma > 26.0:
        raise ValueError("too large")
    if sigma < 24.0:
        return np.nan
    return sigma


@njit
def grows(sigma):
    return np.ones(2 if sigma < 26.0 else 3)


def test_values_are_those_of_the_record(fit_of):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(200, seed=1, statistic=ratio, progress=False)
    plain = fit.bootstrap(200, seed=1, progress=False)
    frame = result.to_frame()
    assert np.array_equal(frame["ratio"], frame["Days"] / frame["sigma"])
    assert frame.drop(columns="ratio").equals(plain.to_frame())
    assert result.estimates["ratio"] == pytest.approx(fit.params["Days"] / fit.sigma)
    assert list(result.conf_int().index) == [*plain.conf_int().index, "ratio"]
    assert not result.messages


def test_modes_that_are_kept_do_not_move_what_a_statistic_wants(fit_of):
    run = {"seed": 1, "statistic": pair, "progress": False}
    fit = fit_of("ss_slope_reml")
    beside = fit.bootstrap(20, columns=["theta", "se", "modes", "objective"], **run)
    assert np.array_equal(beside.part("statistic"), fit.bootstrap(20, **run).part("statistic"))


def test_tuples_and_arrays(fit_of):
    fit = fit_of("ss_slope_reml")
    frame = fit.bootstrap(50, seed=1, statistic=pair, progress=False).to_frame()
    assert np.array_equal(frame["pair1"], frame["theta1"] + frame["objective"])
    assert np.array_equal(frame["pair2"], frame["se[Days]"])
    result = fit.bootstrap(50, seed=1, statistic=spread, columns=["sigma"], progress=False)
    modes = fit.bootstrap(50, seed=1, columns=["modes"], progress=False).part("modes")
    expected = np.column_stack([modes.min(axis=1), modes.max(axis=1), modes.mean(axis=1)])
    assert np.allclose(result.part("statistic"), expected, atol=1e-12)
    assert list(result.to_frame().columns[:4]) == ["sigma", "spread1", "spread2", "spread3"]


def test_same_values_for_any_threads(fit_of):
    fit = fit_of("ss_slope_reml")
    one, four = (fit.bootstrap(300, 2, n_threads=k, statistic=spread, progress=False) for k in (1, 4))
    assert np.array_equal(one.records, four.records)


def test_exceptions_and_nan_are_reported_with_their_replicate(fit_of):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(300, seed=1, statistic=raises_sometimes, progress=False)
    frame = result.to_frame()
    large, small = frame["sigma"] > 26.0, frame["sigma"] < 24.0
    assert large.any() and small.any()
    assert frame["sigma"].notna().all() and not result.failed.any()
    assert np.array_equal(frame["raises_sometimes"].isna(), large | small)
    assert np.array_equal(result.statistic_failed, large)
    first = int(np.flatnonzero(large)[0])
    assert result.messages[first] == "the statistic raised an exception"
    assert result.messages[int(np.flatnonzero(small)[0])] == "the statistic returned NaN"
    assert f"replicate {min(result.messages)}: the statistic" in str(result)
    assert f"without the statistic {large.sum()}" in str(result)


def test_changed_size_is_reported(fit_of):
    result = fit_of("ss_slope_reml").bootstrap(300, seed=1, statistic=grows, progress=False)
    large = result.to_frame()["sigma"].to_numpy() > 26.0
    assert np.array_equal(np.isnan(result.part("statistic")).any(axis=1), large)
    assert np.all(result.records[large, -1].astype(int) & STATISTIC_SHAPE)
    assert "another size" in result.messages[int(np.flatnonzero(large)[0])]


def test_plain_statistic_sees_the_refit(fit_of):
    fit = fit_of("ss_offset_reml")

    def summary(refit):
        return {"slope": refit.params.iloc[1], "first": refit.resid[0], "sd": refit.varcorr[0].sd[0]}

    result = fit.bootstrap(30, seed=5, statistic=summary, progress=False)
    frame = result.to_frame()
    assert result.route == "rows"
    assert np.allclose(frame["slope"], frame[fit.params.index[1]], rtol=1e-12)
    assert np.allclose(frame["sd"], frame[result.names.sd[0]], rtol=1e-8)
    assert np.isfinite(frame["first"]).all() and frame["first"].std() > 0
    assert result.estimates["first"] == pytest.approx(fit.resid[0])
    rows = fit.bootstrap(30, seed=5, route="rows", progress=False).to_frame()
    assert frame[rows.columns].equals(rows)


def test_plain_statistic_that_misbehaves(fit_of):
    fit = fit_of("dye_reml")
    calls = []

    def odd(refit):
        calls.append(refit)
        number = len(calls) - 2  # the first call is for the fit itself
        if number == 3:
            raise RuntimeError("no good")
        if number == 5:
            return [1.0, 2.0]
        return np.nan if number == 7 else 1.0

    result = fit.bootstrap(10, seed=1, statistic=odd, progress=False)
    assert result.messages == {
        3: "the statistic raised RuntimeError: no good",
        5: "the statistic returned 2 numbers, at the fit 1",
        7: "the statistic returned NaN",
    }
    assert np.isnan(result.to_frame()["odd"]).sum() == 3
    assert result.records[3, -1] == 1 + STATISTIC_FAILED
    assert len(result) == 10 and not result.failed.any()


def test_interrupted_plain_statistic_keeps_what_is_done(fit_of):
    calls = []

    def stops(refit):
        calls.append(refit)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return 1.0

    result = fit_of("dye_reml").bootstrap(100, seed=1, statistic=stops, progress=False)
    assert len(result) == 4 and result.interrupted


def test_names_that_are_taken(fit_of):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(3, seed=1, statistic=lambda refit: refit.ranef["Subject"].iloc[0], progress=False)
    assert result.statistic_names == ("statistic[Intercept]", "statistic[Days]")
    assert isinstance(result.conf_int().loc["statistic[Days]"], pd.Series)


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        (njit(lambda x: x[0]), "names what it wants.*'coefficients'.*it has 'x'"),
        (njit(lambda: 1.0), "names what it wants"),
        (njit(lambda sigma: "text"), "must return a number"),
        (njit(lambda sigma: sigma.nothing), "cannot be compiled"),
        (njit(lambda coefficients: coefficients[2]), "fails on the fit itself: IndexError"),
        (lambda refit: 1 / 0, "fails on the fit itself: ZeroDivisionError"),
        (lambda refit: "text", "must return a number"),
    ],
)
def test_unusable_statistic(fit_of, statistic, message):
    with pytest.raises(ArgumentError, match=message):
        fit_of("ss_slope_reml").bootstrap(10, seed=1, statistic=statistic, progress=False)
