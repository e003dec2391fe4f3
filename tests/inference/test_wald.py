"""Wald intervals of variance components against differences of the dense oracle's criterion."""

import numpy as np
import oracle
import pytest
import ranef
from conftest import fitted
from oracle_design import reference_design
from ranef.inference.wald import component_errors
from reference_battery import load_model


@pytest.mark.parametrize(
    "name", ["ss_slope_reml", "ss_slope_ml", "gap_slope_reml", "pen_ml", "mach_slash_reml"]
)
def test_standard_errors_come_from_the_curvature(name):
    """The same Hessian by sixth-order differences, in log sd, Fisher's z and log sigma themselves."""
    fit, design = fitted(name), reference_design(load_model(name))
    table = component_errors(fit)
    widths = [term.width for term in design.terms]
    nu = len(design.y) - (design.X.shape[1] if fit.reml else 0)

    def unpack(x):
        sigma, theta, at = np.exp(x[0]), [], 1
        parts = []
        for r in widths:
            parts.append(np.exp(x[at : at + r]))
            at += r
        for r, sd in zip(widths, parts, strict=True):
            corr = np.eye(r)
            for c in range(r):
                for i in range(c + 1, r):
                    corr[i, c] = corr[c, i] = np.tanh(x[at])
                    at += 1
            factor = np.linalg.cholesky(corr * np.outer(sd, sd)) / sigma
            theta += [factor[i, c] for c in range(r) for i in range(c, r)]
        return sigma, np.array(theta)

    def criterion(x):
        sigma, theta = unpack(x)
        profiled = oracle.solve(design, theta, fit.reml)
        rss = profiled.pwrss
        constant = profiled.criterion - nu * (1 + np.log(2 * np.pi * rss / nu))
        return constant + nu * np.log(2 * np.pi * sigma**2) + rss / sigma**2

    log = (table["scale"] == "log").to_numpy()
    estimate = table["estimate"]
    x = np.where(log, np.log(np.where(log, estimate, 1)), np.arctanh(np.where(log, 0, estimate)))
    assert criterion(x) == pytest.approx(fit.objective, abs=1e-6)
    hessian = oracle.difference_hessian(criterion, x, np.full(len(x), 2e-2))
    expected = np.sqrt(np.diag(2 * np.linalg.inv(hessian)))
    np.testing.assert_allclose(table["se_scaled"], expected, rtol=2e-4)


def test_all_parameters_in_one_table():
    fit = fitted("ss_slope_reml")
    limits = fit.conf_int(parameters="all")
    assert list(limits.index[:3]) == ["Intercept", "Days", "sigma"]
    errors = component_errors(fit)
    width = 1.959963984540054 * errors.loc["sigma", "se_scaled"]
    np.testing.assert_allclose(limits.loc["sigma"], fit.sigma * np.exp([-width, width]))
    lower, upper = limits.loc["corr[Subject.Days.Intercept]"]
    assert -1 < lower < upper < 1
    assert list(fit.conf_int(parameters=["sigma", "Days"]).index) == ["sigma", "Days"]
    assert list(fit.conf_int(parameters="fixed").index) == ["Intercept", "Days"]


def test_no_interval_at_the_boundary():
    limits = fitted("dye2_reml").conf_int(parameters="random")
    assert np.isnan(limits.loc["sd[Batch.Intercept]"]).all()
    assert np.isfinite(limits.loc["sigma"]).all()


def test_unknown_parameter():
    with pytest.raises(ranef.ArgumentError, match="there is no 'Dayz'"):
        fitted("ss_slope_reml").conf_int(parameters="Dayz")


def test_table_of_components_and_covariance_of_theta():
    fit = fitted("ss_slope_reml")
    table, limits = fit.component_table(0.9), fit.conf_int(level=0.9, parameters="random")
    np.testing.assert_allclose(table[["lower", "upper"]], limits)
    np.testing.assert_allclose(table.loc["sigma", "se"], np.sqrt(fit.cov_theta().loc["sigma", "sigma"]))
    assert list(fit.cov_theta().index) == ["theta1", "theta2", "theta3", "sigma"]
    assert table.attrs["notes"] == ()
    design = reference_design(load_model("ss_slope_reml"))
    nu = len(design.y) - 2

    def criterion(x):
        profiled = oracle.solve(design, x[:3], True)
        constant = profiled.criterion - nu * (1 + np.log(2 * np.pi * profiled.pwrss / nu))
        return constant + nu * np.log(2 * np.pi * x[3] ** 2) + profiled.pwrss / x[3] ** 2

    x = np.append(fit.theta, fit.sigma)
    hessian = oracle.difference_hessian(criterion, x, np.array([0.01, 0.01, 0.01, 0.2]))
    np.testing.assert_allclose(fit.cov_theta(), 2 * np.linalg.inv(hessian), rtol=1e-3, atol=1e-6)


def test_a_singular_term_is_named():
    fit = fitted("dye2_reml")
    for table in (fit.component_table(), fit.cov_theta(), fit.conf_int(parameters="all")):
        assert len(table.attrs["notes"]) == 1
        assert "Batch: the fit is singular there" in table.attrs["notes"][0]
    with pytest.raises(ranef.ArgumentError, match="level must be between 0 and 1"):
        fit.component_table(95)
