"""Refits that share a grid of thetas: the ordinary refits, whatever the threads, chunks and routes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import _core
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.draws.true_parameters import true_parameters
from ranef.bootstrap.loop.engine import run
from ranef.bootstrap.loop.record import CONVERGED, record_layout
from ranef.bootstrap.loop.task import make_task

KEY = stream_key(11)[0]
N = 70


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    n, users, items = 5000, 400, 170
    user, item = rng.integers(0, users, n), rng.integers(0, items, n)
    x = rng.normal(size=n)
    effects = 0.8 * rng.normal(size=users)[user] + 0.6 * rng.normal(size=items)[item]
    y = 3.0 + 0.2 * x + effects + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "user": user.astype(str), "item": item.astype(str)})


@pytest.fixture(scope="module", params=[True, False], ids=["reml", "ml"])
def fit(request, data):
    return ranef.lmer("y ~ x + (1 | user) + (1 | item)", data, reml=request.param)


def shared_and_alone(fit, route):
    """The task, and the same with every replicate for itself."""
    task, _ = make_task(fit, true_parameters(fit), route)
    rows = fit.model.cross.rows if route == "rows" else None
    target = _core.RefitTarget(fit.model.problem, fit.response, rows)
    core = replace(task.core, problem=target.address, owner=target, batch=target.batch)
    return task, replace(task, core=core)


@pytest.mark.parametrize("route", ["gram", "rows"])
def test_the_ordinary_refits(fit, route):
    shared, alone = shared_and_alone(fit, route)
    assert shared.core.batch > 1
    assert alone.core.batch == 1
    one, other = (run(task, KEY, N, threads=2, progress=False).table for task in (shared, alone))
    parts = record_layout(fit.model).parts()
    assert (one[:, -1] == CONVERGED).all()
    assert (one[:, parts["evaluations"]] > 30).all()
    for name in ("coefficients", "se", "sigma", "theta"):
        np.testing.assert_allclose(one[:, parts[name]], other[:, parts[name]], rtol=1e-6)
    np.testing.assert_allclose(one[:, parts["objective"]], other[:, parts["objective"]], rtol=0, atol=1e-8)


def test_the_same_bits_for_any_threads_chunks_and_origin(fit):
    whole = fit.bootstrap(N, seed=3, n_threads=1, progress=False)
    for threads in (2, 3, 5):
        again = fit.bootstrap(N, seed=3, n_threads=threads, progress=False)
        assert np.array_equal(again.records, whole.records)
    later = fit.bootstrap(N - 37, seed=3, n_threads=2, progress=False, first=37)
    assert np.array_equal(later.records, whole.records[37:])


def test_conditional_modes_come_from_exact_refits(fit):
    plain = fit.bootstrap(4, seed=1, progress=False)
    table = fit.bootstrap(4, seed=1, columns=["theta", "modes", "evaluations"], progress=False).to_frame()
    assert (table["evaluations"] <= 2).all()
    np.testing.assert_allclose(table["theta1"], plain.to_frame()["theta1"], rtol=1e-6)


def test_other_thetas_have_a_grid_of_their_own(fit):
    theta = 1.2 * fit.theta
    task, _ = make_task(fit, true_parameters(fit, theta=theta))
    assert task.core.batch > 1
    table = run(task, KEY, N, threads=2, progress=False).table
    parts = record_layout(fit.model).parts()
    estimates = table[:, parts["theta"]]
    np.testing.assert_allclose(estimates.mean(axis=0), theta, rtol=0.05)
    assert (table[:, -1] == CONVERGED).all()


def test_no_grid_for_small_models():
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    assert make_task(fit, true_parameters(fit))[0].core.batch == 1
