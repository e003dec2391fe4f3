"""Fits that take long or would take too much memory: Ctrl-C, and the refusal before anything is allocated."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import psutil
import pytest
import ranef
from ranef import _core

FIT = """
    import signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    import numpy as np, ranef
    rng = np.random.default_rng(1)
    user, item = rng.integers(0, {users}, {n}), rng.integers(0, {items}, {n})
    y = rng.normal(size={users})[user] + rng.normal(size={items})[item] + rng.normal(size={n})
    DATA = {{"y": y, "user": user, "item": item}}
    model = ranef.Model("y ~ 1 + (1 | user) + (1 | item)", DATA)
    MANY = (item[:40_000] % 999).astype(str)
    # Loaded first: Python ends by the signal where a KeyboardInterrupt, though caught, was in an import.
    FEW = {{"y": y[:900], "user": user[:900] % 30, "item": item[:900] % 9}}
    ranef.lmer("y ~ 1 + (1 | user) + (1 | item)", FEW, schur="iterative").component_table()
    print("fitting", flush=True)
    try:
        while True:
            {call}
    except KeyboardInterrupt:
        print("interrupted", time.process_time(), flush=True)
    again = model.problem.value(model.response, [0.5, 0.5])
    print("alive" if np.isfinite(again) else "broken", flush=True)
"""


def interrupted(n, users, items, call="model.fit()"):
    """CPU seconds from Ctrl-C to Python's KeyboardInterrupt, and what the process printed.

    The process's own seconds, of its two threads: those of the clock would count what else the machine does.
    """
    code = textwrap.dedent(FIT.format(n=n, users=users, items=items, call=call))
    environ = os.environ | {"RANEF_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout.readline().strip() == "fitting"
        time.sleep(0.7)
        spent = psutil.Process(process.pid).cpu_times()
        os.kill(process.pid, signal.SIGINT)
        word, when = process.stdout.readline().split()
        last = process.stdout.readline().strip()
        process.wait(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
    return float(when) - spent.user - spent.system, word, last, process.returncode


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "sizes", [(200_000, 20_000, 3_000), (20_000, 2_000, 100)], ids=["long evaluations", "short"]
)
def test_interrupt(sizes):
    """A fit returns to Python within a second of its two threads, and the model can still be used."""
    seconds, word, last, status = interrupted(*sizes)
    assert word == "interrupted"
    assert seconds < 2.0
    assert (last, status) == ("alive", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "call",
    [
        "model.problem.value(model.response, [0.5, 0.5])",
        "model.problem.gradient(model.response, [0.5, 0.5])",
        "model.problem.solve(model.response, [0.5, 0.5])",
        "ranef.Model('y ~ 1 + (1 | user) + (1 | item)', {'y': y, 'user': user, 'item': item})",
        "ranef.Model('y ~ f + (1 | user)', {'y': y[:40_000], 'f': MANY, 'user': user[:40_000]})",
        "ranef.lmer('y ~ 1 + (1 | user) + (1 | item)', DATA, schur='iterative').component_table()",
    ],
    ids=["value", "gradient", "solve", "model", "many fixed effects", "iterations"],
)
def test_interrupt_between_data_and_fit(call):
    """Whatever takes long returns to Python within a second of its two threads."""
    seconds, word, last, status = interrupted(200_000, 20_000, 3_000, call)
    assert word == "interrupted"
    assert seconds < 2.0
    assert (last, status) == ("alive", 0)


# ---------------------------------------------------------------- memory
@pytest.fixture(scope="module")
def crossed():
    rng = np.random.default_rng(2)
    user, item = rng.integers(0, 900, 30_000), rng.integers(0, 700, 30_000)
    return pd.DataFrame({"y": rng.normal(size=30_000), "user": user, "item": item})


FORMULA = "y ~ 1 + (1 | user) + (1 | item)"


def test_refused_with_its_size(crossed, monkeypatch):
    """The message states what would be needed, what there is, and the remedy."""
    monkeypatch.setattr(ranef.planning, "available_memory", lambda: 4_000_000)
    monkeypatch.setattr(ranef.planning, "WORTH_ASKING", 0)  # bytes below which no machine is asked
    with pytest.raises(ranef.MemoryLimitError, match=r"number 700.*MB.*Model fewer levels.*drop one"):
        ranef.Model(FORMULA, crossed)


def test_cross_products_refused_with_their_size(crossed, monkeypatch):
    """8 bytes for the products of each level's column with itself and the intercept, and the intercept's."""
    monkeypatch.setattr(ranef.cross_products, "WORTH_ASKING", 0)
    monkeypatch.setattr(ranef.machine.memory, "WORTH_ASKING", 0)
    monkeypatch.setattr(ranef.machine.memory, "available_memory", lambda: 20_000)
    words = "900 levels of 'user' x 1 columns and 1 fixed effects take 25.6 kB, and 20 kB are free: use fewer"
    with pytest.raises(ranef.MemoryLimitError, match=words):
        ranef.Model(FORMULA, crossed)


def test_within_the_limit(crossed):
    """The same design is planned where two dense matrices of its order fit."""
    cross = ranef.Model(FORMULA, crossed).cross.design
    assert _core.Problem(cross, reml=True, memory_limit=2 * 8 * 701.0**2 + 1e5).n_theta == 2
    with pytest.raises(MemoryError):
        _core.Problem(cross, reml=True, memory_limit=0.9 * 2 * 8 * 700.0**2)


@pytest.fixture(scope="module")
def nested():
    rng = np.random.default_rng(3)
    pupil = rng.integers(0, 4000, 20_000)
    return pd.DataFrame({"y": rng.normal(size=20_000), "pupil": pupil, "school": pupil % 1500})


def test_sparse_refused_with_its_size(nested):
    """The size stated is that of the sparse complement, and the plan is carried out where it fits."""
    cross = ranef.Model("y ~ 1 + (1 | pupil) + (1 | school)", nested).cross.design
    needed = _core.Problem(cross, schur="sparse").plan["bytes"]
    assert _core.Problem(cross, schur="sparse", memory_limit=1.1 * needed).plan["schur"] == "sparse"
    with pytest.raises(MemoryError, match=r"number 1\d{3}:.*sparse Schur complement.* MB"):
        _core.Problem(cross, schur="sparse", memory_limit=0.5 * needed)


def test_classes_refused_with_the_remedy(crossed):
    cross = ranef.Model(FORMULA, crossed).cross.design
    with pytest.raises(MemoryError, match=r"sums by class.*leading='groups'"):
        _core.Problem(cross, leading="classes", memory_limit=2.0**20)
