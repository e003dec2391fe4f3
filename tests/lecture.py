"""The numbers printed in the lecture, as reference/tests/slides_check.json calls them, from our fits."""

import functools

import numpy as np
import ranef
from reference_battery import load_data, load_table

SCHOOL = "extro ~ open + agree + social + "
MODELS = {  # title in slides_check -> (data, formula)
    "gap slope": ("sleep_gappy", "reaction ~ days + (days | subject)"),
    "gap int": ("sleep_gappy", "reaction ~ days + (1 | subject)"),
    "gap 0slope": ("sleep_gappy", "reaction ~ days + (0 + days | subject)"),
    "gap uncorr": ("sleep_gappy", "reaction ~ days + (days || subject)"),
    "outlier": ("slides_outlier", "value ~ condition + (1 | participant)"),
    "mixture": ("slides_mixture", "value ~ condition + (1 | participant)"),
    "mixture with group": ("slides_mixture", "value ~ group + condition + (1 | participant)"),
    "variance": ("slides_variance", "value ~ group + condition + (1 | participant)"),
    "school nested": ("school", SCHOOL + "(1 | school/class)"),
    "school crossed": ("school", SCHOOL + "(1 | school) + (1 | class)"),
}
NEEDS_SCHOOL = "school "


def printed(school=False):
    """The lines of slides_check about the data that are ours to ship, or about the school data."""
    return [row for row in load_table("slides_check") if row["what"].startswith(NEEDS_SCHOOL) == school]


@functools.cache
def fit_of(title):
    """The fit a title stands for."""
    data, formula = MODELS[title]
    return ranef.lmer(formula, load_data(data))


def value(what):
    """Our number for a line of slides_check, such as "gap slope: se days"."""
    if what.startswith("lm "):
        slope, intercept = np.polyfit(*load_data("sleep_gappy")[["days", "reaction"]].to_numpy().T, 1)
        return {"lm intercept": intercept, "lm days": slope}[what]
    if "pooling, 18 participants" in what:
        return _spread(what)
    title, _, name = what.partition(": ")
    return _of_fit(fit_of(title), name.split(" (")[0].removeprefix("allFit "))


def _spread(what):
    """The standard deviations over the 18 participants with ten days each."""
    if what.startswith("no "):
        lines = ranef.lm_list("reaction ~ days | subject", load_data("sleep_gappy")).coef
        return lines.drop(["373", "374"]).std().iloc[int(what.endswith("slopes"))]
    classic = ranef.lmer("Reaction ~ Days + (Days | Subject)", load_data("sleepstudy"))
    return classic.coef["Subject"].std().iloc[int(what.endswith("slopes"))]


def _of_fit(fit, name):
    words = name.split()
    table = fit.coef_table().rename(index={"Intercept": "intercept"})
    if name in table.index:
        return table.loc[name, "estimate"]
    if len(words) == 2 and words[0] in ("se", "df", "t", "p"):
        return table.loc[words[1], words[0]]
    if words[0] in ("var", "sd"):
        return _component(fit, *words)
    if name.startswith("scaled residual"):
        share = {"min": 0.0, "max": 1.0}.get(words[-1])
        return np.quantile(fit.resid / fit.sigma, int(words[-1][:-1]) / 100 if share is None else share)
    if name == "corr":
        return fit.varcorr[0].corr[1, 0]
    if name == "corr of fixed effects":
        return fit.cov_params().iloc[0, 1] / fit.bse.prod()
    if name in ("REML criterion", "logLik", "sigma"):
        return {"REML criterion": fit.objective, "logLik": fit.llf, "sigma": fit.sigma}[name]
    return _coefficient(fit, words)


def _component(fit, kind, name):
    """A variance or a standard deviation: of the residual, of a grouping factor, of a column."""
    if name == "residual":
        cov = fit.sigma**2
    else:
        terms = {term.group: term.cov[0, 0] for term in fit.varcorr}
        columns = {c.lower(): term.cov[i, i] for term in fit.varcorr for i, c in enumerate(term.columns)}
        cov = {**columns, **terms}[name]
    return cov if kind == "var" else np.sqrt(cov)


def _coefficient(fit, words):
    """ "coef 308 days", "308 days", "coef a:I", "coef class a": of a level, the intercept unless named."""
    column = "days" if words[-1] == "days" else "Intercept"
    named = [word for word in words if word not in ("coef", "intercept", "days")]
    groups = [named[0]] if named[0] in fit.coef else list(fit.coef)
    (table,) = [fit.coef[group] for group in groups if named[-1] in fit.coef[group].index]
    return table.loc[named[-1], column]
