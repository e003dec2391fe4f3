"""Data that another engine holds in partitions: its workers read them, the sums are combined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from ..errors import DataError, UnknownColumnError
from ..frame import Table
from .source import Batches

T = TypeVar("T")
_BRANCHES = 8  # parts that are combined at a time, in a tree


class Partitions(Batches):
    """A source whose partitions can be worked on where they are."""

    def combined(
        self,
        columns: Sequence[str],
        part: Callable[[Table], T],
        combine: Callable[[list[T], list[str]], T],
    ) -> T:
        """Return what `combine` makes, in a tree, of what `part` makes of each partition.

        Parameters
        ----------
        columns : sequence of str
            Those needed.
        part, combine : callable
            Run by the workers; `combine` gets the names of the partitions too.
        """
        raise NotImplementedError


class DaskFrame(Partitions):
    """A ``dask.dataframe.DataFrame``. A partition that a worker has lost is computed again by dask."""

    library = "pandas"

    def _open(self, columns: Sequence[str] | None) -> Iterable[Any]:
        if columns is None:
            return iter([self._origin._meta])
        chosen = self._chosen(columns)
        return (chosen.partitions[k].compute() for k in range(chosen.npartitions))

    def _chosen(self, columns: Sequence[str]) -> Any:
        wanted = set(columns)
        return self._origin[[name for name in self._origin.columns if name in wanted]]

    def combined(
        self,
        columns: Sequence[str],
        part: Callable[[Table], T],
        combine: Callable[[list[T], list[str]], T],
    ) -> T:
        import dask

        parts = self._chosen(columns).to_delayed(optimize_graph=True)
        one, several = dask.delayed(_of_partition, pure=False), dask.delayed(combine, pure=False)
        jobs = [(one(part, table, k), f"partition {k}") for k, table in enumerate(parts)]
        while len(jobs) > 1:
            groups = [jobs[first : first + _BRANCHES] for first in range(0, len(jobs), _BRANCHES)]
            jobs = [
                (several([job for job, _ in group], [name for _, name in group]), _span(group))
                for group in groups
            ]
        (found,) = dask.compute(jobs[0][0])
        return found  # type: ignore[no-any-return]


def _span(group: Sequence[tuple[Any, str]]) -> str:
    first, last = group[0][1], group[-1][1]
    return first if len(group) == 1 else f"partitions {first.split()[1]}-{last.split()[1].split('-')[-1]}"


def _of_partition(part: Callable[[Table], T], data: Any, number: int) -> T:
    """Have `part` work on a partition; its errors name it."""
    name = f"partition {number} of the data"
    try:
        return part(Table(data, name))
    except UnknownColumnError:  # names it already
        raise
    except DataError as error:
        raise type(error)(f"{name} (partitions count from 0): {error}") from None


class DuckRelation(Batches):
    """A DuckDB relation: read in batches, or asked for sums in SQL."""

    library = "pandas"

    def _open(self, columns: Sequence[str] | None) -> Iterable[Any]:
        relation = self._origin
        if columns is None:
            return iter([relation.limit(0).df()])
        wanted = set(columns)
        names = [quoted(name) for name in relation.columns if name in wanted]
        return _arrow_batches(relation.project(", ".join(names)))

    def types(self) -> dict[str, str]:
        """Return the types of the columns, as DuckDB calls them."""
        relation = self._origin
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def run(self, sql: str) -> Any:
        """Return the answer to a query of the relation, which it knows as ``data``, as a pandas table."""
        return self._origin.query("data", sql).df()


def _arrow_batches(relation: Any) -> Iterator[Any]:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    yield from read(131_072)


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
