"""For tests and doctests alike."""

import os
import sys

import pytest

# Read when a BLAS is loaded, here and in the processes that tests start: matrices are small, and several
# workers' threads would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def figures_closed():
    """Whatever a test draws is closed after it: pyplot warns from a process's twenty-first open figure on."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_collection_finish():
    """Give `ranef.fit` back: importing `ranef/fit.py` for its doctests, pytest binds the module to that name.

    Python itself binds a submodule once, before the function takes its place.
    """
    import ranef
    from ranef.fitting import fit_sums

    ranef.fit = fit_sums
