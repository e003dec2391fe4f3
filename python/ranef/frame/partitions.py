"""Answers per row of data whose rows are elsewhere: dask, Spark and Ray map a function over partitions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import DataError

Function = Callable[[Any], Any]
"""A pandas table -> a Series or a DataFrame with its index."""


def over_partitions(data: Any, function: Function) -> Any:
    """Map a function over the partitions of a table of another engine; None for any other data.

    The answer is lazy. Spark and Ray know no index: their tables have the answers beside the columns of the
    data, as ``prediction`` or under the names of the answer's columns.
    Raises DataError: the data of Spark or Ray have a column of such a name.
    """
    dask, spark, ray = (sys.modules.get(name) for name in ("dask.dataframe", "pyspark.sql", "ray.data"))
    if dask is not None and isinstance(data, dask.DataFrame):
        return data.map_partitions(function, meta=function(data._meta))
    if spark is not None and isinstance(data, spark.DataFrame):
        return _over_spark(data, function)
    if ray is not None and isinstance(data, ray.Dataset):
        taken = data.columns()
        return data.map_batches(lambda block: _beside(block, function, taken), batch_format="pyarrow")
    return None


def _over_spark(data: Any, function: Function) -> Any:
    import pyarrow as pa
    from pyspark.sql.pandas.types import from_arrow_type, to_arrow_schema
    from pyspark.sql.types import StructField, StructType

    def answered(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield from _beside(pa.Table.from_batches([batch]), function, data_columns).to_batches()

    data_columns = data.columns
    shown = _beside(to_arrow_schema(data.schema).empty_table(), function, data_columns).schema
    added = [StructField(one.name, from_arrow_type(one.type)) for one in list(shown)[len(data_columns) :]]
    return data.mapInArrow(answered, StructType(data.schema.fields + added))


def _beside(table: Any, function: Function, taken: list[str]) -> Any:
    """Return an arrow table with the answers as further columns."""
    import pyarrow as pa

    found = function(table.to_pandas())
    answers = dict(found.items()) if hasattr(found, "columns") else {"prediction": found}
    for name, values in answers.items():
        if name in taken:
            raise DataError(f"the data have a column {name!r}, as the answer has: rename it")
        table = table.append_column(name, pa.array(values.to_numpy()))
    return table
