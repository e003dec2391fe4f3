"""SciPy's and NLopt's optimisers on the criterion: they find Newton's optimum, or say that they did not."""

import importlib.util
import sys

import numpy as np
import pytest
import ranef
import scipy
from conftest import fitted, unfitted
from ranef.optimize.others import METHODS
from ranef.optimize.scaling import flipped, semidefinite_factor, snapped, theta_scale
from ranef.theta import pack

MODELS = ["ss_slope_reml", "dye2_ml", "cake_slope_c_ml", "ss_crossed_reml", "pen_ml", "mach_0_reml"]
STOPS_SHORT = {("nelder-mead", "cake_slope_c_ml")}  # no gradient, at the boundary


def is_installed(optimizer):
    if METHODS[optimizer].library == "nlopt":
        return importlib.util.find_spec("nlopt") is not None
    return optimizer != "cobyqa" or tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 14)


def require_installed(optimizer):
    if not is_installed(optimizer):
        pytest.skip(f"{optimizer}: its library is not installed, or too old")


@pytest.mark.parametrize("optimizer", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_same_optimum_as_newton(name, optimizer):
    require_installed(optimizer)
    newton, other = fitted(name), unfitted(name).fit(optimizer=optimizer)
    if (optimizer, name) in STOPS_SHORT:
        assert not other.converged
        assert other.objective > newton.objective + 1e-7
        return
    assert other.converged, other.optimum
    assert other.objective == pytest.approx(newton.objective, abs=1e-7)
    assert other.singular == newton.singular
    assert other.optimum.evaluations >= newton.optimum.evaluations
    assert other.optimum.optimizer == optimizer
    for term, value in newton.optimum.multipliers.items():
        assert other.optimum.multipliers[term] == pytest.approx(value, rel=1e-2)
    assert (np.diff(other.optimum.eigenvalues) >= 0).all()
    np.testing.assert_allclose(other.sigma, newton.sigma, rtol=1e-5)


def test_what_stopped_short_is_not_called_converged():
    model = unfitted("ss_quad_re_reml")
    best = fitted("ss_quad_re_reml").objective
    for optimizer in filter(is_installed, METHODS):
        fit = model.fit(optimizer=optimizer, max_evaluations=12)
        assert fit.optimum.evaluations <= 12
        assert not fit.converged
        assert fit.objective >= best - 1e-9
        assert "max_evaluations=" in fit.optimum.message


def test_start_is_used():
    model = unfitted("ss_slope_reml")
    near = model.fit(optimizer="l-bfgs-b", start=fitted("ss_slope_reml").theta)
    assert near.optimum.evaluations < model.fit(optimizer="l-bfgs-b").optimum.evaluations


def test_unknown_optimizer_lists_those_there_are():
    listed = (
        "'newton', 'l-bfgs-b', 'bfgs', 'nelder-mead', 'powell', 'cobyqa', 'nlopt-bobyqa', 'nlopt-nelder-mead'"
    )
    with pytest.raises(ranef.ArgumentError, match=listed):
        unfitted("ss_slope_reml").fit(optimizer="bobyqa")


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nlopt", None)
    with pytest.raises(
        ranef.ArgumentError, match="needs the package nlopt: pip install nlopt"
    ):
        unfitted("ss_slope_reml").fit(optimizer="nlopt-bobyqa")
    found = ranef.allfit(fitted("ss_slope_reml"))
    assert list(found.skipped)[-2:] == ["nlopt-bobyqa", "nlopt-nelder-mead"]
    assert "nlopt-bobyqa was not run: " in repr(found)


def test_badly_scaled_columns(sleepstudy):
    frame = sleepstudy.assign(t=sleepstudy["Days"] * 1e6)
    fit = ranef.lmer("Reaction ~ t + (t | Subject)", frame, optimizer="l-bfgs-b")
    newton = ranef.lmer("Reaction ~ t + (t | Subject)", frame)
    assert fit.objective == pytest.approx(newton.objective, abs=1e-7)


# ---------------------------------------------------------------- pieces
def test_semidefinite_factor():
    rng = np.random.default_rng(0)
    full = rng.normal(size=(4, 4))
    matrix = full @ full.T
    np.testing.assert_allclose(semidefinite_factor(matrix, 1e-8), np.linalg.cholesky(matrix))
    thin = np.tril(rng.normal(size=(4, 4)))
    thin[:, 1] = 0
    factor = semidefinite_factor(thin @ thin.T, 1e-6)
    np.testing.assert_allclose(factor @ factor.T, thin @ thin.T, atol=1e-12)
    assert np.allclose(factor, np.tril(factor))


def test_flipped_and_snapped_keep_the_covariance():
    factor = np.array([[-2.0, 0.0], [1.0, -1e-7]])
    np.testing.assert_allclose(flipped(factor) @ flipped(factor).T, factor @ factor.T)
    assert (np.diag(flipped(factor)) >= 0).all()
    exact = snapped(factor, np.ones(2), 1e-4)
    assert exact[1, 1] == 0
    np.testing.assert_allclose(exact @ exact.T, factor @ factor.T, atol=1e-12)
    moved = snapped(np.array([[0.0, 0.0], [3.0, 0.0]]), np.ones(2), 1e-4)
    np.testing.assert_allclose(moved, [[0, 0], [0, 3]])


def test_scale_of_theta(sleepstudy):
    model = ranef.Model("Reaction ~ Days + (Days | Subject)", sleepstudy)
    days = np.sqrt(np.mean(sleepstudy["Days"] ** 2))
    np.testing.assert_allclose(theta_scale(model), [1.0, days, days])
    np.testing.assert_allclose(pack(model.covariance_factors([1, 2, 3])), [1, 2, 3])
