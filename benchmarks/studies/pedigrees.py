"""Animal models by the number of animals: CPU seconds, beside lme4 given the factor of the relationships.

A simulated herd: six generations, in each a few sires with dams of their own, a record of every animal
that has parents, contemporary groups of about 100 records. The other program is lme4 with the columns of
the animals multiplied by the factor of their relationship matrix, which is how pedigreemm makes it fit an
animal model.

    python -m benchmarks.studies.pedigrees > benchmarks/studies/pedigrees.txt
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import ranef
from ranef.related.pedigree import read_pedigree

SCRIPT = Path(__file__).with_suffix(".R")
FORMULA = "y ~ age + (1 | animal) + (1 | group)"
GENERATIONS = 6
SIZES = (1_000, 10_000, 100_000)
LARGEST = {"lme4": 1_000}  # records; 3,000 take it more than ten minutes
HEADER = (
    f"{'animals':>8s} {'records':>8s}  {'program':8s} {'cpu s':>8s} {'criterion':>14s} {'heritability':>12s}"
)


def herd(records: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a pedigree and its records; the heritability is 0.38."""
    random = np.random.default_rng(records)
    founders, offspring = records // 10, records // GENERATIONS
    sire, dam = np.full(founders, -1), np.full(founders, -1)
    worth, parents = random.normal(size=founders), np.arange(founders)
    for _ in range(GENERATIONS):
        chosen = random.permutation(parents)
        sires, dams = np.split(chosen[: records // 18], [max(4, records // 200)])
        which = random.integers(len(sires), size=offspring)
        own = len(dams) // len(sires)  # dams of a sire
        fathers, mothers = sires[which], dams[own * which + random.integers(own, size=offspring)]
        sampled = random.normal(scale=0.5**0.5, size=offspring)
        parents = len(sire) + np.arange(offspring)
        worth = np.append(worth, (worth[fathers] + worth[mothers]) / 2 + sampled)
        sire, dam = np.append(sire, fathers), np.append(dam, mothers)
    names = np.array([f"a{k}" for k in range(len(sire))], dtype=object)
    pedigree = pd.DataFrame({"animal": names})
    pedigree["sire"], pedigree["dam"] = (
        np.where(sire < 0, None, names[sire]),
        np.where(dam < 0, None, names[dam]),
    )
    n = len(names) - founders
    group = random.integers(max(2, n // 100), size=n)
    data = pd.DataFrame(
        {"animal": names[founders:], "group": [f"g{k}" for k in group], "age": random.normal(size=n)}
    )
    shared = random.normal(scale=0.5, size=group.max() + 1)[group]
    data["y"] = 10 + 0.5 * data.age + worth[founders:] + shared + random.normal(scale=1.2, size=n)
    return pedigree, data


def line(
    pedigree: pd.DataFrame, data: pd.DataFrame, program: str, spent: float, value: float, share: float
) -> str:
    """Return a line of the table."""
    return f"{len(pedigree):8,d} {len(data):8,d}  {program:8s} {spent:8.2f} {value:14.4f} {share:12.5f}"


def ours(pedigree: pd.DataFrame, data: pd.DataFrame) -> str:
    """Fit the model here."""
    start = time.process_time()
    fit = ranef.lmer(FORMULA, data, relationship={"animal": pedigree})
    share = fit.heritability()["estimate"]
    return line(pedigree, data, "ranef", time.process_time() - start, fit.objective, share)


def by_lme4(pedigree: pd.DataFrame, data: pd.DataFrame) -> str:
    """Fit it in R."""
    read = read_pedigree("animal", pedigree)
    ordered = pd.DataFrame(
        {"animal": read.labels, "sire": read.sire + 1, "dam": read.dam + 1, "own": read.mendelian}
    )
    with tempfile.TemporaryDirectory() as folder:
        ordered.to_csv(Path(folder) / "pedigree.csv", index=False)
        data.to_csv(Path(folder) / "records.csv", index=False)
        run = subprocess.run(["Rscript", str(SCRIPT), folder], capture_output=True, text=True, check=False)
    if run.returncode:
        return f"lme4 failed: {run.stderr.strip()[-200:]}"
    return line(pedigree, data, "lme4", *(float(value) for value in run.stdout.split(",")))


def main() -> None:
    """Print the table."""
    ours(*herd(SIZES[0]))  # what is loaded once
    print(HEADER)
    for records in SIZES:
        pedigree, data = herd(records)
        print(ours(pedigree, data), flush=True)
        if records <= LARGEST["lme4"]:
            print(by_lme4(pedigree, data), flush=True)


if __name__ == "__main__":
    main()
