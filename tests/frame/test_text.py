"""Text becomes the same factor however a table keeps it."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from ranef.frame import Table
from ranef.frame.factors import as_factor
from ranef.frame.text import code_arrow_text, code_text

LONG = "a rather long label, number "
VALUES = ["s10", "s9", None, "", "Zoë", f"{LONG}2", "s10", f"{LONG}1", "é", "𝕊"]
LEVELS = sorted({value for value in VALUES if value is not None})


def check(factor):
    assert factor.levels.tolist() == LEVELS
    assert all(type(level) is str for level in factor.levels)
    assert factor.codes.dtype == np.int32
    assert [None if code < 0 else LEVELS[code] for code in factor.codes] == VALUES


KINDS = {
    "list": list,
    "object": lambda v: np.array(v, dtype=object),
    "object with NaN": lambda v: np.array([np.nan if one is None else one for one in v], dtype=object),
    "pandas object": lambda v: pd.Series(v, dtype=object),
    "pandas category": lambda v: pd.Series(v, dtype="category"),
    "pandas inferred": pd.Series,
    "pandas str": lambda v: pd.Series(v, dtype="str"),
    "pandas string": lambda v: pd.Series(v, dtype="string"),
    "pandas string, Python's": lambda v: pd.Series(v, dtype="string[python]"),
    "pandas string, Arrow's": lambda v: pd.Series(v, dtype="string[pyarrow]"),
    "pandas Arrow type": lambda v: pd.Series(v, dtype=pd.ArrowDtype(pa.string())),
    "pandas Arrow type, large": lambda v: pd.Series(v, dtype=pd.ArrowDtype(pa.large_string())),
    "pandas, reversed": lambda v: pd.Series(v[::-1])[::-1],
    "polars": pl.Series,
    "polars categorical": lambda v: pl.Series(v, dtype=pl.Categorical),
    "arrow": lambda v: pa.array(v, pa.string()),
    "arrow large": lambda v: pa.array(v, pa.large_string()),
    "arrow view": lambda v: pa.array(v, pa.string_view()),
    "arrow slice": lambda v: pa.array([None, "unused", *v, "s1", None])[2:-2],
    "arrow chunks": lambda v: pa.chunked_array([v[:3], [], v[3:]], pa.large_string()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_text(kind):
    check(as_factor(Table({"g": KINDS[kind](VALUES)}).column("g")))


def test_columns_of_pandas_polars_and_arrow_tables():
    for frame in (pd.DataFrame({"g": VALUES}), pl.DataFrame({"g": VALUES}), pa.table({"g": VALUES})):
        check(as_factor(Table(frame).column("g")))


def test_no_rows_and_no_values():
    for values in (pa.array([], pa.string()), pa.array([None, None], pa.large_string())):
        codes, levels = code_arrow_text(values)
        assert codes.tolist() == [-1] * len(values)
        assert levels.tolist() == []


def test_many_rows_are_coded_as_numpy_does():
    shuffled = np.random.default_rng(1).permutation(30_000)
    names = np.array([f"participant {i:05d}" for i in shuffled], dtype=object)
    values = names[np.random.default_rng(2).integers(0, names.size, 400_000)]
    levels, codes = np.unique(values.astype(str), return_inverse=True)
    found, given = code_text(values)
    assert np.array_equal(found, codes)
    assert given.tolist() == levels.tolist()
