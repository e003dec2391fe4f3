"""The parallel loop with a stand-in for the core: threads, chunks, Ctrl-C, failures, memory."""

import _thread
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from bootstrap.standin import Workspaces, broken, gram_multiply, make_design
from ranef._core import ReplicateLoop
from ranef.bootstrap.draws.gram import gram_draw
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.loop import engine
from ranef.bootstrap.loop.engine import run
from ranef.bootstrap.loop.record import FAILED
from ranef.bootstrap.loop.work import Task
from threadpoolctl import threadpool_info, threadpool_limits

KEY = stream_key(7)[0]


def make_task(workspaces):
    design = make_design("crossed")
    draw = gram_draw(design.gram_factor(), design.levels, design.lambdas, design.sigma, design.mean, design.n)
    columns = design.C.shape[1] + 2
    core, arguments = design.core(workspaces), draw.arguments()
    return Task(core, "refit_gram_draws", gram_multiply.address, arguments, np.zeros(1), columns)


@pytest.fixture
def workspaces():
    return Workspaces()


@pytest.fixture
def task(workspaces):
    return make_task(workspaces)


def test_same_numbers_for_any_threads_and_chunks(task, monkeypatch):
    expected = run(task, KEY, 501, threads=1, progress=False).table
    assert np.isfinite(expected).all()
    for threads in (2, 3, 8):
        assert np.array_equal(run(task, KEY, 501, threads, progress=False).table, expected)
    monkeypatch.setattr(engine, "_CHUNK_SECONDS", 0.0)
    assert np.array_equal(run(task, KEY, 501, 3, progress=False).table, expected)


def test_replicates_are_numbered(task):
    whole = run(task, KEY, 100, threads=2, progress=False).table
    later = run(task, KEY, 40, threads=2, progress=False, first=60).table
    assert np.array_equal(later, whole[60:])
    assert len(np.unique(whole[:, 0])) == 100


def test_seeds_differ(task):
    one, other = (run(task, stream_key(seed)[0], 10, 1, progress=False).table for seed in (1, 2))
    assert not np.any(one[:, 0] == other[:, 0])


def test_one_workspace_per_thread_all_destroyed(task, workspaces):
    outcome = run(task, KEY, 300, threads=3, progress=False)
    assert outcome.threads == len(workspaces.created) == 3
    assert workspaces.uses == 300
    assert sorted(workspaces.destroyed) == sorted(w.ctypes.data for w in workspaces.created)


def test_no_more_threads_than_replicates(task, workspaces):
    assert run(task, KEY, 2, threads=64, progress=False).threads == len(workspaces.created) == 2


def test_no_memory_for_a_workspace():
    workspaces = Workspaces(available=1)
    with pytest.raises(MemoryError, match="n_threads"):
        run(make_task(workspaces), KEY, 100_000, threads=2, progress=False)
    assert len(workspaces.destroyed) == 1


def test_draw_that_fails_is_a_row_with_a_status(task):
    table = run(replace(task, draw=broken.address), KEY, 20, threads=2, progress=False).table
    assert np.all(table[:, -1] == FAILED)
    assert np.all(np.isnan(table[:, :-2]))
    assert np.all(table[:, -2] == 0)


@pytest.fixture
def listening():
    """Ctrl-C is heard: a shell that starts a program in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupt_keeps_what_is_done(task, monkeypatch, listening):
    """Ctrl-C as soon as the bar has moved: what is done is there, and far from everything is done."""
    n = 3_000_000

    class Interrupted(engine.tqdm):
        def update(self, n=1):
            if n > 0 and not sent:
                sent.append(n)
                _thread.interrupt_main()
            return super().update(n)

    sent = []
    monkeypatch.setattr(engine, "tqdm", Interrupted)
    outcome = run(task, KEY, n, threads=2, progress=False)
    assert outcome.interrupted and sent
    done = len(outcome.table)
    assert 0 < done < n
    sample = min(done, 2000)
    expected = run(task, KEY, sample, threads=1, progress=False).table
    assert np.array_equal(outcome.table[:sample], expected)
    last = run(task, KEY, 5, threads=1, progress=False, first=done - 5).table
    assert np.array_equal(outcome.table[-5:], last)


def test_progress_bar(task, capsys):
    run(task, KEY, 50, threads=2, progress=True)
    shown = capsys.readouterr().err
    assert "50/50" in shown and "refits/s" in shown
    run(task, KEY, 50, threads=2, progress=False)
    assert capsys.readouterr().err == ""


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_blas_threads_are_restored(task):
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        assert set(before) == {2}
        crew = [threading.Thread(target=run, args=(task, KEY, 20_000, 2, False)) for _ in range(3)]
        for member in crew:
            member.start()
        for member in crew:
            member.join()
        assert blas_threads() == before


def test_runs_side_by_side(task):
    expected = run(task, KEY, 2000, threads=1, progress=False).table
    found = {}

    def work(name):
        found[name] = run(task, KEY, 2000, threads=2, progress=False).table

    crew = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    assert all(np.array_equal(found[name], expected) for name in range(4))


def test_other_processes_draw_the_same(task):
    here = run(task, KEY, 10, 1, progress=False).table
    script = (
        f"import sys; sys.path[:0] = {[p for p in sys.path if p]!r}\n"
        "import bootstrap.test_engine as t\n"
        "print(t.run(t.make_task(t.Workspaces()), t.KEY, 10, 1, progress=True).table.tobytes().hex())\n"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "10/10" in there.stderr
    assert bytes.fromhex(there.stdout) == here.tobytes()


@pytest.mark.parametrize(
    "wrong", [{"key": np.zeros(3, np.uint64)}, {"kept": np.arange(2)}, {"batch": 0}, {"table": np.zeros(5)}]
)
def test_a_loop_checks_its_arrays(task, wrong):
    right = {"problem": 0, "draw": 0, "refit": 0, "workspace": 0, "key": KEY, "origin": 0, "batch": 1}
    right |= {"start": np.zeros(1), "record_size": 5, "kept": np.arange(4), "statistic": 0}
    right["table"] = np.zeros((3, 5))
    loop = ReplicateLoop(**right)
    with pytest.raises(ValueError, match=next(iter(wrong)) + "|status"):
        ReplicateLoop(**(right | wrong))
    with pytest.raises(ValueError, match="out of range"):
        loop.refit_given(0, 4, np.zeros((4, 4)))
