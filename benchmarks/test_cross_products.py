"""What touches the rows: the design, its cross-products, and the response's."""

import numpy as np
import pytest
from ranef.cross_products import cross_products
from ranef.design import build_design

from benchmarks.problems import problems
from benchmarks.stages import stages

PROBLEMS = problems(slow=True)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_build_design(benchmark, problem):
    """Formula and data frame to arrays."""
    frame = problem.frame()
    design = benchmark(build_design, problem.formula, frame)
    assert len(design.response) == len(frame)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_design_cross(benchmark, problem):
    design = stages(problem.name).design
    cross = benchmark(cross_products, design)
    assert cross.design.n == len(design.response)
    assert list(cross.columns) == list(range(design.X.shape[1]))


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_response_cross(benchmark, problem):
    s = stages(problem.name)
    response = benchmark(s.cross.response, s.design.response)
    theta = np.array(problem.expected()["theta"])
    assert s.reml.value(response, theta) == pytest.approx(problem.expected()["criterion"], rel=1e-9)
