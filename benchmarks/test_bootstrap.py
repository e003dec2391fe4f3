"""The parametric bootstrap, with a warm kernel cache: 10,000 replicates of a small model, fewer of a larger
one."""

import numpy as np
import pytest
import ranef

from benchmarks.problems import problem

CASES = [("sleepstudy", 10_000), ("sleepstudy_irregular", 1_000), ("penicillin", 10_000), ("pastes", 10_000)]


@pytest.mark.parametrize(("name", "replicates"), CASES)
def test_bootstrap(benchmark, name, replicates):
    p = problem(name)
    fit = ranef.lmer(p.formula, p.frame())
    fit.bootstrap(10, seed=0)  # compiles, or loads what is compiled
    frame = benchmark(lambda: fit.bootstrap(replicates, seed=1)).to_frame()
    assert len(frame) == replicates
    assert frame["converged"].mean() > 0.999
    error = frame["Intercept"].std() / np.sqrt(replicates)
    assert abs(frame["Intercept"].mean() - fit.params["Intercept"]) < 5 * error
