"""What a loop over replicates is given to do, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Core:
    """Addresses of the core's C interface, and whatever has to stay alive for them to be valid.

    Attributes
    ----------
    problem, refit, workspace_create, workspace_destroy : int
        Addresses.
    owner : object
        Kept alive.
    batch : int
        Replicates that are refitted together, for less than one by one; 1 where they have nothing to share.
    """

    problem: int
    refit: int
    workspace_create: int
    workspace_destroy: int
    owner: object = None
    batch: int = 1


@dataclass(frozen=True)
class Task:
    """What every replicate does.

    Attributes
    ----------
    core : Core
    loop : str
        What is done: a method of the core's `ReplicateLoop`.
    draw : int
        Address of the core's function that the loop draws with; 0 for none.
    arguments : tuple
        The loop's arguments that describe the draw.
    start : numpy.ndarray
        Where every refit starts: theta in internal coordinates.
    record_size : int
        Numbers in a record, the status last.
    selection : numpy.ndarray of int64, optional
        Which of them are kept; by default all but the status, which always is.
    statistic : int
        Address of the user's compiled statistic, ``int f(const double* record, double* values)``; 0 for none.
    n_values : int
        How many numbers it gives.
    """

    core: Core
    loop: str
    draw: int
    arguments: tuple[Any, ...]
    start: np.ndarray
    record_size: int
    selection: np.ndarray | None = None
    statistic: int = 0
    n_values: int = 0

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
    """Which replicates of a seed's streams are made, and in how many threads.

    Attributes
    ----------
    key : numpy.ndarray of uint64, shape (2,)
        The seed's key (`ranef.bootstrap.draws.streams.stream_key`).
    first, count : int
        Number of the first replicate, and how many there are.
    threads : int
        Here, or within each chunk of an executor.
    progress : bool
        Show a progress bar on standard error.
    """

    key: np.ndarray
    first: int
    count: int
    threads: int
    progress: bool


@dataclass(frozen=True)
class Outcome:
    """The replicates' records, one row each, in order; and how it went."""

    table: np.ndarray
    seconds: float
    threads: int
    interrupted: bool
