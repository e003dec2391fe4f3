"""The share of the machine that others use."""

import subprocess
import sys
import time

import pytest

from benchmarks import quiet

pytestmark = pytest.mark.skipif(quiet.busy() is None, reason="this system does not tell")
SPIN = "import time; end = time.time() + 1.0\nwhile time.time() < end: pass"


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
    subprocess.run([sys.executable, "-c", SPIN.replace("1.0", "0.2")], check=True)
    assert quiet.own() - before > 0.05


def test_the_work_of_others_counts():
    watch = quiet.Watch()
    process = subprocess.Popen([sys.executable, "-c", SPIN])  # not waited for yet: somebody else's
    time.sleep(0.8)
    others = watch.others()
    process.wait()
    assert others > 0.3 / quiet.CORES


def test_waiting_has_a_limit():
    start = time.monotonic()
    quiet.wait(0.2, share=-1.0, moment=0.1)
    assert time.monotonic() - start < 5
