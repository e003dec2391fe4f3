"""Profiles of fits with structures: at an interval's end the deviance, minimised over all else by dense
algebra, has risen by the quantile of a chi-square."""

import numpy as np
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError
from scipy.optimize import minimize
from scipy.stats import chi2

RISE = chi2.ppf(0.95, 1)
SLEEP = ranef.datasets.load("sleepstudy")
MACHINES = ranef.datasets.load("Machines")
ORTHODONT = ranef.datasets.load("Orthodont")
DAYS = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
CS = "correlation[Worker]"
AR = "ar1(Days | Subject)"
SD_DAYS = "sd Days[Subject]"


def _x(rho):
    return np.arctanh(rho)


def _machines(p):
    """cs(0 + Machine | Worker, hom=True): log sd, correlation on a scale without bounds, log sigma."""
    sd, rho, sigma = np.exp(p[0]), np.tanh(p[1]), np.exp(p[2])
    D = sd**2 * np.where(np.eye(3) == 1, 1.0, rho)
    if np.linalg.eigvalsh(D)[0] <= 0:
        return None
    Z = np.kron(np.eye(3), np.ones((3, 1)))
    order = MACHINES.sort_values(["Worker", "Machine"], kind="stable").index
    return order, Z @ D @ Z.T + sigma**2 * np.eye(9)


def _sleep(p):
    """diag(Days | Subject) and ar1(Days | Subject): log sd twice, correlation, log sigma."""
    Z = np.column_stack([np.ones(10), np.arange(10)])
    V = Z @ np.diag(np.exp(2 * p[:2])) @ Z.T + np.exp(2 * p[3]) * np.tanh(p[2]) ** DAYS
    return SLEEP.index, V


def _intercepts(p):
    """(1 | Subject) and ar1(Days | Subject): sd, correlation, log sigma."""
    V = p[0] ** 2 + np.exp(2 * p[2]) * np.tanh(p[1]) ** DAYS
    return SLEEP.index, V


def _growth(p):
    """car1(age | Subject): log correlation a year apart, log sigma."""
    if p[0] >= 0:
        return None
    return ORTHODONT.index, np.exp(2 * p[1] + 2 * p[0] * DAYS[:4, :4])  # two years from one to the next


KINDS = {
    "structured": (
        lambda: ranef.lmer("score ~ Machine + cs(0 + Machine | Worker, hom=True)", MACHINES, reml=False),
        _machines,
        [1.7, 0.7, 0.0],
        {"sd[Worker]": (0, np.log), CS: (1, _x), "sigma": (2, np.log)},
    ),
    "both": (
        lambda: ranef.lmer("Reaction ~ Days + diag(Days | Subject)", SLEEP, reml=False, residual=AR),
        _sleep,
        [3.0, 1.7, 0.5, 3.4],
        {SD_DAYS: (1, np.log), AR: (2, _x), "sigma": (3, np.log)},
    ),
    "residual": (
        lambda: ranef.lmer("Reaction ~ Days + (1 | Subject)", SLEEP, reml=False, residual=AR),
        _intercepts,
        [28.0, 0.8, 3.5],
        {"sd[Subject.Intercept]": (0, float), AR: (1, _x), "sigma": (2, np.log)},
    ),
    "gls": (
        lambda: ranef.gls("distance ~ age", ORTHODONT, reml=False, residual="car1(age | Subject)"),
        _growth,
        [-0.2, 0.9],
        {"car1(age | Subject)": (0, np.log), "sigma": (1, np.log)},
    ),
}


@pytest.fixture(scope="module")
def profiles():
    return {kind: made().profile(level=0.95) for kind, (made, *_) in KINDS.items()}


def _lowest(profile, dense, start, place=None, value=0.0, column=None):
    """The least deviance by dense algebra, a parameter or a coefficient held."""
    design = profile._constrained.fit.model.design
    X, y = np.asarray(design.X, float), design.response
    if column is not None:
        y, X = y - value * X[:, column], np.delete(X, column, axis=1)
    free = np.delete(np.arange(len(start)), [] if place is None else [place])

    def deviance(z):
        p = np.array(start, float)
        p[free] = z
        if place is not None:
            p[place] = value
        made = dense(p)
        if made is None:
            return 1e10
        order, V = made
        both = np.column_stack([X, y])[order].reshape(-1, len(V), X.shape[1] + 1)  # V is that of a subject
        log = len(both) * np.linalg.slogdet(V)[1]
        total = np.tensordot(both, np.linalg.solve(V, both), axes=([0, 1], [0, 1]))
        rest = total[-1, -1] - total[-1, :-1] @ np.linalg.solve(total[:-1, :-1], total[:-1, -1])
        return len(y) * np.log(2 * np.pi) + log + rest

    found = minimize(deviance, np.array(start)[free], method="BFGS", options={"gtol": 1e-5})
    return float(minimize(deviance, found.x, method="BFGS", options={"gtol": 1e-6}).fun)


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_is_where_the_deviance_has_risen(profiles, kind):
    _, dense, start, held = KINDS[kind]
    profile = profiles[kind]
    limits = profile.conf_int()
    least = _lowest(profile, dense, start)
    assert profile.deviance == pytest.approx(least, abs=1e-5)
    name, (place, scale) = next(iter(held.items()))
    rise = _lowest(profile, dense, start, place, scale(limits.upper[name])) - least
    assert rise == pytest.approx(RISE, abs=1e-4)
    name, (place, scale) = list(held.items())[1]
    rise = _lowest(profile, dense, start, place, scale(limits.lower[name])) - least
    assert rise == pytest.approx(RISE, abs=1e-4)
    slope = profile._constrained.fit.model.design.column_names[1]
    rise = _lowest(profile, dense, start, value=limits.upper[slope], column=1) - least
    assert rise == pytest.approx(RISE, abs=1e-4)


def test_two_free_standard_deviations_are_those_of_two_terms():
    """lme4 1.1-31: confint(lmer(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE))."""
    fit = ranef.lmer("Reaction ~ Days + diag(Days | Subject)", SLEEP)
    limits = fit.conf_int("profile")
    assert limits.attrs["notes"] == ("REML fit: refitted by maximum likelihood for the profile",)
    lme4 = {
        "sd Intercept[Subject]": (15.258656, 37.786480),
        SD_DAYS: (3.964074, 8.769159),
        "sigma": (22.880555, 28.787598),
        "Intercept": (237.572148, 265.238062),
        "Days": (7.334067, 13.600505),
    }
    for name, ends in lme4.items():
        assert_allclose(limits.loc[name], ends, rtol=1e-5)


def test_points_have_every_parameter_and_names_are_checked(profiles):
    table = profiles["both"].to_frame()
    assert {"Intercept", "Days", "sigma", SD_DAYS, AR} <= set(table.columns)
    own = table[table.parameter == AR]
    assert_allclose(own[AR], own.value, atol=1e-8)
    fit = profiles["gls"]._constrained.fit
    with pytest.raises(ArgumentError, match="there is no parameter 'sd'"):
        fit.profile("sd")
    assert fit.profile("fixed").conf_int().index.tolist() == ["Intercept", "age"]
