"""Means, curves and trends of the response of zero-inflated models: glmmTMB's (zero_inflated_means.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from ranef.errors import ArgumentError

HERE = Path(__file__).parent
ANSWERS = json.loads((HERE / "zero_inflated_means.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def salamanders():
    data = load_data("Salamanders")
    return ranef.glmer("count ~ spp + mined + (1 | site)", data, "poisson", zero="~ mined")


@pytest.fixture(scope="module")
def calls():
    return pd.read_csv(HERE / "owls.csv.gz")


@pytest.fixture(scope="module")
def owls(calls):
    return ranef.glmer("calls ~ food + offset(log(brood)) + (1 | nest)", calls, "nbinom1", zero="~ arrival")


def test_an_offset_of_the_zero_part_is_taken_at_the_mean_of_its_variable(calls):
    zero = "~ arrival + offset(log(brood))"
    fit = ranef.glmer("calls ~ food + (1 | nest)", calls, "poisson", zero=zero)
    table = ranef.emmeans(fit, "food", scale="response").to_frame()
    rows = table[["food"]].assign(arrival=calls.arrival.mean(), brood=calls.brood.mean())
    np.testing.assert_allclose(table["response"], fit.predict(rows, random=None), rtol=1e-10)
    whole = fit.slopes("brood").to_frame()["estimate"][0]
    ends = [fit.predict(calls.assign(brood=calls.brood + h), random=None) for h in (1e-4, -1e-4)]
    np.testing.assert_allclose(whole, (ends[0] - ends[1]).mean() / 2e-4, rtol=1e-5)


def agree(table, name, column="response"):
    np.testing.assert_allclose(table[column], ANSWERS[name]["estimate"], rtol=1e-5)
    np.testing.assert_allclose(table["se"], ANSWERS[name]["se"], rtol=1e-4)


def test_marginal_means_are_of_the_response(salamanders):
    means = ranef.emmeans(salamanders, "mined", scale="response")
    agree(means.to_frame(), "means")
    agree(means.pairs().to_frame(), "difference", "difference")
    assert "Of the response, (1 - p) mu" in str(means)
    assert "Differences of means of a typical group" in str(means.pairs())


def test_those_of_the_counts_are_emmeans(salamanders):
    means = ranef.emmeans(salamanders, "mined", scale="conditional")
    agree(means.to_frame(), "counts")
    assert "Of the counts" in str(means)


def test_those_of_zeros_are_emmeans_with_component_zi(calls):
    fit = ranef.glmer(
        "calls ~ food + offset(log(brood)) + (1 | nest)", calls, zero="~ food + sex", family="poisson"
    )
    means = ranef.emmeans(fit, "food", scale="zero")
    agree(means.to_frame(), "zeros")
    limits = [ANSWERS["zeros"]["lower"], ANSWERS["zeros"]["upper"]]
    np.testing.assert_allclose(means.to_frame()[["lower", "upper"]].T, limits, rtol=1e-4)
    assert "Means of the probability of a zero that is no count" in " ".join(str(means).split())
    curve = fit.predictions("sex", by="food", scale="zero")
    rows = curve.grid.assign(nest=calls["nest"][0], brood=1)
    np.testing.assert_allclose(curve.to_frame()["estimate"], fit.predict(rows, scale="zero"), rtol=1e-10)
    assert curve.plot().get_ylabel() == "probability of certain zeros of calls, 95 % interval"
    with pytest.raises(ArgumentError, match="leave out averaged=True"):
        ranef.emmeans(fit, "food", scale="zero", averaged=True)


def test_curves_run_over_variables_of_the_zero_part_alone(owls):
    curve = owls.predictions("arrival", by="food", at={"arrival": [-2, 0, 4]})
    table = curve.to_frame()
    agree(table, "curve", "estimate")
    rows = curve.grid.assign(nest=owls.model.design.terms[0].factor.levels[0], brood=4.216597377)
    own = owls.predict(rows, random=None)
    np.testing.assert_allclose(table["estimate"], own, rtol=1e-8)
    assert curve.plot().get_ylabel() == "calls, 95 % interval"
    counts = owls.predictions("food", scale="conditional")
    assert counts.plot().get_ylabel() == "conditional mean of calls, 95 % interval"


def test_slopes_in_variables_of_the_zero_part_alone(owls):
    trends = ranef.emtrends(owls, "food", "arrival", at={"arrival": -2}, scale="response")
    agree(trends.to_frame(), "slopes", "trend")
    at = {"arrival": [-2.0], "food": ["Deprived", "Satiated"]}
    agree(owls.slopes("arrival", over="grid", at=at).to_frame(), "slopes", "estimate")


def test_a_covariate_with_mean_zero_of_the_zero_part_alone_has_a_slope(owls, calls):
    centred = owls.update(data=calls.assign(arrival=calls["arrival"] - calls["arrival"].mean()))
    slopes = centred.slopes("arrival", over="grid").to_frame()
    trends = ranef.emtrends(centred, None, "arrival", scale="response").to_frame()
    np.testing.assert_allclose(slopes["estimate"], trends["trend"], rtol=1e-6)
    np.testing.assert_allclose(slopes["se"], trends["se"], rtol=1e-5)


def test_averages_over_groups_are_those_of_predictions(salamanders):
    means = ranef.emmeans(salamanders, "mined", averaged=True).to_frame()
    data = load_data("Salamanders")
    grid = data.drop_duplicates(["spp", "mined"])[["spp", "mined", "site"]]
    grid = grid.assign(mean=salamanders.predict(grid, random=None, averaged=True))
    expected = grid.groupby("mined", observed=True)["mean"].mean()
    np.testing.assert_allclose(means["response"], expected[means["mined"].astype(str).tolist()], rtol=1e-8)


@pytest.mark.parametrize("averaged", [False, True])
def test_limits_of_a_mean_of_one_cell_are_those_of_predict(salamanders, averaged):
    means = ranef.emmeans(salamanders, ["spp", "mined"], scale="response", averaged=averaged)
    found = means.to_frame().iloc[[0]]
    rows = found[["spp", "mined"]].assign(site="R-1")
    table = salamanders.predict(rows, random=None, averaged=averaged, interval="confidence")
    np.testing.assert_allclose(found[["response", "se", "lower", "upper"]], table, rtol=1e-6)


def test_other_scales_are_refused_by_name(salamanders):
    with pytest.raises(ArgumentError, match="scale"):
        ranef.emmeans(salamanders, "mined", scale="counts")
    with pytest.raises(ArgumentError, match="scale"):
        salamanders.comparisons("mined", scale="zero")
