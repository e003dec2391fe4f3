"""Sums made by the workers of an executor: those of the rows in memory, also where a worker is lost."""

import multiprocessing
import pickle
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError
from sufficient.partitions import FORMULA, die_once, rows

PARTS = [rows(part) for part in range(9)]
WHOLE = pd.concat(PARTS, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return ranef.lmer(FORMULA, WHOLE)


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


class Here:
    """Runs at once in this process, from what would travel; loses the jobs it is told to."""

    _max_workers = 2

    def __init__(self, lost=()):
        self.lost, self.sizes = list(lost), []

    def submit(self, function, *arguments):
        future = Future()
        travels = pickle.dumps((function, arguments))
        self.sizes.append(len(travels))
        if len(self.sizes) in self.lost:
            future.set_exception(ConnectionError("the worker is gone"))
            return future
        function, arguments = pickle.loads(travels)
        future.set_result(function(*arguments))
        return future


def same(sums, fitted):
    assert sums.n == len(WHOLE)
    assert_allclose(ranef.Model(FORMULA, sums).objective(fitted.theta), fitted.objective, rtol=1e-12)


def in_two(part):
    yield rows(part)[:70]
    yield rows(part)[70:]


def spoiled(part):
    return rows(part).assign(x=np.inf) if part == 2 else rows(part)


def test_tables_are_sent_to_processes(pool, fitted):
    same(ranef.sums(FORMULA, ranef.batches(lambda: PARTS), executor=pool), fitted)


def test_functions_are_called_by_processes(pool, fitted):
    readers = [partial(in_two, part) for part in range(9)]
    same(ranef.sums(FORMULA, ranef.batches(lambda: readers), executor=pool), fitted)
    assert_allclose(ranef.lmer(FORMULA, ranef.batches(lambda: readers)).params, fitted.params, rtol=1e-6)


def test_a_process_that_dies_in_the_middle(fitted, tmp_path):
    readers = [partial(die_once, part, str(tmp_path)) for part in range(9)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        same(ranef.sums(FORMULA, ranef.batches(lambda: readers), executor=pool), fitted)
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("lost", [[1], [2, 5, 11], range(1, 1000)], ids=["one", "some", "all"])
def test_lost_partitions_are_summed_again(lost, fitted):
    executor = Here(lost)
    same(ranef.sums(FORMULA, ranef.batches(lambda: iter(PARTS)), executor=executor), fitted)
    assert len(executor.sizes) == 9 + (len(lost) if len(lost) < 9 else 2 * 9)


def test_threads_and_a_closed_executor(fitted):
    source = ranef.batches(lambda: [lambda part=part: part for part in PARTS])  # no process could be sent one
    with ThreadPoolExecutor(2) as threads:
        same(ranef.sums(FORMULA, source, executor=threads), fitted)
    same(ranef.sums(FORMULA, source, executor=threads), fitted)


@pytest.mark.parametrize("layout", ["files", "one file", "filtered"])
def test_files_are_read_by_the_workers(layout, fitted, tmp_path):
    """Sent is where the rows are, unless a filter keeps the files from being taken apart."""
    pa, ds = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.dataset")
    options = {"format": "parquet", "max_rows_per_group": 50}
    ds.write_dataset(
        pa.Table.from_pandas(WHOLE),
        tmp_path,
        max_rows_per_file=len(WHOLE) if layout == "one file" else 50,
        **options,
    )
    executor, dataset = Here(), ds.dataset(tmp_path)
    if layout == "filtered":
        dataset = dataset.filter(ds.field("x") > -100)
    same(ranef.sums(FORMULA, dataset, executor=executor), fitted)
    assert len(executor.sizes) == (27 if layout == "filtered" else 8)  # as rows, or four for each worker


def test_only_the_columns_needed_travel(fitted):
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    wide = [part.assign(idle="much text " * 20) for part in PARTS]
    for convert in (lambda t: t, pl.from_pandas, pa.Table.from_pandas, lambda t: dict(t.items())):
        executor, narrow = Here(), Here()
        tables = [convert(part) for part in wide]
        same(ranef.sums(FORMULA, ranef.batches(lambda tables=tables: tables), executor=executor), fitted)
        tables = [convert(part) for part in PARTS]
        ranef.sums(FORMULA, ranef.batches(lambda tables=tables: tables), executor=narrow)
        assert_allclose(executor.sizes, narrow.sizes, rtol=0.2)  # of 40 kB of text nothing
    same(ranef.sums(FORMULA, pl.from_pandas(WHOLE).lazy(), executor=Here()), fitted)


def test_cells_and_patterns_come_by_the_same_door(pool):
    cbpp, asthma = ranef.datasets.load("cbpp"), ranef.datasets.load("asthma").sort_values("id")
    herds = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    parts = ranef.batches(lambda: [cbpp[:20], cbpp[20:41], cbpp[41:]])
    cells = ranef.sums(herds, parts, family="binomial", executor=pool)
    assert_allclose(ranef.fit(cells).objective, ranef.glmer(herds, cbpp).objective, rtol=1e-11)

    visits = "fev1 ~ arm * visit + us(visit | id)"
    cut = asthma["id"].searchsorted(asthma["id"].iloc[200])
    parts = ranef.batches(lambda: [asthma[:cut], asthma[cut:]])
    fit = ranef.fit(ranef.sums(visits, parts, executor=pool))
    assert_allclose(fit.objective, ranef.mmrm(visits, asthma).objective, rtol=1e-11)
    split = ranef.batches(lambda: [asthma[: cut + 1], asthma[cut + 1 :]])
    with pytest.raises(DataError, match="subject 'S066' has rows in 'partition 0', 'partition 1'"):
        ranef.sums(visits, split, executor=pool)


def test_errors_name_partition_and_column(pool):
    def sums(parts, executor=pool, formula=FORMULA):
        return ranef.sums(formula, ranef.batches(lambda: parts), executor=executor)

    with pytest.raises(DataError, match=r"partition 2 of the data \(2; partitions .*'x' is inf in row 0"):
        sums([partial(spoiled, part) for part in range(4)])
    with pytest.raises(DataError, match=r"'x' holds numbers in partition 0 and text .* in partition 1"):
        sums([PARTS[0], PARTS[1].assign(x="text")])
    with pytest.raises(DataError, match=r"1 .*'absent.parquet'.* cannot be read: FileNotFound"):
        sums([PARTS[0], partial(pd.read_parquet, "absent.parquet")])
    with pytest.raises(ArgumentError, match=r"partition 1 cannot be sent .*functools\.partial"):
        sums([PARTS[0], lambda: PARTS[1]])
    with pytest.raises(ranef.UnknownColumnError, match="'z'"):
        sums(PARTS, formula="y ~ z + (1 | g)")
    with pytest.raises(DataError, match="no rows"):
        ranef.fit(sums([PARTS[0][:0]]))


def test_what_is_no_executor_and_what_needs_none():
    with pytest.raises(ArgumentError, match=r"executor= must have a method submit"):
        ranef.sums(FORMULA, ranef.batches(lambda: PARTS), executor=2)
    with pytest.raises(ArgumentError, match=r"executor= takes data in parts.*ranef\.batches"):
        ranef.sums(FORMULA, WHOLE, executor=Here())
    duckdb = pytest.importorskip("duckdb")
    with pytest.raises(ArgumentError, match="workers of its own: leave it out"):
        ranef.sums(FORMULA, duckdb.connect().from_df(WHOLE), executor=Here())
