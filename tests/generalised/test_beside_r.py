"""What a fitted generalised model answers, beside lme4, glmmTMB and emmeans (beside_glmer.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from ranef.errors import ArgumentError

ANSWERS = json.loads(Path(__file__).with_name("beside_glmer.json").read_text(encoding="utf-8"))
CBPP = "cbind(incidence, size - incidence) ~ "


def same(found, expected, rtol=1e-4, atol=1e-5):
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=rtol, atol=atol)


@pytest.fixture(scope="module")
def contraception():
    return ranef.glmer("y ~ age * urban + livch + (1 | district)", load_data("Contraception"))


@pytest.fixture(scope="module")
def cbpp():
    rights = ("1 + (1 | herd)", "period + (1 | herd)", "period + (1 | herd) + (1 | obs)")
    return [ranef.glmer(CBPP + right, load_data("cbpp")) for right in rights]


def test_marginal_means_are_emmeans(contraception):
    expected = ANSWERS["contraception"]
    found = ranef.emmeans(contraception, "livch").to_frame()
    same(found["emmean"], expected["means"]["emmean"])
    same(found["se"], expected["means"]["SE"])
    found = ranef.emmeans(contraception, "livch", scale="response").to_frame()
    same(found["response"], expected["response"]["prob"])
    same(found["se"], expected["response"]["SE"])
    found = ranef.emmeans(contraception, "urban", by="livch", at={"age": 5}).to_frame()
    found = found.sort_values(["livch", "urban"])
    assert found["urban"].tolist() == expected["interaction"]["urban"]
    same(found["emmean"], expected["interaction"]["emmean"])
    same(found["se"], expected["interaction"]["SE"])


def test_comparisons_are_odds_ratios(contraception):
    found = ranef.emmeans(contraception, "livch", scale="response").pairs().to_frame()
    expected = ANSWERS["contraception"]["pairs"]
    same(found["odds_ratio"], expected["odds.ratio"])
    same(found["se"], expected["SE"])
    same(found["p"], expected["p.value"], rtol=1e-3)  # of t with 1,926 df there


def test_slopes_are_emtrends(contraception):
    trends = ranef.emtrends(contraception, "urban", var="age")
    found, expected = trends.to_frame(), ANSWERS["contraception"]["trends"]
    same(found["trend"], expected["age.trend"])
    same(found["se"], expected["SE"])
    found, expected = trends.pairs().to_frame(), ANSWERS["contraception"]["trend_pairs"]
    same(found["estimate"], expected["estimate"])
    same(found["se"], expected["SE"])


def test_an_offset_is_at_its_mean_or_where_it_is_put():
    fit = ranef.glmer("deaths ~ uvb + offset(logE) + (1 | region)", load_data("Mmmec"), "poisson")
    at, expected = {"uvb": [-5, 5]}, ANSWERS["mmmec"]
    found = ranef.emmeans(fit, "uvb", at=at).to_frame()
    same(found["emmean"], expected["means"]["emmean"])
    same(found["se"], expected["means"]["SE"])
    found = ranef.emmeans(fit, "uvb", at=at, scale="response").to_frame()
    same(found["response"], expected["response"]["rate"])
    same(found["se"], expected["response"]["SE"])
    same(ranef.emmeans(fit, "uvb", at=at, offset=0).to_frame()["emmean"], expected["zero"]["emmean"])


def test_ratios_of_counts_by_species():
    fit = ranef.glmer("count ~ mined * spp + (1 | site)", load_data("Salamanders"), "nbinom2")
    found, expected = ranef.emmeans(fit, "mined", scale="response").to_frame(), ANSWERS["salamanders"]
    same(found["response"], expected["response"]["response"])
    same(found["se"], expected["response"]["SE"])
    found = ranef.emmeans(fit, "mined", by="spp", scale="response").pairs().to_frame()
    same(found["ratio"], expected["ratios"]["ratio"])
    same(found["se"], expected["ratios"]["SE"])


def test_predictions_and_their_errors_are_glmmtmbs(contraception):
    new = pd.DataFrame(
        {
            "age": [-5.0, 3.0, 10.0],
            "urban": ["N", "Y", "N"],
            "livch": ["0", "2", "3+"],
            "district": ["1", "3", "nowhere"],
        }
    )
    ways = {"link": {"scale": "link"}, "response": {}, "population": {"random": None}}
    for name, options in ways.items():
        found, expected = contraception.predict(new.head(2), se=True, **options), ANSWERS["predict"][name]
        same(found["fit"], expected["fit"])
        same(found["se"], expected["se"])
    found = contraception.predict(new, scale="link", se=True, allow_new_levels=True)
    same(found["fit"], ANSWERS["predict"]["new"]["fit"])
    same(found["se"], ANSWERS["predict"]["new"]["se"])  # of the new level: its variance too


def test_likelihood_ratios_are_anovas(cbpp):
    found, expected = ranef.anova(*cbpp), ANSWERS["anova"]
    assert found["npar"].tolist() == expected["Df"]
    same(found["deviance"], expected["deviance"])
    same(found["aic"], expected["AIC"])
    same(found["bic"], expected["BIC"])
    same(found["chisq"][1:], expected["Chisq"][1:])
    same(found["p"][1:], expected["Pr(>Chisq)"][1:], atol=1e-9)
    assert found["p_boundary"].iloc[2] == pytest.approx(
        found["p"].iloc[2] / 2
    )  # a variance is none below zero


def test_single_terms_are_dropped_as_by_drop1():
    fit = ranef.glmer("y ~ age + urban + livch + (1 | district)", load_data("Contraception"))
    found, expected = fit.drop1(), ANSWERS["contraception"]["drop1"]
    same(found["aic"], expected["AIC"])
    same(found["chisq"][1:], expected["LRT"][1:])
    same(found["p"][1:], expected["Pr(>Chi)"][1:], atol=1e-12)


def test_intervals_are_confints(cbpp):
    limits = np.array(ANSWERS["profile"]["limits"])
    assert ANSWERS["profile"]["names"][0] == ".sig01"
    found = cbpp[1].conf_int("profile")
    same(found.iloc[:4], limits[1:], atol=3e-4)  # lme4 interpolates its profile
    same(found.iloc[4], limits[0], atol=3e-4)
    same(cbpp[1].conf_int(), ANSWERS["wald"])


def test_modes_and_their_variances_are_lme4s(cbpp):
    modes, expected = cbpp[1].ranef, ANSWERS["ranef"]
    assert modes.to_frame()["level"].tolist() == expected["levels"]
    same(modes.to_frame()["mode"], expected["mode"], rtol=1e-3)
    same(modes.cond_var["herd"][:, 0, 0], expected["variance"], rtol=1e-3)


def test_glmer_nb_is_glmmtmbs_criterion():
    found = ranef.lme4.glmer_nb("count ~ mined + DOP + (1 | site)", load_data("Salamanders"))
    expected = ANSWERS["nb"]
    assert found.objective == pytest.approx(expected["tmb_m2ll"], abs=1e-6)
    same(found.params, expected["beta"])
    same(found.bse, expected["se"])
    assert found.dispersion == pytest.approx(expected["size"], rel=1e-4)
    # lme4 has expected weights in the determinant, which is another criterion; the size hardly differs.
    assert found.dispersion == pytest.approx(expected["theta"], rel=1e-3)


@pytest.mark.parametrize("ddf", ["satterthwaite", "residual"])
def test_degrees_of_freedom_of_linear_models_are_refused_by_name(cbpp, ddf):
    with pytest.raises(ArgumentError, match=r"is of linear models.*kenward-roger"):
        cbpp[1].coef_table(ddf)


def test_other_optimisers_end_where_newton_does(cbpp):
    found = ranef.allfit(cbpp[1])
    assert found.agree
    np.testing.assert_allclose(found.fixef - cbpp[1].params.to_numpy(), 0.0, atol=1e-4)


@pytest.mark.parametrize("columns", [2, 3])
def test_quadrature_over_several_columns_is_the_integral(columns):
    rng = np.random.default_rng(columns)
    data = {"g": np.repeat(np.arange(5), 6), "x": rng.normal(size=30), "z": rng.normal(size=30)}
    data["y"] = (rng.random(30) < 1 / (1 + np.exp(-data["x"] - rng.normal(0, 1, 5)[data["g"]]))).astype(float)
    basis = [np.ones(30), data["x"], data["z"]][:columns]
    right = "x + (x | g)" if columns == 2 else "x + (x + z | g)"
    model = ranef.generalised.GlmerModel(f"y ~ {right}", data, agq=13)
    theta = [0.9, 0.3, 0.5] if columns == 2 else [0.9, 0.3, -0.2, 0.5, 0.1, 0.4]
    root = np.zeros((columns, columns))
    root[np.tril_indices(columns)[1], np.tril_indices(columns)[0]] = 0.0
    root.T[np.triu_indices(columns)] = theta  # lower triangle by columns
    line = np.linspace(-6.5, 6.5, 53)
    u = np.array(np.meshgrid(*[line] * columns, indexing="ij")).reshape(columns, -1)
    weight = np.exp(-0.5 * (u**2).sum(axis=0)) * ((line[1] - line[0]) / np.sqrt(2 * np.pi)) ** columns
    eta = (0.2 + 0.7 * data["x"])[:, None] + np.array(basis).T @ root @ u
    logs = np.where(data["y"][:, None] == 1, -np.logaddexp(0, -eta), -np.logaddexp(0, eta))
    exact = sum(-2 * np.log(np.exp(logs[data["g"] == j].sum(axis=0)) @ weight) for j in range(5))
    assert model.objective(theta, [0.2, 0.7]) == pytest.approx(exact, abs=1e-5)
