"""Replicates through executors: those of a local run, bit for bit, also when workers are lost."""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from ranef.bootstrap import remote
from ranef.errors import ArgumentError


@njit
def ratio(coefficients, sigma):
    return coefficients[0] / sigma


class Here:
    """Runs at once in this process, as a pickled copy; loses the chunks it is told to."""

    def __init__(self, lost=()):
        self.lost, self.submitted = list(lost), 0

    def submit(self, function, *arguments):
        future = Future()
        self.submitted += 1
        if self.submitted in self.lost:
            future.set_exception(ConnectionError("the worker is gone"))
        else:
            remote._unpacked.clear()
            future.set_result(function(*arguments))
        return future


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ss_slope_reml", {}),
        ("ss_slope_ml", {"use_u": True}),
        ("pen_reml", {"route": "rows"}),
        ("pastes_reml", {"columns": ["sigma", "modes"]}),
        ("ss_weights_reml", {"sigma": 3.0, "theta": [0.5, 0.1, 0.2]}),
        ("ss_offset_reml", {"statistic": ratio}),
        ("ss_rankdef_reml", {}),
    ],
)
def test_same_replicates(fit_of, name, options):
    fit = fit_of(name)
    options = {"seed": 6, "progress": False, **options}
    local = fit.bootstrap(50, **options)
    away = fit.bootstrap(50, executor=Here(), **options)
    assert np.array_equal(away.records, local.records, equal_nan=True)
    assert away.to_frame().equals(local.to_frame())
    longer = fit.bootstrap(20, **options).append(30, executor=Here(), progress=False)
    assert np.array_equal(longer.records, local.records, equal_nan=True)


def test_two_processes(fit_of):
    fit = fit_of("ss_slope_reml")
    local = fit.bootstrap(200, seed=6, progress=False)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        away = fit.bootstrap(200, seed=6, executor=pool, progress=False)
    assert np.array_equal(away.records, local.records)


def test_lost_chunks_are_done_again(fit_of):
    fit = fit_of("dye_reml")
    local = fit.bootstrap(64, seed=6, progress=False)
    executor = Here(lost=[2, 5, 17])  # the first of the chunks tried again is lost once more
    assert np.array_equal(fit.bootstrap(64, seed=6, executor=executor, progress=False).records, local.records)
    assert executor.submitted == 16 + 2 + 1
    gone = Here(lost=range(1, 1000))
    assert np.array_equal(fit.bootstrap(64, seed=6, executor=gone, progress=False).records, local.records)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    assert np.array_equal(fit.bootstrap(64, seed=6, executor=closed, progress=False).records, local.records)


def _dies(*arguments):
    os._exit(1)


def test_a_worker_that_dies(fit_of):
    fit = fit_of("dye_reml")
    local = fit.bootstrap(32, seed=6, progress=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(_dies)
        away = fit.bootstrap(32, seed=6, executor=pool, progress=False)
    assert np.array_equal(away.records, local.records)


def test_bad_executors(fit_of):
    fit = fit_of("dye_reml")
    with pytest.raises(ArgumentError, match=r"executor= must have a method submit"):
        fit.bootstrap(10, executor=3)
    with pytest.raises(ArgumentError, match=r"executor= is for scheme='parametric'"):
        fit.bootstrap(10, executor=Here(), scheme="wild")
    with pytest.raises(ArgumentError, match="compiled by Numba or none"):
        fit.bootstrap(10, executor=Here(), statistic=lambda refit: 1.0)
