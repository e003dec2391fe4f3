"""Every argument of an entry point is looked at, or refused by name: given nonsense, none is passed over."""

import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, RanefError
from ranef.verbs import Answer, Verb


class Nonsense:
    """What no argument can be."""

    def __repr__(self):
        return "<nonsense>"


SLEEP = "Reaction ~ Days + (1 | Subject)"
CS = "Reaction ~ Days + cs(Days | Subject)"
VISITS = "fev1 ~ arm * visit + ar1(visit | id)"
HERDS = "incidence / size ~ period + (1 | herd)"
CROSSED = "diameter ~ 1 + (1 | plate) + (1 | sample)"
AR = {"residual": "ar1(Days | Subject)"}


@cache
def _data(name):
    return ranef.datasets.load(name)


@cache
def _sums(formula, name, *family):
    options = {"weights": "size"} if family else {}
    return ranef.sums(formula, _data(name), *family, **options)


def _related():
    names = [str(level) for level in _data("sleepstudy")["Subject"].unique()]
    return {"relationship": {"Subject": pd.DataFrame(np.eye(len(names)), index=names, columns=names)}}


def _calls():
    """Kind -> entry point, how it is called, what else is given."""
    sleep, asthma = _data("sleepstudy"), _data("asthma")
    return {
        "plain": (ranef.lmer, (SLEEP, sleep), {}),
        "structured": (ranef.lmer, (CS, sleep), {}),
        "residual": (ranef.lmer, (SLEEP, sleep), AR),
        "dispersion": (ranef.lmer, (SLEEP, sleep), {"dispersion": "~ Days"}),
        "both": (ranef.lmer, (CS, sleep), AR),
        "relationship": (ranef.lmer, (SLEEP, sleep), _related()),
        "iterations": (ranef.lmer, (CROSSED, _data("Penicillin")), {"schur": "iterative"}),
        "glmer": (ranef.glmer, (HERDS, _data("cbpp")), {"weights": "size"}),
        "mmrm": (ranef.mmrm, (VISITS, asthma), {}),
        "gls": (ranef.gls, ("Reaction ~ Days", sleep), AR),
        "sums": (ranef.sums, (SLEEP, sleep), {}),
        "model": (ranef.Model, (SLEEP, sleep), {}),
        "fit of sums": (ranef.fit, (_sums(SLEEP, "sleepstudy"),), {}),
        "fit of cells": (ranef.fit, (_sums(HERDS, "cbpp", "binomial"),), {}),
        "fit of visits": (ranef.fit, (_sums(VISITS, "asthma"),), {}),
        "mmrm of sums": (ranef.mmrm, (VISITS, _sums(VISITS, "asthma")), {}),
    }


@pytest.mark.parametrize("kind", _calls())
def test_nonsense_is_refused_wherever_it_is_given(kind):
    function, called, options = _calls()[kind]
    passed_over = []
    for name, parameter in list(inspect.signature(function).parameters.items())[len(called) :]:
        assert parameter.kind is not parameter.VAR_KEYWORD
        try:
            function(*called, **{**options, name: Nonsense()})
        except RanefError:
            continue
        passed_over.append(name)
    assert not passed_over


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        ("structured", {"tolerance": 1e-6}),
        ("residual", {"max_evaluations": 5}),
        ("both", {"start": [1.0, 0.0, 1.0]}),
        ("relationship", {"schur": "dense"}),
        ("iterations", {"tolerance": 1e-6}),
        ("fit of visits", {"leading": "groups"}),
        ("fit of visits", {"allow_saturated": True}),
        ("fit of cells", {"schur": "dense"}),
        ("fit of sums", {"agq": 5}),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(kind, argument):
    function, called, options = _calls()[kind]
    (name,) = argument
    with pytest.raises(ArgumentError, match=rf"^{name}= does not go with .*Leave {name}= out$"):
        function(*called, **options, **argument)


def _fits():
    for kind, (function, called, options) in _calls().items():
        if kind not in ("sums", "model"):
            yield kind, function(*called, **options)


def _results(fit, generalised):
    points = {"at": {"Days": [0, 1]}}
    yield from (fit, fit.summary(), fit.ranef, fit.varcorr, fit.pca(), fit.optimum, fit.model, fit.robust())
    yield from (fit.bootstrap(2, seed=1, progress=False), fit.profile("Days"), fit.test("Days = 0"))
    yield from (fit.predictions("Days"), fit.slopes(), fit.influence("Subject"), ranef.diagnose(fit))
    yield from (ranef.emmeans(fit, "Days", **points), ranef.emmeans(generalised, "period", scale="response"))


def _methods(owner):
    """Yield name and bound method of what the package itself gives an object to be called for."""
    for name in dir(owner):
        static = inspect.getattr_static(type(owner), name, None)
        verb = isinstance(static, Verb) and not isinstance(static, Answer)
        own = inspect.isfunction(static) and static.__module__.startswith("ranef.")
        if not name.startswith("_") and (verb or own):
            yield name, getattr(owner, name)


def _answer_to_an_unknown_argument(method):
    parameters = list(inspect.signature(method).parameters.values())
    by_position = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in by_position]
    needed += [p.name for p in parameters if p.name == "newdata"]  # asked for first where rows are not kept
    try:
        method(**dict.fromkeys(needed, 1), no_such=1)
    except (RanefError, TypeError) as error:
        return str(error)
    return "accepted"


def test_every_method_names_the_argument_it_does_not_have():
    fits = dict(_fits())
    left = []
    sums = _sums(SLEEP, "sleepstudy"), _sums(HERDS, "cbpp", "binomial"), _sums(VISITS, "asthma")
    for owner in (*fits.values(), *_results(fits["plain"], fits["glmer"]), *sums):
        for name, method in _methods(owner):
            said = _answer_to_an_unknown_argument(method)
            if "no_such=" not in said and name not in ("update", "replaced"):  # their **changes are open
                left.append(f"{type(owner).__name__}.{name}(): {said}")
    assert not left


@pytest.mark.parametrize("function", [ranef.Iterations, ranef.show_versions])
def test_so_does_what_is_called_without_a_fit(function):
    with pytest.raises(TypeError, match=rf"{function.__name__}\(\) has no argument no_such=: it takes"):
        function(no_such=1)


def test_every_method_shows_its_arguments():
    hidden = []
    for kind, fit in _fits():
        for name, method in _methods(fit):
            kinds = {one.kind for one in inspect.signature(method).parameters.values()}
            if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
                hidden.append(f"{kind}: {name}")
    assert not hidden
