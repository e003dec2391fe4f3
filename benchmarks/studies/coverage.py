"""Coverage of each kind of bootstrap interval on 1,000 simulated data sets.

Data sets are drawn from the fit of sleepstudy ``Reaction ~ Days + (Days | Subject)`` and fitted; each fit is
bootstrapped 999 times and asked for its 95 % intervals of a coefficient, a standard deviation and sigma.

    python -m benchmarks.studies.coverage > benchmarks/studies/coverage.txt
"""

from __future__ import annotations

import time

import numpy as np
import ranef

METHODS = ("percentile", "basic", "normal", "studentized", "bca", "shortest")
PARAMETERS = ("Days", "sd[Subject.Intercept]", "sd[Subject.Days]", "sigma")
DATA_SETS, REPLICATES, LEVEL = 1000, 999, 0.95


def main() -> None:
    """Run the study and print its table."""
    truth_fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    truth = truth_fit.bootstrap(1, seed=0, progress=False).estimates
    covered = {method: dict.fromkeys(PARAMETERS, 0) for method in METHODS}
    missing = {method: dict.fromkeys(PARAMETERS, 0) for method in METHODS}
    width = {method: dict.fromkeys(PARAMETERS, 0.0) for method in METHODS}
    started, singular = time.perf_counter(), 0
    for number, y in enumerate(truth_fit.simulate(DATA_SETS, seed=20261123)):
        fit = truth_fit.refit(y)
        singular += fit.singular
        result = fit.bootstrap(REPLICATES, seed=number, progress=False)
        for method in METHODS:
            limits = result.conf_int(method, level=LEVEL)
            for name in PARAMETERS:
                lower, upper = limits.loc[name]
                covered[method][name] += bool(lower <= truth[name] <= upper)
                missing[method][name] += bool(np.isnan(lower))
                width[method][name] += upper - lower
    seconds = time.perf_counter() - started
    print(f"{DATA_SETS:,} data sets, {REPLICATES} replicates each, {LEVEL:.0%} intervals; {seconds:.0f} s")
    print(f"singular fits among the data sets: {singular}")
    error = np.sqrt(LEVEL * (1 - LEVEL) / DATA_SETS)
    print(f"Monte Carlo standard error of a coverage near {LEVEL}: {error:.4f}")
    print("Coverage (mean width); '-': no such interval\n")
    print(f"{'':12}" + "".join(f"{name:>26}" for name in PARAMETERS))
    for method in METHODS:
        cells = []
        for name in PARAMETERS:
            used = DATA_SETS - missing[method][name]
            share = covered[method][name] / used if used else 0.0
            text = f"{share:.3f} ({width[method][name] / max(used, 1):.2f})" if used == DATA_SETS else "-"
            if 0 < used < DATA_SETS:
                text = f"{share:.3f} (of {used})"
            cells.append(f"{text:>26}")
        print(f"{method:12}" + "".join(cells))


if __name__ == "__main__":
    main()
