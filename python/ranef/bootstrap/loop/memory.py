"""How much memory a table of replicates takes, compared with what there is before anything is drawn."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_memory", "require_memory", "size_text"]


def available_memory() -> int | None:
    """Bytes this process may still use without swapping; None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def require_memory(n: int, columns: int) -> int:
    """The bytes of a table of ``n`` rows.

    Raises
    ------
    MemoryError
        If there is not as much.
    """
    size = 8 * n * columns
    available = available_memory()
    if available is not None and size > available:
        raise MemoryError(
            f"{n:,} replicates of {columns:,} numbers take {size_text(size)}, and {size_text(available)} are "
            "free: ask for fewer columns= (conditional modes take the most), or fewer replicates at a time"
        )
    return size


def size_text(size: float) -> str:
    """Bytes in words.

    Examples
    --------
    >>> size_text(2_500_000), size_text(512)
    ('2.5 MB', '512 bytes')
    """
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.0f} bytes"
