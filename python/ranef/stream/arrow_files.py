"""Rows of an Arrow dataset in batches, in the least memory: of Parquet files a batch is decoded at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_BUFFER = 1 << 20  # bytes of a column read ahead
# Nothing is read ahead: Arrow's threads do so without a bound, and what is promised is memory.
_NOT_AHEAD: dict[str, Any] = {"batch_readahead": 0, "fragment_readahead": 0, "use_threads": False}


def arrow_batches(dataset: Any, columns: list[str], rows: int) -> Iterator[Any]:
    """Yield record batches of at most so many rows, with some of the dataset's columns.

    A dataset's own scanner decodes a row group as a whole, mostly a million rows, and begins the next one
    meanwhile; a file by itself is decoded batch by batch.
    """
    fragments = _whole_files(dataset) if columns else []
    if fragments:
        yield from _batches_of_files(fragments, dataset.schema, columns, rows)
    else:
        yield from dataset.to_batches(columns=columns, batch_size=rows, **_NOT_AHEAD)


@dataclass(frozen=True, eq=False)
class FilePart:
    """Some files of a dataset, or some row groups of one: called, it reads them where it is."""

    fragments: list[Any]
    schema: Any
    columns: list[str]
    rows: int

    def __call__(self) -> Iterator[Any]:
        return _batches_of_files(self.fragments, self.schema, self.columns, self.rows)

    def __str__(self) -> str:
        first, last = self.fragments[0].path, self.fragments[-1].path
        return first if first == last else f"{first} to {last}"


def file_parts(dataset: Any, columns: list[str], rows: int, at_least: int) -> list[FilePart]:
    """Return the files of a dataset in parts of neighbours, none where it is not of whole Parquet files."""
    fragments = _whole_files(dataset) if columns else []
    if len(fragments) < at_least:
        fragments = [group for file in fragments for group in file.split_by_row_group()]
    count = min(at_least, len(fragments))
    bounds = [len(fragments) * k // count for k in range(count + 1)] if count else []
    return [FilePart(fragments[a:b], dataset.schema, columns, rows) for a, b in pairwise(bounds)]


def _batches_of_files(
    fragments: Sequence[Any], schema: Any, columns: list[str], rows: int
) -> Iterator[Any]:
    for fragment in fragments:
        file = _plain_file(fragment, schema, columns)
        if file is None:
            yield from fragment.to_batches(schema=schema, columns=columns, batch_size=rows, **_NOT_AHEAD)
            continue
        with file:
            groups = [group.id for group in fragment.row_groups]
            yield from file.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False)


def _whole_files(dataset: Any) -> list[Any]:
    """Return the files of a dataset, none where they are not Parquet or not all of their rows are wanted."""
    import pyarrow.dataset as ds

    files = isinstance(dataset, ds.FileSystemDataset)
    if not files or getattr(dataset, "_scan_options", {"filter": 0}).get("filter") is not None:
        return []
    fragments = list(dataset.get_fragments())
    parquet = getattr(ds, "ParquetFileFragment", None)
    return fragments if parquet and all(isinstance(each, parquet) for each in fragments) else []


def _plain_file(fragment: Any, schema: Any, columns: Sequence[str]) -> Any:
    """Return the file of a fragment if it holds the columns as the dataset has them, else None."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(
            fragment.open(), metadata=fragment.metadata, buffer_size=_BUFFER, pre_buffer=False
        )
    except OSError:  # encrypted, or not there: for the dataset to read, or to say so
        return None
    own = file.schema_arrow
    if all(own.names.count(n) == 1 and own.field(n).type == schema.field(n).type for n in columns):
        return file
    file.close()
    return None
