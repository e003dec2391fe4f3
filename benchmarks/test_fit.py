"""From cross-products to the optimum, and end to end from a data frame."""

import pytest
import ranef

from benchmarks.problems import problems
from benchmarks.stages import stages


@pytest.mark.parametrize("problem", problems(slow=True), ids=str)
def test_optimum(benchmark, problem, check_criterion):
    s = stages(problem.name)
    optimum = benchmark(s.reml.fit, s.response)
    check_criterion(problem, optimum.value)
    benchmark.extra_info["evaluations"] = optimum.evaluations


@pytest.mark.parametrize("problem", problems(slow=True), ids=str)
def test_lmer(benchmark, problem, check_criterion):
    frame = problem.frame()
    fit = benchmark(ranef.lmer, problem.formula, frame)
    check_criterion(problem, fit.objective)
    assert fit.converged
    benchmark.extra_info["evaluations"] = fit.optimum.evaluations
