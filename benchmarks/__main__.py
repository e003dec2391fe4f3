"""`make bench`, or `python -m benchmarks [--slow] [--stages | --rivals]`.

Times every stage with pytest-benchmark, then ranef and lme4 on the same problems in turns, and prints the
ratios. Results go to benchmarks/results: stages.json (pytest-benchmark's), rivals.csv, machine.json,
rivals.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import machine
from benchmarks.rivals import lme4

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def run_stages(slow):
    """pytest-benchmark over this folder; its exit code."""
    select = [] if slow else ["-k", "not one_factor and not crossed_ratings"]
    options = [
        "--benchmark-enable",
        f"--benchmark-json={RESULTS / 'stages.json'}",
        "--benchmark-group-by=func",
    ]
    columns = [
        "--benchmark-columns=median,min,iqr,rounds",
        "--benchmark-sort=name",
        "--benchmark-max-time=0.5",
    ]
    call = [sys.executable, "-m", "pytest", str(HERE), "-q", *options, *columns, *select]
    return subprocess.run(call, check=False).returncode


def run_rivals(slow):
    """ranef and lme4 in turns; prints and writes the table."""
    why = lme4.unavailable()
    if why:
        print(f"lme4 is left out: {why} (Debian: apt-get install r-base-core r-cran-lme4)")
        return
    from benchmarks.rivals import compare

    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        for comparison in compare.compare_all(Path(folder), slow):
            comparisons.append(comparison)
            print(f"{comparison.problem}, {comparison.task}: {comparison.ratio:.3g} times", flush=True)
    table = compare.markdown(comparisons)
    with (RESULTS / "rivals.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*asdict(comparisons[0]), "ratio"])
        writer.writeheader()
        writer.writerows({**asdict(c), "ratio": c.ratio} for c in comparisons)
    (RESULTS / "rivals.md").write_text(table + "\n", encoding="utf-8")
    print(f"\n{table}\n")
    print("Seconds per fit (median), refit or replicate; lme4 with its defaults and one BLAS thread.")
    print("Evaluations: ours with gradient; neither count has those that check the result, both times do.")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--slow", action="store_true", help="also the problems that take lme4 half a minute and more"
    )
    parser.add_argument("--stages", action="store_true", help="only the stages")
    parser.add_argument("--rivals", action="store_true", help="only the comparison with lme4")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "machine.json").write_text(json.dumps(machine.record(), indent=1) + "\n", encoding="utf-8")
    failed = 0 if options.rivals else run_stages(options.slow)
    if not options.stages:
        run_rivals(options.slow)
    return failed


if __name__ == "__main__":
    sys.exit(main())
