"""One setting for every thread ranef starts: BLAS, the core's own loops, bootstrap refits."""

from __future__ import annotations

import os
from numbers import Integral

from .. import _core
from ..errors import ArgumentError
from .control_groups import cpu_limit

VARIABLE = "RANEF_NUM_THREADS"
MOST = 2**15

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_core.after_fork)


def get_num_threads() -> int:
    """Return how many threads ranef can use.

    Returns
    -------
    int
        What `set_num_threads` or the environment variable ``RANEF_NUM_THREADS`` said, else the number of
        cores this process may use: those it may run on, or as many as a container's quota of time amounts to.

    Examples
    --------
    >>> import ranef
    >>> ranef.get_num_threads() >= 1
    True
    """
    return _core.thread_limit()


def set_num_threads(n: int | None) -> None:
    """Limit the threads of everything ranef does in this process.

    That is the linear algebra of large models, the loops over rows and groups, and the refits of a bootstrap
    (there ``n_threads=`` says otherwise for one call). Replicates are the same for any number of threads. The
    environment variable ``RANEF_NUM_THREADS`` does the same before Python starts.

    Parameters
    ----------
    n : int or None
        1 or more; None for every core this process may use.

    Raises
    ------
    ArgumentError
        If it is neither.

    Examples
    --------
    >>> import ranef
    >>> ranef.set_num_threads(1)
    >>> ranef.get_num_threads()
    1
    >>> ranef.set_num_threads(None)
    """
    if n is None:
        n = available_cores()
    if isinstance(n, bool) or not isinstance(n, Integral) or not 1 <= n <= MOST:
        raise ArgumentError(
            f"n is the number of threads: a whole number from 1 to {MOST:,}, or None; got {n!r}"
        )
    _core.set_thread_limit(int(n))


def available_cores() -> int:
    """Return how many cores this process may use."""
    cores, quota = _core.available_cores(), cpu_limit()
    return cores if quota is None else min(cores, quota)


def read_environment() -> None:
    """Set what ``RANEF_NUM_THREADS`` says, if it is there, else what a container's quota allows.

    Raises ArgumentError if it is not a whole number of 1 or more.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        cores = available_cores()
        if cores < _core.available_cores():
            _core.set_thread_limit(cores)
        return
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= MOST:
        raise ArgumentError(
            f"the environment variable {VARIABLE} must be a whole number from 1 to {MOST:,}; it is {text!r}"
        )
    set_num_threads(int(text))
