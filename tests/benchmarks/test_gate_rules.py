"""When the gate calls a case slower."""

import pytest

from benchmarks.gate import rules
from benchmarks.gate.cases import CASES


def compare(base, head, absolute=0.010, **options):
    compared, new = rules.changes({"case": base}, {"case": head}, {"case": absolute}, **options)
    assert new == []
    return compared[0]


@pytest.mark.parametrize(
    ("base", "head", "slower"),
    [
        (0.100, 0.120, True),  # 20 % and 20 ms
        (0.100, 0.112, False),  # 12 ms, but only 12 %
        (0.010, 0.015, False),  # 50 %, but only 5 ms
        (0.010, 0.021, True),
        (0.100, 0.080, False),
        (0.100, 0.100, False),
    ],
)
def test_both_thresholds_must_be_exceeded(base, head, slower):
    change = compare([base], [head])
    assert change.slower is slower
    assert rules.passes([change]) is not slower


def test_thresholds_themselves_do_not_count():
    assert not compare([1.0], [1.15], absolute=0.01).slower
    assert not compare([1.0], [1.25], absolute=0.25).slower


def test_the_fastest_timing_stands_for_a_build():
    """One bad timing blames nobody; a good one does not hide behind bad ones."""
    assert not compare([0.100, 0.101], [0.500, 0.100]).slower
    assert compare([0.100, 0.500], [0.130, 0.140]).slower


def test_faster_by_the_same_thresholds():
    assert compare([0.120], [0.100]).word == "faster"
    assert compare([0.015], [0.010]).word == "same"
    assert compare([0.112], [0.100]).word == "same"


def test_another_relative_threshold():
    assert compare([1.0], [1.10], relative=0.05).slower
    assert not compare([1.0], [1.40], relative=0.50).slower


def test_one_slower_case_fails_the_gate():
    base = {"a": [0.1], "b": [0.1]}
    compared, _ = rules.changes(base, {"a": [0.1], "b": [0.2]}, {"a": 0.01, "b": 0.01})
    assert not rules.passes(compared)
    assert rules.table(compared).splitlines()[1].endswith("SLOWER")


def test_a_case_that_base_cannot_run_is_listed():
    compared, new = rules.changes({"a": [1.0]}, {"a": [1.0], "b": [1.0]}, {"a": 0.1, "b": 0.1})
    assert [change.name for change in compared] == ["a"]
    assert new == ["b"]
    assert "only head" in rules.table(compared, new)


def test_a_case_that_head_lost_is_an_error():
    with pytest.raises(ValueError, match="head cannot run what base could: b"):
        rules.changes({"a": [1.0], "b": [1.0]}, {"a": [1.0]}, {"a": 0.1, "b": 0.1})


def test_cases_have_names_and_thresholds_of_their_own():
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.absolute > 0 and case.calls >= 1 for case in CASES)
