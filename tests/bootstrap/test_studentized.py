"""Studentized intervals: each replicate's own standard errors, of variance parameters and statistics too."""

import numpy as np
import pytest
import ranef
from numba import njit
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.draws.true_parameters import true_parameters
from ranef.bootstrap.loop.engine import run
from ranef.bootstrap.loop.task import sample_task
from ranef.bootstrap.replicates.intervals import studentized_interval
from ranef.bootstrap.replicates.standard_errors import _refits, variance_errors
from ranef.errors import ArgumentError
from ranef.inference.wald import component_errors


@pytest.mark.parametrize("name", ["dye_reml", "dye2_reml"])
def test_errors_of_a_balanced_layout_are_in_closed_form(fit_of, name):
    fit = fit_of(name)
    errors, _ = variance_errors(fit.bootstrap(2, seed=1, progress=False))
    groups, size = 6, 5
    between, within = fit.varcorr[0].sd[0] ** 2, fit.sigma**2
    within_error = 2 * within**2 / (groups * (size - 1))  # Searle, Casella & McCulloch (1992), section 3.5
    total_error = 2 * (size * between + within) ** 2 / (groups - 1)
    assert errors["sigma"] == pytest.approx(np.sqrt(within_error))
    between_error = (total_error + within_error) / size**2
    if between > 0:
        assert errors["sd[Batch.Intercept]"] == pytest.approx(np.sqrt(between_error))
    else:  # no limits about zero; replicates at zero have errors all the same
        assert np.isnan(errors["sd[Batch.Intercept]"])


@pytest.mark.parametrize(
    "name", ["ss_slope_reml", "ss_slope_ml", "ss_weights_reml", "ss_offset_reml", "pen_reml"]
)
def test_errors_are_those_of_plain_refits(fit_of, name):
    fit = fit_of(name)
    result = fit.bootstrap(6, seed=3, route="rows", progress=False)
    _, table = variance_errors(result)
    rows = run(sample_task(fit, true_parameters(fit)), stream_key(3)[0], 6, 1, progress=False).table
    offset = 0.0 if fit.model.design.offset is None else fit.model.design.offset
    for i in range(6):
        refit = fit.refit(rows[i] + offset)
        expected = variance_errors(refit.bootstrap(1, seed=1, progress=False))[0]
        assert np.allclose(table.loc[i, expected.index], expected, rtol=1e-3, equal_nan=True)


@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_slope_ml", "pen_reml"])
def test_errors_are_near_those_of_the_hessian(fit_of, name):
    """Expected information in place of the observed one: the same for large samples, near it here."""
    fit = fit_of(name)
    errors, _ = variance_errors(fit.bootstrap(1, seed=1, progress=False))
    table = component_errors(fit)
    for parameter, row in table.iterrows():
        plain = errors[parameter] / (2 * row["estimate"] if row["scale"] == "log" else 1.0)
        assert plain == pytest.approx(row["se"], rel=0.2)


@pytest.mark.parametrize(
    "options", [{}, {"use_u": True}, {"scheme": "residual"}, {"scheme": "semiparametric"}]
)
def test_the_same_draws_again(fit_of, options):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(5, seed=3, progress=False, **options).append(4, progress=False)
    assert options or result.route == "gram"
    seen = 0
    for row, state in _refits(result.fit, result, result.part("theta")):
        value = state.model.problem.value(state.response, state.theta)
        assert value == pytest.approx(result.part("objective")[row, 0], abs=1e-6)
        seen += 1
    assert seen == 9


def test_intervals_of_variances(fit_of):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(400, seed=3, progress=False)
    limits = result.conf_int(method="studentized")
    assert limits.notna().all(axis=None)
    errors, table = variance_errors(result)
    z = result.to_frame()["sigma"]
    lower, upper = studentized_interval(z.to_numpy() ** 2, table["sigma"].to_numpy(), fit.sigma**2,
                                        errors["sigma"], 0.95)  # fmt: skip
    assert limits.loc["sigma"].to_numpy() == pytest.approx(np.sqrt([lower, upper]))
    profile = fit.conf_int(method="profile")
    for name in profile.index:  # the same ground, but for the Monte Carlo error
        width = profile.loc[name, "upper"] - profile.loc[name, "lower"]
        assert np.allclose(limits.loc[name], profile.loc[name], atol=0.4 * width)
    assert (limits.filter(like="sd[", axis=0)["lower"] > 0).all()
    assert limits.filter(like="corr[", axis=0).abs().max(axis=None) <= 1


def test_singular_fits(fit_of):
    fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2"))
    limits = fit.bootstrap(200, seed=1, progress=False)
    limits = limits.conf_int(method="studentized", parameters="all")
    assert limits.loc[["Intercept", "sigma"]].notna().all(axis=None)
    assert limits.loc[["theta1", "sd[Batch.Intercept]"]].isna().all(axis=None)


@njit
def slope(coefficients, se):
    return coefficients[1], se[1]


def test_statistics_with_errors(fit_of):
    fit = fit_of("ss_slope_reml")
    options = {"seed": 5, "progress": False}
    result = fit.bootstrap(300, statistic=slope, **options)
    expected = result.conf_int(method="studentized", parameters="Days").to_numpy()
    found = result.conf_int(method="studentized", parameters="slope1", errors={"slope1": "slope2"})
    assert found.to_numpy() == pytest.approx(expected)

    def named(refit):
        return {"b": refit.params["Days"], "se[b]": refit.bse["Days"]}

    plain = fit.bootstrap(60, statistic=named, **options)
    days = plain.conf_int(method="studentized", parameters="Days").to_numpy()
    assert plain.conf_int(method="studentized", parameters="b").to_numpy() == pytest.approx(days)


def test_without_errors(fit_of, tmp_path):
    fit = fit_of("ss_slope_reml")
    options = {"seed": 5, "progress": False}
    bare = fit.bootstrap(20, columns=["coefficients", "sigma"], **options)
    with pytest.raises(ArgumentError, match="keep 'se' in columns="):
        bare.conf_int(method="studentized", parameters="Days")
    with pytest.raises(ArgumentError, match=r"needs 'theta' of every replicate"):
        bare.conf_int(method="studentized", parameters="sigma")
    with pytest.raises(ArgumentError, match="keep 'se' in columns="):
        bare.conf_int(method="studentized")
    result = fit.bootstrap(20, statistic=slope, **options)
    with pytest.raises(ArgumentError, match=r"standard error of 'slope1'.*errors=\{'slope1'"):
        result.conf_int(method="studentized", parameters="slope1")
    with pytest.raises(ArgumentError, match=r"errors= names values of the statistic: .*got 'slope1': 'x'"):
        result.conf_int(method="studentized", errors={"slope1": "x"})
    with pytest.raises(ArgumentError, match=r"errors= is for kind='studentized'"):
        result.conf_int(errors={"slope1": "slope2"})
    with pytest.raises(ArgumentError, match=r"replaced\(fit=fit\)"):
        result.replaced(fit=None).conf_int(method="studentized", parameters="sigma")
    cases = fit.bootstrap(20, scheme="cases", **options)
    assert cases.conf_int(method="studentized", parameters="Days").notna().all(axis=None)
    with pytest.raises(ArgumentError, match="scheme='cases' has a design of its own"):
        cases.conf_int(method="studentized", parameters="sigma")
