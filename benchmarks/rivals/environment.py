"""The rivals' own Python environment, so that none of them touches ours: build/rivals.

Each program is installed by itself; one that cannot be is left out with pip's reason. pandas, NumPy and
PyArrow are of the versions ranef runs with, so that all start from the same kind of data frame.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from benchmarks.rivals.peers import PEERS

FOLDER = Path(__file__).parents[2] / "build" / "rivals"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "installed.json"
COMMON = ("numpy", "pandas", "pyarrow")


def pip(*arguments):
    """Run pip there; its error message, or None."""
    call = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or done.stderr.splitlines() or ["pip failed"])[-1]


def install():
    """Make the environment if it is not there; requirement -> None, or why it could not be installed."""
    wanted = sorted({peer.requirement for peer in PEERS if peer.home == "pypi"})
    common = [f"{name}=={metadata.version(name)}" for name in COMMON]
    if STAMP.exists():
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        if stamp["common"] == common and sorted(stamp["failed"]) == wanted:
            return stamp["failed"]
    print("setting up the rivals' environment in build/rivals", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    problem = pip(*common)
    if problem:
        return dict.fromkeys(wanted, problem)
    failed = {requirement: pip(requirement, *common) for requirement in wanted}
    STAMP.write_text(json.dumps({"common": common, "failed": failed}, indent=1), encoding="utf-8")
    return failed


def versions():
    """Name -> version of what is installed there."""
    if not PYTHON.exists():
        return {}
    code = (
        "import json; from importlib.metadata import distributions;"
        "print(json.dumps({found.name: found.version for found in distributions()}))"
    )
    done = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    wanted = {peer.requirement.split("==")[0].replace("-", "_") for peer in PEERS if peer.home == "pypi"}
    return {name: found[name] for name in sorted(found) if name.replace("-", "_") in wanted}


def r_packages():
    """R package -> version, for those that can be loaded."""
    names = [peer.requirement for peer in PEERS if peer.home == "R"]
    listed = ", ".join(f"'{name}'" for name in names)
    code = (
        f"for (p in c({listed})) if (suppressWarnings(suppressMessages(requireNamespace(p, quietly = TRUE))))"
        " cat(p, as.character(packageVersion(p)), '\\n')"
    )
    try:
        done = subprocess.run(
            ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=False
        )
    except OSError:
        return {}
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
