"""Predictions against lme4's: new data, new levels, missing values, some of the terms, transforms."""

import numpy as np
import pytest
import ranef
from reference_battery import EXTRA, load_data, load_table, our_formula, read_json

PREDICTIONS = load_table("predict")
NAMES = list(PREDICTIONS)
TOLERANCE = 1e-4  # of the residual standard deviation


def fit_of_case(case):
    formula = our_formula("", case["formula"].replace("factor(", "C("))
    return ranef.lmer(formula, load_data(case["data"]))



def table(case):
    """The new data, numbers with NaN and text with None where a value is missing."""
    columns = {}
    for name, values in case["newdata"].items():
        if any(isinstance(value, str) for value in values):
            columns[name] = np.array(values, dtype=object)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], float)
    return columns


def close(ours, theirs, fit):
    expected = np.array([np.nan if value is None else value for value in theirs], float)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE * fit.sigma)


@pytest.fixture(scope="module")
def cases():
    return {name: (PREDICTIONS[name], fit_of_case(PREDICTIONS[name])) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_all_effects(name, cases):
    case, fit = cases[name]
    close(fit.predict(table(case), allow_new_levels=True), case["full"], fit)


@pytest.mark.parametrize("name", NAMES)
def test_population(name, cases):
    case, fit = cases[name]
    close(fit.predict(table(case), random=None), case["population"], fit)


@pytest.mark.parametrize("name", [name for name in NAMES if PREDICTIONS[name]["partial"]])
def test_some_of_the_terms(name, cases):
    case, fit = cases[name]
    text = case["partial_re_form"].removeprefix("~").strip()
    close(fit.predict(table(case), random=[text], allow_new_levels=True), case["partial"], fit)


@pytest.mark.parametrize("name", [name for name in NAMES if PREDICTIONS[name]["new_levels_refused"]])
def test_new_levels_are_refused(name, cases):
    case, fit = cases[name]
    with pytest.raises(ranef.DataError, match="allow_new_levels=True"):
        fit.predict(table(case))


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_the_fit(name, cases):
    case, fit = cases[name]
    close(fit.predict()[: len(case["in_sample_head"])], case["in_sample_head"], fit)
    close(fit.predict(random=None)[:5], case["in_sample_population_head"], fit)


def test_school(school):
    case = read_json(EXTRA / "tests" / "predict.json")["school"]
    fit = ranef.lmer(case["formula"], school)
    close(fit.predict(table(case), allow_new_levels=True), case["full"], fit)
    close(fit.predict(table(case), random=["(1 | school)"], allow_new_levels=True), case["partial"], fit)


def test_the_rows_themselves_as_new_data(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    np.testing.assert_allclose(fit.predict(sleepstudy), fit.fittedvalues, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(sleepstudy, random=None), fit.predict(random=None), rtol=1e-12)


def test_groups_and_terms_add_up(pastes):
    fit = ranef.lmer("strength ~ 1 + (1 | batch/cask)", pastes)
    whole = fit.predict() - fit.predict(random=None)
    parts = [fit.predict(random=[group]) - fit.predict(random=None) for group in ("batch", "cask:batch")]
    np.testing.assert_allclose(sum(parts), whole, atol=1e-12)
    np.testing.assert_allclose(fit.predict(random="batch"), fit.predict(random=["(1 | batch)"]))
    np.testing.assert_allclose(fit.predict(random=["batch", "cask:batch"]), fit.predict())
    np.testing.assert_allclose(fit.predict(random=[]), fit.predict(random=None))


def test_a_term_that_is_left_out_needs_no_columns(penicillin):
    fit = ranef.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)
    new = {"plate": ["a", "b"]}
    expected = fit.params["Intercept"] + fit.ranef["plate"].loc[["a", "b"], "Intercept"].to_numpy()
    np.testing.assert_allclose(fit.predict(new, random=["plate"]), expected)
    with pytest.raises(ranef.UnknownColumnError, match="'sample'"):
        fit.predict(new)


def test_columns_of_a_factor_slope(machines):
    fit = ranef.lmer("score ~ Machine + (0 + Machine | Worker)", machines)
    np.testing.assert_allclose(fit.predict(random=["(0 + Machine | Worker)"]), fit.predict())
    only = fit.predict(random=["(0 + Machine | Worker)"]) - fit.predict(random=None)
    assert np.abs(only).max() > 1


def test_offsets_of_new_data(sleepstudy):
    frame = sleepstudy.assign(o=np.linspace(0, 50, len(sleepstudy)))
    for arguments in ({"formula": "Reaction ~ Days + offset(o) + (1 | Subject)"},
                      {"formula": "Reaction ~ Days + (1 | Subject)", "offset": "o"}):
        fit = ranef.lmer(data=frame, **arguments)
        np.testing.assert_allclose(fit.predict(frame), fit.fittedvalues)
        moved = fit.predict(frame.assign(o=frame["o"] + 7))
        np.testing.assert_allclose(moved, fit.fittedvalues + 7)
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", frame, offset=frame["o"].to_numpy())
    with pytest.raises(ranef.DataError, match="offset='column'"):
        fit.predict(frame)


def test_errors_name_what_is_wrong(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(ranef.UnknownColumnError, match="'Days'"):
        fit.predict({"Subject": ["308"]})
    with pytest.raises(ranef.NewLevelError, match="'999'"):
        fit.predict({"Subject": ["999"], "Days": [1]})
    with pytest.raises(ranef.ArgumentError, match="no random effects of Dayz by Subject"):
        fit.predict(random=["(Dayz | Subject)"])
    with pytest.raises(ranef.ArgumentError, match="no random effects of Nobody"):
        fit.predict(random=["Nobody"])
    with pytest.raises(ranef.ArgumentError, match="random= must be"):
        fit.predict(random=[1])
    with pytest.raises(ranef.ArgumentError, match="cannot be read"):
        fit.predict(random=["(Days | )"])


def test_answers_per_row_need_no_matrix_of_all_columns():
    """The columns stay where the table has them; X and bases are arrays only when asked for."""
    data = load_data("sleepstudy").assign(late=lambda d: d["Days"] > 4)
    fit = ranef.lmer("Reaction ~ Days + late + (Days | Subject)", data)
    modes = fit.ranef["Subject"].loc[data["Subject"]].to_numpy()
    days, late = data["Days"].to_numpy(), data["late"].to_numpy()
    population = fit.params.to_numpy() @ np.array([np.ones(len(data)), days, late])
    np.testing.assert_allclose(fit.predict(random=None), population, rtol=1e-12)
    np.testing.assert_allclose(fit.resid, data["Reaction"] - population - modes[:, 0] - modes[:, 1] * days)
    assert fit.simulate(2, seed=1).shape == (2, 180) and 0 < fit.r2()["marginal"] < 1
    matrices = [fit.model.design.matrix, *(term.matrix for term in fit.model.design.terms)]
    assert not any("array" in vars(matrix) for matrix in matrices)
