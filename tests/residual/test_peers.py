"""nlme's and glmmTMB's answers for residuals that differ in variance, or are correlated in time."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef

REFERENCE = Path(__file__).parents[1] / "reference_residual"
TEXT = (
    "Worker",
    "Machine",
    "Block",
    "Variety",
    "Subject",
    "Sex",
    "Rat",
    "Diet",
    "Plot",
    "Year",
    "Mare",
    "QB",
)
DIALYZER = "rate ~ (pressure + I(pressure**2) + I(pressure**3) + I(pressure**4)) * QB"
OVARY = "follicles ~ np.sin(2*np.pi*Time) + np.cos(2*np.pi*Time)"
# model -> formula, data, options
MODELS = {
    "machines_int_varident": ("score ~ Machine + (1 | Worker)", {"dispersion": "~ Machine"}),
    "oats_varident": ("yield ~ nitro * Variety + (1 | Block/Variety)", {"dispersion": "~ Variety"}),
    "orthodont_int_varident": ("distance ~ Sex * a + (1 | Subject)", {"dispersion": "~ Sex"}),
    "bodyweight_varident": ("weight ~ Time * Diet + (Time | Rat)", {"dispersion": "~ Diet"}),
    "soybean_varident_band": (
        "weight ~ (t + I(t**2)) * Variety + Year + (1 | Plot)",
        {"dispersion": "~ band"},
    ),
    "bodyweight_ar1": ("weight ~ Time * Diet + (Time | Rat)", {"residual": "ar1(1 | Rat)"}),
    "dialyzer_ri_ar1": (f"{DIALYZER} + (1 | Subject)", {"residual": "ar1(index | Subject)"}),
    "gaps_int_ar1": ("y ~ x + t + (1 | id)", {"residual": "ar1(t | id)"}),
    "orthodont_int_ar1": ("distance ~ Sex * a + (1 | Subject)", {"residual": "ar1(1 | Subject)"}),
    "ovary_int_ar1": (f"{OVARY} + (1 | Mare)", {"residual": "ar1(1 | Mare)"}),
}
CASES = [f"{name}_{kind}" for name in MODELS for kind in ("ml", "reml")]


def reference(case):
    return json.loads((REFERENCE / "models" / f"{case}.json").read_text(encoding="utf-8"))


def frame(model):
    data = pd.read_csv(REFERENCE / "data" / f"{model['data']}.csv", dtype=dict.fromkeys(TEXT, "str"))
    for name in set(TEXT) & set(data.columns):
        data[name] = pd.Categorical(data[name])
    if model["data"] == "Orthodont":
        data["a"] = data.age - 11
    if model["data"] == "Soybean":
        data["t"] = data.Time / 50
        data["band"] = [f"b{k}" for k in np.searchsorted([20, 30, 40, 50, 60, 70], data.Time)]
    return data


@pytest.mark.parametrize("case", CASES)
def test_criterion_and_estimates(case):
    model = reference(case)
    formula, options = MODELS[case.rsplit("_", 1)[0]]
    fit = ranef.lmer(formula, frame(model), reml=model["REML"], **options)
    assert fit.converged
    assert fit.objective <= model["criterion"] + 1e-6
    assert fit.objective == pytest.approx(model["criterion"], abs=1e-4)
    se = np.sqrt(np.diag(model["vcov_beta"]))
    order = np.argsort(np.abs(model["beta"]))
    ours = np.argsort(np.abs(fit.params.to_numpy()))
    np.testing.assert_allclose(
        fit.params.to_numpy()[ours], np.array(model["beta"])[order], atol=2e-4 * se.max()
    )


GLS = {
    "dialyzer_varident_ml": (DIALYZER, {"dispersion": "~ QB"}),
    "dialyzer_varident_reml": (DIALYZER, {"dispersion": "~ QB"}),
    "ovary_gls_ar1_reml": (OVARY, {"residual": "ar1(1 | Mare)"}),
    "soybean_gls_car1_reml": (
        "weight ~ (t + I(t**2)) * Variety + Year",
        {"residual": "car1(Time | Plot)"},
    ),
}


@pytest.mark.parametrize("case", GLS)
def test_generalised_least_squares(case):
    model = reference(case)
    formula, options = GLS[case]
    fit = ranef.gls(formula, frame(model), reml=model["REML"], **options)
    assert fit.converged
    assert fit.objective <= model["criterion"] + 1e-6
    assert fit.objective == pytest.approx(model["criterion"], abs=1e-4)
    ours, theirs = np.sort(np.abs(fit.params)), np.sort(np.abs(model["beta"]))
    se = np.sqrt(np.diag(model["vcov_beta"]))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * se.max())


def test_parameters_as_nlme_reads_them():
    model = reference("machines_int_varident_reml")
    formula, options = MODELS["machines_int_varident"]
    fit = ranef.lmer(formula, frame(model), **options)
    sd = fit.residual.sd
    np.testing.assert_allclose(sd["B"] / sd["A"], model["natural"]["ratio"][0], rtol=1e-3)
    np.testing.assert_allclose(sd["C"] / sd["A"], model["natural"]["ratio"][1], rtol=1e-3)
    assert sd["A"] == pytest.approx(model["natural"]["sigma"], rel=1e-3)
    model = reference("gaps_int_ar1_reml")
    formula, options = MODELS["gaps_int_ar1"]
    fit = ranef.lmer(formula, frame(model), **options)
    assert fit.residual.parameters.estimate[0] == pytest.approx(model["natural"]["rho"], rel=1e-3)
