"""Every function of ranef and ranef.lme4 that takes a fit answers for every kind of fit, or says why not."""

import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import lme4
from ranef.errors import ArgumentError, NotInFitError, RanefError
from ranef.guidance.refusals import ATTRIBUTES, METHODS, lacking, refused
from ranef.guidance.refusals import KINDS as KINDS_OF_FITS

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "_ext"))

import kinds  # noqa: E402


def _fits():
    sleep, asthma = ranef.datasets.load("sleepstudy"), ranef.datasets.load("asthma")
    return {
        "lmer": ranef.lmer("Reaction ~ Days + (Days | Subject)", sleep),
        "glmer": ranef.glmer("incidence / size ~ period + (1 | herd)", _herds(), weights="size"),
        "inflated": ranef.glmer(
            "incidence ~ period + offset(log(size)) + (1 | herd)", _herds(), "poisson", zero="~ 1"
        ),
        "dispersed": ranef.glmer(
            *("incidence / size ~ period + (1 | herd)", _herds(), "betabinomial"),
            weights="size",
            dispersion="~ size",
        ),
        "mmrm": ranef.mmrm("fev1 ~ baseline + arm * visit + ar1(visit | id)", asthma),
        "gls": ranef.gls("Reaction ~ Days", sleep, residual="car1(Days | Subject)"),
        "residual": ranef.lmer("Reaction ~ Days + (1 | Subject)", sleep, residual="ar1(Days | Subject)"),
        "structured": ranef.lmer("Reaction ~ Days + cs(Days | Subject)", sleep),
        "both": ranef.lmer("Reaction ~ Days + cs(Days | Subject)", sleep, residual="ar1(Days | Subject)"),
        "iterative": _by_iterations("diameter ~ 1 + (1 | plate) + (1 | sample)"),
        "related": ranef.lmer(
            "Reaction ~ Days + (1 | Subject)", sleep, relationship={"Subject": _unrelated(sleep)}
        ),
        "singular": _by_iterations("diameter ~ 1 + (1 | plate) + (1 | sample) + (1 | half)"),
        "sums": ranef.fit(ranef.sums("Reaction ~ Days + (Days | Subject)", sleep)),
        "cells": ranef.fit(
            ranef.sums(
                "cbind(incidence, size - incidence) ~ period + (1 | herd)", _herds(), family="binomial"
            )
        ),
    }


def _by_iterations(formula):
    data = ranef.datasets.load("Penicillin")
    data["half"] = np.arange(len(data)) % 2  # which says nothing
    return ranef.lmer(formula, data, schur="iterative")


def _unrelated(sleep):
    people = sorted(sleep["Subject"].unique())
    return pd.DataFrame(np.eye(len(people)), people, people)


def _herds():
    return ranef.datasets.load("cbpp")


@pytest.fixture(scope="module")
def fits():
    return _fits()


def _functions():
    """(name, function) of those that need nothing but a fit."""
    for module in (ranef, lme4):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isclass(function) or not callable(function) or name in ("allFit", "bootMer"):
                continue
            first, *rest = [*inspect.signature(function).parameters.values(), None]
            if first is None or first.name not in ("fit", "model"):
                continue
            if all(one is None or one.default is not one.empty or one.kind in (2, 4) for one in rest):
                yield pytest.param(function, id=f"{module.__name__}.{name}")


KINDS = [*(kind for kind in KINDS_OF_FITS if kind != "lmer"), "singular", "sums"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", [*_functions()])
def test_a_fit_of_any_kind_is_answered_or_refused_by_us(fits, function, kind):
    by_all = ("glmer", "inflated", "dispersed")  # optimisers: minutes
    slow = function is ranef.allfit and kind in by_all
    options = {"optimizers": "newton"} if slow else {}
    try:
        function(fits[kind], **options)
    except RanefError as error:
        assert len(str(error)) > 20  # a sentence


@pytest.mark.parametrize("kind", ["lmer", *KINDS])
def test_intervals_without_degrees_of_freedom_are_normal(fits, kind):
    fit = fits[kind]
    estimate, se = fit.coef_table("normal")[["estimate", "se"]].to_numpy().T
    found = fit.conf_int(level=0.9, ddf="normal")
    reach = 1.6448536269514722 * se
    np.testing.assert_allclose(found, np.column_stack([estimate - reach, estimate + reach]), rtol=1e-10)


def test_new_rows_of_related_subjects_are_not_drawn(fits):
    with pytest.raises(ArgumentError, match=r"simulate\(newdata=\) is not available for a fit with relation"):
        fits["related"].simulate(newdata={"Days": [1], "Subject": ["308"]})


def test_what_the_others_lack_is_said_by_name(fits):
    with pytest.raises(RanefError, match=r"allfit\(\) is not available for a model for repeated measures"):
        ranef.allfit(fits["mmrm"])
    with pytest.raises(
        RanefError, match=r"update\(\) is not available for a fit with dispersion= or residual="
    ):
        lme4.update(fits["residual"], ". ~ . - Days")
    assert not lme4.refitML(fits["gls"]).reml
    assert type(lme4.refitML(fits["structured"])) is type(fits["structured"])  # theta is not free
    with pytest.raises(RanefError, match="rows whose residuals correlate have no distance of their own"):
        lme4.cooks_distance(fits["mmrm"])


def test_diagnose_is_for_every_kind(fits):
    """One that does not hold, one whose variance is zero and whose simpler models have no exact criterion."""
    assert next(iter(ranef.diagnose(fits["singular"]))).topic == "convergence"
    data = ranef.datasets.load("Dyestuff2")
    data["half"] = np.arange(len(data)) % 5
    fit = ranef.lmer("Yield ~ 1 + (1 | Batch) + (1 | half)", data, schur="iterative")
    assert fit.optimum.singular
    assert any("Fit without the term" in finding.advice for finding in ranef.diagnose(fit))


@pytest.mark.parametrize("kind", ["residual", "gls", "glmer", "sums", "cells"])
def test_rows_far_from_the_fit_are_those_far_in_their_own_standard_deviation(fits, kind):
    assert not any("residual standard deviations" in one.what for one in ranef.diagnose(fits[kind]))


@pytest.mark.parametrize("what", ["gls", "nbinom2"])
def test_a_row_that_is_noisier_than_another_is_not_far(what):
    rng = np.random.default_rng(2)
    noisy, g = np.tile([0.0, 1.0], 200), np.repeat(np.arange(20), 20)
    if what == "gls":
        data = {"y": rng.normal(size=400) * np.where(noisy, 20, 1), "noisy": np.where(noisy, "yes", "no")}
        fit = ranef.gls("y ~ 1", data, dispersion="~ noisy")
    else:
        data = {"y": rng.negative_binomial(0.5, 0.5 / (0.5 + np.exp(3 * noisy))), "noisy": noisy, "g": g}
        fit = ranef.glmer("y ~ noisy + (1 | g)", data, family="nbinom2")
    assert not any("residual standard deviations" in one.what for one in ranef.diagnose(fit))


def test_lme4s_words_for_fits_without_random_effects(fits):
    fit = fits["gls"]
    np.testing.assert_array_equal(lme4.predict(fit), fit.predict())
    assert lme4.simulate(fit, 2, 1).shape == (2, fit.nobs)
    assert lme4.confint(fit).equals(fit.conf_int())
    assert not len(ranef.diagnose(fit))
    table = fits["glmer"].coef_table()
    wald = lme4.confint(fits["glmer"], method="Wald")
    np.testing.assert_allclose(wald["upper"], table.iloc[:, 0] + 1.959963985 * table.iloc[:, 1], rtol=1e-7)


# Methods that need an argument, or draw: asked elsewhere.
ASKED_ELSEWHERE = {
    *("bootstrap", "comparisons", "cond_sd", "predict", "profile", "lsmeans", "predictions", "refit"),
    "leverage",  # of rows that do not correlate
    *("slopes", "test", "update", "to_marginaleffects"),  # the last needs another package
}


@pytest.mark.parametrize("kind", sorted(KINDS_OF_FITS))
def test_the_table_of_kinds_tells_the_truth(fits, kind):
    """What it says is answered is; what it says is refused is, with its remedy, and is not in dir()."""
    fit = fits[kind]
    refuses = refused(type(fit))
    for name, answered in kinds.answers(type(fit)).items():
        if not answered:
            said = f"() is not available for {KINDS_OF_FITS[fit._kind]}: {refuses[name]}"
            with pytest.raises(ArgumentError, match=re.escape(said)):
                getattr(fit, name)()
        elif name not in ASKED_ELSEWHERE:
            getattr(fit, name)()
    assert refuses.keys().isdisjoint(dir(fit))
    for name, instead in lacking(kind, ATTRIBUTES):
        with pytest.raises(NotInFitError, match=re.escape(instead)):
            getattr(fit, name)


def test_every_refusal_is_of_something_that_others_have():
    everything = {name for one in kinds.classes().values() for name, has in kinds.answers(one).items() if has}
    further = {"other_runs", "by_other_criterion", "power_of", "update"}  # asked for by functions
    further |= {"rePCA"}  # an old name
    assert set(METHODS) <= everything | further
    assert set(ATTRIBUTES) <= {*dir(ranef.Fit), *ranef.Fit.__dataclass_fields__}


def test_the_page_of_kinds_has_every_mark():
    page = [(DOCS / "fits.md").read_text(encoding="utf-8")]
    assert all(page[0].count(mark) == 1 for mark in kinds.PIECES)
    kinds.fill(None, "fits", page)
    assert "<!--" not in page[0]
    assert all(f"### `{kind}`" in page[0] for kind in KINDS_OF_FITS if kind != "lmer")


def test_tests_and_pictures_that_know_linear_models_only_are_refused(fits):
    """They answered: by the null distribution of independent residuals, by least squares of proportions."""
    for kind in ("residual", "both", "related", "glmer", "iterative"):
        with pytest.raises(ArgumentError, match=r"exact_rlrt\(\) is not available"):
            ranef.exact_rlrt(fits[kind])
    for kind in ("glmer", "cells", "mmrm", "related"):
        with pytest.raises(ArgumentError, match=r"pooling\(\) is not available"):
            ranef.pooling(fits[kind])
