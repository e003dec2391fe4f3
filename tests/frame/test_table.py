import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from ranef.errors import DataError, UnknownColumnError
from ranef.frame import FactorColumn, NumberColumn, Table, TimeColumn
from ranef.frame.factors import as_factor

PLAIN = {
    "whole": [3, 1, 2, 3],
    "real": [0.5, None, 2.0, -1.0],
    "text": ["b", "a", None, "b"],
    "truth": [True, False, None, True],
    "gaps": [10, None, 30, 10],
}
KINDS = {
    "pandas": pd.DataFrame,
    "pandas of another version": type("Frame", (pd.DataFrame,), {"_get_column_array": None}),
    "pandas nullable": lambda data: pd.DataFrame(data).convert_dtypes(),
    "pandas pyarrow": lambda data: pd.DataFrame(data).convert_dtypes(dtype_backend="pyarrow"),
    "pandas object": lambda data: pd.DataFrame(data, dtype=object),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "pyarrow in chunks": lambda data: pa.concat_tables([pa.table(data).slice(0, 1), pa.table(data).slice(1)]),
    "dict": dict,
    "dict of polars": lambda data: {name: pl.Series(values) for name, values in data.items()},
    "dict of arrow": lambda data: {name: pa.array(values) for name, values in data.items()},
}


@pytest.fixture(params=list(KINDS))
def table(request):
    return Table(KINDS[request.param](PLAIN))


def test_numbers(table):
    assert table.column("whole").values.tolist() == [3, 1, 2, 3]
    assert table.column("whole").values.dtype == np.int64
    real = table.column("real")
    assert isinstance(real, NumberColumn)
    assert real.missing.tolist() == [False, True, False, False]
    assert real.values[~real.missing].tolist() == [0.5, 2.0, -1.0]


def test_text(table):
    text = table.column("text")
    assert isinstance(text, FactorColumn)
    assert text.codes.tolist() == [1, 0, -1, 1]
    assert text.codes.dtype == np.int32
    assert text.levels.tolist() == ["a", "b"]
    assert text.missing.tolist() == [False, False, True, False]


def test_booleans_with_missing_values(table):
    truth = table.column("truth")
    assert truth.missing.tolist() == [False, False, True, False]
    factor = as_factor(truth)
    assert [str(level) for level in factor.levels] == ["False", "True"]
    assert factor.codes.tolist() == [1, 0, -1, 1]


def test_whole_numbers_with_missing_values_group_as_whole_numbers(table):
    factor = as_factor(table.column("gaps"))
    assert factor.levels.tolist() == [10, 30] and factor.levels.dtype == np.int64
    assert factor.codes.tolist() == [0, -1, 1, 0]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.Categorical(["lo", "hi", None, "lo"], categories=["never", "lo", "hi"])),
        pl.Series(["lo", "hi", None, "lo"], dtype=pl.Enum(["never", "lo", "hi"])),
        pa.DictionaryArray.from_arrays(pa.array([1, 2, None, 1]), ["never", "lo", "hi"]),
    ],
)
def test_categories_keep_their_order_and_unused_ones_go(values):
    column = Table({"f": values}).column("f")
    assert column.levels.tolist() == ["lo", "hi"]
    assert column.codes.tolist() == [0, 1, -1, 0]


def test_polars_categoricals_are_sorted_as_polars_gives_them_no_order_of_the_user():
    column = Table(pl.DataFrame({"f": pl.Series(["b", "a", "b"], dtype=pl.Categorical)})).column("f")
    assert column.levels.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"t": pd.to_datetime(["2024-01-02", None, "2024-01-01"])}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-02", None, "2024-01-01"]).tz_localize("UTC")}),
        pl.DataFrame({"t": ["2024-01-02", None, "2024-01-01"]}).with_columns(pl.col("t").str.to_datetime()),
        pl.DataFrame({"t": ["2024-01-02", None, "2024-01-01"]}).with_columns(pl.col("t").str.to_date()),
    ],
)
def test_times_can_group(data):
    column = Table(data).column("t")
    assert isinstance(column, TimeColumn)
    assert column.missing.tolist() == [False, True, False]
    assert as_factor(column).codes.tolist() == [1, -1, 0]


def test_a_float_column_is_not_copied():
    values = np.arange(5.0)
    assert np.shares_memory(Table({"x": values}).column("x").values, values)
    values = np.arange(20_000.0)  # short frames are copied
    frame = pd.DataFrame({"x": values, "z": values})
    assert np.shares_memory(Table(frame).column("x").values, frame["x"].to_numpy())


def test_numpy_text_objects_and_masks():
    table = Table(
        {
            "u": np.array(["b", "a"]),
            "mixed": np.array(["b", 1], dtype=object),
            "masked": np.ma.array([1, 2], mask=[False, True]),
            "small": np.array([200, 100], dtype=np.uint8),
        }
    )
    assert table.column("u").levels.tolist() == ["a", "b"]
    assert sorted(map(str, table.column("mixed").levels)) == ["1", "b"]
    assert table.column("masked").missing.tolist() == [False, True]
    assert table.column("small").values.dtype == np.int64


def test_text_among_other_values_is_still_a_factor():
    column = Table({"g": np.array(["a", 2, "a", 1.5], dtype=object)}).column("g")
    assert sorted(map(str, column.levels.tolist())) == ["1.5", "2", "a"]
    assert column.codes[0] == column.codes[2]


LARGE = [2**63 + 2, 2**63 + 1, 2**63 + 2, 5]  # no int64 holds them


@pytest.mark.parametrize(
    "values",
    [
        np.array(LARGE, dtype=np.uint64),
        np.array(LARGE, dtype=object),
        pd.Series(LARGE, dtype="UInt64"),
        pd.Series(LARGE, dtype=pd.ArrowDtype(pa.uint64())),
        pl.Series(LARGE, dtype=pl.UInt64),
        pa.array(LARGE, pa.uint64()),
    ],
    ids=["numpy", "objects", "pandas", "pandas of arrow", "polars", "arrow"],
)
def test_large_unsigned_integers_are_numbers_and_exact_levels(values):
    column = Table({"g": values}).column("g")
    assert column.values.tolist() == [2.0**63, 2.0**63, 2.0**63, 5.0]
    factor = as_factor(column)
    assert factor.levels.tolist() == [5, 2**63 + 1, 2**63 + 2]
    assert factor.codes.tolist() == [2, 1, 2, 0]


def test_neighbouring_large_identifiers():
    ids = np.array([2**64 - 1, 2**64 - 3, 2**64 - 1], dtype=np.uint64)
    factor = as_factor(Table({"g": ids}).column("g"))
    assert factor.levels.tolist() == [2**64 - 3, 2**64 - 1]
    assert factor.codes.tolist() == [1, 0, 1]


def test_integers_that_no_double_holds_are_refused():
    with pytest.raises(DataError, match=r"'x' holds whole numbers above 1e308"):
        Table({"x": np.array([10**400, 1], dtype=object)}).column("x")


def test_an_unknown_column_is_named_with_a_suggestion():
    with pytest.raises(UnknownColumnError, match=r"weights= uses the column 'reel'.*Did you mean 'real'"):
        Table(PLAIN).column("reel", "weights=")


@pytest.mark.parametrize("index", ["g", ["g", "k"]])
def test_a_level_of_the_index_is_no_column_yet(index):
    data = pd.DataFrame({"y": [1.0, 2.0], "g": ["a", "b"], "k": [1, 2]}).set_index(index)
    with pytest.raises(UnknownColumnError, match=r"uses 'g', which is the index .* data\.reset_index"):
        Table(data).column("g")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([1, 2], "pandas, polars or pyarrow"),
        (None, "pandas, polars or pyarrow"),
        (pl.Series([1, 2]), "polars or pyarrow"),
        ({"a": [1, 2], "b": [1]}, "'a' 2, 'b' 1"),
        ({"a": 3.0}, "'a' must be a sequence"),
    ],
)
def test_what_is_no_table(data, words):
    with pytest.raises(DataError, match=words):
        Table(data)


def test_a_doubled_column_is_refused_when_used():
    frame = pd.DataFrame([[1, 2, 3]], columns=["x", "x", "y"])
    assert Table(frame).column("y").values.tolist() == [3]
    with pytest.raises(DataError, match="2 columns named 'x'"):
        Table(frame).column("x")


EXACT = [10**19 + 1, 10**19 + 2, None, 10**19 + 1]  # as doubles one number
AS_DECIMALS = [value and Decimal(value) for value in EXACT]


@pytest.mark.parametrize(
    "values",
    [
        np.array(EXACT, dtype=object),
        np.array(AS_DECIMALS, dtype=object),
        pl.Series(EXACT, dtype=pl.Int128),
        pl.Series(AS_DECIMALS, dtype=pl.Decimal(38, 0)),
        pa.array(AS_DECIMALS, pa.decimal128(38, 0)),
    ],
    ids=["integers", "decimals", "polars Int128", "polars decimals", "arrow decimals"],
)
def test_numbers_that_doubles_confuse_stay_apart_as_levels(values):
    column = Table({"g": values}).column("g")
    assert column.missing.tolist() == [False, False, True, False]
    assert column.values[[0, 1, 3]].tolist() == [1e19] * 3
    factor = as_factor(column)
    assert [int(level) for level in factor.levels] == [10**19 + 1, 10**19 + 2]
    assert factor.codes.tolist() == [0, 1, -1, 0]


def test_whole_numbers_among_missing_objects_keep_their_last_digit():
    column = Table({"g": np.array([2**53 + 1, 2**53, None], dtype=object)}).column("g")
    assert as_factor(column).levels.tolist() == [2**53, 2**53 + 1]


def test_fractions_are_numbers_and_dates_are_times():
    table = Table(
        {
            "fraction": [Fraction(1, 4), None, Fraction(1, 2)],
            "date": [datetime.date(2024, 1, 2), None, datetime.date(2024, 1, 1)],
            "object": pl.Series([Fraction(1, 4), None, Fraction(1, 2)], dtype=pl.Object),
        }
    )
    for name in ("fraction", "object"):
        assert table.column(name).values[[0, 2]].tolist() == [0.25, 0.5]
    assert isinstance(table.column("date"), TimeColumn)
    assert table.column("date").missing.tolist() == [False, True, False]
