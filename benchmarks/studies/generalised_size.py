"""Size of tests of a between-group effect in a small binomial study: z, the likelihood ratio, its bootstrap.

Ten groups of 20 trials, standard deviation 0.8 between them, an effect of zero, constant within groups: the
asymptotic tests are known to reject too often. Coverage of 95 % intervals of the standard deviation too.

    python -m benchmarks.studies.generalised_size > benchmarks/studies/generalised_size.txt
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import ranef
from scipy.stats import chi2

DATA_SETS, REPLICATES, ALPHA, SD = 400, 79, 0.05, 0.8


def main() -> None:
    """Run the study and print its table."""
    rng = np.random.default_rng(12)
    data = pd.DataFrame({"g": np.arange(10), "z": np.arange(10) % 2, "m": 20.0})
    rejected: dict[str, list[bool]] = {name: [] for name in ("Wald z", "likelihood ratio", "bootstrap")}
    covered: dict[str, list[bool]] = {name: [] for name in ("Wald, log scale", "profile")}
    for number in range(DATA_SETS):
        eta = -0.3 + SD * rng.normal(size=10)
        data["s"] = rng.binomial(20, 1 / (1 + np.exp(-eta))).astype(float)
        large = ranef.glmer("cbind(s, m - s) ~ z + (1 | g)", data)
        small = ranef.glmer("cbind(s, m - s) ~ 1 + (1 | g)", data)
        rejected["Wald z"].append(bool(large.pvalues["z"] <= ALPHA))
        ratio = max(small.objective - large.objective, 0.0)
        rejected["likelihood ratio"].append(bool(chi2.sf(ratio, 1) <= ALPHA))
        rejected["bootstrap"].append(bool(ranef.pbtest(small, large, REPLICATES, seed=number).p <= ALPHA))
        wald = small.component_table()[["lower", "upper"]].iloc[0]
        covered["Wald, log scale"].append(bool(wald["lower"] <= SD <= wald["upper"]))
        limits = small.conf_int("profile", "random").iloc[0]
        covered["profile"].append(bool(limits["lower"] <= SD <= limits["upper"]))
    error = np.sqrt(ALPHA * (1 - ALPHA) / DATA_SETS)
    print(f"{DATA_SETS} data sets, {REPLICATES} bootstrap replicates each; Monte Carlo error {error:.3f}")
    print(f"share of p <= {ALPHA}: " + ", ".join(f"{k} {np.mean(v):.3f}" for k, v in rejected.items()))
    print(
        "coverage of the 95 % interval of the sd: "
        + ", ".join(f"{k} {np.mean(v):.3f}" for k, v in covered.items())
    )


if __name__ == "__main__":
    main()
