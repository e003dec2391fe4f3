"""A Ray dataset as data: its tasks make the sums, one a block, and send them as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from .partitions import Part, Partitions, of_partition, received, sent
from .source import ROWS, among

T = TypeVar("T")


class RayDataset(Partitions):
    """A ``ray.data.Dataset``. A block that a worker has lost is computed again by Ray."""

    library = "pyarrow"

    def _heads(self) -> Iterable[Any]:
        return [_without_rows(self._origin.schema())]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        found: Iterable[Any] = self._chosen(columns).iter_batches(batch_size=ROWS, batch_format="pyarrow")
        return found

    def _chosen(self, columns: Sequence[str]) -> Any:
        return self._origin.select_columns(among(self._origin.columns(), columns))

    def _jobs(self, columns: Sequence[str], part: Part[T]) -> tuple[Iterator[tuple[T, int]], None]:
        def sums(block: Any) -> dict[str, list[bytes | None]]:
            return {"sums": [sent(lambda: of_partition(part, [block], "a block"))]}

        made = self._chosen(columns).map_batches(sums, batch_size=None, batch_format="pyarrow").iter_rows()
        return ((received(row["sums"]), number) for number, row in enumerate(made)), None


def _without_rows(schema: Any) -> Any:
    """Return a table of no rows with the columns of a dataset of Arrow's or pandas' blocks."""
    import pandas as pd

    if schema is None:  # a dataset of no rows
        return pd.DataFrame()
    base = schema.base_schema
    if hasattr(base, "empty_table"):
        return base.empty_table()
    return pd.DataFrame(
        {name: pd.Series(dtype=kind) for name, kind in zip(base.names, base.types, strict=True)}
    )
