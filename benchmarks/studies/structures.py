"""Models with covariance structures beside nlme, glmmTMB and mmrm: CPU seconds and REML criteria.

    python -m benchmarks.studies.structures > benchmarks/studies/structures.txt

Programs that are not installed are left out. A criterion more than 1e-3 above the lowest is marked.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ranef

SCRIPT = Path(__file__).with_suffix(".R")


def trial(subjects: int = 1000, visits: int = 5) -> pd.DataFrame:
    """A trial with 13 % of the visits missed."""
    random = np.random.default_rng(1)
    who, when = np.repeat(range(subjects), visits), np.tile(range(visits), subjects)
    sigma = 40 * 0.7 ** np.abs(np.subtract.outer(range(visits), range(visits)))
    noise = (random.normal(size=(subjects, visits)) @ np.linalg.cholesky(sigma).T).ravel()
    arm, region = random.integers(0, 2, subjects)[who], random.integers(0, 3, subjects)[who]
    base = random.normal(50, 10, subjects)[who]
    rows = pd.DataFrame({"id": who, "visit": [f"V{v + 1}" for v in when], "base": base})
    rows["arm"], rows["region"] = np.array(["PBO", "TRT"])[arm], np.array(["A", "B", "C"])[region]
    rows["y"] = base / 2 + arm * when / 2 + noise
    return rows[(random.uniform(size=len(rows)) > 0.13) | (when == 0)].reset_index(drop=True)


def ar1(subjects: int = 2000, times: int = 50) -> pd.DataFrame:
    """A random intercept and residuals that decay by 0.5 a step."""
    random = np.random.default_rng(2)
    noise = random.normal(size=(subjects, times))
    for t in range(1, times):
        noise[:, t] = 0.5 * noise[:, t - 1] + np.sqrt(0.75) * noise[:, t]
    x = random.normal(size=subjects * times)
    y = (noise + random.normal(size=(subjects, 1))).ravel() + x
    t, who = np.tile(range(times), subjects), np.repeat(range(subjects), times)
    return pd.DataFrame({"y": y, "x": x, "t": t, "id": who})


def strata(rows: int = 100_000, groups: int = 2000) -> pd.DataFrame:
    """Ten strata whose standard deviations rise by a tenth each."""
    random = np.random.default_rng(3)
    s, g, x = random.integers(0, 10, rows), random.integers(0, groups, rows), random.normal(size=rows)
    y = x + random.normal(size=groups)[g] + random.normal(size=rows) * np.exp(0.1 * s)
    return pd.DataFrame({"y": y, "x": x, "s": [f"s{k}" for k in s], "g": g})


def best(fit: Callable[[], Any], times: int = 3) -> tuple[float, float]:
    """Return the least CPU seconds and the criterion."""
    spent, value = [], 0.0
    for _ in range(times):
        start = time.process_time()
        value = fit().objective
        spent.append(time.process_time() - start)
    return min(spent), value


def ours(data: dict[str, pd.DataFrame]) -> list[tuple[str, str, float, float]]:
    """Fit every workload here."""

    def repeated() -> Any:
        fit = ranef.mmrm("y ~ base + region + arm * visit + us(visit | id)", data["trial"])
        fit.coef_table()  # with Kenward-Roger
        return fit

    fits = {
        "trial": repeated,
        "ar1": lambda: ranef.lmer("y ~ x + t + (1 | id)", data["ar1"], residual="ar1(t | id)"),
        "strata": lambda: ranef.lmer("y ~ x + (1 | g)", data["strata"], dispersion="~ s"),
    }
    return [(name, "ranef", *best(fit)) for name, fit in fits.items()]


def main() -> None:
    """Print the table."""
    data = {"trial": trial(), "ar1": ar1(), "strata": strata()}
    found = ours(data)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in data.items():
            rows.to_csv(Path(folder) / f"{name}.csv", index=False)
        run = subprocess.run(["Rscript", str(SCRIPT), folder], capture_output=True, text=True, check=False)
    for line in run.stdout.splitlines():
        name, program, spent, value = line.split(",")
        found.append((name, program, float(spent), float(value)))
    table = pd.DataFrame(found, columns=["workload", "program", "cpu_s", "criterion"])
    table = table.sort_values("workload", kind="stable")
    lowest = table.groupby("workload").criterion.transform("min")
    table["above"] = np.where(table.criterion - lowest > 1e-3, "higher", "")
    print(table.to_string(index=False, formatters={"cpu_s": "{:.3f}".format, "criterion": "{:.5f}".format}))


if __name__ == "__main__":
    main()
