"""Generated generalised models: where their searches end, beside lme4 and glmmTMB.

Each model is drawn from its number alone: a family and a link, one to three terms, 40 to 400 rows. A third of
the effects are zero, so that many fits are singular, and small binary ones are nearly separated. ``--r``
writes them into a folder for ``generalised_optima.R``, ``--beside`` reads its answers; a fit is counted as
above where its criterion exceeds the lower of the two by more than 1e-6.

    python -m benchmarks.studies.generalised_optima --r DIR
    Rscript benchmarks/studies/generalised_optima.R DIR
    python -m benchmarks.studies.generalised_optima --beside DIR > benchmarks/studies/generalised_optima.txt
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import ranef

FITS, RESTARTS, ABOVE, MANY = 200, 10, 1e-6, 15

FAMILIES = (
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("poisson", "log"),
    ("poisson", "sqrt"),
    ("nbinom2", "log"),
    ("nbinom1", "log"),
    ("gamma", "log"),
    ("gamma", "inverse"),
    ("inverse_gaussian", "log"),
    ("gaussian", "log"),
    ("beta", "logit"),
    ("betabinomial", "logit"),
)
FIXED = ("1", "x", "x + z", "x * f", "f")
RANDOM = (
    "(1 | g)",
    "(x | g)",
    "(x + z | g)",
    "(x || g)",
    "(f | g)",
    "(1 | g) + (1 | h)",
    "(x | g) + (1 | h)",
    "(1 | g / k)",
)


@dataclass(frozen=True)
class Generated:
    """A model: what to fit, to which rows."""

    family: str
    link: str
    formula: str
    data: pd.DataFrame

    def fit(self) -> ranef.GlmerFit:
        """Return its fit."""
        return ranef.glmer(self.formula, self.data, family=self.family, link=self.link)


def draw(number: int) -> Generated:
    """Return the model of that number."""
    rng = np.random.default_rng([number, 13])
    family, link = FAMILIES[rng.integers(len(FAMILIES))]
    n = int(np.exp(rng.uniform(np.log(40), np.log(400))))
    x, z, f = rng.normal(size=n), rng.normal(size=n), rng.choice(list("abc"), n)
    data: dict[str, object] = {"x": x, "z": z, "f": f}
    eta = rng.normal() * 0.5 + 0.4 * rng.normal() * x + 0.3 * (f == "b")
    for name in "ghk":
        levels = int(np.exp(rng.uniform(np.log(4), np.log(n / 4))))
        codes = rng.integers(0, levels, n)
        data[name] = np.char.add(name, codes.astype(str))
        sizes = rng.uniform(0.1, 1.2, 2) * (rng.random(2) < 0.65)
        eta = eta + sizes[0] * rng.normal(size=levels)[codes]
        eta = eta + sizes[1] * rng.normal(size=levels)[codes] * x
    response = _respond(rng, family, link, np.clip(eta, -4, 4), data)
    formula = f"{response} ~ {rng.choice(FIXED)} + {rng.choice(RANDOM)}"
    return Generated(family, link, formula, pd.DataFrame(data))


def _respond(
    rng: np.random.Generator, family: str, link: str, eta: np.ndarray, data: dict[str, object]
) -> str:
    """Draw a response into `data`; return how a formula names it."""
    n, size = len(eta), float(np.exp(rng.uniform(np.log(0.5), np.log(8))))
    positive = {"log": np.exp(eta / 2), "sqrt": (1 + eta / 2) ** 2 + 0.05, "inverse": 1 / (2.5 + eta / 2)}
    mu = 1 / (1 + np.exp(-eta)) if link in ("logit", "probit", "cloglog") else positive[link]
    if family in ("binomial", "betabinomial"):
        trials = np.ones(n, int) if family == "binomial" and rng.random() < 0.5 else rng.integers(1, 12, n)
        shapes = np.maximum(mu * size, 0.01), np.maximum((1 - mu) * size, 0.01)
        p = mu if family == "binomial" else rng.beta(*shapes)
        data["y"] = rng.binomial(trials, p)
        data["other"] = trials - np.asarray(data["y"])
        return "cbind(y, other)"
    drawn = {
        "poisson": lambda: rng.poisson(mu),
        "nbinom2": lambda: rng.poisson(mu * rng.gamma(size, 1 / size, n)),
        "nbinom1": lambda: rng.poisson(rng.gamma(mu * size, 1 / size)),
        "gamma": lambda: np.maximum(mu * rng.gamma(size, 1 / size, n), 1e-6),
        "inverse_gaussian": lambda: rng.wald(mu, size),
        "gaussian": lambda: mu + rng.normal(size=n) * 0.3,
        "beta": lambda: np.clip(rng.beta(mu * size, (1 - mu) * size), 1e-6, 1 - 1e-6),
    }[family]()
    data["y"] = drawn
    return "y"


def found(number: int) -> dict[str, object]:
    """Return what the default fit found."""
    model = draw(number)
    row: dict[str, object] = {
        "number": number, "family": model.family, "link": model.link, "formula": model.formula,
        "n": len(model.data),
    }  # fmt: skip
    try:
        fit = model.fit()
        row |= {"evaluations": fit.optimum.evaluations, "converged": fit.converged, "singular": fit.singular}
        row |= {"value": fit.objective, "said": "" if fit.converged else fit.optimum.message[:60]}
    except ranef.RanefError as error:
        row |= {"evaluations": 0, "converged": False, "singular": False, "said": str(error)[:90]}
    return row


def behind(number: int) -> float | None:
    """Return how far the default fit ends above the best of random restarts; None without a fit.

    Restarts have standard deviations of 0.01 to 20, in the core's coordinates, and all correlations at one.
    """
    try:
        fit = draw(number).fit()
    except ranef.RanefError:
        return None
    rng, lowest, k = np.random.default_rng(number), fit.objective, len(fit.theta)
    rest = fit.model.start()[k:]
    for _ in range(RESTARTS):
        sizes = np.exp(rng.uniform(np.log(1e-2), np.log(20), k))
        try:
            other = fit.model.fit(start=np.concatenate([sizes, rest]))
        except ranef.RanefError:
            continue
        lowest = min(lowest, other.objective) if other.converged else lowest
    return float(fit.objective - lowest) if fit.converged else None


def write(folder: Path, numbers: range) -> None:
    """Write models for ``generalised_optima.R``."""
    rows = []
    for number in numbers:
        model = draw(number)
        model.data.to_csv(folder / f"{number}.csv", index=False)
        rows.append({"number": number, "family": model.family, "link": model.link, "formula": model.formula})
    pd.DataFrame(rows).to_csv(folder / "fits.csv", index=False)


def report(table: pd.DataFrame) -> None:
    """Print the counts."""
    no = table[~table["converged"]]
    print(f"{len(table)} models; {len(no)} called not converged, {int(table['singular'].sum())} singular")
    counts = table.loc[table["evaluations"] > 0, "evaluations"]
    print(
        f"outer evaluations: median {counts.median():g}, 90 % {counts.quantile(0.9):g}, most {counts.max()}; "
        f"more than {MANY} in {(counts > MANY).sum()}"
    )
    if "lowest" in table:
        behind = table["value"] - table["lowest"]
        known = behind.notna()
        print(f"{known.sum()} beside lme4 or glmmTMB: {(behind > ABOVE).sum()} above the lower by {ABOVE:g}")
        print(f"theirs above ours by it: {(behind < -ABOVE).sum()}")
        table = table.assign(behind=behind)
    bad = table[~table["converged"] | (table["evaluations"] > MANY) | (table.get("behind", 0.0) > ABOVE)]
    print("\n" + bad.to_string(index=False))


def main() -> None:
    """Run the study and print its counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fits", type=int, default=FITS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--r", type=Path)
    parser.add_argument("--beside", type=Path)
    chosen = parser.parse_args()
    numbers = range(chosen.first, chosen.first + chosen.fits)
    warnings.simplefilter("ignore")
    if chosen.r:
        write(chosen.r, numbers)
        return
    table = pd.DataFrame([found(number) for number in numbers])
    if chosen.beside:
        theirs = pd.read_csv(chosen.beside / "theirs.csv")
        lowest = theirs.set_index("number")[["lme4", "glmmTMB"]].min(axis=1)
        table["lowest"] = table["number"].map(lowest)
    report(table)


if __name__ == "__main__":
    main()
