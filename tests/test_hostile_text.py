"""Whatever takes text runs none of it, answers quickly, and refuses in ranef's own words."""

import builtins
import os
import subprocess
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import lme4


def _data():
    rng = np.random.default_rng(8)
    g, x = np.repeat(list("abcdef"), 6), rng.normal(size=36)
    t, n = np.tile(np.arange(6), 6), rng.poisson(2, 36)
    f, y, z = np.where(t % 2, "u", "v"), x + rng.normal(size=36), rng.integers(0, 2, 36)
    rows = {"y": y, "x": x, "f": f, "g": g, "t": t, "v": t.astype(str), "z": z, "n": n}
    return pd.DataFrame({**rows, "s": np.exp(y / 3)})


DATA = _data()
TYPES = {"y": "double", "x": "double", "g": "text"}
KINSHIP = pd.DataFrame(np.eye(6), list("abcdef"), list("abcdef"))

TEXTS = [
    "x.__class__",
    'np.lib.npyio.os.system("id")',
    'np.memmap("here", mode="w+", shape=(3,))',
    'x.values.tofile("here")',
    "np.vectorize(print)(x)",
    "np.exp.reduce(x)",
    'np.load("here", allow_pickle=True)',
    "C(f, levels=open)",
    'C(f, Treatment(open("here", "w")))',
    '`__import__("os")`',
    'x; import os; os.system("id")',
    'x\n+ os.system("id")',
    "x if x else y",
    "[x for x in y]",
    "yield x",
    "x[0]",
    "poly(x, 10**9)",
    "bs(x, df=10**7)",
    "x**9**9**9",
    "(" * 9000,
    "(" * 3000 + "x" + ")" * 3000,
    "-" * 3000 + "x.y",
    "0x" + "f" * 5000,
    "x=0," * 6000,
    "x" + "*q" * 3000,
    "...",
    "\x00",
    "x\u202e",
]


KINDS = {
    "lmer": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA),
    "glmer": lambda: ranef.glmer("z ~ x + f + (1 | g)", DATA),
    "inflated": lambda: ranef.glmer("n ~ x + f + (1 | g)", DATA, "poisson", zero="~ 1"),
    "dispersed": lambda: ranef.glmer("s ~ x + f + (1 | g)", DATA, "gamma", dispersion="~ f"),
    "mmrm": lambda: ranef.mmrm("y ~ x + f + ar1(v | g)", DATA),
    "gls": lambda: ranef.gls("y ~ x + f", DATA, residual="ar1(t | g)"),
    "residual": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, residual="ar1(t | g)"),
    "structured": lambda: ranef.lmer("y ~ x + f + cs(0 + f | g)", DATA),
    "iterative": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, schur="iterative"),
    "related": lambda: ranef.lmer("y ~ x + f + (1 | g)", DATA, relationship={"g": KINSHIP}),
}
_fits = {}

FORMULAS = {
    "fixed": lambda text: ranef.lmer(f"y ~ I({text} + x) + (1 | g)", DATA),
    "response": lambda text: ranef.lmer(f"I({text} + y) ~ x + (1 | g)", DATA),
    "slope": lambda text: ranef.lmer(f"y ~ x + (I({text} + x) | g)", DATA),
    "group": lambda text: ranef.lmer(f"y ~ x + (1 | {text}:q)", DATA),
    "structure": lambda text: ranef.lmer(f"y ~ x + cs(I({text} + x) | g)", DATA),
    "glmer": lambda text: ranef.glmer(f"z ~ I({text} + x) + (1 | g)", DATA),
    "zero": lambda text: ranef.glmer("n ~ x + (1 | g)", DATA, "poisson", zero=f"~ I({text} + x)"),
    "dispersion": lambda text: ranef.lmer("y ~ x + (1 | g)", DATA, dispersion=f"~ I({text} + x)"),
    "residual": lambda text: ranef.gls("y ~ x", DATA, residual=f"ar1({text} | g)"),
    "subject": lambda text: ranef.gls("y ~ x", DATA, residual=f"ar1(t | {text}:q)"),
    "mmrm": lambda text: ranef.mmrm(f"y ~ I({text} + x) + ar1(v | g)", DATA),
    "visit": lambda text: ranef.mmrm(f"y ~ x + us({text} | g)", DATA),
    "sums": lambda text: ranef.sums(f"y ~ I({text} + x) + (1 | g)", DATA),
    "cells": lambda text: ranef.fit(ranef.sums(f"z ~ I({text} + x) + (1 | g)", DATA, family="binomial")),
    "sql": lambda text: ranef.sums_sql(f"y ~ I({text} + x) + (1 | g)", TYPES),
    "groups": lambda text: ranef.lm_list(f"y ~ I({text} + x) | g", DATA),
    "weights": lambda text: ranef.lmer("y ~ x + (1 | g)", DATA, weights=text),
    "offset": lambda text: ranef.lmer("y ~ x + (1 | g)", DATA, offset=text),
}
VERBS = {
    "test": lambda fit, text: fit.test(f"q*{text} = 0"),
    "hypotheses": lambda fit, text: fit.test(text),
    "means": lambda fit, text: ranef.emmeans(fit, text),
    "by": lambda fit, text: ranef.emmeans(fit, "f", text),
    "at": lambda fit, text: ranef.emmeans(fit, "f", at={text: [1]}),
    "value": lambda fit, text: ranef.emmeans(fit, "f", at={"f": [text]}),
    "contrast": lambda fit, text: ranef.emmeans(fit, "f").contrast(text),
    "trend": lambda fit, text: ranef.emtrends(fit, "f", text),
    "predictions": lambda fit, text: fit.predictions(text),
    "comparisons": lambda fit, text: fit.comparisons(text),
    "slopes": lambda fit, text: fit.slopes(text),
    "update": lambda fit, text: lme4.update(fit, f". ~ . + I({text} + x)"),
    "drop": lambda fit, text: fit.drop1(text),
    "parameters": lambda fit, text: fit.conf_int(parameters=text),
    "type": lambda fit, text: fit.anova(type=text),
}
SECONDS = 20.0  # of CPU, for all of the texts at one place: they take half of one


def _refuse(*_, **__):
    raise AssertionError("text was run")


@pytest.fixture
def nothing_else_happens(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.iterdir())


def _all_refused(ask, monkeypatch):
    ranef.Model("y ~ scale(x) + (1 | g)", DATA)  # what is imported now evaluates code of its own
    with suppress(ranef.RanefError, TypeError):
        ask("q")
    for module, name in ((os, "system"), (subprocess, "Popen"), (builtins, "eval")):
        monkeypatch.setattr(module, name, _refuse)
    began = time.process_time()
    for text in TEXTS:
        try:
            ask(text)
        except ranef.RanefError as error:
            assert len(str(error)) > 20, text
        except TypeError as error:  # an argument that this kind does not take, in our words
            assert "has no argument" in str(error), text
        else:
            raise AssertionError(f"{text[:60]!r} is taken")
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("place", FORMULAS)
def test_formulas(place, nothing_else_happens, monkeypatch):
    _all_refused(FORMULAS[place], monkeypatch)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", KINDS)
def test_verbs(kind, verb, nothing_else_happens, monkeypatch):
    if kind not in _fits:
        _fits[kind] = KINDS[kind]()
    _all_refused(lambda text: VERBS[verb](_fits[kind], text), monkeypatch)
