"""Profiles of generalised fits: every point is one of the criterion, whatever the family."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from scipy.optimize import minimize


@pytest.fixture(scope="module")
def cbpp():
    data = ranef.datasets.load("cbpp")
    return ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)


def drawn(family, n=160, groups=16):
    rng = np.random.default_rng(7)
    g = np.arange(n) % groups
    x = rng.normal(size=n)
    eta = 0.5 + 0.4 * x + (0.5 * rng.normal(size=groups))[g] + (0.3 * rng.normal(size=groups))[g] * x
    if family == "beta":
        mean = 1 / (1 + np.exp(-eta))
        y = rng.beta(4 * mean, 4 * (1 - mean))
    elif family == "gamma":
        y = np.exp(eta) * rng.gamma(3, 1 / 3, n)
    else:
        y = rng.poisson(np.exp(eta) * rng.gamma(3, 1 / 3, n)) * (rng.random(n) < 0.8)
    return pd.DataFrame({"y": y.astype(float), "x": x, "g": g})


@pytest.mark.parametrize(
    ("family", "zero"),
    [("poisson", None), ("gamma", None), ("beta", None), ("poisson", "~ x"), ("nbinom2", "~ 1")],
)
def test_a_point_has_the_criterion_of_its_parameters_and_the_held_value(family, zero):
    fit = ranef.glmer("y ~ x + (x | g)", drawn(family), family, zero=zero)
    table = fit.profile(["x", "random"]).to_frame()
    table = table[np.isfinite(table["zeta"])]
    rows = table.iloc[:: max(1, len(table) // 25)]
    names = [f"theta{i + 1}" for i in range(3)]
    power = {"gamma": -2.0}.get(family, 1.0)  # of sigma, to have the dispersion
    for _, row in rows.iterrows():
        if np.isfinite(row[row["parameter"]]):  # a correlation beside no variance is none
            assert row[row["parameter"]] == pytest.approx(row["value"], rel=1e-7, abs=2e-7)
        dispersion = row["sigma"] ** power if "sigma" in row else None
        theta, beta = row[names].to_numpy(float), row[["Intercept", "x"]].to_numpy(float)
        further = {"zero": [row[name] for name in row.index if name.startswith("zero[")]} if zero else {}
        value = fit.model.objective(theta, beta, dispersion, **further)
        assert value == pytest.approx(row["deviance"], abs=2e-7)


def test_profiles_from_a_singular_fit_are_minima():
    fit = ranef.glmer("y ~ x + (x | g)", drawn("beta"), "beta")
    assert fit.singular
    profile = fit.profile(["x", "sd[g.Intercept]"])
    assert all(point.converged for curve in profile.curves.values() for point in curve.points)
    held = profile.conf_int().loc["x", "upper"]

    def rest(x):
        return fit.model.objective([abs(x[0]), x[1], abs(x[2])], [x[3], held], np.exp(x[4]))

    start, options = [0.4, 0.05, 0.05, 0.37, 1.4], {"fatol": 1e-9, "maxiter": 4000, "maxfev": 4000}
    found = minimize(rest, start, method="Nelder-Mead", options=options)
    assert found.fun - fit.objective == pytest.approx(3.8414588, abs=1e-4)


def test_nothing_lower_has_the_held_value(cbpp):
    """By another optimiser, from another start."""
    table = cbpp.profile("period[T.2]").to_frame()
    for _, row in table.iloc[[0, 4, -1]].iterrows():

        def rest(x, held=row["value"]):
            return cbpp.model.objective([abs(x[0])], [x[1], held, x[2], x[3]])

        found = minimize(
            rest, [0.5, -1.0, -1.0, -1.0], method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9}
        )
        assert found.fun == pytest.approx(row["deviance"], abs=1e-6)


def test_there_is_no_sigma_where_the_family_has_none(cbpp):
    profile = cbpp.profile("all")
    assert "sigma" not in profile.to_frame().columns
    assert "sigma" not in cbpp.bootstrap(20, seed=1).conf_int().index


def test_a_contour_reaches_its_level(cbpp):
    profile = cbpp.profile("fixed")
    ring = profile.contour("Intercept", "period[T.2]", level=0.8)
    height = cbpp.objective + 3.2188758  # chi-squared, two degrees of freedom

    def lowest(intercept, period):
        def rest(x):
            return cbpp.model.objective([abs(x[0])], [intercept, period, x[1], x[2]])

        return minimize(rest, [0.6, -1.1, -1.6], method="Nelder-Mead", options={"fatol": 1e-8}).fun

    for _, point in ring.iloc[[3, 40, 77]].iterrows():
        assert lowest(*point) == pytest.approx(height, abs=0.15)  # interpolated


def test_a_profile_is_pickled_and_goes_on(cbpp):
    profile = pickle.loads(pickle.dumps(cbpp.profile("period[T.2]", level=0.9)))
    whole = cbpp.profile("period[T.2]").conf_int(level=0.95)
    assert np.allclose(profile.conf_int(level=0.95), whole, atol=1e-8)
