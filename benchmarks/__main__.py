"""`make bench`, or `python -m benchmarks [--all] [--only 3 5] [--programs lme4 glmm] [--stages]`.

Measures the workloads of the comparison with every program that can be had (each in its own process), the
growth with rows and groups, and a profile by stages, all in one run. Writes to build/bench: workloads.csv,
growth.csv, profile.csv, machine.json, tables.md and pictures. `python -m benchmarks.publish` puts that run
into benchmarks/results and into the tables of README.md and docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, results, tables
from benchmarks.compare import Comparison
from benchmarks.rivals.peers import PEERS

HERE = Path(__file__).parent
QUICK = ("1", "2a", "2b", "3", "4a", "5", "9", "10")
PROFILED = ("insteval_3", "one_factor", "crossed_ratings", "crossed_ratings_10m")  # the first two when quick


def run_workloads(options, out):
    """workloads.csv, written again after every measurement: a run that is cut short leaves what it has."""
    only = options.only or (None if options.all else QUICK)
    cap, budget = options.cap or (60.0 if options.all else 15.0), 60.0 if options.all else 5.0
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        run = Comparison(Path(scratch), cap, budget, options.programs, only, options.all, options.wait)
        for row in run.measurements():
            rows.append(row)
            results.write(out, "workloads", rows)
            print(tables.progress(row), flush=True)
    return {"cap": cap, "budget": budget}


def run_growth(options, out):
    rows = [
        results.Point(**row) for row in in_own_process("benchmarks.growth", "all" if options.all else "quick")
    ]
    results.write(out, "growth", rows)


def run_profile(options, out):
    rows = []
    for name in PROFILED[: None if options.all else 2]:
        print(f"profile of {name}", flush=True)
        rows += [results.Stage(**row) for row in in_own_process("benchmarks.profile", name)]
        results.write(out, "profile", rows)


def in_own_process(module, *arguments):
    """The JSON a module prints, so that no measurement inherits another's memory."""
    call = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        call, cwd=HERE.parent, env=environment(), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])}


def run_stages(out, huge):
    """pytest-benchmark over this folder; its exit code."""
    out.mkdir(parents=True, exist_ok=True)
    options = ["--benchmark-enable", f"--benchmark-json={out / 'stages.json'}", "--benchmark-group-by=func"]
    columns = [
        "--benchmark-columns=median,min,iqr,rounds",
        "--benchmark-sort=name",
        "--benchmark-max-time=0.5",
    ]
    call = [
        sys.executable,
        "-m",
        "pytest",
        str(HERE),
        "-q",
        *options,
        *columns,
        *(["--huge"] if huge else []),
    ]
    return subprocess.run(call, check=False).returncode


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="the huge workloads too, and five repeats (hours)")
    parser.add_argument(
        "--only", nargs="+", metavar="NUMBER", help="these workloads, as numbered in the table"
    )
    parser.add_argument(
        "--programs", nargs="+", choices=[p.name for p in PEERS], help="these programs, and ranef"
    )
    parser.add_argument("--cap", type=float, help="seconds after which a program's first call is ended")
    parser.add_argument(
        "--wait", type=float, default=0.0, help="wait so many seconds at most for a quiet machine each time"
    )
    parser.add_argument("--stages", action="store_true", help="only pytest-benchmark over every stage")
    parser.add_argument(
        "--parts", nargs="+", default=["workloads", "growth", "profile"], help="which parts to run"
    )
    parser.add_argument("--out", type=Path, default=results.LATEST)
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a worker is ended with the run
    options = arguments()
    out = options.out
    if options.stages:
        return run_stages(out, options.all)
    record = (results.read_machines(out) or [{}])[-1] | machine.record()
    results.write_machine(out, record)
    if "workloads" in options.parts:
        limits = run_workloads(options, out)  # which installs the programs that are not there
        results.write_machine(out, record | limits | {"rivals": machine.rivals()})
    if "growth" in options.parts:
        run_growth(options, out)
    if "profile" in options.parts:
        run_profile(options, out)
    report = tables.report(out)
    (out / "tables.md").write_text(report + "\n", encoding="utf-8")
    from benchmarks import pictures

    pictures.draw(out, out)
    print(f"\n{report}\n\nwritten to {os.path.relpath(out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
