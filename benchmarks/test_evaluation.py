"""One value of the criterion, and what the plan costs once."""

import numpy as np
import pytest
from ranef import _core

from benchmarks.problems import problems
from benchmarks.stages import stages

PROBLEMS = problems(slow=True)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_value(benchmark, problem):
    s, theta = stages(problem.name), np.array(problem.expected()["theta"])
    value = benchmark(s.reml.value, s.response, theta)
    assert value == pytest.approx(problem.expected()["criterion"], rel=1e-9)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_plan(benchmark, problem):
    s = stages(problem.name)
    planned = benchmark(_core.Problem, s.cross.design, reml=True)
    assert planned.n_theta == len(problem.expected()["theta"])
