"""Every workload of the comparison from a data frame to standard errors, and its answer: lme4's where lme4
can do it, what was put into the simulation where it cannot. (Generalised ones of real data: in tests/.)"""

import numpy as np
import pytest

from benchmarks.problems import workloads
from benchmarks.rivals.adapters.use_ranef import fit_of

# In standard errors of each estimate: five workloads with some five estimates each.
FAR = 4.5


@pytest.mark.parametrize("problem", workloads(), ids=lambda p: f"{p.number}-{p.name}")
def test_workload(benchmark, request, problem, check_criterion):
    if problem.huge and not request.config.getoption("--huge"):
        pytest.skip("huge: --huge asks for it")
    frame = problem.frame()

    def end_to_end():
        fit = fit_of(problem, frame)
        return fit, fit.bse

    rounds = 1 if problem.huge else 3
    fit, errors = benchmark.pedantic(end_to_end, rounds=rounds, warmup_rounds=0 if problem.huge else 1)
    benchmark.extra_info["evaluations"] = fit.optimum.evaluations
    assert fit.converged
    assert np.isfinite(errors).all()
    if problem.expected() is not None:
        check_criterion(problem, fit.objective)
    elif problem.put_in() is not None:
        check_truth(problem.put_in(), fit)


def check_truth(put_in, fit):
    """Coefficients within their standard errors; standard deviations within those of that many groups."""
    away = (fit.params.to_numpy() - put_in["beta"]) / fit.bse.to_numpy()
    # the intercept's error does not know the realised means of the effects; its standard error does
    assert np.abs(away).max() < FAR
    if "sigma" in put_in:
        assert fit.sigma == pytest.approx(put_in["sigma"], rel=FAR / np.sqrt(2 * fit.nobs) * 2)
    table = fit.varcorr.to_frame()
    found = np.sort(table.loc[table["name"].ne("") & table["group"].ne("Residual"), "sd"].to_numpy())
    few = min(fit.ngroups.values())
    np.testing.assert_allclose(found, np.sort(put_in["sd"]), rtol=FAR / np.sqrt(few))
