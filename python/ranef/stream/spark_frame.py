"""A Spark DataFrame as data: its executors make the sums, one a partition, and send them as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from .partitions import Part, Partitions, name, of_partition, received, sent
from .source import among, batched

T = TypeVar("T")


class SparkFrame(Partitions):
    """A ``pyspark.sql.DataFrame``. A partition that an executor has lost is computed again by Spark."""

    library = "pyarrow"

    def _heads(self) -> Iterable[Any]:
        from pyspark.sql.pandas.types import to_arrow_schema

        return [to_arrow_schema(self._origin.schema).empty_table()]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        return (_table(row.rows) for row in self._mapped(columns, _as_bytes, "rows binary"))

    def _mapped(
        self, columns: Sequence[str], function: Callable[[Iterator[Any]], Iterator[Any]], schema: str
    ) -> Iterator[Any]:
        chosen = self._origin.select(among(self._origin.columns, columns))
        found: Iterator[Any] = chosen.mapInArrow(function, schema).toLocalIterator()
        return found

    def _jobs(self, columns: Sequence[str], part: Part[T]) -> tuple[Iterator[tuple[T, int]], None]:
        made = self._mapped(columns, partial(_sums, part), "number long, sums binary")
        return ((received(bytes(row.sums)), row.number) for row in made), None


def _sums(part: Part[T], batches: Iterator[Any]) -> Iterator[Any]:
    """Yield the sums of a partition, nothing of a partition without rows."""
    import pyarrow as pa
    from pyspark import TaskContext

    number = TaskContext.get().partitionId()  # type: ignore[union-attr]

    def work() -> T | None:
        tables = batched(batches)
        first = next(tables, None)
        return None if first is None else of_partition(part, chain([first], tables), name(number))

    found = sent(work)
    if found is not None:
        yield pa.RecordBatch.from_pydict({"number": [number], "sums": [found]})


def _as_bytes(batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for table in batched(batches):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        yield pa.RecordBatch.from_pydict({"rows": [sink.getvalue().to_pybytes()]})


def _table(data: Any) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(bytes(data)).read_all()
