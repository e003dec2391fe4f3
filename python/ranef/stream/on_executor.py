"""A source whose parts are read and summed by the workers of an executor."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, TypeVar

from ..errors import ArgumentError
from ..machine.executors import Job, carried_out, handed_to, require_executor, workers_of
from .arrow_files import FilePart
from .duck_relation import DuckRelation
from .partitions import Part, Partitions, name, of_partition, received, sent
from .source import Batches, of_engine, opened

T = TypeVar("T")
Work = tuple[int, str, Any]  # number of the partition, what is said of it, what the worker gets
_PARTS_A_WORKER = 4  # so that a slow one holds up little


class OnExecutor(Partitions):
    """A source of batches, each of which is a partition; files are read by the workers.

    source: its batches are tables, or functions that return them, which the workers call.
    executor: a partition whose worker is lost is handed out again, at last summed here.
    Raises ArgumentError for what is no executor, and for data that have workers of their own.
    """

    def __init__(self, source: Batches | None, executor: Any) -> None:
        require_executor(executor)
        if source is None:
            raise ArgumentError(
                "executor= takes data in parts, for its workers to sum: ranef.batches(lambda: [...]) of "
                "tables or of functions that return them, a pyarrow Dataset, a polars LazyFrame"
            )
        if isinstance(source, Partitions | DuckRelation):
            raise ArgumentError(
                f"executor= is not needed for {source!r}, whose engine has workers of its own: leave it out"
            )
        super().__init__(source)
        self._executor, self.library = executor, source.library

    def _heads(self) -> Iterable[Any]:
        return self._origin._heads()

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        return self._origin._open(columns)

    def _jobs(self, columns: Sequence[str], part: Part[T]) -> tuple[Iterator[tuple[T, int]], int | None]:
        workers = workers_of(self._executor)
        parts = self._origin.parts(columns, _PARTS_A_WORKER * workers)
        total = len(parts) if isinstance(parts, Sequence) else None
        return self._done(part, parts, columns, workers), total

    def _done(
        self, part: Part[T], parts: Iterable[Any], columns: Sequence[str], workers: int
    ) -> Iterator[tuple[T, int]]:
        """Yield the sums of each partition, and its number."""
        work = (
            (number, _about(given), self._portable(number, given, columns))
            for number, given in enumerate(parts)
        )
        do = partial(_sums, part, workers)

        def submit(job: Job[Work]) -> Any:
            return handed_to(self._executor, do, *job.work)

        for (number, *_), found in carried_out(work, submit, lambda one: do(*one), 2 * workers):
            yield received(found), number

    def _portable(self, number: int, given: Any, columns: Sequence[str]) -> Any:
        """Return what a worker gets of a part: the columns needed, a function as bytes where it can be.

        A worker process that cannot unpickle what it is sent ends without a word; bytes are unpickled where
        the error is heard.
        """
        if not callable(given):
            return _narrowed(given, frozenset(columns))
        try:
            return pickle.dumps(given)
        except Exception as error:
            if not isinstance(self._executor, ProcessPoolExecutor):
                return given  # the executor may know a way
            raise ArgumentError(
                f"{name(number)} cannot be sent to another process ({error}): give a function of a module in "
                "place of a lambda, such as functools.partial(pandas.read_parquet, path)"
            ) from None


def _about(given: Any) -> str:
    """Return what messages say of a partition beside its number: files, or what its reader is called with."""
    if isinstance(given, partial):
        return ", ".join([*map(repr, given.args), *(f"{key}={one!r}" for key, one in given.keywords.items())])
    return str(given) if isinstance(given, FilePart) else ""


def _narrowed(table: Any, columns: frozenset[str]) -> Any:
    """Return a table without the columns that are not needed, where leaving them out is plain."""
    if isinstance(table, Mapping):
        return {key: values for key, values in table.items() if str(key) in columns}
    labels: Any = getattr(table, "column_names", None)  # of pyarrow
    if labels is None:
        labels = getattr(table, "columns", ())
    kept = [label for label in labels if str(label) in columns]
    if not kept:
        return table
    return table.select(kept) if hasattr(table, "select") else table[kept]


def _sums(part: Part[T], workers: int, number: int, about: str, given: Any) -> bytes | None:
    """Return the sums of a partition, or the error, as bytes; run by a worker."""
    return sent(lambda: of_partition(part, of_engine(_tables(given)), name(number), workers, about))


def _tables(given: Any) -> Iterator[Any]:
    yield from opened(pickle.loads(given) if isinstance(given, bytes) else given)
