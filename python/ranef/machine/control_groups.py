"""Linux control groups: the limits that containers and batch systems set on a process."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def lines(path: str | Path) -> list[str]:
    """The lines of a small file of the system; none if it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeError):
        return []


def first_line(path: Path) -> str:
    """Its first line, or nothing."""
    return next(iter(lines(path)), "")


def folders(controller: str) -> Iterator[tuple[Path, bool]]:
    """The folders of a controller's groups, from that of this process to the outermost.

    Yields
    ------
    folder : Path
    unified : bool
        Whether its files are those of the unified hierarchy (version 2).
    """
    for line in lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        unified = controllers == ""
        if not unified and controller not in controllers.split(","):
            continue
        root = ROOT if unified else ROOT / controller
        own = root / path.lstrip("/")
        # within a container the path may be that outside of it: then only the outermost folder is there
        for folder in (own, *own.parents):
            if folder.is_relative_to(root):
                yield folder, unified


def cpu_limit() -> int | None:
    """Cores that the groups' quota of time amounts to, rounded up; None where there is none."""
    limits = [cpus for cpus in (_cpus(*found) for found in folders("cpu")) if cpus is not None]
    return min(limits) if limits else None


def _cpus(folder: Path, unified: bool) -> int | None:
    if unified:
        quota, _, period = first_line(folder / "cpu.max").partition(" ")
    else:
        quota, period = first_line(folder / "cpu.cfs_quota_us"), first_line(folder / "cpu.cfs_period_us")
    if not quota.isdecimal() or not period.isdecimal() or int(period) == 0:  # "max", -1, or no such file
        return None
    return max(1, math.ceil(int(quota) / int(period)))


def memory_left() -> int | None:
    """Bytes that the groups leave this process; None where there is no limit."""
    limits = [left for left in (_left(*found) for found in folders("memory")) if left is not None]
    return min(limits) if limits else None


def _left(folder: Path, unified: bool) -> int | None:
    """What one group leaves, its reclaimable page cache counted as free."""
    if unified:
        limit, usage, reclaimable = "memory.max", "memory.current", "inactive_file"
    else:
        limit, usage, reclaimable = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    most, used = first_line(folder / limit), first_line(folder / usage)
    if not most.isdecimal() or not used.isdecimal() or int(most) > 2**60:
        return None
    counts = dict(line.split()[:2] for line in lines(folder / "memory.stat"))
    return int(most) - int(used) + int(counts.get(reclaimable, "0"))
