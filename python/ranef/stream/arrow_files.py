"""Rows of an Arrow dataset in batches, in the least memory: of Parquet files a batch is decoded at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_BUFFER = 1 << 20  # bytes of a column read ahead


def arrow_batches(dataset: Any, columns: Sequence[str], rows: int) -> Iterator[Any]:
    """Yield record batches of at most so many rows, with the columns asked for that the dataset has.

    A dataset's own scanner decodes a row group as a whole, mostly a million rows, and begins the next one
    meanwhile; a file by itself is decoded batch by batch.
    """
    known = [name for name in dataset.schema.names if name in set(columns)]
    fragments = _whole_files(dataset, known)
    if fragments is None:
        # Nothing is read ahead: Arrow's threads do so without a bound, and what is promised is memory.
        yield from dataset.to_batches(
            columns=known, batch_size=rows, batch_readahead=0, fragment_readahead=0, use_threads=False
        )
        return
    for fragment in fragments:
        file = _plain_file(fragment, dataset.schema, known)
        if file is None:
            yield from fragment.to_batches(
                schema=dataset.schema,
                columns=known,
                batch_size=rows,
                batch_readahead=0,
                fragment_readahead=0,
                use_threads=False,
            )
            continue
        with file:
            groups = [group.id for group in fragment.row_groups]
            yield from file.iter_batches(rows, row_groups=groups, columns=known, use_threads=False)


def _whole_files(dataset: Any, columns: Sequence[str]) -> list[Any] | None:
    """Return the files of a dataset, None where they are not Parquet or not all of their rows are wanted."""
    import pyarrow.dataset as ds

    files = isinstance(dataset, ds.FileSystemDataset) and columns
    if not files or getattr(dataset, "_scan_options", {"filter": 0}).get("filter") is not None:
        return None
    fragments = list(dataset.get_fragments())
    parquet = getattr(ds, "ParquetFileFragment", None)
    return fragments if parquet and all(isinstance(each, parquet) for each in fragments) else None


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
