"""Likelihoods that are not log-concave: where Laplace's approximation has no minimum, a fit says so."""

import numpy as np
import pytest
import ranef


def inverse_gaussian(seed):
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(10), 6), rng.normal(size=60)
    mu = np.exp(0.5 + 0.4 * rng.normal(size=10)[g] + 0.8 * rng.normal(size=10)[g] * x)
    return {"y": rng.wald(mu, 2.0), "x": x, "g": g}


@pytest.mark.parametrize(("seed", "level"), [(19, "7"), (43, "0")])
def test_a_search_that_runs_to_a_flat_peak_names_the_level_and_the_remedy(seed, level):
    data, formula = inverse_gaussian(seed), "y ~ x + (x || g)"
    fit = ranef.glmer(formula, data, "inverse_gaussian")
    assert not fit.converged
    assert f"breaks down: the likelihood of level '{level}' of g is not log-concave" in fit.optimum.message
    assert "use agq=15" in fit.optimum.message
    # the conditional variance is far above the term's own, which a log-concave likelihood cannot do
    theta, variances = np.asarray(fit.theta), fit.found["variances"][0]
    assert (np.diagonal(variances[int(level)]) / theta**2).max() > 30
    advice = str(ranef.diagnose(fit))  # names no argument that glmer() does not have
    assert "optimizer=" not in advice and "start=" not in advice
    better = ranef.glmer(formula, data, "inverse_gaussian", agq=15)
    assert better.converged
    assert "breaks down" not in better.optimum.message


def test_a_search_that_was_stopped_does_not_say_so():
    fit = ranef.glmer("y ~ x + (x || g)", inverse_gaussian(0), "gamma", max_evaluations=2)
    assert not fit.converged
    assert "breaks down" not in fit.optimum.message
