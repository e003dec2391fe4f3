"""Time, memory and digits of tests and profiles: ranef at full size, and beside R where R can follow.

Kenward-Roger and Satterthwaite for every coefficient of InstEval and of a million rows in 50,000 groups; both
again on thinned versions beside lmerTest and pbkrtest; the profile of sleepstudy beside lme4's confint().
Wall and processor seconds, best of three, the fit from the cross-products included; R in the same run, its
fit not included.

    python -m benchmarks.studies.inference > benchmarks/studies/inference.txt
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ranef

from benchmarks.measure import growth
from benchmarks.problems import load_data
from benchmarks.simulated import one_factor
from benchmarks.studies.engine import show

INSTEVAL = "y ~ service * dept + (1 | s) + (1 | d)"
GROUPS = "y ~ x + w + (1 + x | g)"
SCRIPT = Path(__file__).with_suffix(".R")
METHODS = {"Satterthwaite": "satterthwaite", "Kenward-Roger": "kenward-roger"}


def fresh(fit: Any) -> Any:
    """The same fit, none of whose tests has been computed."""
    return fit.model.fit()


def tests_of(name: str, formula: str, data: pd.DataFrame) -> None:
    """Time and memory of each method for all coefficients."""
    fit = ranef.lmer(formula, data)
    print(f"{name}: {formula}; {fit.nobs:,} rows, {len(fit.params)} coefficients", flush=True)
    for label, ddf in METHODS.items():
        table = show(f"  {label}", lambda ddf=ddf: fresh(fit).coef_table(ddf=ddf))
        assert np.isfinite(table["df"]).all() and len(table) == len(fit.params)
        _, _, peak = growth(lambda ddf=ddf: fresh(fit).coef_table(ddf=ddf))
        print(f"  {label:56} peak {(peak or np.nan) / 2**30:7.2f} GiB above the fit", flush=True)


def in_r(task: str, formula: str, data: pd.DataFrame) -> Any:
    """What R answers, with its seconds; None without R."""
    if shutil.which("Rscript") is None:
        print("  R is not here: not compared")
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.csv"
        data.to_csv(file, index=False, float_format="%.17g")
        call = ["Rscript", "--vanilla", str(SCRIPT), task, formula, str(file)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  R did not manage: {done.stderr.strip().splitlines()[-1]}")
        return None
    return json.loads(done.stdout)


def show_r(label: str, seconds: dict[str, float]) -> None:
    """Print what R took, once."""
    print(f"  {label:56} wall {seconds['wall']:7.3f} s   cpu {seconds['cpu']:7.3f} s", flush=True)


def digits(ours: Any, theirs: Any) -> float:
    """Largest relative difference."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


def thinned(name: str, formula: str, data: pd.DataFrame) -> None:
    """The same on few rows, beside lmerTest and pbkrtest."""
    fit = ranef.lmer(formula, data)
    print(f"{name}, thinned: {fit.nobs:,} rows", flush=True)
    tables = {
        ddf: show(f"  ranef {label}", lambda ddf=ddf: fresh(fit).coef_table(ddf=ddf))
        for label, ddf in METHODS.items()
    }
    known = in_r("tests", formula, data)
    if known is None:
        return
    for label, ddf in METHODS.items():
        theirs = known[ddf]
        show_r("lmerTest, pbkrtest " + label, theirs["seconds"])
        order = sorted(range(len(theirs["estimate"])), key=lambda i: theirs["estimate"][i])
        table = tables[ddf].dropna().sort_values("estimate")  # R leaves dropped columns out
        worst = {column: digits(table[column], np.array(theirs[column])[order]) for column in ("se", "df")}
        print(f"  {label}: largest relative difference of se {worst['se']:.1e}, of df {worst['df']:.1e}")


def profile_of(formula: str, data: pd.DataFrame) -> None:
    """All six parameters' profiles and intervals."""
    print(f"Profile of sleepstudy, six parameters: {formula}", flush=True)
    fit = ranef.lmer(formula, data, reml=False)
    table = show("  ranef", lambda: fresh(fit).conf_int(method="profile"), 20)
    known = in_r("profile", formula, data)
    if known is None:
        return
    show_r("lme4 confint(method = profile)", known["seconds"])
    fixed = table.loc[["Intercept", "Days"]].to_numpy()
    print(f"  largest relative difference of the fixed effects' limits {digits(fixed, known['fixed']):.1e}")


def every(frame: pd.DataFrame, factor: str, step: int) -> pd.DataFrame:
    """Rows of every so manyth level; labels are such that sorting keeps the order of levels, as R sorts."""
    kept = frame[frame[factor].cat.codes % step == 1].copy()
    for name in kept.select_dtypes("category"):
        kept[name] = [f"{name}{code:04d}" for code in kept[name].cat.codes]
    return kept


def main() -> None:
    """Run the study."""
    ratings, groups = load_data("InstEval"), one_factor(strings=False)
    tests_of("InstEval", INSTEVAL, ratings)
    tests_of("A million rows", GROUPS, groups)
    thinned("InstEval", INSTEVAL, every(ratings, "s", 240))
    thinned("A million rows in 50,000 groups", GROUPS, groups[groups["g"] < 25])
    profile_of("Reaction ~ Days + (Days | Subject)", load_data("sleepstudy"))


if __name__ == "__main__":
    main()
