"""Small fits that could end at a local minimum: the default fit against random restarts of the optimiser.

Each fit is drawn from its number alone: one to three terms, crossed or nested, 10 to 200 rows, half of them
with weights between 1e-3 and 1e3, REML or ML. A fit is counted as missed when one of ten random starts ends
more than 1e-6 lower at a point that holds as a minimum. ``--lme4 FOLDER`` writes them out for ``optima.R``.

    python -m benchmarks.studies.optima > benchmarks/studies/optima.txt
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import ranef
from ranef.arrays import FloatArray
from ranef.model import Model
from ranef.optimize.scaling import row_scales, theta_scale
from ranef.theta import pack

FITS, RESTARTS, BEHIND = 2000, 10, 1e-6

FIXED = ("1", "x", "x + z", "x * z", "x + f", "f", "exp(x)")
RANDOM = {
    "one variance": ("(1 | g)", "(0 + x | g)", "(1 | g:h)"),
    "slope": ("(x | g)", "(exp(x) | g)", "(f | g)", "(0 + f | g)"),
    "slopes": ("(x * z | g)", "(x + z | g)", "(x + I(x**2) | g)"),
    "uncorrelated": ("(x || g)", "(x * z || g)", "(x + z || g)"),
    "crossed": ("(1 | g) + (1 | h)", "(x | g) + (1 | h)", "(x | g) + (x | h)", "(1 | g) + (0 + x | h)"),
    "nested": ("(1 | g / h)", "(x | g / h)", "(x || g / h)"),
    "several": (
        "(1 | g) + (x | h) + (1 | k)",
        "(0 + x | g) + (x || h) + (1 | g:h)",
        "(x + z || g / h) + (1 | k)",
    ),
}


@dataclass(frozen=True)
class Small:
    """A small fit: what to fit, to which rows."""

    kind: str
    formula: str
    data: pd.DataFrame
    reml: bool
    weighted: bool

    def model(self) -> Model:
        """Return its model."""
        return ranef.Model(self.formula, self.data, reml=self.reml, weights="w" if self.weighted else None)


def draw(number: int) -> Small:
    """Return the fit of that number."""
    rng = np.random.default_rng([number, 12])
    n = int(np.exp(rng.uniform(np.log(10), np.log(200))))
    kind = str(rng.choice(list(RANDOM)))
    weighted = bool(rng.random() < 0.5)
    data: dict[str, object] = {"x": rng.normal(size=n)}
    data["z"] = rng.normal(size=n) if rng.random() < 0.5 else rng.integers(0, 2, n)
    data["f"] = rng.choice(list("abc"), n)
    for name in "ghk":
        levels = int(np.exp(rng.uniform(np.log(2), np.log(max(3, n / 2)))))
        codes = rng.integers(0, levels, n) if rng.random() < 0.7 else np.arange(n) % levels
        data[name] = np.char.add(name, codes.astype(str))
        data["y"] = data.get("y", 0.0) + _effects(rng, codes, levels, data["x"])
    noise = rng.standard_t(3, n) if rng.random() < 0.3 else rng.normal(size=n)
    data["w"] = np.exp(rng.uniform(np.log(1e-3), np.log(1e3), n)) if weighted else np.ones(n)
    data["y"] = data["y"] + noise / (np.sqrt(data["w"]) if rng.random() < 0.5 else 1.0)
    formula = f"y ~ {rng.choice(FIXED)} + {rng.choice(RANDOM[kind])}"
    return Small(kind, formula, pd.DataFrame(data), bool(rng.random() < 0.5), weighted)


def _effects(rng: np.random.Generator, codes: np.ndarray, levels: int, x: object) -> np.ndarray:
    """Return effects of a grouping factor, none in a third of the data."""
    sizes = np.exp(rng.uniform(np.log(0.01), np.log(10), 2)) * (rng.random(2) < 0.65)
    return sizes[0] * rng.normal(size=levels)[codes] + sizes[1] * rng.normal(size=levels)[codes] * np.asarray(
        x
    )


def starts(model: Model, rng: np.random.Generator) -> list[FloatArray]:
    """Return random starts: standard deviations over five decades, any correlations, whatever the units."""
    sizes = row_scales(model, theta_scale(model))
    drawn = []
    for _ in range(RESTARTS):
        factors = []
        for size in sizes:
            rows = np.tril(rng.normal(size=(size.size, size.size)))
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            rows *= np.exp(rng.uniform(np.log(1e-3), np.log(1e2), size.size))[:, None]
            factors.append(rows * np.where(np.diag(rows) < 0, -1.0, 1.0) / size[:, None])
        drawn.append(pack(factors))
    return drawn


def missed(small: Small, number: int) -> dict[str, object] | None:
    """Return what the default fit and the best restart found; None where the model cannot be fitted."""
    try:
        model = small.model()
        fit = model.fit()
    except ranef.RanefError:
        return None
    best, where = fit.objective, -1
    for index, start in enumerate(starts(model, np.random.default_rng(number))):
        try:
            other = model.fit(start=start)
        except ranef.RanefError:
            continue
        if other.converged and other.objective < best:
            best, where = other.objective, index
    return {
        "number": number, "kind": small.kind, "formula": small.formula, "n": fit.nobs,
        "n_theta": model.n_theta,
        "weighted": small.weighted, "reml": small.reml, "converged": fit.converged, "found": fit.objective,
        "best": best, "start": where, "behind": fit.objective - best, "evaluations": fit.optimum.evaluations,
    }  # fmt: skip


def write(folder: Path, numbers: range) -> None:
    """Write fits for ``optima.R``: the rows of each, and a table of what to fit."""
    rows = []
    for number in numbers:
        small = draw(number)
        small.data.to_csv(folder / f"{number}.csv", index=False)
        formula = small.formula.replace("**", "^")
        rows.append({"number": number, "formula": formula, "reml": small.reml, "weighted": small.weighted})
    pd.DataFrame(rows).to_csv(folder / "fits.csv", index=False)


def report(table: pd.DataFrame) -> None:
    """Print the counts."""
    table["missed"] = table["behind"] > BEHIND
    table["unsure"] = ~table["converged"]
    print(
        f"{len(table):,} fits; {table['missed'].sum()} where a random restart ends lower by over {BEHIND:g}"
    )
    median = table["evaluations"].median()
    print(f"{table['unsure'].sum()} called not converged; evaluations: median {median:g}\n")
    print(
        table.groupby("kind")[["missed", "unsure"]]
        .sum()
        .assign(fits=table["kind"].value_counts())
        .to_string()
    )
    if table["missed"].any():
        print()
        print(table[table["missed"]].drop(columns=["missed", "unsure", "kind"]).to_string(index=False))


def main() -> None:
    """Run the study and print its counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fits", type=int, default=FITS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--lme4", type=Path)
    chosen = parser.parse_args()
    numbers = range(chosen.first, chosen.first + chosen.fits)
    warnings.simplefilter("ignore")
    if chosen.lme4:
        write(chosen.lme4, numbers)
    found = [answer for number in numbers if (answer := missed(draw(number), number))]
    report(pd.DataFrame(found))


if __name__ == "__main__":
    main()
