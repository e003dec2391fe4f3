"""The answers of R's mmrm, of gls, and PROC MIXED's published ones."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef

REFERENCE = Path(__file__).parents[1] / "reference_visits"
SHARED = Path(__file__).parents[3] / "shared" / "reference-structures" / "data" / "fev.csv"
FEV = Path(os.environ.get("RANEF_FEV", SHARED))
MODELS = sorted(path.stem for path in (REFERENCE / "models").glob("*.json"))
NEVER_ABOVE = 1e-6


def reference(name):
    return json.loads((REFERENCE / "models" / f"{name}.json").read_text(encoding="utf-8"))


def arguments(model):
    """Our formula, data and options of a reference model."""
    said = model["covariance"]
    structure = said.split()[0]
    group = "arm / id" if "by arm" in said else "id"
    frame = pd.read_csv(REFERENCE / "data" / f"{model['data']}.csv")
    formula = f"{model['formula']} + {structure}(visit | {group})"
    return formula, frame, {"reml": model["REML"], "weights": "w" if "weights" in said else None}


_fits = {}


def fit_of(name):
    if name not in _fits:
        formula, frame, options = arguments(reference(name))
        _fits[name] = ranef.mmrm(formula, frame, **options)
    return _fits[name]


def ours(name):
    """R's coefficient name in our spelling."""
    parts = []
    for part in name.replace("(Intercept)", "Intercept").split(":"):
        for factor in ("region", "arm", "visit"):
            if part.startswith(factor) and part != factor:
                part = f"{factor}[T.{part[len(factor) :]}]"
        parts.append(part)
    return ":".join(parts)


def aligned(name, values):
    """A reference vector in the order of our coefficients."""
    given = dict(zip(map(ours, reference(name)["coefficients"]), values, strict=True))
    return np.array([given[one] for one in fit_of(name).params.index])


@pytest.mark.parametrize("name", MODELS)
def test_criterion_estimates_and_covariance(name):
    model, fit = reference(name), fit_of(name)
    assert fit.converged
    assert fit.objective <= model["criterion"] + NEVER_ABOVE
    assert fit.objective == pytest.approx(model["criterion"], abs=1e-5)
    se = aligned(name, np.sqrt(np.diag(model["vcov_beta"])))
    assert np.abs((fit.params - aligned(name, model["beta"])) / se).max() < 1e-4
    np.testing.assert_allclose(fit.coef_table("satterthwaite")["se"], se, rtol=1e-4)
    sigma = np.atleast_3d(np.array(model["Sigma"]).T).T
    np.testing.assert_allclose(fit.point.sigma, sigma, rtol=1e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if name.endswith("_reml")])
def test_degrees_of_freedom_and_kenward_roger(name):
    model, fit = reference(name), fit_of(name)
    table = fit.coef_table("satterthwaite")
    np.testing.assert_allclose(table["se"], aligned(name, model["mmrm_se"]), rtol=1e-4)
    np.testing.assert_allclose(table["df"], aligned(name, model["satterthwaite_df"]), rtol=1e-3)
    for ddf, key in (
        ("kenward-roger-linear", "kenward_roger_linear"),
        ("kenward-roger-mmrm", "kenward_roger"),
    ):
        table = fit.coef_table(ddf)
        np.testing.assert_allclose(table["se"], aligned(name, model[key]["se"]), rtol=1e-3)
        np.testing.assert_allclose(table["df"], aligned(name, model[key]["df"]), rtol=1e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if name.endswith("_reml")])
@pytest.mark.parametrize(
    "type, key",
    [("CR0", "se_empirical"), ("CR3", "se_empirical_jackknife"), ("CR2", "se_empirical_bias_reduced")],
)
def test_sandwich(name, type, key):
    model, fit = reference(name), fit_of(name)
    table = fit.coef_table(type)
    np.testing.assert_allclose(table["se"], aligned(name, model[key]["se"]), rtol=1e-3)
    np.testing.assert_allclose(table["df"], aligned(name, model[key]["df"]), rtol=1e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if "F_interaction" in reference(name)])
def test_joint_test_of_the_interaction(name):
    model, fit = reference(name), fit_of(name)
    wanted = [(model["F_interaction"], "satterthwaite")]
    if "kenward_roger" in model:
        wanted.append((model["kenward_roger_linear"]["F_interaction"], "kenward-roger-linear"))
    for expected, ddf in wanted:
        row = fit.anova(ddf=ddf).loc["arm:visit"]
        assert row["F"] == pytest.approx(expected["F"], rel=1e-3)
        assert row["num_df"] == expected["num_df"]
        assert row["den_df"] == pytest.approx(expected["denom_df"], rel=1e-3)


@pytest.mark.parametrize("name", [name for name in MODELS if "lsmeans" in reference(name)])
def test_least_squares_means(name):
    model, fit = reference(name), fit_of(name)
    expected = pd.DataFrame(model["lsmeans"]["means"]).set_index(["arm", "visit"])
    table = ranef.emmeans(fit, ["arm", "visit"], ddf="satterthwaite").to_frame().set_index(["arm", "visit"])
    for column, theirs in (("emmean", "emmean"), ("se", "SE"), ("df", "df")):
        np.testing.assert_allclose(table.loc[expected.index, column], expected[theirs], rtol=1e-3)


# ---------------------------------------------------------------- PROC MIXED
SAS = {
    "us": "us",
    "ar1": "ar1",
    "ar1h": "arh1",
    "cs": "cs",
    "csh": "csh",
    "adh": "adh",
    "toep": "toep",
    "toeph": "toeph",
}


@pytest.fixture(scope="module")
def fev():
    if not FEV.exists():
        pytest.skip("the example data of R's mmrm are not shipped: give their CSV file in RANEF_FEV")
    frame = pd.read_csv(FEV)
    return frame[frame.FEV1.notna()].copy()


@pytest.mark.parametrize("structure", SAS)
@pytest.mark.parametrize("ddf", ["kenward-roger", "kenward-roger-linear"])
def test_proc_mixed(structure, ddf, fev):
    """To the digits PROC MIXED converged to: it stops early for us."""
    with (REFERENCE / "sas_fev.csv").open(encoding="utf-8") as file:
        published = {(row["structure"], row["ddf"]): row for row in csv.DictReader(file)}
    row = published[SAS[structure], ddf]
    fit = ranef.mmrm(f"FEV1 ~ ARMCD + {structure}(AVISIT | USUBJID)", fev, ddf=ddf)
    found = fit.coef_table().iloc[1]
    assert round(fit.objective, 1) == float(row["minus2_res_log_lik"])
    assert found["estimate"] == pytest.approx(float(row["estimate"]), abs=2e-4)
    assert found["se"] == pytest.approx(float(row["std_err"]), rel=2e-4)
    assert found["df"] == pytest.approx(float(row["df"]), rel=1e-3)


@pytest.mark.parametrize("ddf", ["kenward-roger", "kenward-roger-linear"])
def test_proc_mixed_by_generalised_least_squares(ddf, fev):
    """The same model with its residuals correlated in time, in place of a matrix over visits."""
    with (REFERENCE / "sas_fev.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if (row["structure"], row["ddf"]) == ("ar1", ddf))
    when = fev.assign(time=fev.AVISIT.str[-1].astype(int))
    found = ranef.gls("FEV1 ~ ARMCD", when, residual="ar1(time | USUBJID)").coef_table(ddf).iloc[1]
    assert (found["se"], found["df"]) == pytest.approx((float(row["std_err"]), float(row["df"])), rel=1e-5)


def test_generalised_least_squares_have_the_tests_of_a_matrix_over_visits():
    """Whose numbers are those of PROC MIXED and mmrm."""
    data = ranef.datasets.load("asthma").assign(time=lambda d: d.visit.cat.codes)
    whole = ranef.mmrm("fev1 ~ arm * visit + ar1(visit | id)", data, weights="baseline")
    fit = ranef.gls("fev1 ~ arm * visit", data, residual="ar1(time | id)", weights="baseline")
    for ddf in ("kenward-roger", "kenward-roger-linear", "satterthwaite"):
        pd.testing.assert_frame_equal(fit.coef_table(ddf), whole.coef_table(ddf), rtol=2e-5)


def test_gaussian_correlation_is_nlmes():
    """gls(distance ~ age * Sex, Orthodont, correlation = corGaus(form = ~ age | Subject)), nlme 3.1."""
    fit = ranef.mmrm("distance ~ age * Sex + sp_gau(age | Subject)", ranef.datasets.load("Orthodont"))
    assert fit.objective == pytest.approx(460.495208764, abs=1e-6)
    estimates = fit.residual.parameters.set_index("parameter").estimate
    assert estimates["range"] == pytest.approx(2.09453477682, rel=1e-4)
    assert estimates["sd"] == pytest.approx(2.19121741, rel=1e-5)
    expected = [1.458447534449, 0.128846592245, 2.284948153182, 0.201863814803]
    np.testing.assert_allclose(fit.coef_table("satterthwaite")["se"], expected, rtol=1e-5)
