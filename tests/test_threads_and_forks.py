"""Pickles while another thread asks, forks while another thread draws: nothing fails, nothing hangs."""

import copy
import os
import pickle
import signal
import sys
import threading
import time

import pytest
import ranef
from ranef import _core
from ranef.bootstrap.loop import engine
from ranef.bootstrap.loop.single_blas import single_blas_thread
from ranef.machine.late_imports import import_late


def asked(fit):
    for name in ("params", "df", "varcorr", "ranef", "coef", "fittedvalues", "vcov", "solution"):
        getattr(fit, name)
    fit.summary(), fit.anova(), fit.predict(se=True), fit.ranef["Subject"], fit.optimum.message


def test_a_fit_is_pickled_while_another_thread_reads_it(sleepstudy):
    """RuntimeError: dictionary changed size during iteration, in more than half of the tries."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(25):
            fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
            reader = threading.Thread(target=asked, args=(fit,))
            reader.start()
            while reader.is_alive():
                for one in (fit, fit.model, fit.optimum, fit.ranef):
                    pickle.dumps(one), copy.copy(one)
            reader.join()
    finally:
        sys.setswitchinterval(before)
    assert pickle.loads(pickle.dumps(fit)).objective == fit.objective


def exit_code_of_a_child(work):
    """Fork, do the work in the child, and return its exit code: what the work returned; None if it hangs."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = work()
        finally:
            os._exit(code)
    for _ in range(600):  # a minute at most
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def forks(test):
    ignored = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    return pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")(ignored(test))


@forks
def test_a_child_does_not_wait_for_a_thread_that_is_not_there(fit_of):
    """Another thread holds the lock of BLAS's limit, a bar's lock and a count at the moment of a fork."""
    fit = fit_of("ss_slope_reml")
    fit.bootstrap(10, seed=1, progress=False)
    held, done = threading.Event(), threading.Event()

    def holder():
        with single_blas_thread(), single_blas_thread().lock, engine.tqdm.get_lock():
            held.set()
            done.wait(60)

    def bootstrapped():
        again = fit.bootstrap(50, seed=1, progress=True)
        return 0 if len(again) == 50 and single_blas_thread().users == 0 else 2

    thread = threading.Thread(target=holder)
    thread.start()
    held.wait()
    code = exit_code_of_a_child(bootstrapped)
    done.set()
    thread.join()
    assert code == 0
    assert hasattr(_core, "after_fork")


@forks
def test_a_fork_waits_for_modules_that_other_threads_load(tmp_path, monkeypatch):
    """A child would wait for the module's lock, which a thread holds that it does not have."""
    began, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "loading", (began, go_on), raising=False)
    lines = "import sys", "sys.loading[0].set()", "sys.loading[1].wait(60)", "ready = 0"
    (tmp_path / "slow_to_load.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=import_late, args=("slow_to_load",))
    thread.start()
    began.wait()
    release = threading.Timer(0.1, go_on.set)
    release.start()
    assert exit_code_of_a_child(lambda: import_late("slow_to_load").ready) == 0
    thread.join()
    release.join()
    del sys.modules["slow_to_load"]


@forks
def test_a_module_that_forks_while_it_is_loaded_does_not_wait_for_itself(tmp_path, monkeypatch):
    (tmp_path / "forks.py").write_text("import os\nchild = os.fork()\nif not child:\n    os._exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert os.waitstatus_to_exitcode(os.waitpid(import_late("forks").child, 0)[1]) == 0
    del sys.modules["forks"]


@forks
@pytest.mark.parametrize("at", ["during", "after"])
def test_a_child_has_threads_of_its_own(at, fit_of):
    """The core's helpers of the parent wait, or work, when it forks; the child has none of them."""
    fit, done = fit_of("ss_slope_reml"), threading.Event()
    expected = fit.bootstrap(64, seed=1, n_threads=2, progress=False).to_frame()

    def working():
        while not done.is_set():
            fit.bootstrap(2000, seed=2, n_threads=2, progress=False)

    def child():
        again = fit.model.fit()
        same = fit.bootstrap(64, seed=1, n_threads=2, progress=False).to_frame().equals(expected)
        return 0 if same and again.objective == fit.objective else 2

    thread = threading.Thread(target=working)
    if at == "during":
        thread.start()
    try:
        assert exit_code_of_a_child(child) == 0
    finally:
        done.set()
        if at == "during":
            thread.join()


@pytest.mark.parametrize("n", [2**15 + 1, 10**30])
def test_threads_without_number(n, monkeypatch):
    from ranef.machine.threads import read_environment

    with pytest.raises(ranef.ArgumentError, match="from 1 to 32,768"):
        ranef.set_num_threads(n)
    for text in (str(n), "9" * 5000):
        monkeypatch.setenv("RANEF_NUM_THREADS", text)
        with pytest.raises(ranef.ArgumentError, match="from 1 to 32,768"):
            read_environment()
