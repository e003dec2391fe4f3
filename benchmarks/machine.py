"""What ran where: the record that goes with every measurement, and the machine's own speeds.

The speeds are the floors of the profile: Cholesky and inverse by the BLAS that ranef links, memory bandwidth.
"""

from __future__ import annotations

import ctypes
import os
import platform
import statistics
import sys
import time
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import numpy as np
import threadpoolctl

from benchmarks.rivals import environment

PACKAGES = ("ranef", "numpy", "scipy", "pandas", "pyarrow", "formulaic", "numba", "narwhals")


def cpu_name():
    """The processor's own name where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def memory_size():
    """Bytes of memory, None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def core_blas():
    """What threadpoolctl knows about the BLAS that ranef's core links: path, version, kernels, threads."""
    import ranef  # noqa: F401  (loads it)

    found = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]
    own = [lib for lib in found if ".libs" not in lib["filepath"]]
    return (own or found or [None])[0]


def lapack(blas):
    """Functions dpotrf and dpotri of that library, on column-major arrays."""
    library = ctypes.CDLL(blas["filepath"])
    integer = ctypes.c_int

    def routine(name):
        function = getattr(library, name)

        def call(a):
            n, info = integer(a.shape[0]), integer(0)
            pointer = a.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
            function(ctypes.c_char_p(b"L"), ctypes.byref(n), pointer, ctypes.byref(n), ctypes.byref(info))
            if info.value:
                raise RuntimeError(f"{name} returned {info.value}")

        return call

    return routine("dpotrf_"), routine("dpotri_")


def cholesky_and_inverse(order, repeats=3):
    """Median seconds of (Cholesky, inverse from it) of a dense matrix by the core's BLAS, every core."""
    blas = core_blas()
    if blas is None or blas["internal_api"] != "openblas":
        return None
    factor, invert = lapack(blas)
    rng = np.random.default_rng(0)
    base = np.asfortranarray(rng.normal(size=(order, order)) * 0.1)
    base = np.asfortranarray((base + base.T) / 2 + order * np.eye(order))
    times = []
    for _ in range(repeats):
        a = base.copy(order="F")
        marks = [time.perf_counter()]
        for step in (factor, invert):
            step(a)
            marks.append(time.perf_counter())
        times.append(np.diff(marks))
    return tuple(float(statistics.median(column)) for column in zip(*times, strict=True))


def bandwidth(size=800_000_000, repeats=5):
    """Bytes a second that all cores together read (a dot product of arrays far larger than the caches)."""
    a, b = np.ones(size // 16), np.ones(size // 16)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        a.dot(b)
        times.append(time.perf_counter() - start)
    return size / min(times)


def rivals():
    """Versions of the other programs that are installed."""
    return environment.versions() | environment.r_packages()


def record():
    """Machine and versions as a dictionary."""
    blas = core_blas() or {}
    return {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": memory_size(),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "blas": {key: blas.get(key) for key in ("internal_api", "version", "architecture", "num_threads")},
        "rivals": rivals(),
    }
