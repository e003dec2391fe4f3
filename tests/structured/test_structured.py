"""Structured random effects: nlme's, glmmTMB's and dense answers; parameters; what is refused."""

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, FormulaError
from ranef.structured.scaled import Scaled

TESTS = Path(__file__).parents[1]
VISITS = "y ~ base + region + arm * visit"
# model -> formula and data
MODELS = {
    "machines_cs_ml": ("score ~ Machine + cs(0 + Machine | Worker, hom=True)", "Machines"),
    "machines_cs_reml": ("score ~ Machine + homcs(0 + Machine | Worker)", "Machines"),
    "machines_ar1_ml": ("score ~ Machine + ar1(0 + Machine | Worker)", "Machines"),
    "machines_ar1_reml": ("score ~ Machine + ar1(0 + Machine | Worker)", "Machines"),
    "machines_diagh_reml": ("score ~ Machine + diag(0 + Machine | Worker)", "Machines"),
    "machines_toep_reml": ("score ~ Machine + toep(0 + Machine | Worker, hom=True)", "Machines"),
    "machines_us_reml": ("score ~ Machine + us(0 + Machine | Worker)", "Machines"),
    "oats_cs_reml": ("yield ~ nitro + Variety + cs(0 + Variety | Block, hom=True)", "Oats"),
    "trial200_rr2_reml": (f"{VISITS} + rr(0 + visit | id, d=2)", "trial200"),
    "bodyweight_ar1_levels_nugget_reml": ("weight ~ Time * Diet + ar1(0 + day | Rat)", "BodyWeight"),
}


def reference(case):
    return json.loads((TESTS / "reference_structured" / f"{case}.json").read_text(encoding="utf-8"))


def frame(name):
    folder = "reference_visits" if name.startswith("trial") else "reference_residual"
    text = ("Worker", "Machine", "Block", "Variety", "Rat", "Diet")
    data = pd.read_csv(TESTS / folder / "data" / f"{name}.csv", dtype=dict.fromkeys(text, "str"))
    if name == "BodyWeight":
        data["day"] = pd.Categorical(data.Time, sorted(data.Time.unique()))
    return data


_fits = {}


def fit_of(case):
    if case not in _fits:
        formula, data = MODELS[case]
        _fits[case] = ranef.lmer(formula, frame(data), reml=reference(case)["REML"])
    return _fits[case]


@pytest.mark.parametrize("case", MODELS)
def test_criterion_and_estimates(case):
    model, fit = reference(case), fit_of(case)
    assert fit.converged
    assert fit.objective <= model["criterion"] + 1e-6
    assert fit.objective == pytest.approx(model["criterion"], abs=1e-4)
    (factor,) = fit.model.covariance_factors(fit.theta)
    D = fit.sigma**2 * factor @ factor.T
    theirs = np.array(model["natural"]["D"])
    np.testing.assert_allclose(D, theirs, atol=2e-3 * np.abs(theirs).max())
    assert fit.sigma == pytest.approx(model["natural"]["sigma"], rel=1e-3)


def test_unstructured_is_what_bars_are():
    plain = ranef.lmer("score ~ Machine + (0 + Machine | Worker)", frame("Machines"))
    fit = fit_of("machines_us_reml")
    assert fit.objective == pytest.approx(plain.objective, abs=1e-8)
    np.testing.assert_allclose(fit.coef_table("satterthwaite").df, plain.coef_table().df, rtol=1e-3)


def test_satterthwaite_of_one_variance_is_that_of_the_plain_term():
    """homcs with the intercepts' correlation free spans (1 | g) + (1 | g:f)."""
    data = frame("Machines")
    nested = ranef.lmer("score ~ Machine + (1 | Worker/Machine)", data)
    fit = fit_of("machines_cs_reml")
    assert fit.objective == pytest.approx(nested.objective, abs=1e-6)
    np.testing.assert_allclose(fit.bse, nested.bse, rtol=1e-5)
    np.testing.assert_allclose(fit.coef_table("satterthwaite").df, nested.coef_table().df, rtol=1e-3)


def test_two_terms_keep_their_order():
    data = frame("Oats")
    fit = ranef.lmer("yield ~ nitro + (1 | Block) + cs(0 + Variety | Block)", data)
    assert len(fit.structures.parameters) == 1 + 4
    swapped = ranef.lmer("yield ~ nitro + cs(0 + Variety | Block) + (1 | Block)", data)
    assert fit.objective == pytest.approx(swapped.objective, abs=1e-6)


def test_parameters_count_and_show():
    fit = fit_of("machines_ar1_reml")
    table = fit.structures.parameters
    assert table.parameter.tolist() == ["sd", "correlation"]
    D = np.array(reference("machines_ar1_reml")["natural"]["D"])
    np.testing.assert_allclose(table.estimate, [np.sqrt(D[0, 0]), D[0, 1] / D[0, 0]], rtol=1e-3)
    assert (table.se > 0).all()
    assert fit.aic == pytest.approx(fit.objective + 2 * (3 + 2 + 1))
    assert "Structures of random effects" in str(fit.summary())
    again = pickle.loads(pickle.dumps(fit))
    assert again.objective == fit.objective and str(again.summary()) == str(fit.summary())


@pytest.mark.parametrize(
    "term, error, said",
    [
        ("mat(0 + Machine | Worker)", FormulaError, r"mat\(\) \(Matern\) is not available"),
        ("cs(0 + Machine | Worker, hum=True)", FormulaError, "takes hom=True or hom=False"),
        ("rr(0 + Machine | Worker, d=9)", FormulaError, "a rank from 1 to the number of its columns"),
        ("ar1(1 | Worker)", FormulaError, "of one column has no correlation"),
        ("cs(0 + Machine | Worker) + (Machine || Worker)", FormulaError, r"written as diag\(\)"),
    ],
)
def test_bad_terms(term, error, said):
    with pytest.raises(error, match=said):
        ranef.lmer(f"score ~ Machine + {term}", frame("Machines"))


def test_what_is_refused_says_so():
    fit = fit_of("machines_ar1_reml")
    for verb in ("ranova", "component_table", "cov_theta"):
        with pytest.raises(ArgumentError, match="structured random effects"):
            getattr(fit, verb)()
    with pytest.raises(ArgumentError, match="ddf= must be one of"):
        fit.coef_table("kenward-roger")
    both = ranef.lmer("score ~ 1 + diag(0 + Machine | Worker)", frame("Machines"), dispersion="~ Machine")
    for verb in ("ranova", "redundancy"):
        with pytest.raises(ArgumentError, match="structured random effects and residuals"):
            getattr(both, verb)()
    with pytest.raises(ArgumentError, match="not linear"):
        both.coef_table("kenward-roger")


def test_a_step_too_far_has_no_matrix_and_says_nothing():
    """A search may step where exp() overflows: no value there, and no warnings of NumPy to the user."""
    for psi in (np.array([800.0, 0.0]), np.array([-900.0, 0.3])):
        with warnings.catch_warnings(), pytest.raises(np.linalg.LinAlgError):
            warnings.simplefilter("error")
            Scaled(("a", "b"), "cs", True).theta(psi)


MACHINES = "score ~ Machine + cs(0 + Machine | Worker)"
ERRORS = [  # glmmTMB 1.1.5, tightly converged: sdreport() of theta, by the delta method
    ({}, [1.326632, 2.627764, 1.441263, 0.1724257]),
    ({"reml": False}, [1.107345, 2.192733, 1.20252, 0.157025]),
    ({"dispersion": "~ Machine"}, [1.33078, 2.628165, 1.437133, 0.1726206]),
]


@pytest.mark.parametrize(("options", "expected"), ERRORS)
def test_standard_errors_of_the_parameters_are_glmmtmbs(options, expected):
    fit = ranef.lmer(MACHINES, ranef.datasets.load("Machines"), **options)
    np.testing.assert_allclose(fit.structures.parameters.se, expected, rtol=1e-5)
