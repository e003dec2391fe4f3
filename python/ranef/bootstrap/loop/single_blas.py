"""BLAS with one thread while replicates run in several."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@lru_cache(maxsize=1)
def _loaded_blas(modules: int) -> ThreadpoolController:
    """The BLAS libraries of the process; finding them takes milliseconds, and they come with modules."""
    return ThreadpoolController().select(user_api="blas")


class _SingleBlasThread:
    """BLAS limited to one thread while any bootstrap runs, since it would only add threads to threads.

    The limit belongs to the process: of runs that overlap, the first sets it and the last one lifts it.
    """

    def __init__(self) -> None:
        self.lock, self.users, self.limits = threading.Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.limits.enter_context(_loaded_blas(len(sys.modules)).limit(limits=1))

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self.limits.close()

    def after_fork(self) -> None:
        """In the child: runs of other threads, and locks they held, are not there."""
        self.lock = threading.Lock()
        if self.users:
            self.users = 0
            self.limits.close()


_single_blas_thread = _SingleBlasThread()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_single_blas_thread.after_fork)


def single_blas_thread() -> _SingleBlasThread:
    """The context in which BLAS has one thread."""
    return _single_blas_thread
