"""Nested against crossed on the simulated schools; expected values from lme4 1.1-31, converged tightly."""

import numpy as np
import pytest
import ranef

LME4 = {
    "(1 | school/class)": (3637.80382605, {"class:school": 3.0050062, "school": 8.5499588}, 1.0193456),
    "(1 | school) + (1 | class)": (5865.87485702, {"school": 8.67655825, "class": 0.81675692}, 2.70805512),
}


@pytest.mark.parametrize("random", LME4)
def test_fit_is_lme4s(random):
    fit = ranef.lmer(f"extro ~ open + agree + social + {random}", ranef.datasets.load("schools"))
    criterion, deviations, sigma = LME4[random]
    assert fit.converged and not fit.singular
    assert fit.objective == pytest.approx(criterion, abs=1e-6)
    assert fit.sigma == pytest.approx(sigma, rel=1e-6)
    ours = {component.group: float(np.sqrt(component.cov[0, 0])) for component in fit.varcorr}
    assert ours == pytest.approx(deviations, rel=1e-4)  # lme4 stops a little short in this flat direction
