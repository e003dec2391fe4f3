"""A response in another unit: the same fit."""

import numpy as np
import pandas as pd
import pytest
import ranef

from benchmarks.studies.generalised_optima import draw

RNG = np.random.default_rng(4)
CODES = np.repeat(np.arange(12), 10)
X = RNG.normal(size=120)
MEAN = np.exp(0.3 * X + 0.3 * RNG.normal(size=12)[CODES])
DATA = pd.DataFrame({"g": CODES, "x": X})
RESPONSES = {
    "gaussian": MEAN + 0.2 * RNG.normal(size=120),
    "gamma": MEAN * RNG.gamma(4, 0.25, 120),
    "inverse_gaussian": RNG.wald(MEAN, 6.0),
}


@pytest.mark.parametrize("link", ["log", "inverse"])
@pytest.mark.parametrize("family", list(RESPONSES))
def test_a_response_in_another_unit_gives_the_same_fit(family, link):
    fits = {}
    for unit in (1.0, 1e6, 1e-6):
        data = DATA.assign(y=RESPONSES[family] * unit)
        fits[unit] = ranef.glmer("y ~ x + (1 | g)", data, family=family, link=link)
    for unit, fit in fits.items():
        assert fit.converged
        # The density is per unit of the response.
        assert fit.objective - 240 * np.log(unit) == pytest.approx(fits[1.0].objective, abs=1e-5)
        slope = fit.params["x"] * (unit if link == "inverse" else 1.0)
        assert slope == pytest.approx(fits[1.0].params["x"], rel=1e-5)
        assert fit.optimum.evaluations <= fits[1.0].optimum.evaluations + 3


@pytest.mark.parametrize("number", [7, 62, 181])
def test_searches_that_end_at_a_boundary_keep_its_curvature(number):
    fit = draw(number).fit()
    assert fit.converged and fit.singular
    assert fit.optimum.evaluations < 30


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_a_response_that_no_double_can_hold(unit):
    data = DATA.assign(y=RESPONSES["gamma"] * unit)
    with pytest.raises(ranef.DataError, match=r"'y' has values of the size of .*: give it in another unit"):
        ranef.glmer("y ~ x + (1 | g)", data, family="gamma", link="log")
