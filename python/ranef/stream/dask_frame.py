"""A Dask DataFrame as data: its workers make the sums of partitions, and combine them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ..errors import DataError, RanefError
from .partitions import Combine, Part, Partitions, in_tree, name, of_partition
from .progress import progress_bar
from .source import among, of_engine

T = TypeVar("T")


class DaskFrame(Partitions):
    """A ``dask.dataframe.DataFrame``. A partition that a worker has lost is computed again by dask."""

    library = "pandas"

    def _heads(self) -> Iterable[Any]:
        return [self._origin._meta]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        chosen = self._chosen(columns)
        return of_engine(chosen.partitions[k].compute() for k in range(chosen.npartitions))

    def _chosen(self, columns: Sequence[str]) -> Any:
        return self._origin[among(self._origin.columns, columns)]

    def combined(
        self, columns: Sequence[str], part: Part[T], combine: Combine[T], progress: bool | None = None
    ) -> T:
        import dask

        parts = self._chosen(columns).to_delayed(optimize_graph=True)
        one, several = dask.delayed(of_partition, pure=False), dask.delayed(combine, pure=False)
        at_a_time = _at_a_time(len(parts))
        jobs = [one(part, [table], name(k), at_a_time) for k, table in enumerate(parts)]
        whole = in_tree(((job, k) for k, job in enumerate(jobs)), several)
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
