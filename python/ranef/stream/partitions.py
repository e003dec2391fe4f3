"""Data that another engine holds in partitions: its workers read them, the sums are combined."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias, TypeVar

from ..errors import DataError, RanefError, UnknownColumnError
from ..frame import Table
from ..machine.threads import MOST
from .progress import progress_bar
from .shared_cores import shared_cores
from .source import Batches

T = TypeVar("T")
Part: TypeAlias = Callable[[Iterable[Table]], T]
Combine: TypeAlias = Callable[[list[T], list[str]], T]
_BRANCHES = 8  # parts that are combined at a time, in a tree


class Partitions(Batches):
    """A source whose partitions can be worked on where they are."""

    def combined(
        self, columns: Sequence[str], part: Part[T], combine: Combine[T], progress: bool | None = None
    ) -> T:
        """Return what `combine` makes, in a tree, of what `part` makes of each partition.

        columns: those needed.
        part: run by the workers, on the tables of a partition.
        combine: run by them too where the engine can; it gets the names of the partitions as well.
        progress: whether to show how many partitions are done; None: in a terminal, when it takes long.
        """
        jobs, total = self._jobs(columns, part)
        with progress_bar("summing", "partitions", progress, total) as bar:
            counted = (job for job in jobs if bar.update() or True)
            first = next(counted, None)
            if first is None:  # what is wrong is said as of any table without rows
                return part(iter([self.head()]))
            return in_tree(chain([first], counted), combine)

    def _jobs(self, columns: Sequence[str], part: Part[T]) -> tuple[Iterator[tuple[T, int]], int | None]:
        """Return what `part` makes of each partition, and its number, as they come; how many, where known."""
        raise NotImplementedError


def name(first: int, last: int | None = None) -> str:
    """Return what messages call a partition, or several."""
    return f"partition {first}" if last in (None, first) else f"partitions {first}-{last}"


_Joined: TypeAlias = tuple[T, int, int]  # a part, and the first and the last partition in it


def in_tree(jobs: Iterable[tuple[T, int]], combine: Combine[T]) -> T:
    """Combine parts, several at a time, as they come: few of them are held at once.

    jobs: iterable of (part, int), at least one, each with the number of its partition.
    combine: of parts and their names.
    """
    waiting: list[list[_Joined[T]]] = [[]]  # by how often they were combined

    def put(height: int, job: _Joined[T]) -> None:
        if height == len(waiting):
            waiting.append([])
        waiting[height].append(job)
        if len(waiting[height]) == _BRANCHES:
            full, waiting[height] = waiting[height], []
            put(height + 1, joined(full))

    def joined(group: list[_Joined[T]]) -> _Joined[T]:
        if len(group) == 1:
            return group[0]
        together = combine([part for part, *_ in group], [name(first, last) for _, first, last in group])
        return together, group[0][1], group[-1][2]

    for part, number in jobs:
        put(0, (part, number, number))
    while len(waiting) > 1:
        rest = waiting.pop(0)
        waiting[0].extend([joined(rest)] if rest else [])
    return joined(waiting[0])[0]


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
