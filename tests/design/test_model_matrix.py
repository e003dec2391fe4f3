"""A matrix by its columns: whose memory they are, and that nothing the caller does later changes them."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ranef
from ranef.design import ModelMatrix, build_design

N = 40
RNG = np.random.default_rng(3)
DATA = {
    "y": RNG.normal(size=N),
    "x": RNG.normal(size=N),
    "k": RNG.integers(0, 9, N),
    "b": RNG.random(N) < 0.5,
    "g": np.arange(N) % 8,
}
FORMULA = "y ~ x + k + b + (1 + x | g)"
COPY_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3


def columns_by_name(design):
    return dict(zip(design.column_names, design.matrix.columns, strict=True))


def is_view(column, source):
    return np.shares_memory(column, source)


# ---------------------------------------------------------------- the matrix itself
MATRIX = ModelMatrix(3, (None, np.array([0, 1, 2]), np.array([True, False, True]), np.array([0.5, 1.5, 2.5])))
ARRAY = np.array([[1, 0, 1, 0.5], [1, 1, 0, 1.5], [1, 2, 1, 2.5]])


def test_array_and_products():
    np.testing.assert_array_equal(MATRIX.array, ARRAY)
    assert MATRIX.array.flags.f_contiguous and MATRIX.array.dtype == np.float64
    np.testing.assert_array_equal(MATRIX @ np.array([1.0, -1, 2, 4]), ARRAY @ [1, -1, 2, 4])
    np.testing.assert_array_equal(ModelMatrix.of(ARRAY).array, ARRAY)


def test_parts_take_and_rows():
    part = MATRIX.part(1, 3)
    assert np.shares_memory(part.array, MATRIX.array)
    np.testing.assert_array_equal(part.array, ARRAY[:, 1:3])
    np.testing.assert_array_equal(MATRIX.take([3, 0]).array, ARRAY[:, [3, 0]])
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        np.testing.assert_array_equal(MATRIX.rows(rows).array, ARRAY[rows])


def test_pickled_without_the_array():
    bare = len(pickle.dumps(MATRIX.take(range(4))))
    again = pickle.loads(pickle.dumps(MATRIX))
    np.testing.assert_array_equal(again.array, ARRAY)
    assert len(pickle.dumps(again)) == bare


# ---------------------------------------------------------------- in a design
@pytest.mark.parametrize("table", [pl.DataFrame, pa.table], ids=["polars", "arrow"])
def test_immutable_tables_are_used_as_they_are(table):
    data = table(DATA)
    columns = columns_by_name(build_design(FORMULA, data))
    assert columns["Intercept"] is None
    for name in ("x", "k"):
        source = data[name].to_numpy() if isinstance(data, pl.DataFrame) else data[name].chunk(0).to_numpy()
        assert is_view(columns[name], source)


@pytest.mark.skipif(not COPY_ON_WRITE, reason="pandas before 3 writes in place")
def test_pandas_with_copy_on_write_is_used_as_it_is():
    frame = pd.concat([pd.DataFrame(DATA)] * 300, ignore_index=True)  # short frames are copied
    design = build_design("y ~ x + k + (1 + x | g)", frame)
    for name, column in columns_by_name(design).items():
        assert column is None or is_view(column, frame[name].to_numpy())
    assert is_view(design.response, frame["y"].to_numpy())


def test_a_two_dimensional_block_is_read_with_its_stride():
    """Columns of a frame made of one array need not be contiguous."""
    block = np.column_stack([DATA["y"], DATA["x"], DATA["k"]])
    frame = pd.DataFrame(block, columns=["y", "x", "k"]).assign(g=DATA["g"])
    apart = {name: frame[name].to_numpy(copy=True) for name in frame}
    fits = [ranef.lmer("y ~ x + k + (1 + x | g)", data) for data in (frame, apart)]
    assert fits[0].objective == fits[1].objective


@pytest.mark.parametrize("kind", [dict, pd.DataFrame], ids=["arrays", "pandas"])
def test_later_changes_of_the_data_do_not_reach_the_model(kind):
    data = kind({name: values.copy() for name, values in DATA.items()})
    fit = ranef.lmer(FORMULA, data)
    for name in ("y", "x", "k"):
        data[name] -= 3  # in place
    if kind is pd.DataFrame:
        data.iloc[0, 1] = 99.0
        data.loc[:, "x"] = 0.0
    untouched = ranef.lmer(FORMULA, DATA)
    np.testing.assert_array_equal(fit.model.design.X, untouched.model.design.X)
    np.testing.assert_array_equal(fit.resid, untouched.resid)
    assert fit.refit(DATA["y"]).objective == untouched.objective


@pytest.mark.parametrize("missing", [False, True])
def test_types_of_columns_make_no_difference(missing):
    """Integers and truth values reach the core as they are, and mean the same as doubles."""
    data = {name: values.copy() for name, values in DATA.items()}
    if missing:
        data["y"][5] = np.nan
    doubles = {name: values.astype(float) if name in "kb" else values for name, values in data.items()}
    one, other = (ranef.lmer("y ~ x + k + b + (1 + k || g)", d) for d in (data, doubles))
    assert one.objective == other.objective
    np.testing.assert_array_equal(one.params, other.params)


def test_narrow_types_and_the_other_byte_order():
    doubles = ranef.lmer("y ~ k + (1 | g)", {**DATA, "k": DATA["k"].astype(float)})
    for dtype in (np.int8, np.uint16, np.float32, ">i4", ">f8"):
        fit = ranef.lmer("y ~ k + (1 | g)", {**DATA, "k": DATA["k"].astype(dtype)})
        assert fit.objective == doubles.objective
