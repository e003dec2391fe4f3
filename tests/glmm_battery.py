"""The reference battery of generalised models: answers of lme4 and glmmTMB."""

import functools
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE = Path(__file__).parent / "reference_glmm"
FAMILY = {"Gamma": "gamma", "inverse.gaussian": "inverse_gaussian"}


@functools.cache
def _manifest():
    with gzip.open(REFERENCE / "data" / "manifest.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


@functools.cache
def load_data(name):
    """The data of a model, factors as categoricals in R's order of levels."""
    entry = _manifest()[name]
    path = REFERENCE / "data" / entry["file"]
    path = path if path.exists() else path.with_name(path.name + ".gz")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    for column, about in entry["columns"].items():
        if about["type"] == "factor":
            frame[column] = pd.Categorical(frame[column], categories=about["levels"])
        else:
            frame[column] = pd.to_numeric(frame[column]).astype(float)
    return frame


class GlmmReference:
    """One model: how it is said here, and the answers."""

    def __init__(self, name):
        self.name = name
        self.answers = json.loads((REFERENCE / "models" / f"{name}.json").read_text(encoding="utf-8"))

    @property
    def data(self):
        return load_data(self.answers["data"])

    @property
    def formula(self):
        text = self.answers["formula"].replace("total.fruits", "`total.fruits`")
        return text.replace(")^2", ")**2")

    @property
    def arguments(self):
        found = self.answers
        out = {"family": FAMILY.get(found["family"], found["family"]), "link": found["link"]}
        if found.get("weights"):
            out["weights"] = found["weights"]
        return out

    @property
    def agq(self):
        return self.answers["nAGQ"]

    @property
    def objective(self):
        return self.answers["reference_m2ll"]

    @property
    def tmb(self):
        """glmmTMB's estimates, which come from an exact gradient; None where only lme4 fitted the model."""
        found = self.answers if self.answers.get("engine") == "glmmTMB" else self.answers.get("glmmTMB")
        return found if found and found.get("beta") else None

    @property
    def beta(self):
        return np.array(self.answers["reference_beta"], dtype=float)

    @property
    def bse(self):
        """Standard errors from the Hessian in all parameters; NaN where the reference has none."""
        if self.tmb is not None and self.tmb["m2ll"] < self.objective + 1e-5:
            return np.array(self.tmb["se"], dtype=float)
        return np.array(self.answers.get("se_hessian") or np.nan, dtype=float)

    def __repr__(self):
        return self.name


def names(agq=1):
    """The models of an approximation."""
    found = sorted(path.stem for path in (REFERENCE / "models").glob("*.json"))
    if agq == 1:
        return [name for name in found if GlmmReference(name).agq == 1]
    return [
        name
        for name in found
        if GlmmReference(name).agq != 1 and (GlmmReference(name).agq == 0) == (agq == 0)
    ]
