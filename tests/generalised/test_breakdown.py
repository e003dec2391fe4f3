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


def an_effect_of_every_row(seed, family):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 60))
    x = rng.normal(size=n)
    y = np.exp(0.5 + 0.3 * x + rng.normal(size=n) * 0.3) + rng.normal(size=n) * 0.1
    y = np.clip(y / (1 + y), 0.01, 0.99) if family == "beta" else y
    data = {"y": y, "x": x, "row": [f"r{i}" for i in range(n)]}
    return ranef.glmer("y ~ x + (1 | row)", data, family, "logit" if family == "beta" else "log")


def test_a_fit_whose_approximation_has_no_estimate_of_its_error_is_printed():
    fit = an_effect_of_every_row(3, "beta")
    with pytest.raises(ranef.FitError, match="no second-order term"):
        _ = fit.approximation
    for text in (repr(fit), str(fit.summary()), str(ranef.diagnose(fit))):
        assert "no second-order term" in " ".join(text.split())


def test_an_optimiser_that_ends_without_an_answer_stops_no_diagnosis():
    fit = an_effect_of_every_row(21, "gamma")
    with pytest.raises(ranef.FitError, match="leave it out"):
        ranef.allfit(fit)
    assert "not converged" in str(ranef.diagnose(fit))
