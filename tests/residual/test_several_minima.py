"""Several minima in the parameters of the residuals, and what a fit says where there is none."""

from dataclasses import replace

import pytest
import ranef
from ranef.residual.optimum import of_both

from benchmarks.studies import generated_structures


@pytest.fixture(scope="module")
def fit():
    """One search ended 0.21 above nlme, a descent of it where the criterion is concave."""
    rows = generated_structures.series(9015)
    return ranef.lmer("y ~ x + arm*t + (t | g)", rows, residual="car1(z | g)")


def test_a_weak_correlation_beside_random_slopes(fit):
    """lme(y ~ x + arm * t, random = ~ t | g, correlation = corCAR1(form = ~ z | g)): Phi 0.25."""
    assert fit.converged and fit.objective <= 201.7117587974 + 1e-6


def test_the_certificate_is_that_of_both_parts(fit):
    nowhere = replace(fit.outer, converged=False)
    assert of_both(fit.optimum, fit.outer) is fit.optimum
    found = replace(fit, outer=nowhere, optimum=of_both(fit.optimum, nowhere))
    assert not found.converged
    assert found.optimum.message.startswith("not converged: the criterion has no minimum in the")
    assert "converged: a minimum" not in repr(found)
    assert "no minimum in the parameters of the residuals" in " ".join(str(ranef.diagnose(found)).split())
