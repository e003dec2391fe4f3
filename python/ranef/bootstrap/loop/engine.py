"""The parallel loop: threads take chunks of replicates, and the core runs each without the GIL.

Threads of Python: no pool that must not be entered from two threads or after a fork, chunks that balance
themselves, and a main thread that stays free to show progress and hear Ctrl-C. A replicate's numbers depend
on the seed and its own number alone, so none of this shows in the results.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ... import _core
from ...errors import MemoryLimitError
from .single_blas import single_blas_thread
from .work import Outcome, Task

# Long enough that handing out a chunk is free, short enough that Ctrl-C and progress feel immediate.
_CHUNK_SECONDS = 0.05
_FIRST_CHUNK = 8
_REFRESH_SECONDS = 0.1


@contextmanager
def preparing(progress: bool) -> Iterator[None]:
    """Say in the place of the progress line that it is to come: what is drawn from takes its time to make."""
    with tqdm(total=0, desc="bootstrap: preparing", bar_format="{desc}", leave=False, disable=not progress):
        yield


def run(
    task: Task,
    key: np.ndarray,
    n: int,
    threads: int,
    progress: bool,
    first: int = 0,
) -> Outcome:
    """Run ``n`` replicates.

    key, (2,) uint64: the seed's key (`ranef.bootstrap.draws.streams.stream_key`).
    progress: show a progress bar on standard error.
    first: number of the first replicate.
    Returns an Outcome with fewer than ``n`` rows when Ctrl-C was pressed; what had been done by then is kept.
    Raises MemoryLimitError if the core cannot get the memory for a thread's workspace.
    """
    threads = min(threads, n)
    with tqdm(total=n, desc="bootstrap", unit=" refits", disable=not progress, dynamic_ncols=True) as bar:
        crew = _Crew(task, key, n, threads, first)
        started = time.perf_counter()
        with single_blas_thread():
            interrupted = crew.work(bar)
        seconds = time.perf_counter() - started
    return Outcome(crew.table[: crew.taken], seconds, threads, interrupted)


def run_whole(task: Task, key: np.ndarray, n: int, threads: int, first: int = 0) -> np.ndarray:
    """The records of a run that serves another: Ctrl-C ends that one too, nothing starts on what is there.

    Raises KeyboardInterrupt.
    """
    outcome = run(task, key, n, threads, progress=False, first=first)
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome.table


if hasattr(os, "register_at_fork"):  # not on Windows; the lock of bars may be held by one of the parent
    os.register_at_fork(after_in_child=lambda: tqdm.set_lock(threading.RLock()))


class _Crew:
    """The threads, and the one thing they share that changes: how far the replicates have been handed out."""

    def __init__(self, task: Task, key: np.ndarray, n: int, threads: int, first: int) -> None:
        self.task, self.key = task, key
        self.kept = np.ascontiguousarray(task.kept, np.int64)
        self.n, self.threads, self.first = n, threads, first
        self.table = np.empty((n, task.columns))
        self.taken = 0
        self.finished = 0
        self.error: BaseException | None = None
        self.stop = False
        self.change = threading.Condition()

    def work(self, bar: tqdm) -> bool:
        """Run all replicates; True if Ctrl-C cut it short."""
        crew = [threading.Thread(target=self._member, daemon=True) for _ in range(self.threads)]
        for member in crew:
            member.start()
        try:
            self._watch(bar)
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.stop = True
            for member in crew:
                member.join()
        if self.error is not None:
            raise self.error
        if interrupted and self.taken == 0:
            raise KeyboardInterrupt
        bar.update(self.finished - bar.n)
        return interrupted and self.taken < self.n

    def _watch(self, bar: tqdm) -> None:
        """Move the bar until everything is done."""
        with self.change:
            while self.finished < self.n and self.error is None:
                self.change.wait(_REFRESH_SECONDS)
                bar.update(self.finished - bar.n)

    def _member(self) -> None:
        """One thread: a workspace of its own, and chunk after chunk."""
        try:
            workspace = self._create_workspace()
            try:
                self._run_chunks(workspace)
            finally:
                _c_function(self.task.core.workspace_destroy, None)(workspace)
        except BaseException as error:
            with self.change:
                self.error, self.stop = error, True
                self.change.notify_all()

    def _create_workspace(self) -> int:
        workspace = _c_function(self.task.core.workspace_create, ctypes.c_void_p)(self.task.core.problem)
        if not workspace:
            raise MemoryLimitError(
                f"not enough memory for the workspaces of {self.threads} threads; "
                "a smaller n_threads needs less"
            )
        return workspace

    def _run_chunks(self, workspace: int) -> None:
        task, batch = self.task, self.task.core.batch
        size = _FIRST_CHUNK if batch == 1 else self._share(batch)
        run_rows = getattr(self._loop(workspace), task.loop)
        while (chunk := self._take(size)) is not None:
            first, stop = chunk
            started = time.perf_counter()
            run_rows(first, stop, *task.arguments)
            rate = (stop - first) / max(time.perf_counter() - started, 1e-9)
            if batch == 1:
                # At most four times the last chunk: the first replicates pay for cold caches.
                size = int(min(max(rate * _CHUNK_SECONDS, 1), 4 * (stop - first)))
            with self.change:
                self.finished += stop - first
                if self.finished == self.n:
                    self.change.notify_all()

    def _loop(self, workspace: int) -> _core.ReplicateLoop:
        task = self.task
        return _core.ReplicateLoop(
            problem=task.core.problem,
            draw=task.draw,
            refit=task.core.refit,
            workspace=workspace,
            key=self.key,
            origin=self.first,
            start=task.start,
            batch=task.core.batch,
            record_size=task.record_size,
            kept=self.kept,
            statistic=task.statistic,
            table=self.table,
        )

    def _take(self, size: int) -> tuple[int, int] | None:
        """The next chunk, or None; smaller towards the end so that the threads finish together."""
        with self.change:
            left = self.n - self.taken
            if left == 0 or self.stop:
                return None
            first = self.taken
            if self.task.core.batch == 1:
                size = max(min(size, -(-left // (2 * self.threads))), 1)
            self.taken += min(size, left)
            return first, self.taken

    def _share(self, batch: int) -> int:
        """Equal chunks of at most a batch, as many for every thread."""
        chunks = self.threads * -(-self.n // (self.threads * batch))
        return -(-self.n // chunks)


def _c_function(address: int, result: Any) -> Any:
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p)(address)
