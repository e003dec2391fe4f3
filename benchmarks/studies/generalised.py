"""Generalised models beside lme4's glmer and glmmTMB: CPU seconds from the data frame, and -2 log L.

Five models of the battery in ``tests/reference_glmm`` (data of lme4, two simulated sets of 100,000 rows),
and 10,000 bootstrap refits of cbpp. Needs R with lme4 and glmmTMB for the rivals; without it they are left
out.

    python -m benchmarks.studies.generalised > benchmarks/studies/generalised.txt
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import ranef

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_suffix(".R")
MODELS = ("cbpp_agq1", "verbagg", "ticks", "big_groups", "big_crossed")
REPEATS = 3


def ours(name: str) -> tuple[float, float, int]:
    """Return CPU seconds (the best of three), -2 log L and evaluations."""
    from glmm_battery import GlmmReference

    reference = GlmmReference(name)
    data, best = reference.data, float("inf")
    for _ in range(REPEATS):
        began = time.process_time()
        fit = ranef.glmer(reference.formula, data, **reference.arguments)
        best = min(best, time.process_time() - began)
    return best, fit.objective, fit.optimum.evaluations


def rivals(name: str) -> dict[str, tuple[float, float]]:
    """Return CPU seconds and -2 log L of glmer and glmmTMB."""
    if shutil.which("Rscript") is None:
        return {}
    folder = ROOT / "tests" / "reference_glmm"
    done = subprocess.run(
        ["Rscript", "--vanilla", str(SCRIPT), str(folder), name], capture_output=True, text=True, check=False
    )
    found = {}
    for line in done.stdout.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[0] in ("glmer", "glmmTMB"):
            found[parts[0]] = (float(parts[1]), float(parts[2]))
    return found


def refits(threads: int) -> float:
    """Return seconds of 10,000 bootstrap refits of cbpp."""
    data = ranef.datasets.load("cbpp")
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    fit.bootstrap(100, seed=1, n_threads=threads)
    began = time.perf_counter()
    fit.bootstrap(10_000, seed=1, n_threads=threads)
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(ROOT / "tests"))
    chosen = sys.argv[1:] or MODELS
    titles = [f"{title:>9s}" for title in ("ranef s", "evals", "glmer s", "above", "glmmTMB s", "above")]
    print(f"{'model':12s}", *titles)
    for name in chosen:
        seconds, value, evaluations = ours(name)
        cells = [f"{name:12s} {seconds:9.4f} {evaluations:9d}"]
        others = rivals(name)
        for rival in ("glmer", "glmmTMB"):
            known = others.get(rival)
            text = f"{'-':>9s} {'-':>9s}" if known is None else f"{known[0]:9.2f} {known[1] - value:9.1e}"
            cells.append(text)
        print(" ".join(cells), flush=True)
    for threads in (1, 2):
        print(f"10,000 bootstrap refits of cbpp, {threads} thread(s): {refits(threads):.2f} s", flush=True)


if __name__ == "__main__":
    main()
