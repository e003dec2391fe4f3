"""Draws from given parameters, with the random effects kept, and what is kept of a record."""

import numpy as np
import pytest
from ranef.errors import ArgumentError
from ranef.machine import memory
from scipy import stats

LEAST_P = 1e-4
TRUTH = {"params": {"Days": 3.0}, "theta": [0.4, -0.1, 0.2], "sigma": 12.0}


@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_weights_reml", "ss_offset_reml", "ss_rankdef_reml"])
def test_routes_agree_for_given_parameters(fit_of, name):
    fit = fit_of(name)
    given = {
        "params": 1.5 * fit.params.fillna(0.0).to_numpy(),
        "sigma": 0.5 * fit.sigma,
        "theta": 2 * fit.theta,
    }
    gram, rows = (
        fit.bootstrap(3000, seed=seed, route=route, progress=False, **given).to_frame()
        for seed, route in ((1, "gram"), (2, "rows"))
    )
    for column in [*fit.params.dropna().index, "sigma", "theta1", "objective"]:
        assert stats.ks_2samp(gram[column], rows[column]).pvalue > LEAST_P, column
    for column in fit.params.dropna().index:
        error = gram[column].std() / np.sqrt(3000)
        assert abs(gram[column].mean() - 1.5 * fit.params[column]) < 5 * error


def test_given_parameters_are_those_of_the_draws(fit_of):
    frame = fit_of("ss_slope_reml").bootstrap(4000, seed=1, progress=False, **TRUTH).to_frame()
    fit = fit_of("ss_slope_reml")
    assert abs(frame["Days"].mean() - 3.0) < 5 * frame["Days"].std() / np.sqrt(4000)
    assert abs(frame["Intercept"].mean() - fit.params["Intercept"]) < 5 * frame["Intercept"].std() / np.sqrt(
        4000
    )
    # REML's residual variance is unbiased here
    variance = frame["sigma"] ** 2
    assert abs(variance.mean() - 144.0) < 5 * variance.std() / np.sqrt(4000) + 1.0
    assert frame["sd[Subject.Intercept]"].median() == pytest.approx(12 * 0.4, rel=0.1)
    assert frame["sd[Subject.Days]"].median() == pytest.approx(12 * np.hypot(0.1, 0.2), rel=0.1)


@pytest.mark.parametrize("route", ["gram", "rows"])
@pytest.mark.parametrize("name", ["ss_slope_reml", "pen_reml", "pastes_reml", "ss_weights_reml"])
def test_conditional_draws_have_the_moments(fit_of, name, route):
    # y = X beta + Z b + e with b fixed at the modes: the mean of the coefficients over replicates is that of
    # the fit to the fitted values, and the refitted modes are centred where that fit's are.
    fit = fit_of(name)
    result = fit.bootstrap(
        2000, seed=3, use_u=True, route=route, columns=["coefficients", "modes"], progress=False
    )
    centre = fit.model.problem.solve(fit.model.response_of(fit.fittedvalues), fit.theta)
    kept = result.part("coefficients")
    error = kept.std(axis=0) / np.sqrt(2000)
    # theta varies between the replicates, which moves the generalised least squares a little
    assert np.all(abs(kept.mean(axis=0) - centre["beta"]) < 5 * error + 0.05 * kept.std(axis=0))
    for group, modes in result.modes.items():
        expected = fit.ranef[group].to_numpy()
        assert modes.shape == (2000, *expected.shape)
        corr = np.corrcoef(modes.mean(axis=0).ravel(), expected.ravel())[0, 1]
        assert corr > 0.95
    printed = str(fit.bootstrap(2, seed=1, use_u=True, progress=False))
    assert "random effects kept" in " ".join(printed.split())  # lines are folded


def test_conditional_routes_agree(fit_of):
    fit = fit_of("ss_slope_reml")
    gram, rows = (
        fit.bootstrap(3000, seed=4, use_u=True, route=route, progress=False).to_frame()
        for route in ("gram", "rows")
    )
    for column in ("Intercept", "Days", "sigma", "theta1", "theta3", "objective"):
        assert stats.ks_2samp(gram[column], rows[column]).pvalue > LEAST_P, column


def test_singular_truth_is_drawn_and_left(fit_of):
    # Replicates start where they are drawn from, here in a corner: those with a positive variance must leave.
    fit = fit_of("dye_reml")
    result = fit.bootstrap(1000, seed=5, theta=[0.0], route="rows", progress=False)
    assert 0.4 < result.n_singular / 1000 < 0.8
    assert result.n_unconverged == 0
    elsewhere = fit.bootstrap(1000, seed=5, theta=[1e-3], route="rows", progress=False)
    assert abs(result.n_singular - elsewhere.n_singular) < 20


def test_columns(fit_of):
    fit = fit_of("ss_slope_reml")
    whole = fit.bootstrap(30, seed=1, progress=False)
    some = fit.bootstrap(30, seed=1, columns=["sigma", "coefficients"], progress=False)
    assert some.records.shape == (30, 4)
    assert list(some.to_frame().columns) == ["Intercept", "Days", "sigma", "singular", "converged", "failed"]
    assert np.array_equal(some.to_frame()["sigma"], whole.to_frame()["sigma"])
    with pytest.raises(ArgumentError, match=r"studentized.*'se'"):
        some.conf_int(method="studentized")
    assert fit.bootstrap(3, seed=1, columns="theta", progress=False).records.shape == (3, 4)


def test_intervals_of_given_parameters(fit_of):
    result = fit_of("dye_reml").bootstrap(100, seed=1, sigma=3.0, progress=False)
    assert result.conf_int(method="shortest").notna().all(axis=None)
    for method in ("basic", "normal", "studentized", "bca"):
        with pytest.raises(ArgumentError, match="drawn from other parameters"):
            result.conf_int(method=method)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"params": {"days": 1.0}}, "no coefficient 'days'.*'Intercept', 'Days'"),
        ({"params": [1.0]}, r"2 entries \(Intercept, Days\).*\(1,\)"),
        ({"params": {"Days": np.nan}}, "finite; not so for 'Days'"),
        ({"theta": [1.0]}, "theta= must have 3 entries"),
        ({"sigma": 0.0}, "sigma= is the residual"),
        ({"sigma": -1.0}, "sigma= is the residual"),
        ({"columns": ["beta"]}, "columns= must be of 'coefficients', 'se'.*'beta'"),
        ({"statistic": 3}, "statistic= must be a function"),
    ],
)
def test_bad_arguments(fit_of, given, message):
    with pytest.raises(ArgumentError, match=message):
        fit_of("ss_slope_reml").bootstrap(10, seed=1, progress=False, **given)


def test_too_much_memory_is_said_before_starting(fit_of, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)
    fit = fit_of("ss_slope_reml")
    with pytest.raises(
        MemoryError, match=r"100,000 replicates of 47 numbers take 37.6 MB, and 1 MB .*columns="
    ):
        fit.bootstrap(100_000, seed=1, columns=[*memory_columns(), "modes"], progress=False)
    assert len(fit.bootstrap(10_000, seed=1, columns="sigma", progress=False)) == 10_000


def memory_columns():
    return ["coefficients", "se", "sigma", "theta", "objective", "evaluations"]
