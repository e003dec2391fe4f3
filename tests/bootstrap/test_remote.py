"""Replicates through executors: those of a local run, bit for bit, also when workers are lost."""

import multiprocessing
import os
import pickle
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import ranef
from bootstrap.standin import ratio
from numba import njit
from ranef.bootstrap.loop import remote
from ranef.errors import ArgumentError


@njit
def rise(objective):
    return objective - 1700.0


class Here:
    """Runs at once in this process, as copies for two workers in turn; loses the chunks it is told to."""

    _max_workers = 2

    def __init__(self, lost=(), order=(0, 1)):
        self.lost, self.order, self.submitted, self.parcels = list(lost), order, 0, []
        self.memories = [{}, {}]

    def submit(self, function, *arguments):
        future = Future()
        self.submitted += 1
        if self.submitted in self.lost:
            future.set_exception(ConnectionError("the worker is gone"))
            return future
        if arguments[1] is not None:
            self.parcels.append(arguments[1])
        before = dict(remote._unpacked)
        memory = self.memories[self.order[(self.submitted - 1) % len(self.order)]]
        remote._unpacked.clear()
        remote._unpacked.update(memory)
        future.set_result(function(*pickle.loads(pickle.dumps(arguments))))
        memory.update(remote._unpacked)
        remote._unpacked.clear()
        remote._unpacked.update(before)
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
        ("ss_offset_reml", {"statistic": rise, "columns": ["modes", "objective"]}),
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
    # the chunks, those lost, and what a worker sent back because its parcel was lost
    assert 16 + 3 <= executor.submitted <= 16 + 5
    gone = Here(lost=range(1, 1000))
    assert np.array_equal(fit.bootstrap(64, seed=6, executor=gone, progress=False).records, local.records)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    assert np.array_equal(fit.bootstrap(64, seed=6, executor=closed, progress=False).records, local.records)


@pytest.mark.parametrize("order", [(0, 1), (0, 0, 0, 1), (1,)])
def test_the_design_travels_once_a_worker(fit_of, order):
    fit = fit_of("pen_reml")
    local = fit.bootstrap(64, seed=6, progress=False)
    executor = Here(order=order)
    away = fit.bootstrap(64, seed=6, executor=executor, progress=False)
    assert np.array_equal(away.records, local.records)
    assert len(executor.parcels) <= 3  # one of them came to a worker that had it


def test_what_travels_does_not_grow_with_the_rows():
    sizes = []
    for per in (10, 1000):
        g = np.repeat(np.arange(20), per)
        data = {"y": np.random.default_rng(0).normal(size=20 * per), "g": g}
        fit = ranef.lmer("y ~ 1 + (1 | g)", data)
        executor = Here()
        fit.bootstrap(32, seed=1, executor=executor, progress=False)
        sizes.append(len(executor.parcels[0]))
    assert abs(sizes[1] - sizes[0]) < 50 and sizes[0] < 20_000


def _dies(*arguments):
    os._exit(1)


def test_a_worker_that_dies(fit_of):
    fit = fit_of("dye_reml")
    local = fit.bootstrap(32, seed=6, progress=False)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(_dies)
        away = fit.bootstrap(32, seed=6, executor=pool, progress=False)
    assert np.array_equal(away.records, local.records)


@pytest.mark.parametrize("options", [{}, {"statistic": ratio}, {"columns": ["sigma"], "first": 7}])
def test_groups_drawn_elsewhere(options, fit_of):
    fit = fit_of("ss_slope_reml")
    run = {"scheme": "cases", "seed": 4, "progress": False, **options}
    away = fit.bootstrap(24, executor=Here(lost=[3]), **run)
    assert np.array_equal(away.records, fit.bootstrap(24, **run).records)


def test_bad_executors(fit_of):
    fit = fit_of("dye_reml")
    with pytest.raises(ArgumentError, match=r"executor= must have a method submit"):
        fit.bootstrap(10, executor=3)
    with pytest.raises(ArgumentError, match=r"executor= is for scheme='parametric'"):
        fit.bootstrap(10, executor=Here(), scheme="wild")
    with pytest.raises(ArgumentError, match="compiled by Numba or none"):
        fit.bootstrap(10, executor=Here(), statistic=lambda refit: 1.0)


@pytest.mark.parametrize(
    "options",
    [
        {"groups": 30},
        {"test": "lrt", "precision": 0.2},
        {"test": "bootstrap", "n_null": 39, "n": 10},
        {"test": "kenward-roger"},
    ],
    ids=str,
)
def test_studies_of_power_are_the_local_ones(fit_of, options):
    fit = fit_of("ss_slope_reml")
    asked = {"effect": 4.0, "n": 40, "seed": 1, "progress": False} | options
    local, away = (ranef.power(fit, "Days", **asked, **more) for more in ({}, {"executor": Here(lost=[2])}))
    assert (away.rejections, away.n, away.nobs) == (local.rejections, local.n, local.nobs)


def test_power_curves_go_through_executors_too(fit_of):
    fit = fit_of("ss_slope_reml")
    asked = {"effects": [0, 4.0], "n": 30, "seed": 1, "progress": False}
    local = ranef.power_curve(fit, "Days", **asked)
    assert ranef.power_curve(fit, "Days", **asked, executor=Here()).equals(local)
    with pytest.raises(ArgumentError, match=r"submit"):
        ranef.power(fit, "Days", executor="dask")


def test_power_of_generalised_models_says_that_it_runs_here():
    cbpp = ranef.datasets.load("cbpp")
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp)
    with pytest.raises(ArgumentError, match=r"power\(executor=\) is for linear fits"):
        ranef.power(fit, "period[T.2]", executor=Here())
