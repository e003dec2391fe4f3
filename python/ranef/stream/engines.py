"""Data that another engine holds in partitions: its workers read them, the sums are combined."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

from ..errors import DataError, RanefError, UnknownColumnError
from ..frame import Table
from ..machine.threads import MOST
from .progress import progress_bar
from .shared_cores import shared_cores
from .source import ROWS, Batches, engine_errors, of_engine

T = TypeVar("T")
Part = Callable[[Iterable[Table]], T]
_BRANCHES = 8  # parts that are combined at a time, in a tree


class Partitions(Batches):
    """A source whose partitions can be worked on where they are."""

    def combined(
        self,
        columns: Sequence[str],
        part: Part[T],
        combine: Callable[[list[T], list[str]], T],
        progress: bool | None = None,
    ) -> T:
        """Return what `combine` makes, in a tree, of what `part` makes of each partition.

        columns: those needed.
        part: run by the workers, on the tables of a partition.
        combine: run by them too; it gets the names of the partitions as well.
        progress: whether to show how many partitions are done; None: in a terminal, when it takes long.
        """
        raise NotImplementedError

    def _together(
        self,
        jobs: Iterator[tuple[T, str]],
        part: Part[T],
        combine: Callable[[list[T], list[str]], T],
        progress: bool | None,
        total: int | None = None,
    ) -> T:
        """Combine parts as they come; without any, say what is wrong, as of any table without rows."""
        with progress_bar("summing", "partitions", progress, total) as bar:
            counted = (job for job in jobs if bar.update() or True)
            first = next(counted, None)
            if first is None:
                return part(islice(self.read(None), 1))
            return in_tree(chain([first], counted), combine)


class DaskFrame(Partitions):
    """A ``dask.dataframe.DataFrame``. A partition that a worker has lost is computed again by dask."""

    library = "pandas"

    def _open(self, columns: Sequence[str] | None) -> Iterable[Any]:
        if columns is None:
            return iter([self._origin._meta])
        chosen = self._chosen(columns)
        return of_engine(chosen.partitions[k].compute() for k in range(chosen.npartitions))

    def _chosen(self, columns: Sequence[str]) -> Any:
        wanted = set(columns)
        return self._origin[[name for name in self._origin.columns if name in wanted]]

    def combined(
        self,
        columns: Sequence[str],
        part: Part[T],
        combine: Callable[[list[T], list[str]], T],
        progress: bool | None = None,
    ) -> T:
        import dask

        parts = self._chosen(columns).to_delayed(optimize_graph=True)
        one, several = dask.delayed(of_partition, pure=False), dask.delayed(combine, pure=False)
        at_a_time = _at_a_time(len(parts))
        jobs = [one(part, [table], name(k), at_a_time) for k, table in enumerate(parts)]
        whole = in_tree(((job, name(k)) for k, job in enumerate(jobs)), several)
        with progress_bar("summing", "partitions", progress, len(jobs)) as bar:
            try:
                return _computed(whole, jobs, bar)  # type: ignore[no-any-return]
            except (RanefError, MemoryError):
                raise
            except Exception as error:
                raise _unreadable(parts, error) from error


def _unreadable(parts: Sequence[Any], error: Exception) -> DataError:
    """Return an error that names the first partition that cannot be read; those before it are read again."""
    where = "the rows"
    for k, table in enumerate(parts):
        try:
            table.compute()
        except Exception as own:
            where, error = f"{name(k)} of the data (partitions count from 0)", own
            break
    return DataError(
        f"{where} cannot be read: {type(error).__name__}: {error}; a partition must have the columns and "
        "types that the table's meta promises: mend it, or give dask the right meta="
    )


def _client() -> Any:
    """Return the client of dask.distributed; None where dask works in this process or a pool of its own."""
    import dask

    client: Any = getattr(dask.base.get_scheduler(), "__self__", None)
    return client if hasattr(client, "compute") else None


def _at_a_time(count: int) -> int:
    """Return how many partitions a machine works on at a time."""
    import dask
    from dask.local import get_sync
    from dask.system import CPU_COUNT

    client = _client()
    if client is not None:
        slots: dict[str, int] = {}
        for address, threads in client.nthreads().items():
            machine = address.rsplit(":", 1)[0]
            slots[machine] = slots.get(machine, 0) + threads
        return min(max(slots.values(), default=count), count)
    if dask.base.get_scheduler() is get_sync:
        return 1
    return min(dask.config.get("num_workers", None) or CPU_COUNT, count)


def _computed(whole: Any, parts: list[Any], bar: Any) -> Any:
    """Have dask compute something, and count the parts of it that are done."""
    import dask
    from dask.callbacks import Callback

    client = _client()
    if client is not None:
        from distributed import as_completed

        *done, last = client.compute([*parts, whole])
        for _ in as_completed(done):
            bar.update()
        return last.result()
    keys = {part.key for part in parts}
    with Callback(posttask=lambda key, *_: bar.update(key in keys)):
        (found,) = dask.compute(whole)
    return found


def name(number: int) -> str:
    """Return what messages call a partition."""
    return f"partition {number}"


def in_tree(jobs: Iterable[tuple[T, str]], combine: Callable[[list[T], list[str]], T]) -> T:
    """Combine parts, several at a time, as they come: few of them are held at once.

    jobs: iterable of (part, str), at least one, each with its name.
    combine: of parts and their names.
    """
    waiting: list[list[tuple[T, str]]] = [[]]  # by how often they were combined

    def put(height: int, job: tuple[T, str]) -> None:
        if height == len(waiting):
            waiting.append([])
        waiting[height].append(job)
        if len(waiting[height]) == _BRANCHES:
            full, waiting[height] = waiting[height], []
            put(height + 1, joined(full))

    def joined(group: list[tuple[T, str]]) -> tuple[T, str]:
        if len(group) == 1:
            return group[0]
        return combine([part for part, _ in group], [name for _, name in group]), _span(group)

    for job in jobs:
        put(0, job)
    while len(waiting) > 1:
        rest = waiting.pop(0)
        waiting[0].extend([joined(rest)] if rest else [])
    return joined(waiting[0])[0]


def _span(group: Sequence[tuple[Any, str]]) -> str:
    first, last = group[0][1], group[-1][1]
    return f"partitions {first.split()[1].split('-')[0]}-{last.split()[1].split('-')[-1]}"


def of_partition(
    part: Part[T], tables: Iterable[Any], name: str, at_a_time: int | None = None, about: str = ""
) -> T:
    """Have `part` work on the tables of a partition; its errors name it, with what is said `about` it.

    `at_a_time` partitions share the cores of the machine; None: as many as there are cores, one for each.
    """
    try:
        with shared_cores(at_a_time or MOST):
            return part(Table(table, f"{name} of the data") for table in tables)
    except UnknownColumnError:  # names it already
        raise
    except DataError as error:
        which = f"{about}; partitions count from 0" if about else "partitions count from 0"
        raise type(error)(f"{name} of the data ({which}): {error}") from None


def sent(work: Callable[[], T | None]) -> bytes | None:
    """Return what the work makes as bytes, or the error of ours that it raises; None for None."""
    try:
        found: Any = work()
    except RanefError as error:
        found = error
    return None if found is None else pickle.dumps(found)


def received(data: bytes) -> Any:
    """Return what `sent` sent, or raise it."""
    found = pickle.loads(data)
    if isinstance(found, RanefError):
        raise found
    return found


class DuckRelation(Batches):
    """A DuckDB relation: read in batches, or asked for sums in SQL."""

    library, apart = "pandas", True

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
        with engine_errors():
            return self._origin.query("data", sql).df()

    def answer(self, sql: str) -> DuckRelation:
        """Return the answer to such a query as a relation, to be read in batches."""
        return DuckRelation(self._origin.query("data", sql))


def _arrow_batches(relation: Any) -> Iterator[Any]:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    with engine_errors():
        yield from read(ROWS)


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
