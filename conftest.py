"""For tests and doctests alike."""

import sys

import pytest


@pytest.fixture(autouse=True)
def figures_closed():
    """Whatever a test draws is closed after it: pyplot warns from a process's twenty-first open figure on."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
