"""Tables are made from the CSV files of a run; those in README and docs are the committed run's."""

import pytest

from benchmarks import giant_tables, publish, results, tables
from benchmarks.results import Agreement, Giant, Measurement, Point, Stage

OURS = Measurement(
    "3",
    "insteval_3",
    "fit",
    "ranef",
    "ok",
    seconds=0.25,
    fastest=0.24,
    slowest=0.3,
    repeats=5,
    verdict="right",
)
LME4 = Measurement(
    "3", "insteval_3", "fit", "lme4", "ok", seconds=7.5, fastest=7, slowest=8, repeats=5, verdict="right"
)
WRONG = Measurement(
    "3", "insteval_3", "fit", "glmm", "ok", seconds=0.1, repeats=1, verdict="wrong: criterion 3 above ours"
)
OVER = Measurement("3", "insteval_3", "fit", "mixedlm", "over cap", "more than 60 s")
NONE = Measurement("3", "insteval_3", "fit", "statsmodels", "skipped", "dense matrices of n x n")


def test_csv_keeps_everything(tmp_path):
    rows = [OURS, LME4, WRONG, OVER, NONE]
    results.write(tmp_path, "workloads", rows)
    assert results.read(tmp_path, "workloads", Measurement) == rows
    assert results.read(tmp_path, "growth", Point) == []


def test_ratios():
    line = tables.ratios([OURS, LME4, WRONG, OVER, NONE]).splitlines()[-1]
    assert line == "| 3 | insteval_3 | 250 ms | 30x | wrong (0.4x) | > 240x | - |"


def test_summary_takes_the_fastest_that_is_right():
    line = tables.summary([OURS, LME4, WRONG, OVER, NONE]).splitlines()[-1]
    assert line.endswith("| 250 ms |  | 30x | none within 60 s |")
    right = Measurement("3", "insteval_3", "fit", "glmm", "ok", seconds=1.5, repeats=5, verdict="right")
    assert tables.summary([OURS, LME4, right]).endswith("| glmm, 6x |")


def test_details_say_who_was_left_out_and_why():
    text = tables.details([OURS, LME4, WRONG, OVER, NONE])
    assert "Left out: statsmodels (dense matrices of n x n)." in text
    assert "| mixedlm | over cap: more than 60 s |" in text
    assert "wrong: criterion 3 above ours" in text


def test_growth_factors():
    points = [Point("rows", 10, 5, 1.0, 4, 0.1), Point("rows", 20, 5, 1.9, 4, 0.1)]
    assert "| 1.90 |" in tables.growth(points)


def test_profile_has_the_floor():
    stage = Stage("3", "insteval_3", "optimum", 0.2, count=5, floor=0.1, floor_is="Cholesky + inverse")
    assert "| optimum (5 evaluations) | 200 ms | 100 ms | 2.0 |" in tables.profile([stage])


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.00025, "250 us"), (12.3456, "12.3 s"), (3e-9, "3 ns"), (1234.0, "1,234 s")]
)
def test_in_words(seconds, words):
    assert tables.in_words(seconds) == words


def test_marks_are_filled(tmp_path):
    results.write(tmp_path, "workloads", [OURS, LME4])
    page = "a\n<!-- bench:ratios -->\nold\n<!-- /bench:ratios -->\nb"
    new = publish.filled(page, tmp_path)
    assert "old" not in new
    assert "| 3 | insteval_3 | 250 ms | 30x |" in new
    assert publish.filled(new, tmp_path) == new


def test_committed_tables_are_those_of_the_committed_results():
    assert publish.stale() == []


def test_a_run_replaces_its_own_workloads_and_leaves_the_others(tmp_path):
    published, run = tmp_path / "published", tmp_path / "run"
    other = Measurement("12", "verbagg", "fit", "ranef", "ok", seconds=0.03, repeats=5, verdict="right")
    results.write(published, "workloads", [LME4, OURS, other])
    results.write_machine(published, [{"when": "first", "measured": ["3", "12", "growth"]}])
    again = Measurement("3", "insteval_3", "fit", "ranef", "ok", seconds=0.2, repeats=5, verdict="right")
    results.write(run, "workloads", [again])
    results.write_machine(run, {"when": "second"})
    publish.put(run, published)
    assert results.read(published, "workloads", Measurement) == [again, other]
    first, second = results.read_machines(published)
    assert first == {"when": "first", "measured": ["12", "growth"]}
    assert second == {"when": "second", "measured": ["3"]}


def test_fits_by_iterations_have_tables(tmp_path):
    one = Agreement("insteval_3", 73_421, "2,972 x 14", 64, 0.34, 0.0068, None, 4e-12, 8e-11, 1.5, 0.9)
    results.write(tmp_path, "giants_agree", [one])
    table = giant_tables.agree(tmp_path)
    assert "| InstEval | 73,421 | 2,972 x 14 | 64 | 0.34 | 0.68% | - | 4e-12 | 8e-11 |" in table
    sizes = [Giant("both", n, n // 10, n // 100, 1.0, n / 1e5, 10**8, 4, 7, 0.003, 1) for n in (1000, 2000)]
    results.write(tmp_path, "giants_grow", sizes)
    table = giant_tables.grow(tmp_path)
    assert "| twice both | 2,000 | 200 x 20 | 0.02 s | 2.00 | 4 | 7 | 0.10 GB |" in table
