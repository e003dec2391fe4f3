"""Every model of the reference battery: criterion, estimates, standard errors, counts, gradient."""

import numpy as np
import pytest
import ranef
from glmm_battery import GlmmReference, names
from ranef.generalised import GlmerModel

EVALUATIONS = {"arab_olre": 17}  # three factors, one of them of the observations: the others need 15 or fewer


@pytest.mark.parametrize("name", names())
def test_laplace_fits_reach_the_reference(name):
    reference = GlmmReference(name)
    fit = ranef.glmer(reference.formula, reference.data, **reference.arguments)
    assert fit.converged
    assert fit.objective < reference.objective + 1e-6
    assert fit.optimum.evaluations <= EVALUATIONS.get(name, 15)
    error = np.abs(fit.params.to_numpy() - reference.beta) / fit.bse.to_numpy()
    assert error.max() < 1e-4
    if np.isfinite(reference.bse).all():
        # At a singular fit lme4's differences of the criterion step over the boundary: see the next test.
        np.testing.assert_allclose(fit.bse, reference.bse, rtol=2e-3 if fit.singular else 2e-4)
    tmb = reference.tmb
    if tmb is not None and tmb.get("dispersion_log") and fit.family.dispersed:
        assert np.log(fit.dispersion) == pytest.approx(tmb["dispersion_log"][0], abs=1e-3)


def test_standard_errors_of_a_singular_fit_are_those_of_its_gradient():
    """Fourth-order differences of the gradient, which is checked on its own, with the boundary held."""
    reference = GlmmReference("arab_slopes")
    fit = ranef.glmer(reference.formula, reference.data, **reference.arguments)
    at, n_theta = np.asarray(fit.found["internal"]), fit.model.n_theta
    free = [i for i in range(at.size) if i >= n_theta or at[i] != 0.0]
    assert fit.singular and len(free) == at.size - 1

    def gradient(index, step):
        moved = at.copy()
        moved[index] += step
        return np.asarray(fit.model.core.evaluate(moved, 1e-13)[1])[free]

    rows = []
    for index in free:
        h = 1e-4 * max(abs(at[index]), 0.1)
        one, two = (gradient(index, k * h) - gradient(index, -k * h) for k in (1, 2))
        rows.append((8 * one - two) / (12 * h))
    hessian = (np.array(rows) + np.array(rows).T) / 2
    p = len(fit.params)
    internal = np.sqrt(np.diag(2 * np.linalg.inv(hessian)))[-p:]
    scale = np.abs(fit.params.to_numpy() / at[-p:])  # of each column; the intercept is shifted too
    np.testing.assert_allclose(fit.bse.to_numpy()[1:], (internal * scale)[1:], rtol=1e-4)


@pytest.mark.parametrize("name", names(agq=0))
def test_the_fast_approximation_is_lme4s(name):
    reference = GlmmReference(name)
    fit = ranef.glmer(reference.formula, reference.data, agq=0, **reference.arguments)
    assert fit.objective < reference.answers["m2ll"] + 1e-6
    se = np.array(reference.answers["se_rx"])
    assert np.abs((fit.params.to_numpy() - reference.answers["beta"]) / se).max() < 1e-4
    np.testing.assert_allclose(fit.bse, se, rtol=1e-5)


@pytest.mark.parametrize("name", names(agq=9))
def test_quadrature_is_lme4s_but_for_a_constant(name):
    """lme4 leaves the likelihood of the saturated model out, which is one for single trials only."""
    reference = GlmmReference(name)
    fit = ranef.glmer(reference.formula, reference.data, agq=reference.agq, **reference.arguments)
    assert fit.converged
    se = np.array(reference.answers["se_hessian"])
    assert np.abs((fit.params.to_numpy() - reference.answers["beta"]) / se).max() < 1e-4
    np.testing.assert_allclose(fit.bse, se, rtol=1e-4)
    np.testing.assert_allclose(fit.theta, reference.answers["theta"], atol=1e-5)
    if reference.answers["family"] == "binomial" and fit.response.trials.max() == 1:
        assert fit.objective == pytest.approx(reference.answers["m2ll"], abs=1e-5)


DIFFERENCED = ["cbpp_olre", "contra_slope", "crossed_gamma", "slopes_probit", "bacteria_agq25"]


@pytest.mark.parametrize("name", DIFFERENCED)
def test_gradient_is_that_of_differences(name):
    reference = GlmmReference(name)
    model = GlmerModel(reference.formula, reference.data, agq=reference.agq, **reference.arguments)
    at, h = model.start() + 0.1, 1e-3
    gradient = model._evaluate(at)[1]
    for i in range(at.size):
        step = h * np.eye(at.size)[i]
        up, down = model._evaluate(at + step)[0], model._evaluate(at - step)[0]
        wide = model._evaluate(at + 2 * step)[0] - model._evaluate(at - 2 * step)[0]
        slope = (8 * (up - down) - wide) / (12 * h)
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6 * np.abs(gradient).max())
