"""What a loop over replicates is given to do, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

_NUMBERS_AT_A_TIME = 2_000_000  # enough to make what is done once for a batch small


@dataclass(frozen=True)
class Core:
    """Addresses of the core's C interface, and whatever has to stay alive for them to be valid."""

    problem: int  # problem, refit, workspace_create, workspace_destroy: addresses
    refit: int
    workspace_create: int
    workspace_destroy: int
    owner: object = None  # kept alive
    # replicates that are refitted together, for less than one by one; 1 where they have nothing to share
    batch: int = 1


@dataclass(frozen=True)
class Task:
    """What every replicate does."""

    core: Core
    loop: str  # what is done: a method of the core's `ReplicateLoop`
    draw: int  # address of the core's function that the loop draws with; 0 for none
    arguments: tuple[Any, ...]  # the loop's arguments that describe the draw
    start: np.ndarray  # where every refit starts: theta in internal coordinates
    record_size: int  # numbers in a record, the status last
    # which of them are kept; by default all but the status, which always is
    selection: np.ndarray | None = None
    # address of the user's compiled statistic, ``int f(const double* record, double* values)``; 0 for none
    statistic: int = 0
    n_values: int = 0  # how many numbers it gives

    @property
    def kept(self) -> np.ndarray:
        """Positions of the numbers kept of a record."""
        return np.arange(self.record_size - 1) if self.selection is None else self.selection

    @property
    def columns(self) -> int:
        """Numbers in a row of the table."""
        return len(self.kept) + self.n_values + 1


@dataclass(frozen=True, eq=False)
class Stretch:
    """Which replicates of a seed's streams are made, and in how many threads."""

    key: np.ndarray  # (2,) uint64: the seed's key (`ranef.bootstrap.draws.streams.stream_key`)
    first: int  # first, count: number of the first replicate, and how many there are
    count: int
    threads: int  # here, or within each chunk of an executor
    progress: bool  # show a progress bar on standard error


@dataclass(frozen=True)
class Outcome:
    """The replicates' records, one row each, in order; and how it went."""

    table: np.ndarray
    seconds: float
    threads: int
    interrupted: bool


def batches(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield first and count of so many replicates of `size` numbers at a time that they are small in memory.

    >>> list(batches(5, 800_000))
    [(0, 2), (2, 2), (4, 1)]
    """
    most = max(_NUMBERS_AT_A_TIME // size, 1)
    for first in range(0, n, most):
        yield first, min(most, n - first)
