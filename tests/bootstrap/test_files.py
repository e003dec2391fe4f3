"""Files of replicates: whole or not there, checked before the work, sealed, of one statistic only."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow.parquet
import pytest
import ranef
from bootstrap.standin import ratio
from numba import njit
from ranef.bootstrap import load, resume, slices
from ranef.errors import ArgumentError, DataError


def sd(fit):
    return fit.sigma


def slope(fit):
    return fit.params["Days"]


def certain(fit):
    return float(fit.objective > 0)


def sure(fit):
    return float(fit.sigma > 0)


@njit
def other_ratio(coefficients, sigma):
    return coefficients[0] / sigma


@pytest.fixture
def sleep_fit(fit_of):
    return fit_of("ss_slope_reml")


# --------------------------------------------------------------- before the work
@pytest.mark.parametrize("place", ["no_such_folder/r.parquet", ".", "file.txt/r.parquet"])
def test_a_path_is_refused_before_the_work(sleep_fit, tmp_path, monkeypatch, place):
    (tmp_path / "file.txt").write_text("text")
    monkeypatch.setattr(slices, "one_run", lambda *a, **k: pytest.fail("replicates were made"))
    with pytest.raises(DataError, match="cannot be written"):
        sleep_fit.bootstrap(10, seed=1, progress=False, resume=tmp_path / place)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.txt"]


def test_pyarrow_is_missed_before_the_work(sleep_fit, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setattr(slices, "one_run", lambda *a, **k: pytest.fail("replicates were made"))
    with pytest.raises(ArgumentError, match="pip install pyarrow"):
        sleep_fit.bootstrap(10, seed=1, progress=False, resume=tmp_path / "r.parquet")


# --------------------------------------------------------------- whole or not there
def test_a_full_disk_leaves_what_was_there(sleep_fit, tmp_path, monkeypatch):
    path = tmp_path / "r.parquet"
    sleep_fit.bootstrap(20, seed=1, progress=False, resume=path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left on device; what was there is unchanged") as caught:
        sleep_fit.bootstrap(30, seed=1, progress=False, resume=path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["r.parquet"]
    whole = sleep_fit.bootstrap(30, seed=1, progress=False)
    assert np.array_equal(caught.value.replicates.records, whole.records)
    with pytest.raises(DataError, match="cannot be written"):
        whole.save(path)
    assert path.read_bytes() == before


def test_what_is_done_is_kept_on_the_way(sleep_fit, tmp_path, monkeypatch):
    """A process that is ended in the middle of a run has left the replicates up to the last few seconds."""
    path, whole, made = tmp_path / "r.parquet", sleep_fit.bootstrap(60, seed=1, progress=False), []
    sleep_fit.bootstrap(10, seed=1, progress=False, resume=path)
    run = slices.one_run

    def ended(fit, asked, estimate):
        if asked.first >= 30:
            raise SystemExit
        made.append(asked.first)
        return run(fit, replace(asked, n=min(asked.n, 8)), estimate)

    monkeypatch.setattr(slices, "one_run", ended)
    monkeypatch.setattr(resume, "_SAVE_SECONDS", 0.0)
    monkeypatch.setattr(resume, "_SAVE_SHARE", 1e9)
    with pytest.raises(SystemExit):
        sleep_fit.bootstrap(60, seed=1, progress=False, resume=path)
    found = load(path)
    assert len(found) > 20 and made[0] == 10
    assert np.array_equal(found.records, whole.records[: len(found)])
    monkeypatch.undo()
    again = sleep_fit.bootstrap(60, seed=1, progress=False, resume=path)
    assert np.array_equal(again.records, whole.records) and not again.interrupted


def test_links_and_permissions_stay(sleep_fit, tmp_path):
    real, link = tmp_path / "real.parquet", tmp_path / "link.parquet"
    result = sleep_fit.bootstrap(10, seed=1, progress=False)
    result.save(real)
    real.chmod(0o640)
    link.symlink_to(real)
    sleep_fit.bootstrap(20, seed=1, progress=False, resume=link)
    assert link.is_symlink() and len(load(real)) == 20 and real.stat().st_mode & 0o777 == 0o640


# --------------------------------------------------------------- damaged files
def test_no_changed_byte_is_read_as_replicates(sleep_fit, tmp_path):
    path = tmp_path / "r.parquet"
    sleep_fit.bootstrap(40, seed=1, progress=False, statistic=sd).save(path)
    good = path.read_bytes()
    rng = np.random.default_rng(1)
    for at in [0, 3, len(good) - 1, len(good) - 6, *rng.integers(0, len(good), 150)]:
        bad = bytearray(good)
        bad[at] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        with pytest.raises(DataError):
            load(path)
    for size in (0, 1, 100, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        with pytest.raises(DataError, match=r"r\.parquet"):
            load(path)
        with pytest.raises(DataError):
            sleep_fit.bootstrap(50, seed=1, progress=False, resume=path)
        assert path.read_bytes() == good[:size]


def test_files_that_hold_something_else(sleep_fit, tmp_path):
    path = tmp_path / "r.parquet"
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="not a complete Parquet file"):
        load(path)
    for about in (b"{", b"{}", b'{"format": 9}', b'{"format": 1}', b'{"format": 2}', b"[1]", b"\xff"):
        table = pyarrow.table({"a": [1.0]}).replace_schema_metadata({b"ranef": about})
        pyarrow.parquet.write_table(table, path)
        with pytest.raises(DataError):
            load(path)


# --------------------------------------------------------------- of one statistic, from one first replicate
@pytest.mark.parametrize(
    ("there", "here", "message"),
    [
        (sd, slope, r"the statistic is 'sd' there and 'slope' here"),
        (lambda f: f.sigma, lambda f: f.objective, r"at the fit the statistic is 25.59.* there and 1743.6"),
        (lambda f: {"a": f.sigma}, lambda f: {"b": f.sigma}, "'a' there and 'b' here"),
        (certain, sure, "'certain' there and 'sure' here"),
        (lambda f: certain(f), lambda f: sure(f), "the code of the statistic is another one"),
        (ratio, other_ratio, "'ratio' there and 'other_ratio' here"),
        (sd, None, "one of the two has a statistic= and the other has none"),
        (None, sd, "one of the two has a statistic= and the other has none"),
    ],
)
def test_another_statistic_is_refused(sleep_fit, tmp_path, there, here, message):
    path = tmp_path / "r.parquet"
    before = sleep_fit.bootstrap(5, seed=1, progress=False, statistic=there, resume=path)
    for source in (path, before):
        with pytest.raises(ArgumentError, match=f"cannot be continued: .*{message}"):
            sleep_fit.bootstrap(8, seed=1, progress=False, statistic=here, resume=source)
    with pytest.raises(ArgumentError, match=f"cannot be continued: .*{message}"):
        before.append(3, statistic=here, progress=False)
    assert len(load(path)) == 5


def test_the_same_statistic_written_again_goes_on(sleep_fit, tmp_path):
    path = tmp_path / "r.parquet"
    sleep_fit.bootstrap(5, seed=1, progress=False, statistic=lambda f: f.sigma * 2, resume=path)
    longer = sleep_fit.bootstrap(9, seed=1, progress=False, statistic=lambda f: f.sigma * 2, resume=path)
    assert np.allclose(longer.part("statistic"), 2 * longer.part("sigma"), rtol=1e-12)


def test_the_first_replicate_holds_with_resume(sleep_fit, tmp_path):
    path = tmp_path / "r.parquet"
    whole = sleep_fit.bootstrap(30, seed=1, first=100, progress=False)
    part = sleep_fit.bootstrap(20, seed=1, first=100, resume=path, progress=False)
    assert part.first == 100 and np.array_equal(part.records, whole.records[:20])
    for first in (100, None):
        longer = sleep_fit.bootstrap(30, seed=1, first=first, resume=path, progress=False)
        assert longer.first == 100 and np.array_equal(longer.records, whole.records)
    with pytest.raises(ArgumentError, match="first is 100 there and 0 here"):
        sleep_fit.bootstrap(40, seed=1, first=0, resume=path, progress=False)
    with pytest.raises(ArgumentError, match="first is the number of the first replicate"):
        sleep_fit.bootstrap(40, seed=1, first=-1, progress=False)


# --------------------------------------------------------------- Ctrl-C and the way in
def test_ctrl_c_keeps_replicates_whose_statistic_is_done(sleep_fit):
    calls = []

    def interrupted(fit):
        calls.append(1)
        if len(calls) == 12:  # the fit itself, and eleven refits
            raise KeyboardInterrupt
        return fit.sigma

    result = sleep_fit.bootstrap(1000, seed=1, progress=False, statistic=interrupted)
    assert len(result) == 10 and result.interrupted and len(calls) == 12
    assert np.allclose(result.part("statistic"), result.part("sigma"))


def test_two_threads_write_one_file_and_it_is_whole(tmp_path, fit_of):
    drawn = fit_of("ss_slope_reml").bootstrap(40, seed=1, progress=False)
    path = tmp_path / "r.parquet"
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(drawn.save, path) for _ in range(32)]:
            done.result()
    assert len(ranef.bootstrap.load(path)) == 40
    assert [one.name for one in tmp_path.iterdir()] == ["r.parquet"]
