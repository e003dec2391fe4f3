"""Names that people bring from other packages: each is answered with the name here."""

import copy
import importlib
import pickle
import pkgutil
import re

import pytest
import ranef
from conftest import fitted
from ranef.guidance import words, words_of_results, words_of_the_package
from ranef.show import Printed


def objects():
    """What the answers talk of: an object of every kind."""
    fit = fitted("ss_slope_reml")
    data = ranef.datasets.load("cbpp")
    return {
        "fit": fit,
        "ranef": ranef,
        "model": fit.model,
        "result": fit.bootstrap(2, seed=1, progress=False),
        "summary": fit.summary(),
        "means": ranef.emmeans(fit, "Days"),
        "profile": fit.profile("Days"),
        "varcorr": fit.varcorr,
        "component": fit.varcorr["Subject"],
        "plot": fit.plot,
        "tables": fit.ranef,
        "glmm": ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data),
    }


TABLES = {
    "fit": words.OF_A_FIT,
    "model": words.OF_A_MODEL,
    "result": words_of_results.OF_A_BOOTSTRAP,
    "ranef": words_of_the_package.OF_THE_PACKAGE,
    "summary": words_of_results.OF_A_SUMMARY,
    "means": words_of_results.OF_MEANS,
    "profile": words_of_results.OF_A_PROFILE,
    "varcorr": words_of_results.OF_COMPONENTS,
    "component": words_of_results.OF_A_COMPONENT,
    "plot": words_of_results.OF_PLOTS,
    "tables": words_of_results.OF_TABLES,
}


def reach(path, known):
    """The object that `path` ("fit.params") names, from the objects a reader has."""
    first, *rest = path.split(".")
    found = known[first]
    for name in rest:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("kind", TABLES)
def test_every_word_is_missing_and_every_answer_exists(kind):
    known = objects()
    for word, answer in TABLES[kind].items():
        assert word not in dir(known[kind]), f"{word} is there: {answer}"
        for path in re.findall(rf"\b(?:{'|'.join(known)})(?:\.[A-Za-z_][A-Za-z_0-9]*)+", answer):
            reach(path, known)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda fit: fit.fixef, r"a fit has no 'fixef': use fit\.params"),
        (lambda fit: fit.log_Lik, r"a fit has no 'log_Lik': use fit\.llf"),
        (lambda fit: fit.objectiv, r"a fit has no 'objectiv': perhaps 'objective'"),
        (lambda fit: fit.model.exog, r"a model has no 'exog': use model\.design\.X"),
        (lambda fit: fit.bootstrap(2, seed=1, progress=False).std, r"a bootstrap has no 'std': use result"),
        (lambda fit: ranef.bootMer, r"ranef has no 'bootMer': use fit\.bootstrap\(n\)"),
        (lambda fit: ranef.emmean, r"ranef has no 'emmean': perhaps 'emmeans'"),
        (lambda fit: ranef.datasets.sleepstudy, r"use ranef\.datasets\.load\('sleepstudy'\)"),
        (lambda fit: ranef.datasets.list, r"use ranef\.datasets\.names\(\)"),
        (lambda fit: fit.zzz, r"a fit has no 'zzz': dir\(fit\) lists what it has$"),
        (lambda fit: fit.get_group_variance, r"perhaps fit\.varcorr$"),  # by a part of the name
        (lambda fit: ranef.LinearMixedEfectsModel, r"perhaps ranef\.lmer\("),  # misspelt, of elsewhere
        (lambda fit: ranef.zzz, r"ranef has no 'zzz': dir\(ranef\) lists what it has$"),
        (lambda fit: ranef.report.zzz, r"ranef\.report has no 'zzz'$"),
        (lambda fit: fit.summary().aic, r"use fit\.aic$"),
        (lambda fit: ranef.diagnose(fit).zzz, r"Diagnosis has no 'zzz': it has allfit, findings$"),
        (lambda fit: fit.anova().pvalues, r"a table of tests has no 'pvalues': use table\['p'\]"),
    ],
)
def test_a_missing_name_points_the_way(ask, said):
    with pytest.raises(AttributeError, match=said):
        ask(fitted("ss_slope_reml"))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda fit: fit.bootstrap(nsim=10), r"bootstrap\(\) has no argument nsim=: write n="),
        (lambda fit: fit.bootstrap(10, random_state=1), r"no argument random_state=: write seed="),
        (lambda fit: fit.simulate(nsim=3), r"simulate\(\) has no argument nsim="),
        (lambda fit: fit.predict(re_form=None), r"predict\(\) has no argument re_form=: write random="),
        (lambda fit: fit.ranef(), r"fit\.ranef is an attribute, without parentheses"),
    ],
)
def test_an_argument_of_elsewhere_points_the_way(ask, said):
    with pytest.raises(TypeError, match=said):
        ask(fitted("ss_slope_reml"))


def test_a_generator_is_a_seed():
    import numpy as np

    fit = fitted("ss_slope_reml")
    rng = np.random.default_rng(3)
    one, two = (fit.bootstrap(2, seed=rng, progress=False).to_frame() for _ in range(2))
    again = fit.bootstrap(2, seed=np.random.default_rng(3), progress=False).to_frame()
    assert one.equals(again) and not one.equals(two)


def test_random_is_no_flag():
    with pytest.raises(ranef.ArgumentError, match="random= must be 'all', None for none"):
        fitted("ss_slope_reml").predict(random=False)


@pytest.mark.parametrize("module", [ranef, ranef.plots, ranef.lme4, ranef.datasets, ranef.bootstrap])
def test_completion_lists_what_a_module_offers_and_nothing_else(module):
    assert dir(module) == sorted(module.__all__)


def kinds_that_print():
    """Every class of the package whose objects print themselves, loaded or not yet."""
    for module in pkgutil.walk_packages(ranef.__path__, "ranef."):
        importlib.import_module(module.name)
    kinds, found = [Printed], set()
    while kinds:
        kinds += [kind for kind in kinds.pop().__subclasses__() if kind not in found and not found.add(kind)]
    return found


def test_whatever_prints_itself_explains_a_missing_name():
    kinds = kinds_that_print()
    assert len(kinds) > 40
    for kind in kinds:
        with pytest.raises(AttributeError, match=r" has no 'zz_unheard'") as caught:
            object.__new__(kind).zz_unheard  # noqa: B018
        assert caught.value.obj is None and "object has no attribute" not in str(caught.value), kind


def test_reports_still_pickle_and_copy():
    fit = fitted("ss_slope_reml")
    for one in (ranef.diagnose(fit), fit.pca(), fit.robust(), fit.test("Days = 0")):
        assert repr(pickle.loads(pickle.dumps(one))) == repr(copy.deepcopy(one)) == repr(one)
