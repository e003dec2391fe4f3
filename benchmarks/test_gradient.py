"""Value with gradient, at lme4's optimum."""

import numpy as np
import pytest

from benchmarks.problems import problems
from benchmarks.stages import stages


@pytest.mark.parametrize("problem", problems(slow=True), ids=str)
def test_gradient(benchmark, problem):
    s, theta = stages(problem.name), np.array(problem.expected()["theta"])
    value, gradient = benchmark(s.reml.gradient, s.response, theta)
    assert value == pytest.approx(problem.expected()["criterion"], rel=1e-9)
    # one direction against a central difference of the value (the exact tests are in tests/)
    direction = np.ones_like(theta) / np.sqrt(theta.size)
    h = 1e-4
    up, down = (s.reml.value(s.response, theta + sign * h * direction) for sign in (1, -1))
    noise = 1e-11 * abs(value) / h
    assert gradient @ direction == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-2 + noise)
