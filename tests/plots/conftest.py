"""Fits to draw, and figures closed after every test."""

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="session")
def gappy(fit_of):
    """The lecture's model: 20 subjects, 373 with one row, 374 with two."""
    return fit_of("gap_slope_reml")
