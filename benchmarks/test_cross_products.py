"""The one pass over the rows: DesignCross and ResponseCross."""

import numpy as np
import pytest
from ranef import _core
from ranef.design import build_design

from benchmarks.problems import problems
from benchmarks.stages import rows_of, stages

PROBLEMS = problems(slow=True)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_design_cross(benchmark, problem):
    design = stages(problem.name).design
    cross = benchmark(lambda: _core.DesignCross(rows_of(design)))
    assert cross.n == len(design.response)
    assert cross.p == design.X.shape[1]


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_response_cross(benchmark, problem):
    s = stages(problem.name)
    y = np.asarray(s.design.response)
    response = benchmark(_core.ResponseCross, s.rows, s.cross, y)
    theta = np.array(problem.expected()["theta"])
    assert s.reml.value(response, theta) == pytest.approx(problem.expected()["criterion"], rel=1e-9)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_build_design(benchmark, problem):
    """Formula and data frame to arrays: Python's share of a fit."""
    frame = problem.frame()
    design = benchmark(build_design, problem.formula, frame)
    assert len(design.response) == len(frame)
