"""How much memory this process may still take, and the refusal of more before anything is allocated."""

from __future__ import annotations

import os

from ..errors import MemoryLimitError
from .control_groups import lines, memory_left

_LEFT_OVER = 0.05  # of what is available: for everything that is not counted
# Of address space: a thread's stack and heap, and its buffer of BLAS, which waits for ever for it.
_PER_CORE = 2**27
WORTH_ASKING = 16_000_000
"""Bytes below which a caller need not ask: reading the limits takes as long as a small fit."""


def available_memory() -> int | None:
    """Bytes this process may still take without swapping or being ended; None where the system does not say.

    The least of what the machine has available, what the control groups of the process (containers, batch
    systems) leave, and its own limit on address space (``ulimit -v``).

    >>> available = available_memory()
    >>> available is None or available > 0
    True
    """
    known = [size for size in (_machine(), _address_space(), memory_left()) if size is not None]
    return max(1, int((1 - _LEFT_OVER) * min(known))) if known else None


def require_memory(size: float, what: str, remedy: str) -> None:
    """Refuse what does not fit.

    size: bytes.
    what: what takes them, in the plural, such as ``"10,000 replicates of 5 numbers"``.
    remedy: what to do instead.
    Raises MemoryLimitError if there is not enough: with the size, what is available, and the remedy.
    """
    if size < WORTH_ASKING:
        return
    available = available_memory()
    if available is not None and size > available:
        sizes = f"{size_text(size)}, and {size_text(available)} are free"
        raise MemoryLimitError(f"{what} take {sizes}: {remedy}")


def size_text(size: float) -> str:
    """Bytes in words.

    >>> size_text(2_500_000), size_text(512)
    ('2.5 MB', '512 bytes')
    """
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.0f} {name}" if size >= 1000 * unit else f"{size / unit:.3g} {name}"
    return f"{size:.0f} bytes"


def _machine() -> int | None:
    for line in lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _address_space() -> int | None:
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    used = next(iter(lines("/proc/self/statm")), "0").split()[0]
    return limit - int(used) * resource.getpagesize() - _PER_CORE * (1 + (os.cpu_count() or 1))
