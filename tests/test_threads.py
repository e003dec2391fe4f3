"""One setting for all threads."""

import subprocess
import sys

import numpy as np
import pytest
import ranef


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
