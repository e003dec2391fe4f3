"""What ran where: the record that goes with every measurement."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

PACKAGES = ("ranef", "numpy", "scipy", "pandas", "formulaic", "numba", "narwhals")


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


def r_versions():
    """R's and lme4's versions, or None."""
    code = "cat(as.character(getRversion()), as.character(packageVersion('lme4')))"
    try:
        done = subprocess.run(
            ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    r, lme4 = done.stdout.split()
    return {"R": r, "lme4": lme4}


def record():
    """Machine and versions as a dictionary."""
    return {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "r": r_versions(),
    }
