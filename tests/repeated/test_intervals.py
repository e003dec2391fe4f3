"""Likelihood intervals of the covariance over visits: the criterion minimised with the parameter held."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError
from repeated.trial_rows import table
from scipy.optimize import minimize

RISE = 3.841458820694124


@pytest.fixture(scope="module")
def frame():
    return table(subjects=40)


def profiled(fit, k, held):
    """The criterion at theta_k, minimal over the rest."""
    problem, others = fit.model.measures(fit.structure), np.delete(np.arange(len(fit.theta)), k)
    theta = fit.theta.copy()
    theta[k] = held

    def criterion(rest):
        theta[others] = rest
        try:
            point = problem.at(theta)
        except RuntimeError:  # not positive definite
            return 1e6, np.zeros(len(others))
        return point.value, point.gradient[others]

    return minimize(criterion, fit.theta[others], jac=True, method="BFGS", options={"gtol": 1e-7}).fun


@pytest.mark.parametrize("structure", ["ar1", "csh", "toep"])
def test_the_criterion_rises_by_the_quantile(frame, structure):
    fit = ranef.mmrm(f"y ~ arm + visit + base + {structure}(visit | id)", frame)
    intervals = fit.residual_intervals()
    natural = lambda theta: fit.model.measures(structure).at(theta).natural[:, 0]  # noqa: E731
    for k, row in enumerate(intervals.itertuples()):
        assert row.lower < row.estimate < row.upper
        for end in (row.lower, row.upper):
            theta = fit.theta.copy()  # theta_k by Newton from the parameter, a function of it alone
            for _ in range(40):
                point = fit.model.measures(structure).at(theta)
                theta[k] -= (point.natural[k, 0] - end) / point.natural[k, 1]
            assert natural(theta)[k] == pytest.approx(end, rel=1e-9)
            assert profiled(fit, k, theta[k]) - fit.objective == pytest.approx(RISE, abs=2e-3)


def test_unstructured_variances_do_not_depend_on_the_order_of_visits(frame):
    """theta does: the first visit's variance is one theta, the last one's a function of many."""
    fit = ranef.mmrm("y ~ arm + base + us(visit | id)", frame)
    back = ranef.mmrm("y ~ arm + base + us(turned | id)", frame.assign(turned=5 - frame.visit))
    found, turned = fit.residual_intervals(), back.residual_intervals()
    np.testing.assert_allclose(found.loc["var(1)"], turned.loc["var(4)"], rtol=1e-4)
    np.testing.assert_allclose(found.loc["var(4)"], turned.loc["var(1)"], rtol=1e-4)
    sd = ranef.mmrm("y ~ arm + base + us(visit | arm / id)", frame).residual_intervals(level=0.5)
    assert len(sd) == 20 and sd.index[0] == "var(1)[a]" and (sd.lower < sd.upper).all()


def test_levels(frame):
    fit = ranef.mmrm("y ~ arm + ar1(visit | id)", frame)
    with pytest.raises(ArgumentError, match="level"):
        fit.residual_intervals(level=2)
