"""One setting for all threads."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import ranef
from ranef import _core
from ranef.cross_products import core_rows
from ranef.inference.likelihood import by_maximum_likelihood


@pytest.fixture
def threads():
    yield
    ranef.set_num_threads(None)


def test_the_default_is_every_core():
    import os

    if hasattr(os, "sched_getaffinity"):
        assert ranef.get_num_threads() == len(os.sched_getaffinity(0))
    assert ranef.get_num_threads() >= 1


def test_a_bootstrap_takes_the_setting(threads, fit_of):
    fit = fit_of("ss_slope_reml")
    for n in (1, 2, np.int64(3)):
        ranef.set_num_threads(n)
        assert ranef.get_num_threads() == n
        found = fit.bootstrap(3000, seed=1, progress=False)
        assert f"on {n} thread" in str(found)
        assert f"on {4} threads" in str(fit.bootstrap(3000, seed=1, n_threads=4, progress=False))


@pytest.mark.parametrize("n", [0, -1, 1.0, True, "2"])
def test_not_a_number_of_threads(threads, n):
    with pytest.raises(ranef.ArgumentError, match="number of threads"):
        ranef.set_num_threads(n)


SCRIPT = """
import threadpoolctl, ranef
pools = lambda: [p["num_threads"] for p in threadpoolctl.threadpool_info() if p["internal_api"] == "openblas"
                 and "site-packages" not in p["filepath"]]
own = pools()
ranef.set_num_threads({n})
print(ranef.get_num_threads(), own, pools())
"""


def run(script, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-c", script], env=os.environ | environment, capture_output=True, text=True
    )


def test_blas_of_the_core_takes_the_setting():
    done = run(SCRIPT.format(n=1), OPENBLAS_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
    if "[] []" in done.stdout:
        pytest.skip("the core is not linked with OpenBLAS")
    assert done.stdout.split() == ["1", "[2]", "[1]"]


def test_blas_of_the_core_never_gets_more_than_it_came_with():
    done = run(SCRIPT.format(n=4), OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() in (["4", "[1]", "[1]"], ["4", "[]", "[]"])


def test_the_environment_sets_it_too():
    script = "import ranef; print(ranef.get_num_threads())"
    assert run(script, RANEF_NUM_THREADS="3").stdout.strip() == "3"
    done = run(script, RANEF_NUM_THREADS="many")
    assert "RANEF_NUM_THREADS must be a whole number" in done.stderr


def side_by_side(work, count=4):
    with ThreadPoolExecutor(count) as pool:
        return [done.result() for done in [pool.submit(work, i) for i in range(count)]]


@pytest.mark.parametrize("held", ["sigma", "coefficient"])
def test_a_profiler_may_be_shared_between_threads(held, fit_of):
    fit = by_maximum_likelihood(fit_of("ss_slope_reml"))
    model, response, theta = fit.model, fit.response, fit.theta
    values = [0.8, 0.9, 1.15, 1.3]  # not symmetric: some criteria are
    if held == "sigma":
        shared = _core.Profiler(model.problem)
        points = [("sigma", 0, 0, 0, response, v * fit.sigma, theta, fit.sigma) for v in values]
    else:
        shared = _core.HeldCombination(model.problem, [0.0, 1.0])
        points = [(response, v * fit.params["Days"], theta, fit.sigma) for v in values]
    alone = [shared.at(*point)[0] for point in points]
    assert len(set(alone)) == len(values)
    for row in side_by_side(lambda i: [shared.at(*points[i])[0] for _ in range(100)]):
        assert set(row) in [{value} for value in alone]


def rows_of_two_factors(n, levels, seed):
    draw = np.random.default_rng(seed)
    data = {"y": draw.normal(size=n), "x": draw.normal(size=n)}
    data |= {name: draw.integers(0, size, n).astype(str) for name, size in zip("ab", levels, strict=True)}
    return data


def test_sums_may_be_shared_between_threads():
    data = rows_of_two_factors(20_000, (300, 200), 1)
    model = ranef.Model("y ~ x + (1 | a) + (1 | b)", data)
    rows, y = core_rows(model.design)[0], model.design.response
    table = np.tile([0.0, 1.0, -9.0, 9.0], (2, 1))
    one = np.array([[1.0, 0.0, 1.0, 1.0]])
    moments = (np.vstack([one, table[:1]]), [one, one], table[:1])

    def add(sums, times):
        for _ in range(times):
            sums.add(rows, y)

    shared, alone = _core.CrossSums(rows, *moments), _core.CrossSums(rows, *moments)
    side_by_side(lambda _: add(shared, 5))
    add(alone, 20)
    assert shared.n == alone.n == 400_000
    for found, expected in zip(shared.finish(), alone.finish(), strict=True):
        np.testing.assert_array_equal(found.__getstate__()["values"], expected.__getstate__()["values"])


def test_other_threads_run_while_the_core_computes():
    data = rows_of_two_factors(60_000, (900, 700), 2)
    cross = ranef.Model("y ~ x + (1 | a) + (1 | b)", data).cross.design
    zeros = np.zeros_like(cross.leading_gram())
    steps = 0
    switch = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1000)  # its lock is taken from no thread: the core has to let go
        worker = threading.Thread(target=cross.remaining_gram, args=(zeros,))
        worker.start()
        while worker.is_alive():
            steps += 1
            time.sleep(0)
    finally:
        sys.setswitchinterval(switch)
    assert steps > 3  # where the lock is held there is a step before the call, and one after it


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_a_generalised_fit_of_one_factor_is_the_same_on_any_number_of_threads(threads, family):
    rng = np.random.default_rng(3)
    g, x = rng.integers(0, 300, 20_000), rng.normal(size=20_000)
    eta = 0.3 * x - 0.5 + 0.6 * rng.normal(size=300)[g]
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(20_000) < 1 / (1 + np.exp(-eta))
    found = []
    for n in (1, 3):
        ranef.set_num_threads(n)
        fit = ranef.glmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g}, family)
        again = fit.refit(np.resize(np.asarray(y, float), 20_000)[::-1])
        found.append([fit.objective, again.objective, *fit.params, *fit.bse, *fit.theta, *again.bse])
    np.testing.assert_array_equal(found[0], found[1])
