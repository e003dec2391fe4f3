"""Threads of the core where an engine works on several partitions at a time: they share the cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from .. import _core
from ..machine.threads import VARIABLE, available_cores, get_num_threads

_lock = Lock()
_inside: list[int] = []  # the limit before, once for each partition that is worked on in this process


@contextmanager
def shared_cores(at_a_time: int) -> Iterator[None]:
    """Within it the core starts as many threads as one of several partitions at a time may have.

    at_a_time: partitions that this machine works on at the same time. The limit is of the process, and what
        it was is set again after the last of them; ``RANEF_NUM_THREADS`` in the environment has the last
        word.
    """
    if os.environ.get(VARIABLE, "").strip():
        yield
        return
    with _lock:
        _inside.append(_inside[0] if _inside else get_num_threads())
        _core.set_thread_limit(min(_inside[0], max(available_cores() // max(at_a_time, 1), 1)))
    try:
        yield
    finally:
        with _lock:
            before = _inside.pop()
            if not _inside:
                _core.set_thread_limit(before)
