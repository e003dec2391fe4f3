"""Intervals against R's boot package (1.3-28.1)."""

import numpy as np
import pytest
from ranef.bootstrap.replicates.intervals import (
    basic_interval,
    bca_interval,
    normal_interval,
    percentile_interval,
    shortest_interval,
    studentized_interval,
)
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


# boot.ci() of a "boot" object made by hand: t0 = 2.7, t = REPLICATES, variances 1.21 and ERRORS**2,
# L = INFLUENCE
REPLICATES = np.array([
    *VALUES, 2.05, 3.3, 1.1, 0.4, 2.9, -0.8, 5.7, 4.05, 2.6, 1.6, 3.6, 0.9, 2.4, -1.1, 7.3, 1.45, 2.75, 3.05,
    0.55, 4.8, 2.15, 1.75, -0.55, 5.3,
])  # fmt: skip
ERRORS = 0.8 + abs(np.sin(np.arange(1, 40)))
INFLUENCE = np.array([-1.2, 0.3, 0.8, 2.2, -0.9, -1.2])


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.8, (-0.064798662842465, 6.08787558591939)), (0.9, (-0.936897491261539, 6.95997441433846))],
)
def test_normal(level, expected):
    assert normal_interval(REPLICATES, 2.7, level) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("level", "expected"), [(0.8, (-0.3, 6.2)), (0.9, (-1.9, 6.9))])
def test_basic(level, expected):
    assert basic_interval(REPLICATES, 2.7, level) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.8, (-0.129927576122785, 5.40286488910228)), (0.9, (-1.11551289768783, 5.83301516502648))],
)
def test_studentized(level, expected):
    assert studentized_interval(REPLICATES, ERRORS, 2.7, 1.1, level) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.8, (0.182152312122955, 7.42989414098466)), (0.9, (-0.713641295316091, 8.1))],
)
def test_bca(level, expected):
    centred = INFLUENCE - INFLUENCE.mean()
    acceleration = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    assert acceleration == pytest.approx(0.0414146862928836)
    assert bca_interval(REPLICATES, 2.7, acceleration, level) == pytest.approx(expected, rel=1e-9)


def test_bca_at_a_boundary():
    # half of the replicates on the boundary with the estimate: half of those count as below it
    values = np.concatenate([np.zeros(500), np.linspace(0.001, 1, 499)])
    lower, upper = bca_interval(values, 0.0, 0.0, 0.9)
    assert lower == 0.0 and 0.0 < upper < percentile_interval(values, 0.9)[1]
    assert np.isnan(bca_interval(values + 1.0, 0.0, 0.0, 0.9)).all()


def test_shortest_interval_is_the_shortest():
    for level in (0.5, 0.8, 0.95):
        lower, upper = shortest_interval(REPLICATES, level)
        inside = int(np.ceil(level * 39))
        assert np.count_nonzero((lower <= REPLICATES) & (upper >= REPLICATES)) >= inside
        ordered = np.sort(REPLICATES)
        lengths = [ordered[i + inside - 1] - ordered[i] for i in range(39 - inside + 1)]
        assert upper - lower == min(lengths)
    assert np.isnan(shortest_interval(np.full(3, np.nan), 0.9)).all()
