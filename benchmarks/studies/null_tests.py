"""Size of the tests of fixed effects at 5 % on 1,000 data sets drawn without any effect.

Small unbalanced designs, a treatment given to whole subjects and a covariate within subjects: eight subjects
with 3 to 11 rows and random intercepts; twelve with 4 to 12 rows and random slopes. Each data set is tested
by Wald z, by t or F with Satterthwaite's and with Kenward and Roger's degrees of freedom.

    python -m benchmarks.studies.null_tests > benchmarks/studies/null_tests.txt
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import ranef

DATA_SETS, ALPHA, SEED = 1000, 0.05, 20
METHODS = {"Wald z": "normal", "Satterthwaite": "satterthwaite", "Kenward-Roger": "kenward-roger"}
HYPOTHESES = {
    "treated (between)": "treated = 0",
    "x (within)": "x = 0",
    "treated:x": "treated:x = 0",
    "all three, F": "treated = 0, x = 0, treated:x = 0",
}


@dataclass(frozen=True)
class Design:
    """A model, the rows of each subject, and Lambda (sigma is 1)."""

    formula: str
    sizes: tuple[int, ...]
    treated: tuple[int, ...]
    factor: tuple[tuple[float, ...], ...]


DESIGNS = (
    Design("y ~ treated * x + (1 | subject)", (3, 4, 5, 5, 6, 7, 9, 11), (1, 4, 7), ((1.0,),)),
    Design(
        "y ~ treated * x + (x | subject)",
        (4, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 12),
        (1, 4, 5, 9, 10),
        ((1.0, 0.0), (0.3, 1.0)),
    ),
)


def rows_of(design: Design) -> pd.DataFrame:
    """The rows of a design; their response is replaced."""
    rng = np.random.default_rng(1)
    subject = np.repeat(np.arange(len(design.sizes)), design.sizes)
    treated = np.isin(subject, design.treated).astype(float)
    x = rng.normal(size=len(subject)).round(2)
    return pd.DataFrame({"y": rng.normal(size=len(subject)), "treated": treated, "x": x, "subject": subject})


def null_responses(design: Design, data: pd.DataFrame) -> np.ndarray:
    """Responses without fixed effects, (data sets, rows)."""
    rng, factor = np.random.default_rng(SEED), np.array(design.factor)
    basis = np.vander(data["x"].to_numpy(), len(factor), increasing=True)
    effects = rng.normal(size=(DATA_SETS, len(design.sizes), len(factor))) @ factor.T
    mean = np.einsum("dnr,nr->dn", effects[:, data["subject"].to_numpy()], basis)
    return mean + rng.normal(size=mean.shape)


def study(design: Design) -> None:
    """Test every data set of one design and print the table."""
    data, started = rows_of(design), time.perf_counter()
    model, p_values, singular = ranef.Model(design.formula, data), [], 0
    for y in null_responses(design, data):
        fit = model.fit(y)
        singular += fit.singular
        p_values.append([[fit.test(h, ddf=ddf).p for ddf in METHODS.values()] for h in HYPOTHESES.values()])
    shares = pd.DataFrame(np.mean(np.array(p_values) <= ALPHA, axis=0), index=HYPOTHESES, columns=METHODS)
    error = np.sqrt(shares * (1 - shares) / DATA_SETS)
    print(f"{design.formula}: {len(data)} rows in {len(design.sizes)} subjects")
    print(f"{singular} of the fits are singular; {time.perf_counter() - started:.0f} s")
    print((shares.map("{:.3f}".format) + " (" + error.map("{:.3f}".format) + ")").to_string(), end="\n\n")


def main() -> None:
    """Run the study."""
    expected = np.sqrt(ALPHA * (1 - ALPHA) / DATA_SETS)
    print(f"{DATA_SETS:,} data sets without effects; share of p <= {ALPHA} (Monte Carlo standard error).")
    print(f"A test that keeps its size: {ALPHA} +- {2 * expected:.3f} (two standard errors)\n")
    for design in DESIGNS:
        study(design)


if __name__ == "__main__":
    main()
