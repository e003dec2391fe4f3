"""One verb has one signature: what can be asked of one kind of fit can be asked of all in the same words.

The classes are walked, so that a kind or a verb that is added is held to it. An argument that has no meaning
for a kind is refused there by a message that names the remedy (`ranef.guidance.unheard.ARGUMENTS`).
"""

import inspect

import numpy as np
import pytest
import ranef
from ranef.guidance.refusals import KINDS, Refused
from ranef.guidance.unheard import ARGUMENTS
from test_one_answer import FITS, fit_of

# (verb, argument) -> why a kind may have it in another way, or alone.
APART = {
    ("coef_table", "component"): "the zero part of a zero-inflated model has a table of its own",
    ("cov_params", "component"): "and a covariance matrix",
    ("cov_params", "method"): "only a generalised model has two of them: Hessian and information",
    ("tidy", "component"): "the zero part again",
    ("tidy", "exponentiate"): "ratios are of links other than the identity",
    ("residuals", "type"): "of a generalised model responses less means have no common spread: Pearson's",
    ("residuals", "seed"): "quantile residuals of discrete responses are drawn",
}


def _verbs():
    """Verb -> kind -> its parameters, that of the fit left out."""
    found = {}
    for kind in FITS:
        of = type(fit_of(kind))
        for name in dir(of):
            static = inspect.getattr_static(of, name)
            hook = isinstance(static, Refused | type) or not getattr(static, "shown", True)
            if not name.startswith("_") and not hook and callable(function := getattr(of, name)):
                parameters = list(inspect.signature(function).parameters.values())[1:]
                found.setdefault(name, {})[kind] = [
                    (one.name, one.kind, one.default) for one in parameters if (name, one.name) not in APART
                ]
    return found


def test_every_kind_has_the_same_parameters_in_the_same_order_with_the_same_defaults():
    apart = {}
    for verb, kinds in _verbs().items():
        first = next(iter(kinds.values()))
        others = {kind: own for kind, own in kinds.items() if own != first}
        if others:
            apart[verb] = {"first": first, **others}
    assert not apart


def test_what_stands_apart_is_there_and_by_keyword():
    signatures = {}
    for kind in FITS:
        of = type(fit_of(kind))
        for verb, argument in APART:
            function = getattr(of, verb, None)
            one = inspect.signature(function).parameters.get(argument) if function else None
            if one is not None and one.default is not one.empty:
                signatures.setdefault((verb, argument), []).append(one)
    assert signatures.keys() == APART.keys()
    for (verb, argument), found in signatures.items():
        alone = len(found) < len(FITS) - 2
        assert not alone or {one.kind for one in found} == {inspect.Parameter.KEYWORD_ONLY}, (verb, argument)


# Verb -> what else it is given, argument -> a value that is not the default.
GIVEN = {
    "predict": {
        "scale": "response", "averaged": True, "conditional": True, "parts": True,
        "theta_uncertainty": True, "weights": np.ones(48),
    },
    "simulate": {"use_u": True, "newdata": {}, "allow_new_levels": True},
    "bootstrap": {
        "scheme": "cases", "group": "g", "params": {"x": 1.0}, "theta": [1.0], "sigma": 1.0, "use_u": True,
        "columns": "se", "route": "rows", "resume": "file", "executor": object(), "statistic": len,
        "n_threads": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", FITS)
@pytest.mark.parametrize("verb", ARGUMENTS)
def test_what_has_no_meaning_is_refused_by_name_and_all_of_it_is_tried(verb, kind):
    assert GIVEN[verb].keys() == ARGUMENTS[verb].keys()
    fit = fit_of(kind)
    needed = (2,) if verb == "bootstrap" else ()
    for argument, by_kinds in ARGUMENTS[verb].items():
        instead = next((text for kinds, text in by_kinds.items() if fit._kind in kinds.split()), None)
        if instead is None or isinstance(inspect.getattr_static(type(fit), verb), Refused):
            continue
        with pytest.raises(ranef.ArgumentError) as caught:
            getattr(fit, verb)(*needed, **{argument: GIVEN[verb][argument]})
        assert f"{verb}({argument}=) is not available for {KINDS[fit._kind]}: {instead}" == str(caught.value)


WITH_EFFECTS = ("lmer", "residual", "dispersion", "structured", "both", "iterative", "related")


@pytest.mark.parametrize("kind", WITH_EFFECTS)
def test_random_effects_kept_at_their_modes_leave_the_residuals_to_be_drawn(kind):
    fit = fit_of(kind)
    kept, anew = (fit.simulate(3000, seed=2, use_u=use_u) for use_u in (True, False))
    error = kept.std(axis=0) / np.sqrt(len(kept))
    assert (np.abs(kept.mean(axis=0) - np.asarray(fit.fittedvalues)) < 5 * error).all()
    assert (anew.var(axis=0) > kept.var(axis=0)).all()
    assert fit.bootstrap(2, seed=1, progress=False, use_u=True).use_u


def test_a_method_of_testing_is_heard_by_every_verb_of_a_generalised_model():
    """Kenward and Roger's errors: of the table, its tidy form, the summary, a prediction."""
    fit = fit_of("glmer")
    table = fit.coef_table("kenward-roger")
    tidy = fit.tidy("fixed", ddf="kenward-roger")
    np.testing.assert_allclose(tidy[["std_error", "df"]], table[["se", "df"]])
    assert "Kenward-Roger's method" in str(fit.summary("kenward-roger"))
    np.testing.assert_allclose(fit.summary("kenward-roger").fixed["Std. Error"], table["se"])
    new = {"x": [0.0], "f": ["a"], "g": ["0"]}
    at = fit.predict(new, random=None, scale="link", se=True, ddf="kenward-roger")
    np.testing.assert_allclose(at["se"], table.loc["Intercept", "se"])
    with pytest.raises(ranef.ArgumentError, match=r"random=None, without averaged=True"):
        fit.predict(new, se=True, ddf="kenward-roger")
