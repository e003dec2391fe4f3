"""One question has one answer: whatever gives an estimate, a test or an interval gives the same ones.

The coefficient table is compared with its own arithmetic (t, p and interval from estimate, standard error and
degrees of freedom, by SciPy), everything else with it, for every kind of fit and every method of testing.
"""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import lme4
from ranef.guidance.refusals import refused
from scipy import stats


def _data():
    rng = np.random.default_rng(4)
    g, x = np.repeat(np.arange(8), 6), rng.normal(size=48).round(1)
    f, h = np.where(g % 2 == 0, "a", "b"), np.tile(np.arange(6), 8)
    y = 1 + 0.4 * x + 0.5 * (f == "b") + rng.normal(size=8)[g] + rng.normal(0, 0.5, 6)[h]
    y += rng.normal(size=48)
    z, n = (rng.random(48) < 1 / (1 + np.exp(1 - y))).astype(int), rng.poisson(np.exp(y / 2))
    rows = {"y": y, "x": x, "f": f, "g": g.astype(str), "h": h.astype(str), "t": h, "v": h.astype(str)}
    rows |= {"z": z, "n": np.where(rng.random(48) < 0.3, 0, n), "s": rng.gamma(4, np.exp(y / 3) / 4)}
    return pd.DataFrame(rows)


DATA = _data()
KINSHIP = pd.DataFrame(np.eye(8) + 0.2, *[sorted(DATA["g"].unique())] * 2)
FITS = {
    "lmer": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA),
    "ml": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, reml=False),
    "glmer": lambda: ranef.glmer("z ~ x + f + (1 | g)", DATA),
    "inflated": lambda: ranef.glmer("n ~ x + f + (1 | g)", DATA, "poisson", zero="~ 1"),
    "dispersed": lambda: ranef.glmer("s ~ x + f + (1 | g)", DATA, "gamma", dispersion="~ f"),
    "mmrm": lambda: ranef.mmrm("y ~ x + f + ar1(v | g)", DATA),
    "gls": lambda: ranef.gls("y ~ x + f", DATA, residual="ar1(t | g)"),
    "residual": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, residual="ar1(t | g)"),
    "dispersion": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, dispersion="~ f"),
    "structured": lambda: ranef.lmer("y ~ x + f + cs(0 + h | g)", DATA),
    "both": lambda: ranef.lmer("y ~ x + f + cs(1 + x | g)", DATA, residual="ar1(t | g)"),
    "iterative": lambda: ranef.lmer("y ~ x + f + (1 | g) + (1 | h)", DATA, schur="iterative"),
    "related": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, relationship={"g": KINSHIP}),
    "sums": lambda: ranef.fit(ranef.sums("y ~ x + f + (1 | g)", DATA)),
    "batches": lambda: ranef.lmer("y ~ x + f + (1 | g)", ranef.batches(lambda: iter([DATA[:20], DATA[20:]]))),
    "cells": lambda: ranef.fit(ranef.sums("z ~ x + f + (1 | g)", DATA, family="binomial")),
}
_fits = {}


def fit_of(kind):
    if kind not in _fits:
        _fits[kind] = FITS[kind]()
    return _fits[kind]


# ------------------------------------------------------------------ what is known of a number
NAMES = {
    "estimate": ("estimate", "emmean", "trend", "fit"),
    "se": ("se", "std_error"),
    "df": ("df", "den_df"),
    "t": ("t", "z", "statistic"),
    "p": ("p", "p_value"),
    "lower": ("lower", "conf_low"),
    "upper": ("upper", "conf_high"),
}


def facts(table, row):
    """What a table says in one row; a Wald chi-squared or an F of one degree of freedom is a squared t."""
    frame = table.to_frame() if hasattr(table, "to_frame") else table
    found = frame.iloc[row] if isinstance(row, int) else frame.loc[row]
    out = {fact: float(found[n]) for fact, names in NAMES.items() for n in names if n in found.index}
    if "chisq" in found.index:
        del out["df"]  # of the numerator
    squares = [float(found[n]) for n in ("F", "chisq") if n in found.index]
    return {**out, "square": squares[0]} if squares else out


def truth(estimate, se, df):
    """The facts that follow from three numbers."""
    law = stats.norm() if np.isinf(df) else stats.t(df)
    t, half = estimate / se, law.ppf(0.975) * se
    return {
        "estimate": estimate, "se": se, "df": df, "t": t, "square": t**2, "p": 2 * law.sf(abs(t)),
        "lower": estimate - half, "upper": estimate + half,
    }  # fmt: skip


def printed(text, label):
    """The numbers of a printed line of coefficients."""
    line = next(one for one in text.splitlines() if re.match(rf"{re.escape(label)}\s", one))
    return [float(word) for word in line.split()[1:] if re.fullmatch(r"-?[\d.]+(e-?\d+)?", word)]


def on_link(fit):
    """The option that asks for the scale of the coefficients."""
    return {"scale": "link"} if hasattr(fit, "family") else {}


def at_mean(fit, **options):
    """Prediction of the population where x is zero and f is a: the intercept."""
    new = pd.DataFrame({"x": [0.0], "f": ["a"], "g": ["0"], "h": ["0"], "t": [0], "v": ["0"]})
    return fit.predict(new, random=None, interval="confidence", **on_link(fit), **options)


# verb -> (of which coefficient, facts by it); each takes the fit and options of the method
ASKED = {
    "conf_int": ("x", lambda fit, **o: facts(fit.conf_int(**o), "x")),
    "tidy": ("x", lambda fit, **o: facts(fit.tidy(**o).set_index("term"), "x")),
    "test": ("x", lambda fit, **o: facts(fit.test("x = 0", **o), 0)),
    "anova": ("x", lambda fit, **o: facts(fit.anova(**o), "x")),
    "anova of type II": ("f[T.b]", lambda fit, **o: facts(fit.anova(type=2, **o), "f")),
    "emtrends": ("x", lambda fit, **o: facts(ranef.emtrends(fit, "f", "x", **o), 0)),
    "slopes": ("x", lambda fit, **o: facts(fit.slopes("x", over="grid", **on_link(fit), **o), 0)),
    "comparisons": (
        "f[T.b]", lambda fit, **o: facts(fit.comparisons("f", over="grid", **on_link(fit), **o), 0)
    ),
    "emmeans": (
        "f[T.b]",
        lambda fit, **o: facts(ranef.emmeans(fit, "f", **o).contrast("trt.vs.ctrl"), 0),
    ),
    "pairs": ("f[T.b]", lambda fit, **o: facts(ranef.emmeans(fit, "f", **o).pairs(reverse=True), 0)),
    "emmeans at zero": (
        "Intercept", lambda fit, **o: facts(ranef.emmeans(fit, "f", at={"x": 0}, **o), 0)
    ),
    "predictions": (
        "Intercept",
        lambda fit, **o: facts(fit.predictions("f", at={"x": 0}, **on_link(fit), **o), 0),
    ),
    "predict": ("Intercept", lambda fit, **o: facts(at_mean(fit, **o), 0)),
    "lme4.confint": ("x", lambda fit, **o: facts(lme4.confint(fit, method="Wald", **o), "x")),
    "lme4.anova": ("x", lambda fit, **o: facts(lme4.anova(fit, **o), "x")),
    "modelsummary": (
        "x", lambda fit, **o: facts(ranef.modelsummary(fit, **o).frame.set_index("term"), "x")
    ),
}  # fmt: skip


def in_table(fit, coefficient, **options):
    found = fit.coef_table(**options).loc[coefficient]
    return truth(found["estimate"], found["se"], found.get("df", np.inf))


def agrees(found, wanted):
    assert found.keys() & {"p", "lower"}
    for fact, value in found.items():
        assert value == pytest.approx(wanted[fact], rel=2e-6, abs=1e-12), fact


@pytest.mark.parametrize("kind", FITS)
def test_the_coefficient_table_is_its_own_arithmetic(kind):
    fit = fit_of(kind)
    for name in ("Intercept", "x", "f[T.b]"):
        wanted = in_table(fit, name)
        agrees(facts(fit.coef_table(), name), wanted)
        assert fit.params[name] == wanted["estimate"]
        assert fit.bse[name] == pytest.approx(wanted["se"], rel=1e-9)
        assert fit.pvalues[name] == pytest.approx(wanted["p"], rel=1e-9)
        assert fit.cov_params().loc[name, name] == pytest.approx(wanted["se"] ** 2, rel=1e-9)


@pytest.mark.parametrize("verb", ASKED)
@pytest.mark.parametrize("kind", FITS)
def test_by_default(kind, verb):
    fit, (coefficient, ask) = fit_of(kind), ASKED[verb]
    try:
        found = ask(fit)
    except ranef.RanefError as error:
        assert verb.split()[0] in refused(type(fit)) or isinstance(error, ranef.RowsNotKeptError)
        return
    wanted = in_table(fit, coefficient, **_as_lme4(fit, verb))
    agrees(found, wanted)


def _as_lme4(fit, verb):
    """lme4's own Wald intervals of mixed models are by normal quantiles."""
    plain = verb == "lme4.confint" and isinstance(fit, ranef.Fit) and not hasattr(fit, "family")
    return {"ddf": "normal"} if plain else {}


OTHER_METHODS = {
    "glmer": "kenward-roger",
    "cells": "kenward-roger",
    "dispersed": "kenward-roger",
    "inflated": "normal",
    "gls": "satterthwaite",
}
OTHER_METHODS |= dict.fromkeys(("lmer", "residual", "dispersion", "sums", "batches"), "kenward-roger")


@pytest.mark.parametrize("kind", FITS)
def test_by_a_method_asked_for(kind):
    fit, ddf, answered = fit_of(kind), OTHER_METHODS.get(kind, "residual"), 0
    for verb, (coefficient, ask) in ASKED.items():
        try:
            found = ask(fit, ddf=ddf)
        except ranef.RanefError as error:  # refused, or without this choice
            own = verb.split()[0]
            assert own in refused(type(fit)) or "ddf" in str(error), error
            continue
        agrees(found, in_table(fit, coefficient, ddf=ddf))
        answered += 1
    assert answered > 8


@pytest.mark.parametrize("dialect", [False, True])
@pytest.mark.parametrize("kind", FITS)
def test_the_summary_prints_the_coefficient_table(kind, dialect):
    fit = fit_of(kind)
    text = str(lme4.summary(fit) if dialect else fit.summary())
    for name in ("x", "f[T.b]"):
        wanted = in_table(fit, name)
        numbers = [wanted["estimate"], wanted["se"], wanted["t"], wanted["p"]]
        numbers[2:2] = [] if np.isinf(wanted["df"]) else [wanted["df"]]
        assert printed(text, name)[: len(numbers)] == pytest.approx(numbers, rel=2e-3, abs=6e-4)


# Tests and intervals of something else than a coefficient or the mean of a population.
OF_SOMETHING_ELSE = {
    "drop1",  # likelihood ratios
    "ranova",  # of random terms
    "robust",  # another covariance
    *("component_table", "residual_intervals", "heritability", "profile"),  # of variances and correlations
    *("overdispersion", "zeros", "check_residuals", "missing_terms"),  # of the distribution
    *("ranef", "coef"),  # of groups
    "vif",  # whose df count columns
    *("lsmeans", "emmeans"),  # asked by the function
    *("coef_table", "summary", "pvalues"),  # above
    "to_marginaleffects",  # another package's
    "bootstrap",
}


@pytest.mark.parametrize("kind", FITS)
def test_no_verb_with_a_test_or_an_interval_is_left_out(kind):
    fit = fit_of(kind)
    known = {verb.split()[0] for verb in ASKED} | OF_SOMETHING_ELSE
    for name in dir(fit):
        if name in known or name.startswith("_") or not callable(getattr(type(fit), name, None)):
            continue
        parameters = list(inspect.signature(getattr(fit, name)).parameters.values())
        if any(p.default is p.empty and p.kind not in (2, 4) for p in parameters):
            continue
        try:
            found = getattr(fit, name)()
        except ranef.RanefError:
            continue
        columns = set(getattr(found, "columns", ()))
        assert not columns & {"p", "p_value", "df", "lower", "conf_low"}, name


@pytest.mark.parametrize("kind", ["lmer", "glmer", "mmrm", "gls", "residual", "related"])
def test_a_cell_never_observed_has_no_mean(kind):
    """As R's emmeans says: not the number that the coefficients of other cells would give."""
    rows = DATA.assign(q=np.where(DATA["t"] % 2 == 0, "even", "odd"))
    rows = rows[~((rows["f"] == "b") & (rows["q"] == "odd"))]
    fits = {
        "lmer": lambda: ranef.lmer("y ~ f * q + (1 | g)", rows),
        "glmer": lambda: ranef.glmer("z ~ f * q + (1 | g)", rows),
        "mmrm": lambda: ranef.mmrm("y ~ f * q + cs(v | g)", rows),
        "gls": lambda: ranef.gls("y ~ f * q", rows, dispersion="~ f"),
        "residual": lambda: ranef.lmer("y ~ f * q + (1 | g)", rows, residual="ar1(t | g)"),
        "related": lambda: ranef.lmer("y ~ f * q + (1 | g)", rows, relationship={"g": KINSHIP}),
    }
    fit = fits[kind]()
    new = pd.DataFrame({"f": ["a", "b"], "q": ["odd", "odd"], "g": ["0", "1"], "v": ["1", "1"], "t": [1, 1]})
    assert np.isnan(fit.predict(new)).tolist() == [False, True]
    table = fit.predict(new, random=None if kind == "related" else "all", interval="confidence")
    assert table.isna().all(axis=1).tolist() == [False, True]
    assert ranef.emmeans(fit, ["f", "q"]).to_frame()["emmean"].isna().sum() == 1
