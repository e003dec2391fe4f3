"""Work handed to an executor in the manner of ``concurrent.futures``; done again where a worker is lost."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..errors import ArgumentError, RanefError

W = TypeVar("W")
TRIES = 3
_LOST = object()


def require_executor(executor: Any) -> None:
    """Raise an ArgumentError for what cannot submit work."""
    if not callable(getattr(executor, "submit", None)):
        raise ArgumentError(
            "executor= must have a method submit(function, *arguments) that returns futures, as those of "
            f"concurrent.futures and dask.distributed.Client have; got {executor!r}"
        )


def workers_of(executor: Any) -> int:
    """Return how many jobs an executor runs at a time; a guess where it does not say."""
    if callable(getattr(executor, "ncores", None)):  # dask
        return max(sum(executor.ncores().values()), 1)
    return getattr(executor, "_max_workers", None) or os.cpu_count() or 1


def handed_to(executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the future of a call on an executor."""
    # dask would take a second try of the same call for the first one, and wait for it
    options = {"pure": False} if callable(getattr(executor, "scatter", None)) else {}
    return executor.submit(function, *arguments, **options)


@dataclass(eq=False)
class Job(Generic[W]):
    """Work that is handed out."""

    work: W
    lost: int = 0  # how often its worker was lost
    again: bool = False  # whether it was handed out before
    future: Any = field(default=None, repr=False)


def carried_out(
    work: Iterable[W],
    submit: Callable[[Job[W]], Any],
    here: Callable[[W], Any],
    at_a_time: int,
) -> Iterator[tuple[W, Any]]:
    """Yield each piece of work and what came of it: in their order, but for those handed out again.

    work: taken from as workers become free.
    submit: hands a job to the executor and returns the future. An answer of None is a worker's wish to have
        the job handed out again.
    here: does work in this process: what `TRIES` workers were lost with, or all that is left when the
        executor is gone.
    at_a_time: how many jobs may be handed out and not done.
    Raises RanefError, MemoryError as the workers raise them; other exceptions are those of lost workers.
    """
    coming, returned, flying = map(Job, work), deque[Job[W]](), deque[Job[W]]()
    try:
        while True:
            while len(flying) < at_a_time:
                job = returned.popleft() if returned else next(coming, None)
                if job is None:
                    break
                job.future = _submitted(submit, job)
                flying.append(job)
            if not flying:
                return
            job = flying.popleft()
            answer = _answer(job.future)
            job.lost += answer is _LOST
            if answer is _LOST and job.lost == TRIES:
                yield job.work, here(job.work)
            elif answer is _LOST or answer is None:
                job.again = True
                returned.append(job)
            else:
                yield job.work, answer
    finally:
        for job in flying:
            if job.future is not None:
                job.future.cancel()


def _submitted(submit: Callable[[Job[W]], Any], job: Job[W]) -> Any:
    try:
        return submit(job)
    except RuntimeError:  # the executor is broken or shut down
        return None


def _answer(future: Any) -> Any:
    """Return the result of a future, or that its worker was lost."""
    if future is None:
        return _LOST
    try:
        return future.result()
    except (RanefError, MemoryError):
        raise
    except Exception:  # BrokenProcessPool, KilledWorker, a closed connection ...
        return _LOST
