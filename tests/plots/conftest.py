"""Fits to draw."""

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def gappy(fit_of):
    """The lecture's model: 20 subjects, 373 with one row, 374 with two."""
    return fit_of("gap_slope_reml")
