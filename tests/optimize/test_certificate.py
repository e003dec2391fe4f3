"""The certificate: what it says about interior and singular optima, in numbers and in words."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from reference_battery import load_data

WORDS = {
    "ss_slope_reml": "a minimum of the REML criterion in the interior",
    "ss_slope_ml": "a minimum of the deviance in the interior",
    "dye2_reml": "the by-Batch variance of the intercept is zero",
    "ss_crossed_reml": "the by-Dayf variance of the intercept is zero",
    "cake_slope_c_reml": "the by-recipe:replicate effects of the intercept and I((temp - 200) / 25) are "
    "perfectly correlated (correlation 1): one combination of them has no variance",
    "chem_slope_reml": "are perfectly correlated (correlation -1)",
}


@pytest.mark.parametrize("name", WORDS)
def test_plain_words(name):
    optimum = fitted(name).optimum
    assert WORDS[name] in optimum.message
    assert optimum.message.startswith("converged")


def test_three_columns_of_which_one_combination_is_redundant():
    rng = np.random.default_rng(0)
    n, groups = 600, 60
    g = np.repeat(np.arange(groups), n // groups)
    x, z = rng.normal(size=(2, n))
    b = rng.normal(size=(groups, 2))
    # the effect of z is the sum of the other two
    y = b[g, 0] + b[g, 1] * x + (b[g, 0] + b[g, 1]) * z + 0.5 * rng.normal(size=n)
    fit = ranef.lmer("y ~ x + z + (x + z | g)", {"y": y, "x": x, "z": z, "g": g})
    assert fit.singular
    assert "of the intercept, x and z depend on each other: one combination" in fit.optimum.message
    values = np.linalg.eigvalsh(fit.varcorr["g"].corr)
    assert values[0] < 1e-2


def test_a_slope_without_variance():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 6)
    x = np.tile(np.arange(6.0) - 2.5, 12)
    noise = rng.normal(size=(12, 6))
    # slopes of the noise within groups are taken out: less variance between slopes than chance gives
    noise -= np.outer(noise @ x[:6] / (x[:6] @ x[:6]), x[:6])
    y = 2 * rng.normal(size=12)[g] + x + noise.ravel()
    fit = ranef.lmer("y ~ x + (x || g)", {"y": y, "x": x, "g": g})
    assert fit.singular and fit.converged
    assert fit.optimum.message == "converged to a singular fit: the by-g variance of x is zero"
    assert list(fit.optimum.multipliers) == ["g.1"]
    assert fit.optimum.multipliers["g.1"] > 0
    assert fit.varcorr["g.1"].sd[0] == 0


def test_numbers_of_an_interior_optimum():
    optimum = fitted("ss_slope_reml").optimum
    assert optimum.min_eigenvalue == optimum.eigenvalues[0] > 0
    assert len(optimum.eigenvalues) == 3
    assert optimum.gradient_norm < 1e-6
    assert not optimum.multipliers and not optimum.boundary
    assert f"newton: {optimum.evaluations} evaluations" in str(optimum)


def test_numbers_of_a_singular_optimum():
    optimum = fitted("dye2_reml").optimum
    assert np.isnan(optimum.min_eigenvalue)
    assert optimum.multipliers["Batch"] > 0
    assert optimum.boundary[0].direction == pytest.approx([1.0])
    assert "multiplier of Batch" in str(optimum)


def test_multiplier_is_the_derivative_of_the_criterion_by_the_variance():
    model = fitted("dye2_reml").model
    h = 1e-6
    slope = (model.objective([np.sqrt(h)]) - model.objective([0.0])) / h
    assert fitted("dye2_reml").optimum.multipliers["Batch"] == pytest.approx(slope, rel=1e-4)


def test_direction_of_the_multiplier_is_empty():
    """The combination named has no variance."""
    fit = fitted("cake_slope_c_reml")
    (found,) = fit.optimum.boundary
    variance = found.direction @ fit.varcorr[0].cov @ found.direction
    assert variance < 1e-10 * fit.varcorr[0].cov.trace()


def test_saddle_is_not_called_a_singular_fit():
    """Started where the criterion cannot tell which way to go, the fit leaves."""
    frame = load_data("sleepstudy")
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", frame, start=[0.0, 0.0, 0.0])
    assert not fit.singular
    assert fit.objective == pytest.approx(fitted("ss_slope_reml").objective, rel=1e-12)
