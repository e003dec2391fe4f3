"""Workers that finish, fail, hang: what the run makes of them. And the clock itself."""

import sys
import time

import pytest

from benchmarks import measure
from benchmarks.problems import problem
from benchmarks.rivals import run
from benchmarks.rivals.peers import PEERS, peer


@pytest.fixture
def worker(monkeypatch):
    """worker(code): run that Python code in place of a worker."""

    def start(code, cap=20.0):
        monkeypatch.setattr(run, "command", lambda *arguments: ([sys.executable, "-c", code], None))
        return run.run(None, None, "fit", cap, 0.0, None)

    return start


def test_result(worker):
    outcome = worker("""print('noise\\n{"ready": true}\\n{"first": 1.0}\\n{"result": {"seconds": 1.0}}')""")
    assert (outcome.status, outcome.result) == ("ok", {"seconds": 1.0})


def test_failure_is_reported_by_its_error(worker):
    outcome = worker("raise KeyError('no such column')")
    assert outcome.status == "failed"
    assert "KeyError" in outcome.reason


def test_over_the_cap_is_ended(worker, tmp_path):
    """Ended, not waited for: it does not come to what it would do next."""
    went_on = tmp_path / "went on"
    ready = """import time; print('{"ready": true}', flush=True); time.sleep(20)"""
    outcome = worker(f"{ready}; open({str(went_on)!r}, 'w')", cap=0.3)
    assert (outcome.status, outcome.reason) == ("over cap", "more than 0.3 s")
    assert not went_on.exists()


def test_killed_worker(worker):
    outcome = worker("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (outcome.status, outcome.reason) == ("failed", "ended by signal 9")


def test_repeats_within_the_budget():
    calls = []
    answer, times = measure.measure(lambda: calls.append(time.sleep(0.15)) or len(calls), budget=1.2)
    assert answer == 1
    assert 2 <= times["repeats"] <= 5
    assert times["fastest"] <= times["seconds"] <= times["slowest"]
    assert times["seconds"] == pytest.approx(0.15, abs=0.1)


def test_long_calls_are_made_once(monkeypatch):
    monkeypatch.setattr(measure, "LONG", 0.05)
    monkeypatch.setattr(measure, "SHORT", 0.0)
    calls = []
    _, times = measure.measure(lambda: calls.append(time.sleep(0.1)), budget=100.0)
    assert (len(calls), times["repeats"]) == (1, 1)
    assert times["seconds"] == times["first"]


@pytest.mark.skipif(not measure.forget_peak(), reason="this system does not tell the peak")
def test_growth_counts_what_was_given_back():
    _, _, grown = measure.growth(lambda: bytearray(64 << 20) and None)
    assert 60 << 20 < grown < 100 << 20


def test_what_programs_cannot_do_has_a_reason():
    assert "dense" in peer("statsmodels").cannot(problem("insteval_3"))
    assert "another model" in peer("GPBoost").cannot(problem("sleepstudy"))
    assert peer("glmm").cannot(problem("sleepstudy"), "refit") == "has no refit"
    assert all(who.cannot(problem("sleepstudy")) is None for who in PEERS[:6])
