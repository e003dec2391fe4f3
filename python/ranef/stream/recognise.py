"""Which source of batches data are, recognised without loading the library they come from."""

from __future__ import annotations

import sys
from typing import Any

from .dask_frame import DaskFrame
from .duck_relation import DuckRelation
from .ray_dataset import RayDataset
from .source import ArrowDataset, Batches, PolarsFrame
from .spark_frame import SparkFrame

_SOURCES: tuple[tuple[str, str, type[Batches]], ...] = (
    ("pyarrow.dataset", "Dataset", ArrowDataset),
    ("polars", "LazyFrame", PolarsFrame),
    ("dask.dataframe", "DataFrame", DaskFrame),
    ("duckdb", "DuckDBPyRelation", DuckRelation),
    ("pyspark.sql", "DataFrame", SparkFrame),
    ("ray.data", "Dataset", RayDataset),
)


def source_of(data: Any) -> Batches | None:
    """Return the source of batches that `data` is, None for a table."""
    if isinstance(data, Batches):
        return data
    for module, name, source in _SOURCES:
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(data, getattr(loaded, name)):
            old = source is PolarsFrame and not hasattr(data, "collect_batches")
            return None if old else source(data)
    return None
