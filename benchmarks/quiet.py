"""Who else uses the machine: before a measurement, to wait for a quiet moment, and during it, to say so."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

CORES = os.cpu_count() or 1


def busy():
    """CPU seconds that all processes used since the machine started; None where the system does not tell."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    user, nice, system, _, _, irq, softirq, *_ = map(int, stat.read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def own():
    """CPU seconds of this process and the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


class Watch:
    """From its making to `others()`: the share of all cores that other processes used, 0 to 1."""

    def __init__(self):
        self.start, self.busy, self.own = time.monotonic(), busy(), own()

    def others(self):
        if self.busy is None:
            return None
        elapsed = time.monotonic() - self.start
        foreign = busy() - self.busy - (own() - self.own)
        return min(1.0, max(0.0, foreign / (elapsed * CORES)))


def wait(limit, share=0.1, moment=3.0):
    """Wait until others use less than that share for a moment, `limit` seconds at most."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        watch = Watch()
        time.sleep(moment)
        others = watch.others()
        if others is None or others < share:
            return
