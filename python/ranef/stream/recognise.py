"""Which source of batches data are, recognised without loading the library they come from."""

from __future__ import annotations

import sys
from typing import Any

from .engines import DaskFrame, DuckRelation
from .ray_dataset import RayDataset
from .source import ArrowDataset, Batches, PolarsFrame
from .spark_frame import SparkFrame


def source_of(data: Any) -> Batches | None:
    """Return the source of batches that `data` is, None for a table."""
    if isinstance(data, Batches):
        return data
    dataset = sys.modules.get("pyarrow.dataset")
    if dataset is not None and isinstance(data, dataset.Dataset):
        return ArrowDataset(data)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.LazyFrame) and hasattr(data, "collect_batches"):
        return PolarsFrame(data)
    dask = sys.modules.get("dask.dataframe")
    if dask is not None and isinstance(data, dask.DataFrame):
        return DaskFrame(data)
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and isinstance(data, duckdb.DuckDBPyRelation):
        return DuckRelation(data)
    spark = sys.modules.get("pyspark.sql")
    if spark is not None and isinstance(data, spark.DataFrame):
        return SparkFrame(data)
    ray = sys.modules.get("ray.data")
    if ray is not None and isinstance(data, ray.Dataset):
        return RayDataset(data)
    return None
