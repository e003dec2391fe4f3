"""The same design to another response."""

import pytest
import ranef

from benchmarks.problems import problems


@pytest.mark.parametrize("problem", problems(), ids=str)
def test_refit(benchmark, problem):
    fit = ranef.lmer(problem.formula, problem.frame())
    y = fit.simulate(1, seed=1)[0]
    again = benchmark(fit.refit, y)
    fresh = ranef.lmer(problem.formula, problem.frame().assign(**{problem.formula.split("~")[0].strip(): y}))
    assert again.objective == pytest.approx(fresh.objective, rel=1e-10)
