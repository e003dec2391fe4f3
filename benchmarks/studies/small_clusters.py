"""Bias of Laplace's approximation in small binary clusters, beside quadrature, and what a fit says of it.

200 groups of a few rows, a slope of one for a predictor that varies within groups, a random intercept
with standard deviation 1 or 2. For Laplace's approximation and for quadrature with 25 nodes: the mean of
the slope, the coverage of its 95 % interval, and the median of the standard deviation. For the error in
-2 log L: what quadrature adds to it, and what the fit had estimated (`fit.approximation`), both as
medians.

    python -m benchmarks.studies.small_clusters > benchmarks/studies/small_clusters.txt
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import ranef

DATA_SETS, GROUPS, NODES, SLOPE = 1000, 200, 25, 1.0
DESIGNS = [(size, sd) for sd in (1.0, 2.0) for size in (2, 4, 8, 16)]
FORMULA = "y ~ x + (1 | g)"
KINDS = ("Laplace", "quadrature")


def simulated(rng: np.random.Generator, size: int, sd: float) -> pd.DataFrame:
    """Return one data set."""
    group = np.repeat(np.arange(GROUPS), size)
    x = rng.normal(size=group.size)
    eta = -0.5 + SLOPE * x + sd * rng.normal(size=GROUPS)[group]
    return pd.DataFrame({"y": rng.binomial(1, 1 / (1 + np.exp(-eta))), "x": x, "g": group})


def study(size: int, sd: float) -> str:
    """Return a line of the table."""
    rng = np.random.default_rng([size, int(sd)])
    slopes, deviations, covered = ({kind: [] for kind in KINDS} for _ in range(3))
    added, said = [], []
    for _ in range(DATA_SETS):
        data = simulated(rng, size, sd)
        fits = {"Laplace": ranef.glmer(FORMULA, data), "quadrature": ranef.glmer(FORMULA, data, agq=NODES)}
        for kind, fit in fits.items():
            lower, upper = fit.conf_int().loc["x"]
            slopes[kind].append(fit.params["x"])
            deviations[kind].append(float(fit.theta[0]))
            covered[kind].append(lower <= SLOPE <= upper)
        added.append(fits["quadrature"].objective - fits["Laplace"].objective)
        said.append(fits["Laplace"].approximation.change)
    cells = [f"{size:4d} {sd:4.0f}"]
    for kind in KINDS:
        cells.append(
            f"{np.mean(slopes[kind]):7.3f} {np.mean(covered[kind]):7.3f} {np.median(deviations[kind]):7.3f}"
        )
    return "  ".join([*cells, f"{np.median(added):8.2f} {np.median(said):8.2f}"])


def main() -> None:
    """Print the table."""
    error = np.sqrt(0.05 * 0.95 / DATA_SETS)
    print(f"{DATA_SETS} data sets of {GROUPS} groups each; Monte Carlo error of a coverage {error:.3f}")
    print(f"{'':9s}  {'Laplace':^23s}  {f'{NODES} nodes':^23s}  {'-2 log L':^17s}")
    three = f"{'slope':>7s} {'covers':>7s} {'sd':>7s}"
    print(f"{'rows':>4s} {'sd':>4s}  {three}  {three}  {'added':>8s} {'said':>8s}")
    for size, sd in DESIGNS:
        print(study(size, sd), flush=True)


if __name__ == "__main__":
    main()
