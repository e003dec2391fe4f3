"""What is installed, for a report of a problem."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

from . import _core
from .guidance.arguments import guided

PACKAGES = (
    *("numpy", "scipy", "pandas", "narwhals", "formulaic", "numba", "threadpoolctl"),
    *("polars", "pyarrow", "matplotlib"),
)


def versions() -> dict[str, str]:
    """Return names and versions: ranef, Python, the system, the packages used, the linear algebra loaded."""
    found = {
        "ranef": _core.__version__,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores",
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    for library in _linear_algebra():
        kind, threads = library.get("architecture") or library["internal_api"], library["num_threads"]
        found[f"blas: {library['prefix']}"] = f"{library['version']}, {kind}, {threads} threads"
    return found


@guided()
def show_versions() -> None:
    """Print what is installed: to be pasted into a report of a problem.

    Examples
    --------
    >>> import ranef
    >>> ranef.show_versions()
    ranef ...
    python ...
    """
    found = versions()
    width = max(map(len, found))
    print("\n".join(f"{name.ljust(width)}  {value}" for name, value in found.items()))


def _linear_algebra() -> list[dict]:
    from threadpoolctl import threadpool_info

    return [library for library in threadpool_info() if library["user_api"] == "blas"]
