"""Percentile intervals against R's boot package (1.3-28.1)."""

import numpy as np
import pytest
from ranef.bootstrap.intervals import percentile_interval
from reference_battery import load_bootstrap

VALUES = [3.2, -1.5, 0.7, 8.1, 2.2, 4.4, -0.3, 1.9, 5.0, 2.8, 3.9, 0.1, 6.6, -2.4, 1.2]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        # boot.ci(list(t = matrix(VALUES), R = 15, ...), conf = level, type = "perc")
        (0.5, (0.1, 4.4)),
        (0.8, (-1.8076884814069891, 7.112814135678315)),
        (0.9, (-2.4, 8.1)),  # the extremes: 15 replicates are too few
        (0.95, (-2.4, 8.1)),
    ],
)
def test_boot_ci_on_a_few_values(level, expected):
    assert percentile_interval(np.array(VALUES), level) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["dye", "gap_slope", "pen", "ss_slope"])
def test_boot_ci_on_reference_replicates(name):
    about, replicates = load_bootstrap(name)
    found = [percentile_interval(replicates[column].to_numpy(), 0.95) for column in about["statistics"]]
    assert np.allclose(found, about["boot_ci_percent"], rtol=1e-10, atol=1e-12)


def test_nan_are_left_out():
    with_holes = np.array([np.nan, *VALUES, np.nan])
    assert percentile_interval(with_holes, 0.8) == percentile_interval(np.array(VALUES), 0.8)
    assert np.isnan(percentile_interval(np.full(5, np.nan), 0.8)).all()


def test_one_value():
    assert percentile_interval(np.array([2.0]), 0.95) == (2.0, 2.0)
