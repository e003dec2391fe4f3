"""Fits of a dask DataFrame, whose workers make the sums, and replicates on a cluster of two processes."""

import warnings

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted as fitted_of_the_battery
from numpy.testing import assert_allclose
from ranef.errors import DataError
from ranef.machine.threads import available_cores
from ranef.stream import source_of
from reference_battery import load_data
from sufficient.partitions import FORMULA, die_once, rows

dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe", reason="dask has no dataframes without pyarrow")


def whole():
    return pd.concat([rows(part) for part in range(9)])


@pytest.fixture(scope="module")
def fitted():
    return ranef.lmer(FORMULA, whole())


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes; dask's own warnings when they start and stop are not ours to answer for."""
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings(), dask.config.set({"distributed.worker.daemon": False}):
        warnings.simplefilter("ignore")
        workers = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with workers, distributed.Client(workers) as client:
            yield client


def threads_of(_):
    return [ranef.get_num_threads()]


def joined(parts, _):
    return [threads for part in parts for threads in part]


def test_workers_share_the_cores(cluster):
    """Two processes with a thread each: half of the cores for a partition, all of them again afterwards."""
    frame = dd.from_map(rows, range(4), meta=rows(0)[:0])
    everything = available_cores()
    assert source_of(frame).combined(["x"], threads_of, joined, False) == 4 * [max(everything // 2, 1)]
    assert set(cluster.run(ranef.get_num_threads).values()) == {everything}


@pytest.mark.filterwarnings("ignore")
def test_two_processes_one_of_which_dies_in_the_middle(cluster, fitted, tmp_path):
    frame = dd.from_map(die_once, range(9), folder=str(tmp_path), meta=rows(0)[:0])
    fit = ranef.lmer(FORMULA, frame)
    assert (tmp_path / "died").exists()
    assert fit.nobs == 9 * 150  # nothing lost, nothing counted twice
    assert_allclose(fit.objective, fitted.objective, rtol=1e-12)
    assert_allclose(fit.params, fitted.params, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_replicates_of_the_workers_are_the_local_ones(cluster):
    fit = fitted_of_the_battery("ss_slope_reml")
    local = fit.bootstrap(300, seed=6, progress=False)
    away = fit.bootstrap(300, seed=6, executor=cluster, progress=False)
    assert np.array_equal(away.records, local.records)
    longer = local.append(50, executor=cluster, progress=False)
    assert np.array_equal(longer.records, fit.bootstrap(350, seed=6, progress=False).records)


@pytest.mark.parametrize(("scheduler", "share"), [("synchronous", 1), ("threads", 2)])
def test_threads_of_this_process_share_them_too(scheduler, share):
    before = ranef.get_num_threads()
    with dask.config.set(scheduler=scheduler, num_workers=2):
        frame = dd.from_map(rows, range(4), meta=rows(0)[:0])
        found = source_of(frame).combined(["x"], threads_of, joined, False)
    assert found == 4 * [max(available_cores() // share, 1)]
    assert ranef.get_num_threads() == before


@pytest.mark.parametrize("count", [1, 2, 7])
def test_any_number_of_partitions(count, fitted):
    with dask.config.set(scheduler="synchronous"):
        frame = dd.from_pandas(whole().sample(frac=1, random_state=count).reset_index(), npartitions=count)
        model = ranef.Model(FORMULA, frame)
    assert_allclose(model.objective(fitted.theta), fitted.objective, rtol=1e-12)


def test_a_formula_that_needs_all_rows_first():
    sleep = load_data("sleepstudy")
    formula = "Reaction ~ scale(Days) + (1 | Subject)"
    with dask.config.set(scheduler="synchronous"):
        fit = ranef.lmer(formula, dd.from_pandas(sleep, npartitions=3))
    assert_allclose(fit.objective, ranef.lmer(formula, sleep).objective, rtol=1e-12)


def test_errors_name_partition_and_column():
    frames = [rows(part) for part in range(4)]
    with dask.config.set(scheduler="synchronous"):

        def fit(formula, **changed):
            frames_now = [frame.assign(**changed) if k == 2 else frame for k, frame in enumerate(frames)]
            return ranef.lmer(formula, dd.from_map(lambda k: frames_now[k], range(4), meta=rows(0)[:0]))

        with pytest.raises(DataError, match=r"partition 2 .*'x' is inf in row 0"):
            fit(FORMULA, x=np.inf)
        with pytest.raises(DataError, match=r"'x' holds numbers in partition 0 and text .* in partition 2"):
            fit(FORMULA, x="text")
        with pytest.raises(ranef.UnknownColumnError, match="'z'"):
            fit("y ~ z + (1 | g)")
        frames[2] = frames[2].drop(columns="x")
        with pytest.raises(DataError, match=r"partition 2 of the data .*'x'.* meta"):
            fit("y ~ x + (1 | g)")
        frames[2] = rows(2)
        assert fit("y ~ x + (1 | g)", y=np.nan).nobs == 450  # a partition without any complete row


def test_predictions_stay_with_the_partitions(fitted):
    """A dask Series (or DataFrame) with the index of the rows, as of the rows in memory."""
    data = whole().reset_index(drop=True)
    frame = dd.from_pandas(data, npartitions=4)
    with dask.config.set(scheduler="synchronous"):
        assert isinstance(fitted.predict(frame), dd.Series)
        found = fitted.predict(frame).compute()
        pd.testing.assert_series_equal(found, fitted.predict(data), check_names=False)
        wide = fitted.predict(newdata=frame, random=None, interval="prediction")
        assert isinstance(wide, dd.DataFrame)
        there = fitted.predict(data, random=None, interval="prediction")
        pd.testing.assert_frame_equal(wide.compute(), there)


def test_no_rows_no_predictions(fitted):
    assert fitted.predict(whole()[:0], interval="confidence").empty
