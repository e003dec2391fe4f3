"""Columns of pandas, polars, pyarrow, numpy, plain lists -> the kinds of ``columns``, copied if need be."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from .columns import Column, FactorColumn, NumberColumn, TimeColumn
from .factors import code_values, drop_unused
from .text import arrow_dictionary, code_arrow_text, code_text

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

# what pandas calls the contents of an object column that holds numbers
_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "empty"}
_WHOLE = 2.0**53  # below, a double has every digit of a whole number
_SHORT = 10_000  # rows, whose copy takes less time than a Series
_TIMES = {"datetime64", "datetime", "timedelta64", "timedelta"}


def from_numpy(name: str, values: npt.NDArray[Any], null: npt.NDArray[np.bool_] | None = None) -> Column:
    """Convert a one-dimensional numpy array."""
    values = np.require(values, requirements="A")  # a field of records may lie anywhere
    kind = values.dtype.kind
    if kind == "f":
        return NumberColumn(name, values.astype(np.float64, copy=False), null)
    if kind == "u" and values.dtype.itemsize == 8 and values.size and values.max() > np.iinfo(np.int64).max:
        # No signed integer holds them; as doubles a thousand neighbours are one, as identifiers they are not.
        return NumberColumn(name, values.astype(np.float64), null, values)
    if kind in "iu":
        return NumberColumn(name, values.astype(np.int64, copy=False), null)
    if kind == "b":
        return NumberColumn(name, values, null)
    if kind in "mM":
        return TimeColumn(name, values)
    if kind == "U":
        return FactorColumn(name, *code_text(values))
    if kind in "ST":
        return _from_objects(name, values.astype(object))
    if kind == "O":
        return _from_objects(name, values)
    raise DataError(
        f"the column '{name}' has the type {values.dtype}, which no model can use: make it numbers or text"
    )


def _from_objects(name: str, values: npt.NDArray[Any]) -> Column:
    import pandas as pd

    # the usual case is text: found without a look at every value
    some_text = any(isinstance(value, str) for value in values[:100])
    contents = "string" if some_text else pd.api.types.infer_dtype(values, skipna=True)
    if contents == "integer":
        absent = pd.isna(values)
        return _whole_numbers(name, np.where(absent, 0, values), absent if absent.any() else None)
    if contents in _NUMBERS or (contents == "mixed" and _all_numbers(values)):
        return _rounded(name, values, pd.isna(values))
    if contents == "boolean":
        absent = pd.isna(values)
        truth = np.where(absent, False, values).astype(bool)
        return NumberColumn(name, truth, absent if absent.any() else None)
    if contents == "date":
        return TimeColumn(name, pd.to_datetime(values).to_numpy().astype("datetime64[D]"))
    if contents in _TIMES:
        return from_pandas(name, pd.Series(values.tolist()))
    try:
        return FactorColumn(name, *(code_text(values) if some_text else code_values(values)))
    except TypeError as error:
        raise DataError(
            f"the column '{name}' has values that are not factor levels: {error}"
        ) from None


def _whole_numbers(name: str, values: npt.NDArray[Any], null: npt.NDArray[np.bool_] | None) -> Column:
    """Python's integers, which may be larger than any type of numpy's: as levels they are what they were."""
    for kind in (np.int64, np.uint64):
        with suppress(OverflowError):
            return from_numpy(name, values.astype(kind), null)
    return _rounded(name, values, np.zeros(values.shape, dtype=bool) if null is None else null)


def _rounded(name: str, values: npt.NDArray[Any], absent: npt.NDArray[np.bool_]) -> NumberColumn:
    """Numbers of types that are not numpy's, as doubles; as levels they are what they were."""
    numbers = np.full(values.shape, np.nan)
    try:
        numbers[~absent] = values[~absent].astype(np.float64)
    except OverflowError:
        raise DataError(f"the column '{name}' holds whole numbers above 1e308: make them text") from None
    large = bool(np.any(np.abs(numbers[~absent]) >= _WHOLE))
    return NumberColumn(name, numbers, absent if absent.any() else None, values if large else None)


def _all_numbers(values: npt.NDArray[Any]) -> bool:
    """Whether there are only numbers of any type, such as fractions, and missing values."""
    import pandas as pd

    return all(isinstance(value, Real) or value is None or value is pd.NA for value in values)


def from_frame(name: str, frame: pd.DataFrame) -> Column:
    """Convert a column of a pandas DataFrame whose column names are text and differ.

    Of a short table without a Series between, which takes pandas longer than all that is done with it here;
    nothing then keeps the table from being written to, so that the numbers are copied.
    """
    stored = getattr(frame, "_get_column_array", None) if len(frame) <= _SHORT else None
    if stored is not None:
        values = stored(frame.columns.get_loc(name))
        if isinstance(values, np.ndarray):
            if values.dtype.kind in "iufb":
                own = values.copy()
                own.flags.writeable = False
                return from_numpy(name, own)
        elif values.dtype.name == "category":
            return _from_categories(name, values.codes, values.categories)
    return from_pandas(name, frame[name])


def from_pandas(name: str, series: pd.Series) -> Column:
    """Convert a pandas Series."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return from_numpy(name, _memory_of(series))
    if dtype.name == "category":
        categorical = series.array
        return _from_categories(name, categorical.codes, categorical.categories)
    if dtype.name.startswith("Sparse["):
        return from_pandas(name, series.sparse.to_dense())
    if hasattr(dtype, "pyarrow_dtype"):
        return from_arrow(name, series.array.__arrow_array__())
    if dtype.kind in "mM":
        return TimeColumn(name, series.to_numpy(dtype=f"{dtype.kind}8[ns]"))
    if dtype.kind in "iufb":  # pandas' own nullable numbers
        absent = series.isna().to_numpy()
        if not absent.any():
            return from_numpy(name, series.to_numpy(dtype=dtype.numpy_dtype))
        filled = series.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        return from_numpy(name, filled, absent)
    storage = getattr(dtype, "storage", "")  # of text: pandas' dtypes "string" and "str"
    if storage.startswith("pyarrow"):
        return from_arrow(name, series.array.__arrow_array__())
    if storage == "python":
        return FactorColumn(name, *code_text(series.to_numpy(dtype=object)))
    return FactorColumn(name, *code_values(series))


class _Held:
    """The memory of a pandas Series, together with the Series.

    As long as that lives, pandas copies before it writes into this memory (copy-on-write; the memory is then
    read-only here), so that arrays made of it never change.
    """

    def __init__(self, series: pd.Series, values: npt.NDArray[Any]) -> None:
        self.series = series
        self.__array_interface__ = values.__array_interface__


def _memory_of(series: pd.Series) -> npt.NDArray[Any]:
    values = series.to_numpy()
    if values.flags.writeable or values.dtype.kind not in "iufb":
        return values
    return np.asarray(_Held(series, values))


def _from_categories(name: str, codes: npt.NDArray[Any], categories: Any) -> FactorColumn:
    levels = _values_of(categories)
    factor = FactorColumn(name, codes.astype(np.int32), levels, levels)
    used = drop_unused(factor)
    return used if used is factor else replace(used, categories=levels)


def _values_of(categories: Any) -> npt.NDArray[Any]:
    """The categories as an array: text of pyarrow's without pandas between, which takes twice as long."""
    if getattr(getattr(categories, "dtype", None), "storage", "").startswith("pyarrow"):
        return _one_chunk(categories.array.__arrow_array__()).to_numpy(zero_copy_only=False)
    return np.asarray(categories)


def from_arrow(name: str, values: Any) -> Column:
    """Convert a pyarrow Array or ChunkedArray."""
    import pyarrow as pa

    values = _one_chunk(values)
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _from_categories(name, *arrow_dictionary(values))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return FactorColumn(name, *code_arrow_text(values))
    if pa.types.is_decimal(kind):
        plain = values.cast(pa.float64())
        if np.any(np.abs(plain.to_numpy(zero_copy_only=False)) >= _WHOLE):
            return _from_objects(name, values.to_numpy(zero_copy_only=False))
        values = plain
    null = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    if pa.types.is_null(kind):
        return NumberColumn(name, np.full(len(values), np.nan))
    if null is not None and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        values = values.fill_null(False if pa.types.is_boolean(kind) else 0)
    return from_numpy(name, values.to_numpy(zero_copy_only=False), null)


def _one_chunk(values: Any) -> Any:
    import pyarrow as pa

    if not isinstance(values, pa.ChunkedArray):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    values = values.unify_dictionaries().combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    return values


def from_narwhals(name: str, series: nw.Series[Any]) -> Column:
    """Convert a column of any table narwhals reads."""
    import narwhals as nw

    if series.implementation.is_pandas():
        return from_pandas(name, series.to_native())
    if series.implementation.is_pyarrow():
        return from_arrow(name, series.to_native())
    if series.implementation.is_pandas_like():
        return from_pandas(name, series.to_pandas())
    if series.dtype.is_decimal():
        plain = series.cast(nw.Float64)
        series = series if (plain.abs() >= _WHOLE).any() else plain
    if series.dtype in (nw.Int128, nw.Object, nw.Decimal):  # numpy has no such numbers
        return _from_objects(name, np.array([*series.to_list(), None], dtype=object)[:-1])
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return _from_plain(name, series)
    unordered = series.dtype == nw.Categorical  # polars gives these no order of the user's
    try:
        values = series.to_arrow()
    except ImportError:
        return from_numpy(name, (series.cast(nw.String) if unordered else series).to_numpy())
    if unordered:
        return drop_unused(FactorColumn(name, *code_arrow_text(values)))
    return from_arrow(name, values)


def _from_plain(name: str, series: nw.Series[Any]) -> Column:
    import narwhals as nw

    if not series.null_count():
        return from_numpy(name, series.to_numpy())
    null = series.is_null().to_numpy()
    return from_numpy(name, series.fill_null(False if series.dtype == nw.Boolean else 0).to_numpy(), null)


def from_any(name: str, values: Any) -> Column:
    """Convert one array-like: an array, a Series of any library, a list."""
    import pandas as pd

    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise DataError(f"'{name}' must have one dimension, it has the shape {values.shape}")
        if isinstance(values, np.ma.MaskedArray):
            null = np.ma.getmaskarray(values)
            return from_numpy(name, values.filled(), null if null.any() else None)
        return from_numpy(name, values)
    if isinstance(values, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        return from_pandas(name, pd.Series(values))
    if isinstance(values, (list, tuple, range)):
        return from_pandas(name, pd.Series(list(values)))
    import narwhals as nw

    try:
        return from_narwhals(name, nw.from_native(values, series_only=True))
    except TypeError:
        pass
    if type(values).__module__.startswith("pyarrow"):
        return from_arrow(name, values)
    if hasattr(values, "__array__"):
        return from_any(name, np.asarray(values))
    raise DataError(f"'{name}' must be a sequence of values, it is of type {type(values).__name__}")
