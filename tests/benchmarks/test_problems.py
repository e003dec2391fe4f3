"""The registry of workloads."""

import pandas as pd
import pytest
from ranef.formula import parse_formula

from benchmarks import simulated
from benchmarks.problems import PROBLEMS, problem, problems, workloads


def test_the_workloads():
    linear = ["1", "3", "4a", "4b", "5", "6", "7", "8", "9", "10"]
    assert [p.number for p in workloads()] == [*linear, "11a", "12", "13", "14", "15", "16"]


@pytest.mark.parametrize("p", PROBLEMS, ids=str)
def test_formula(p):
    assert parse_formula(p.formula).random
    assert p.family or p.expected() is not None or p.put_in()


def test_huge_ones_only_on_request():
    assert not any(p.huge for p in problems(slow=True))
    assert any(p.huge for p in problems(slow=True, huge=True))


@pytest.mark.parametrize(
    "build",
    [
        lambda: simulated.one_factor(2_000, 100),
        lambda: simulated.crossed_ratings(2_000, 80, 20),
        lambda: simulated.moving_pupils(400, 40, 4),
        lambda: simulated.yes_or_no(2_000, 100, 20, crossed=True),
        lambda: simulated.counts_in_cells(2_000, 20),
    ],
    ids=["one_factor", "crossed_ratings", "moving_pupils", "yes_or_no", "counts_in_cells"],
)
def test_seeded(build):
    pd.testing.assert_frame_equal(build(), build())


def test_a_tenth_of_the_pupils_moves():
    data = simulated.moving_pupils(4_000, 400, 20)
    classes = data.groupby("pupil")["klass"].nunique()
    assert classes.max() == 2
    assert 0.08 < (classes == 2).mean() < 0.12
    assert (data.groupby("klass")["school"].nunique() == 1).all()
    assert problem("moving_pupils").number == "9"
