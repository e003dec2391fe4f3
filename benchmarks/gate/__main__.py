"""`make bench-gate BASE=<git ref>`, or `python -m benchmarks.gate BASE [--head REF]`.

Exit status 0 when no case is slower, 1 when one is, 2 when the comparison could not be made. Only what is
committed counts: head is HEAD unless told otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from benchmarks.gate import builds, rules
from benchmarks.gate.cases import CASES

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")


def pinned():
    """Pin this process, and so the workers, to one core where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(site, timings, names):
    """Case -> seconds of one worker on one build."""
    paths = [str(site), str(builds.ROOT), str(builds.ROOT / "tests")]
    call = [sys.executable, "-m", "benchmarks.gate.worker", str(timings), *names]
    environ = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(call, cwd=builds.HOME, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    if not answer["where"].startswith(str(site)):
        raise RuntimeError(f"the worker timed {answer['where']}, not the build in {site}")
    return answer["seconds"]


def interleaved(sites, rounds, timings, names):
    """Timings of every build in turns: ABBA, so that a drift of the machine meets both alike."""
    found = {label: {} for label in sites}
    for number in range(rounds):
        order = list(sites) if number % 2 == 0 else list(sites)[::-1]
        for label in order:
            for name, seconds in run(sites[label], timings, names).items():
                found[label].setdefault(name, []).extend(seconds)
    return found


def gate(options):
    """Build, time, compare, say so; the exit status."""
    sites = {"base": builds.build(options.base), "head": builds.build(options.head)}
    pinned()
    names = options.cases or []
    found = interleaved(sites, options.rounds, options.timings, names)
    absolute = {case.name: case.absolute for case in CASES}
    compared, new = rules.changes(found["base"], found["head"], absolute, options.relative)
    suspects = [change.name for change in compared if change.slower]
    if suspects:  # once more, before anybody is blamed
        print(f"timing again: {', '.join(suspects)}", flush=True)
        again = interleaved(sites, options.rounds, options.timings, suspects)
        for label, cases in again.items():
            for name, seconds in cases.items():
                found[label][name] += seconds
        compared, new = rules.changes(found["base"], found["head"], absolute, options.relative)
    print(rules.table(compared, new))
    return 0 if rules.passes(compared) else 1


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.split("\n")[0])
    parser.add_argument("base", help="branch, tag or hash to compare with")
    parser.add_argument("--head", default="HEAD", help="what is compared (default HEAD)")
    parser.add_argument("--relative", type=float, default=rules.RELATIVE, help="threshold (default 0.15)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of base and head (default 3)")
    parser.add_argument("--timings", type=int, default=3, help="timings a case and turn (default 3)")
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES])
    return parser.parse_args()


def main():
    try:
        return gate(arguments())
    except (ValueError, RuntimeError, subprocess.CalledProcessError) as error:
        print(f"bench-gate: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
