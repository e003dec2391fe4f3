"""lme4 through Rscript: writes a problem's CSV, runs lme4.R on it, reads what it printed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).with_name("lme4.R")


def unavailable():
    """Why lme4 cannot run here, or None."""
    if shutil.which("Rscript") is None:
        return "no Rscript on the PATH"
    test = subprocess.run(["Rscript", "--vanilla", "-e", "library(lme4)"], capture_output=True, check=False)
    return None if test.returncode == 0 else "R has no package lme4"


def write_csv(problem, folder):
    """The columns of the formula as CSV in folder, written once."""
    path = Path(folder) / f"{problem.name}.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        problem.frame()[problem.columns].to_csv(path, index=False)
    return path


def run(problem, task, folder, repeats=1):
    """One task ("fit", "refit", "boot", "expect") -> {seconds, criterion, theta, evaluations, version}.

    Seconds are the median of repeats for a fit, the mean per refit or replicate otherwise. One BLAS thread:
    more make lme4 slower on these problems.
    """
    call = [
        "Rscript",
        "--vanilla",
        str(SCRIPT),
        f"task={task}",
        f"csv={write_csv(problem, folder)}",
        f"formula={problem.formula}",
        f"repeats={repeats}",
    ]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"lme4 failed on {problem.name} ({task}):\n{done.stderr}")
    return parse(done.stdout)


def parse(output):
    """The RESULT lines of lme4.R."""
    lines = [line.split() for line in output.splitlines() if line.startswith("RESULT ")]
    result = {key: values for _, key, *values in lines}
    return {
        "seconds": float(result["seconds"][0]),
        "criterion": float(result["criterion"][0]),
        "theta": [float(value) for value in result["theta"]],
        "evaluations": int(float(result["evaluations"][0])),
        "version": result["version"][0].strip('"'),
    }
