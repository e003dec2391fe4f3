"""Rows with too many zeros, and glmmTMB's answers (zero_inflated.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import ranef
from glmm_battery import load_data
from scipy.special import expit

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "zero_inflated.json").read_text(encoding="utf-8"))
DATA = {"salamanders": load_data("Salamanders"), "owls": pd.read_csv(HERE / "owls.csv.gz")}


def fitted(answer):
    return ranef.glmer(answer["formula"], DATA[answer["name"]], answer["family"], zero=answer["zero"])


def drawn(family="poisson", groups=30, size=12, zero=(-0.5, 0.8), seed=2):
    rng = np.random.default_rng(seed)
    codes, x = np.repeat(np.arange(groups), size), rng.normal(size=groups * size)
    mu = np.exp(0.9 + 0.4 * x + 0.5 * rng.normal(size=groups)[codes])
    if family != "poisson":
        mu = rng.gamma(2.0, mu / 2.0)
    y = rng.poisson(mu) * (rng.random(len(x)) >= expit(zero[0] + zero[1] * x))
    return pd.DataFrame({"y": y.astype(float), "x": x, "g": codes, "h": codes % 7, "f": codes % 2})
