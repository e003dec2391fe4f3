"""How a time and a peak memory are taken. Runs inside every program's own process; imports neither ranef nor
any of its dependencies.

The data are in memory before the clock starts. The first call also pays for lazy imports, so it is not among
the times unless there is no second one: a call longer than `LONG` seconds is made once. Peak memory is that
of the first call, or of the second where that costs less than `SHORT` seconds. Then the call is repeated
`REPEATS` times (`MANY` where the second took milliseconds), or as often as the budget of seconds allows.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from pathlib import Path

REPEATS, MANY = 5, 50
LONG, SHORT = 30.0, 2.0
MILLISECONDS = 0.1


def resident(field="VmRSS"):
    """Resident memory (or its peak, "VmHWM") of this process in bytes; None where not told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return None


def forget_peak():
    """Start a new peak, after giving back what the allocator keeps. Whether the system can."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):
        return False
    return True


def growth(call):
    """(answer, seconds, bytes by which the resident memory grew at its peak) of one call."""
    known = forget_peak()
    before = resident()
    start = time.perf_counter()
    answer = call()
    seconds = time.perf_counter() - start
    peak = resident("VmHWM")
    return answer, seconds, peak - before if known and peak is not None else None


def clock(call, repeats):
    """Median seconds of some calls, and the last answer."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer = call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer


def measure(call, budget, after_first=lambda seconds: None):
    """Time a call; `after_first` hears how long the first one took.

    Returns
    -------
    answer
        Of the first call.
    dict
        first, seconds (median), fastest, slowest, repeats (how many are behind the median), growth in bytes.
    """
    answer, first, grown = growth(call)
    after_first(first)
    usual = first
    if first < SHORT:
        _, usual, grown = growth(call)
    times, left = [], budget - first
    repeats = MANY if usual < MILLISECONDS else REPEATS
    while len(times) < repeats and first <= LONG and left > (times[-1] if times else usual):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
        left -= times[-1]
    times = times or [first]
    return answer, {
        "first": first,
        "seconds": statistics.median(times),
        "fastest": min(times),
        "slowest": max(times),
        "repeats": len(times),
        "growth": grown,
    }
