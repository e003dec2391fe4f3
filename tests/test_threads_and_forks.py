"""Pickles while another thread asks, forks while another thread draws: nothing fails, nothing hangs."""

import copy
import os
import pickle
import sys
import threading
import time

import pytest
import ranef
from ranef import _core
from ranef.bootstrap.loop import engine
from ranef.bootstrap.loop.single_blas import single_blas_thread


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_does_not_wait_for_a_thread_that_is_not_there(fit_of):
    """Another thread holds the lock of BLAS's limit, a bar's lock and a count at the moment of a fork."""
    fit = fit_of("ss_slope_reml")
    fit.bootstrap(10, seed=1, progress=False)
    held, done = threading.Event(), threading.Event()

    def holder():
        with single_blas_thread(), single_blas_thread().lock, engine.tqdm.get_lock():
            held.set()
            done.wait(60)

    thread = threading.Thread(target=holder)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            again = fit.bootstrap(50, seed=1, progress=True)
            code = 0 if len(again) == 50 and single_blas_thread().users == 0 else 2
        finally:
            os._exit(code)
    ended, status = 0, None
    for _ in range(600):  # a minute at most
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.1)
    done.set()
    thread.join()
    if not ended:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert ended and os.waitstatus_to_exitcode(status) == 0
    assert hasattr(_core, "after_fork")


@pytest.mark.parametrize("n", [2**15 + 1, 10**30])
def test_threads_without_number(n, monkeypatch):
    from ranef.machine.threads import read_environment

    with pytest.raises(ranef.ArgumentError, match="from 1 to 32,768"):
        ranef.set_num_threads(n)
    for text in (str(n), "9" * 5000):
        monkeypatch.setenv("RANEF_NUM_THREADS", text)
        with pytest.raises(ranef.ArgumentError, match="from 1 to 32,768"):
            read_environment()
