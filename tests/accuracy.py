"""Our fits beside lme4's, lmerTest's and pbkrtest's, number by number: what docs/accuracy.md shows.

The reference is the best optimum that several lme4 optimisers, random starts and Newton steps could find for
a model (tests/reference/README.md).
"""

from functools import cache

import numpy as np
from conftest import fitted
from reference_battery import all_models

SHOWN = ("gap_slope_reml", "ss_slope_reml", "pen_reml", "inst_sdd_reml")
TITLES = {"beta": "estimate", "se": "standard error", "satterthwaite": "df (lmerTest)", "kr": "df (pbkrtest)"}


@cache
def models():
    """Models of data that are shipped, REML and ML."""
    return [model for model in all_models() if not model.model.startswith("school")]


def pairs(model):
    """{quantity: (ours, reference)} over the coefficients that are not dropped, where R has a number."""
    fit = fitted(str(model))
    kept = fit.params.notna().to_numpy()
    table = fit.coef_table()
    lmertest, pbkrtest = model.raw.get("satterthwaite") or {}, model.raw.get("kenward_roger") or {}
    found = {
        "beta": (table["estimate"], model.beta),
        "se": (table["se"], model.se),
        "satterthwaite": (table["df"], lmertest.get("df_refined") or lmertest.get("df")),
    }
    if pbkrtest.get("df"):
        found["kr"] = (fit.coef_table(ddf="kenward-roger")["df"], pbkrtest["df"])
    return {
        name: (ours.to_numpy()[kept], model.align(fit.params.index, np.array(theirs, float))[kept])
        for name, (ours, theirs) in found.items()
        if theirs is not None
    }


@cache
def worst(model):
    """{quantity: largest deviation}: estimates in standard errors, criteria as they are, else relative."""
    fit, found = fitted(str(model)), pairs(model)
    out = {"criterion": fit.objective - model.criterion, "sigma": abs(fit.sigma / model.sigma - 1)}
    default = model.raw["default"].get("criterion")
    if default is not None:
        out["default"] = default - model.criterion
    for name, (ours, theirs) in found.items():
        size = found["se"][1] if name == "beta" else np.abs(theirs)
        out[name] = float(np.max(np.abs(ours - theirs) / size))
    return out


def digits():
    """(columns, rows): coefficients of a few models, ours and R's, to the digits."""
    rows = []
    for name in SHOWN:
        (model,) = [m for m in models() if str(m) == name]
        fit = fitted(name)
        rows.append(
            (f"`{model.formula}`", "REML criterion", f"{fit.objective:.7f}", f"{model.criterion:.7f}")
        )
        rows.append(("", "residual sd", f"{fit.sigma:.7f}", f"{model.sigma:.7f}"))
        names = fit.params.dropna().index
        for quantity, (ours, theirs) in pairs(model).items():
            for coefficient, a, b in zip(names, ours, theirs, strict=True):
                rows.append(("", f"{coefficient}: {TITLES[quantity]}", f"{a:.7f}", f"{b:.7f}"))
    escaped = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return ("model", "number", "ranef", "R"), escaped


def shown(value):
    """A deviation with one digit; what is not there, and what is below rounding."""
    if value is None:
        return ""
    return "0" if abs(value) < 5e-13 else f"{value:.0e}"


HEADS = {
    "criterion": "criterion",
    "default": "lme4's default criterion",
    "beta": "estimates",
    "se": "standard errors",
    "sigma": "residual sd",
    "satterthwaite": "df, Satterthwaite",
    "kr": "df, Kenward-Roger",
}


def deviations():
    """(columns, rows): the largest deviation of each quantity for each model fitted by REML."""
    rows = []
    for model in models():
        if model.reml:
            found = worst(model)
            formula = model.raw["formula"].replace("|", "\\|")
            rows.append((f"{model.data_name}: `{formula}`", *(shown(found.get(name)) for name in HEADS)))
    return ("model", *HEADS.values()), rows


def summary():
    """(columns, rows): over all models, REML and ML, their number, the median and the largest deviation."""
    found = [worst(model) for model in models()]
    rows = []
    for name, head in HEADS.items():
        values = np.array([f[name] for f in found if name in f])
        rows.append((head, str(len(values)), shown(float(np.median(values))), shown(float(values.max()))))
    return ("quantity", "fits", "median", "largest"), rows
