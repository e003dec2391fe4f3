"""Size of the bootstrap likelihood-ratio test at 5 % on 1,000 data sets drawn without the effect.

Six groups of five rows, where chi-square is known to reject too often for fixed effects. Fixed effect:
``1 + (1 | g)`` against ``1 + z + (1 | g)``, z constant within groups. Variance components: ``x + (1 | g)``
against ``x + (x | g)``, two parameters at once.

    python -m benchmarks.studies.size > benchmarks/studies/size.txt
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import ranef

DATA_SETS, REPLICATES, ALPHA = 1000, 499, 0.05
CASES = {
    "fixed effect": ("y ~ 1 + (1 | g)", "y ~ 1 + z + (1 | g)"),
    "variance components": ("y ~ x + (1 | g)", "y ~ x + (x | g)"),
}


def design() -> pd.DataFrame:
    """Thirty rows; the response is replaced."""
    g = np.repeat(np.arange(6), 5)
    rng = np.random.default_rng(0)
    x, z = np.tile(np.arange(5.0) - 2.0, 6), np.array([0, 1, 0, 1, 0, 1])[g]
    return pd.DataFrame({"y": rng.normal(size=6)[g] + rng.normal(size=30), "x": x, "z": z, "g": g})


def main() -> None:
    """Run the study and print its table."""
    data = design()
    error = np.sqrt(ALPHA * (1 - ALPHA) / DATA_SETS)
    print(f"{DATA_SETS:,} data sets, {REPLICATES} replicates each; share of p <= {ALPHA}")
    print(f"Monte Carlo standard error of a size near {ALPHA}: {error:.4f}\n")
    for name, (small_formula, large_formula) in CASES.items():
        small, large = ranef.Model(small_formula, data), ranef.Model(large_formula, data)
        null = small.fit()
        rows, started = [], time.perf_counter()
        for number, y in enumerate(null.simulate(DATA_SETS, seed=7)):
            test = ranef.pbtest(small.fit(y), large.fit(y), REPLICATES, seed=number, progress=False)
            rows.append(test.to_frame()["p"] <= ALPHA)
        shares = pd.DataFrame(rows).mean()
        print(f"{name}: {small_formula}  against  {large_formula}  ({time.perf_counter() - started:.0f} s)")
        print("  " + ", ".join(f"{test} {share:.3f}" for test, share in shares.items()))


if __name__ == "__main__":
    main()
