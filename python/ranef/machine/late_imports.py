"""Modules that are loaded when first asked for, and forks meanwhile.

A process forked while another thread loads a module waits forever once it asks for that module: its lock is
held by a thread that is not there. A fork therefore waits until the other threads have loaded theirs.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from threading import Condition, get_ident
from types import ModuleType

_LONGEST = 60.0  # seconds; a module may itself wait for the thread that forks


class _Loading:
    """How many modules each thread is loading. Not a lock: threads that load wait for Python's alone."""

    def __init__(self) -> None:
        self.changed, self.threads = Condition(), dict[int, int]()

    def begin(self) -> None:
        with self.changed:
            self.threads[get_ident()] = self.threads.get(get_ident(), 0) + 1

    def end(self) -> None:
        with self.changed:
            self.threads[get_ident()] -= 1
            if not self.threads[get_ident()]:
                del self.threads[get_ident()]
            self.changed.notify_all()

    def before_fork(self) -> None:
        self.changed.acquire()
        self.changed.wait_for(lambda: not self.threads.keys() - {get_ident()}, _LONGEST)

    def after_in_parent(self) -> None:
        self.changed.release()

    def after_in_child(self) -> None:
        self.changed = Condition()
        self.threads = {thread: n for thread, n in self.threads.items() if thread == get_ident()}


_loading = _Loading()


@cache
def _watch_forks() -> None:
    if not hasattr(os, "register_at_fork"):  # on Windows
        return
    import logging  # noqa: F401  its lock, which a module being loaded may ask for, is then taken after ours

    os.register_at_fork(
        before=_loading.before_fork,
        after_in_parent=_loading.after_in_parent,
        after_in_child=_loading.after_in_child,
    )


def import_late(name: str) -> ModuleType:
    """Return a module of the package by its full name, loaded if it is not."""
    _watch_forks()
    _loading.begin()
    try:
        return import_module(name)
    finally:
        _loading.end()
