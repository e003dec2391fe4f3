"""Replicates saved, loaded, continued: the same as one longer run; refused when they come from elsewhere."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import ranef
from bootstrap.standin import ratio
from ranef.bootstrap import bootstrap, load
from ranef.errors import ArgumentError, DataError


def test_saved_and_loaded(fit_of, tmp_path):
    fit = fit_of("ss_rankdef_reml")
    result = fit.bootstrap(50, seed=3, statistic=ratio, progress=False)
    result.save(tmp_path / "r.parquet")
    again = load(tmp_path / "r.parquet")
    assert np.array_equal(again.records, result.records, equal_nan=True)
    assert again.to_frame().equals(result.to_frame())
    assert str(again) == str(result)
    loaded, whole = again.conf_int(method="studentized"), result.conf_int(method="studentized")
    coefficients = list(fit.params.dropna().index)
    assert loaded.loc[coefficients].equals(whole.loc[coefficients])
    assert loaded.loc[coefficients].notna().all(axis=None)
    assert np.isnan(loaded.loc["sigma", "lower"])  # needs the fit, which a file does not have
    assert any(note.startswith("sigma: ") for note in loaded.attrs["notes"])
    about = json.loads(pyarrow.parquet.read_schema(tmp_path / "r.parquet").metadata[b"ranef"])
    assert about["formula"] == fit.formula and about["seed"] == 3
    assert about["versions"]["ranef"] == ranef.__version__
    assert about["origin"]["objective"] == fit.objective
    columns = pd.read_parquet(tmp_path / "r.parquet").columns
    assert columns[0] == "Intercept" and "ratio" in columns and "sigma" in columns


def test_seed_sequence_is_kept(fit_of, tmp_path):
    fit = fit_of("dye_reml")
    child = np.random.SeedSequence(5).spawn(3)[2]
    fit.bootstrap(10, seed=child, progress=False).save(tmp_path / "r.parquet")
    longer = load(tmp_path / "r.parquet").append(5, fit=fit, progress=False)
    assert np.array_equal(longer.records, fit.bootstrap(15, seed=child, progress=False).records)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_u": True},
        {"route": "rows"},
        {"theta": [0.5, 0.0, 0.3], "sigma": 20.0, "params": {"Days": 1.0}},
        {"columns": ["sigma", "modes"]},
        {"statistic": ratio},
        {"statistic": lambda refit: refit.sigma},
    ],
)
def test_append_is_one_longer_run(fit_of, options):
    fit = fit_of("ss_slope_reml")
    options = {"seed": 8, "progress": False, **options}
    whole = fit.bootstrap(60, **options)
    longer = fit.bootstrap(25, **options).append(20, progress=False).append(15, progress=False)
    assert np.array_equal(longer.records, whole.records, equal_nan=True)
    assert longer.requested == 60 and not longer.interrupted
    assert longer.to_frame().equals(whole.to_frame())


def test_resume_from_a_file(fit_of, tmp_path):
    fit, path = fit_of("ss_slope_reml"), tmp_path / "r.parquet"
    first = fit.bootstrap(30, seed=8, resume=path, progress=False)
    assert len(load(path)) == len(first) == 30
    second = fit.bootstrap(70, seed=8, resume=str(path), progress=False)
    assert np.array_equal(second.records, fit.bootstrap(70, seed=8, progress=False).records)
    assert len(load(path)) == 70
    assert (
        len(fit.bootstrap(50, resume=path, progress=False)) == 70
    )  # nothing left to do, nothing thrown away


def test_parts_of_a_run(fit_of):
    fit = fit_of("dye_reml")
    whole = fit.bootstrap(40, seed=2, progress=False)
    part = bootstrap(fit, 15, seed=2, first=25, progress=False)
    assert np.array_equal(part.records, whole.records[25:])
    assert list(part.to_frame().index) == list(range(25, 40))


@pytest.mark.parametrize(
    ("other", "options", "message"),
    [
        ("ss_slope_ml", {}, "criterion is 'REML' there and 'ML' here"),
        ("ss_int_reml", {}, "formula is .* there and .* here"),
        ("ss_slope_reml", {"seed": 9}, "seed is 8 there and 9 here"),
        ("ss_slope_reml", {"use_u": True}, "use_u is False there and True here"),
        ("ss_slope_reml", {"sigma": 3.0}, "drawn with sigma is 25.59.* there and 3 here"),
        ("ss_slope_reml", {"columns": "sigma"}, "columns are"),
        ("ss_slope_reml", {"statistic": ratio}, "statistic="),
    ],
)
def test_replicates_of_something_else_are_refused(fit_of, tmp_path, other, options, message):
    path = tmp_path / "r.parquet"
    fit_of("ss_slope_reml").bootstrap(10, seed=8, resume=path, progress=False)
    with pytest.raises(ArgumentError, match=f"cannot be continued: .*{message}"):
        fit_of(other).bootstrap(20, resume=path, progress=False, **options)
    assert len(load(path)) == 10


def test_other_data_are_refused(fit_of, sleepstudy):
    result = fit_of("ss_slope_reml").bootstrap(10, seed=8, progress=False)
    sleepstudy.loc[0, "Reaction"] += 1.0
    other = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(ArgumentError, match=r"objective is 1743.6.* there and"):
        other.bootstrap(20, seed=8, resume=result.replaced(origin=result.origin | {"formula": other.formula}))


def test_wrong_files_and_arguments(fit_of, tmp_path):
    fit = fit_of("dye_reml")
    pd.DataFrame({"a": [1.0]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="holds no replicates"):
        load(tmp_path / "other.parquet")
    with pytest.raises(ArgumentError, match="resume= must be a path"):
        fit.bootstrap(10, seed=1, resume=3)
    result = fit.bootstrap(10, seed=1, progress=False)
    with pytest.raises(ArgumentError, match=r"append\(n, fit=fit\)"):
        result.replaced(fit=None).append(5)
    with pytest.raises(ArgumentError, match="not use_u="):
        result.append(5, use_u=True)
    with pytest.raises(ArgumentError, match="n is the number of replicates to add"):
        result.append(0)
