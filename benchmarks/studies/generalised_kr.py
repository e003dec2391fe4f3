"""Size of z, likelihood ratio and Kenward-Roger tests of a between-group effect in small generalised studies.

An effect of zero, constant within groups, sd 0.8 between them: binomial counts of 20, single binary ones,
Poisson counts, and two crossed factors.

    python -m benchmarks.studies.generalised_kr > benchmarks/studies/generalised_kr.txt
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import ranef
from scipy.stats import chi2

DATA_SETS, ALPHA, SD = 1000, 0.05, 0.8


def groups(count: int, rows: int, trials: float) -> Callable[[np.random.Generator], tuple]:
    """Binomial responses of some trials a row, rows a group."""
    g = np.repeat(np.arange(count), rows)

    def draw(rng: np.random.Generator) -> tuple:
        eta = -0.3 + SD * rng.normal(size=count)[g]
        s = rng.binomial(int(trials), 1 / (1 + np.exp(-eta))).astype(float)
        table = pd.DataFrame({"g": g, "z": g % 2, "s": s, "f": trials - s})
        return table, "cbind(s, f) ~ {} + (1 | g)", "binomial"

    return draw


def counts(rng: np.random.Generator) -> tuple:
    """Poisson counts, ten groups of four rows."""
    g = np.repeat(np.arange(10), 4)
    y = rng.poisson(np.exp(0.7 + SD * rng.normal(size=10)[g])).astype(float)
    return pd.DataFrame({"g": g, "z": g % 2, "y": y}), "y ~ {} + (1 | g)", "poisson"


def crossed(rng: np.random.Generator) -> tuple:
    """Binary responses of 12 subjects to 12 items, the effect between subjects."""
    g, h = np.repeat(np.arange(12), 12), np.tile(np.arange(12), 12)
    eta = SD * rng.normal(size=12)[g] + SD * rng.normal(size=12)[h]
    y = (rng.random(144) < 1 / (1 + np.exp(-eta))).astype(float)
    return pd.DataFrame({"g": g, "h": h, "z": g % 2, "y": y}), "y ~ {} + (1 | g) + (1 | h)", "binomial"


DESIGNS = {
    "binomial, 6 groups, 20 trials": groups(6, 1, 20.0),
    "binomial, 10 groups, 20 trials": groups(10, 1, 20.0),
    "binomial, 20 groups, 20 trials": groups(20, 1, 20.0),
    "binary, 10 groups of 10": groups(10, 10, 1.0),
    "Poisson, 10 groups of 4": counts,
    "binary, 12 subjects x 12 items": crossed,
}


def main() -> None:
    """Run the study and print its table."""
    error = np.sqrt(ALPHA * (1 - ALPHA) / DATA_SETS)
    print(f"share of p <= {ALPHA} of {DATA_SETS} data sets; Monte Carlo error {error:.3f}")
    print(f"{'design':34s}{'Wald z':>10s}{'LRT':>10s}{'KR':>10s}{'no KR':>10s}")
    for name, draw in DESIGNS.items():
        rng, rejected, without = np.random.default_rng(3), [], 0
        for _ in range(DATA_SETS):
            table, formula, family = draw(rng)
            large = ranef.glmer(formula.format("z"), table, family)
            small = ranef.glmer(formula.format("1"), table, family)
            ratio = max(small.objective - large.objective, 0.0)
            try:
                p = float(large.coef_table("kenward-roger").p["z"])
            except ranef.FitError:
                p, without = np.nan, without + 1
            rejected.append([large.pvalues["z"] <= ALPHA, chi2.sf(ratio, 1) <= ALPHA, p <= ALPHA])
        shares = np.mean(rejected, axis=0)
        print(f"{name:34s}" + "".join(f"{one:10.3f}" for one in shares) + f"{without:10d}", flush=True)


if __name__ == "__main__":
    main()
