"""Every data set against the manifest of the reference data, which R wrote."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ranef import datasets
from ranef.errors import ArgumentError
from reference_battery import REFERENCE, load_data, manifest

ROOT = Path(__file__).parents[2]
OWN = {"asthma", "schools"}
COUNTS = {"cbpp"}  # their reference is that of the generalised models
FROM_R = sorted(set(datasets.names()) - OWN - COUNTS)
PACKAGED = Path(datasets.__file__).parent / "data"


@pytest.mark.parametrize("name", FROM_R)
def test_same_values_and_levels_as_in_r(name):
    ours, theirs = datasets.load(name), load_data(name)
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == manifest()[name]["n"]
    for column in theirs:
        if isinstance(theirs[column].dtype, pd.CategoricalDtype):
            assert list(ours[column].cat.categories) == list(theirs[column].cat.categories)
            assert not ours[column].cat.ordered
            assert (ours[column].astype(str) == theirs[column].astype(str)).all()
        else:
            np.testing.assert_array_equal(ours[column].to_numpy(float), theirs[column].to_numpy(float))


@pytest.mark.parametrize("name", FROM_R)
def test_packaged_file_is_the_reference_file(name):
    """Byte for byte, so that the repository stores it once and the two cannot drift apart."""
    (packaged,) = PACKAGED.glob(f"{name}.csv*")
    assert packaged.read_bytes() == (REFERENCE / "data" / packaged.name).read_bytes()


def test_cbpp_is_lme4s():
    theirs = pd.read_csv(ROOT / "tests" / "reference_glmm" / "data" / "cbpp.csv.gz")
    ours = datasets.load("cbpp")
    assert len(ours) == len(theirs)
    for column in ours:
        assert (ours[column].astype(int) == theirs[column]).all()


@pytest.mark.parametrize("name", datasets.names())
def test_description_fits_the_data(name):
    about, frame = datasets.describe(name), datasets.load(name)
    assert about.n == len(frame)
    assert [column.name for column in about.columns] == list(frame.columns)
    assert about.title and about.source and about.citation
    text = str(about)
    assert name in text and about.formula in text
    for column in about.columns:
        assert column.name in text and column.about
        assert isinstance(frame[column.name].dtype, pd.CategoricalDtype) == column.is_factor
    assert not frame.isna().any().any()


def test_every_file_has_a_description():
    assert {path.name.split(".")[0] for path in PACKAGED.iterdir()} == set(datasets.names())


def test_a_new_frame_at_every_call():
    first = datasets.load("Rail")
    first["travel"] = 0
    assert datasets.load("Rail")["travel"].gt(0).all()


def test_the_school_data_of_the_course_are_not_shipped():
    assert "school" not in datasets.names()


def test_schools_are_what_the_script_simulates():
    spec = importlib.util.spec_from_file_location("simulate_schools", ROOT / "tools" / "simulate_schools.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    expected, ours = script.simulate(), datasets.load("schools")
    for column in expected:
        if column in ("class", "school"):
            assert (ours[column].astype(str) == expected[column]).all()
        else:
            np.testing.assert_allclose(ours[column], expected[column], atol=0.011)
    assert (ours.groupby(["school", "class"], observed=True).size() == 50).all()
    assert list(ours["school"].cat.categories) == ["I", "II", "III", "IV", "V", "VI"]


@pytest.mark.parametrize("call", [datasets.load, datasets.describe])
def test_unknown_name(call):
    message = r"no data set 'slepstudy'. Did you mean 'sleepstudy'\? Data sets: .*cake, "
    with pytest.raises(ArgumentError, match=message):
        call("slepstudy")
    with pytest.raises(ArgumentError, match="no data set 3"):
        call(3)
    with pytest.raises(ArgumentError, match="Did you mean 'InstEval'"):
        call("insteval")


def test_the_large_one_reads_its_labels_as_numbers(monkeypatch):
    """What makes 73,421 rows load in well under the time of the fit: no label is read as text."""
    asked = []
    plain = pd.read_csv

    def spy(*arguments, dtype, **options):
        asked.append(dtype)
        return plain(*arguments, dtype=dtype, **options)

    monkeypatch.setattr(pd, "read_csv", spy)
    frame = datasets.load("InstEval")
    (dtypes,) = asked
    assert all(dtypes[factor] == "int32" for factor in ("s", "d"))
    assert all(isinstance(level, str) for level in frame["d"].cat.categories)
