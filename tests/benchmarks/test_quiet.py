"""The share of the machine that others use."""

import subprocess
import sys
import time

import pytest

from benchmarks import quiet

pytestmark = pytest.mark.skipif(quiet.busy() is None, reason="this system does not tell")
SPIN = "import time; end = time.time() + 1.0\nwhile time.time() < end: pass"
WORK = "import time\nwhile time.process_time() < 0.2: pass"


def test_own_work_does_not_count(monkeypatch):
    """A second passes on every core, of which this process and its children used three quarters."""
    clock = iter([0.0, 1.0])
    total, mine = iter([5.0, 5.0 + quiet.CORES]), iter([2.0, 2.0 + 0.75 * quiet.CORES])
    monkeypatch.setattr(quiet.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(quiet, "busy", lambda: next(total))
    monkeypatch.setattr(quiet, "own", lambda: next(mine))
    assert quiet.Watch().others() == pytest.approx(0.25)


def test_children_that_were_waited_for_are_own():
    before = quiet.own()
    subprocess.run([sys.executable, "-c", WORK], check=True)
    assert quiet.own() - before > 0.15


def test_the_work_of_others_counts():
    watch = quiet.Watch()
    process = subprocess.Popen([sys.executable, "-c", SPIN])  # not waited for yet: somebody else's
    time.sleep(0.8)
    others = watch.others()
    process.wait()
    assert others > 0.3 / quiet.CORES


def test_waiting_has_a_limit(monkeypatch):
    """A clock of ten seconds, on a machine that is never quiet: three moments begin within seven of them."""
    clock, moments = [0.0], []

    def sleep(seconds):
        moments.append(seconds)
        clock[0] += seconds
        assert clock[0] < 100, "it waits for ever"

    monkeypatch.setattr(quiet.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(quiet.time, "sleep", sleep)
    quiet.wait(7.0, share=-1.0, moment=3.0)
    assert moments == [3.0, 3.0, 3.0]
