"""Analysis of variance, types I, II and III, against lmerTest."""

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted
from inference.reference import CASES, case_fit
from ranef.design.structure import structure
from ranef.inference.made_up_rows import made_up_values
from reference_battery import all_models, canonical, load_data

TYPES = {"anova_I": 1, "anova_II": 2, "anova_III": 3}
MODELS = [model for model in all_models() if "term" in model.raw.get("anova_III", {})]
KENWARD_ROGER = [model for model in MODELS if "term" in (model.raw.get("anova_III_kr") or {})]
COLUMNS = ("sum_sq", "mean_sq", "num_df", "den_df", "F", "p")
# a is contained in a:b although b has no main effect; lmerTest 3.1 overlooks it and tests a at the base of b
OVERLOOKED = ("slopes_only", "anova_II"), ("slopes_only", "anova_III")
TABLES = [
    (name, key)
    for name, case in CASES.items()
    for key in (*TYPES, *(f"{key}_kr" for key in TYPES))
    if key in case and (name, key.removesuffix("_kr")) not in OVERLOOKED
]


def agrees(table, wanted, rtol=1e-5):
    """By position where the names are spelt differently, by name where the order differs."""
    terms = [canonical(term.replace("^", "**")) for term in wanted["term"]]
    ours = [canonical(term) for term in table.index]
    order = [ours.index(term) for term in terms] if set(ours) == set(terms) else range(len(ours))
    assert len(ours) == len(terms)
    for column in COLUMNS:
        expected = np.array(wanted[column], float)
        tolerance = 1e-3 if column == "p" else rtol
        found = table[column].iloc[list(order)].astype(float)
        np.testing.assert_allclose(found, expected, rtol=tolerance, err_msg=column)


@pytest.mark.parametrize("key", TYPES)
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_battery(model, key):
    """lmerTest rounds the contrasts of type III to 7 digits."""
    agrees(fitted(str(model)).anova(TYPES[key]), model.raw[key], rtol=2e-5)


@pytest.mark.parametrize("model", KENWARD_ROGER, ids=str)
def test_the_battery_by_kenward_roger(model):
    agrees(fitted(str(model)).anova(ddf="kenward-roger"), model.raw["anova_III_kr"])


@pytest.mark.parametrize(("name", "key"), TABLES)
def test_unbalanced_designs(name, key):
    """Missing cells, no intercept, numeric by categorical, three factors, other contrasts, crossing."""
    fit, case, _ = case_fit(name)
    ddf = "kenward-roger" if key.endswith("_kr") else "satterthwaite"
    agrees(fit.anova(TYPES[key.removesuffix("_kr")], ddf=ddf), case[key], rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_coefficients_of_unbalanced_designs(name):
    fit, case, order = case_fit(name)
    for ddf, key in (("satterthwaite", "satterthwaite"), ("kenward-roger", "kenward_roger")):
        table = fit.coef_table(ddf).iloc[order]
        np.testing.assert_allclose(table["se"], case[key]["se"], rtol=1e-5)
        np.testing.assert_allclose(table["df"], case[key]["df"], rtol=1e-5)


def test_type_three_does_not_depend_on_the_coding():
    """Whatever contrasts and base levels; with numeric variables and missing main effects too."""
    data = load_data("cake").iloc[CASES["two_factors"]["rows"]]
    for right in ("{} * {}", "{} * temp", "temp + temp:{}", "{} + {}:{}"):
        tables = []
        for a, b in (
            ("recipe", "temperature"),
            ("C(recipe, contr.sum)", "C(temperature, contr.helmert)"),
            ("C(recipe, contr.treatment('C'))", "C(temperature, contr.poly)"),
        ):
            fixed = right.format(*((a, b) if right.count("{}") == 2 else (a, a, b)))
            fit = ranef.lmer(f"angle ~ {fixed} + (1 | recipe:replicate)", data)
            tables.append(fit.anova(3).to_numpy(float))
        np.testing.assert_allclose(tables[1], tables[0], rtol=1e-6)
        np.testing.assert_allclose(tables[2], tables[0], rtol=1e-6)


def test_a_term_contained_without_its_margin():
    """temp + temp:recipe: the mean of the three slopes."""
    fit, _, _ = case_fit("slopes_only")
    row = fit.anova(3).loc["temp"]
    test = fit.test("temp + temp:recipe[T.B]/3 + temp:recipe[T.C]/3 = 0")
    np.testing.assert_allclose([row["F"], row["den_df"], row["p"]], [test.F, test.den_df, test.p], rtol=1e-8)


def test_far_away_numbers():
    """Types I and II come from X'X: a covariate in seconds since 1970 must not lose the digits."""
    data = load_data("cake").iloc[CASES["factor_by_number"]["rows"]]
    near = ranef.lmer("angle ~ temp + recipe + (1 | recipe:replicate)", data)
    far = ranef.lmer("angle ~ temp + recipe + (1 | recipe:replicate)", data.assign(temp=data["temp"] + 1.7e9))
    for kind in (1, 2, 3):
        found, wanted = far.anova(kind).to_numpy(float), near.anova(kind).to_numpy(float)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_weights_do_not_enter_the_hypotheses():
    """As in lmerTest: X'X without prior weights."""
    data = load_data("cake").iloc[CASES["two_factors"]["rows"]]
    formula = "angle ~ recipe * temperature + (1 | recipe:replicate)"
    plain, same = ranef.lmer(formula, data), ranef.lmer(formula, data, weights=np.full(len(data), 2.0))
    for kind in (1, 2, 3):
        tables = [fit.anova(kind)[["num_df", "den_df", "F"]].to_numpy(float) for fit in (same, plain)]
        np.testing.assert_allclose(*tables, rtol=1e-6)


def test_nothing_but_an_intercept():
    table = fitted("dye_reml").anova()
    assert isinstance(table, pd.DataFrame) and table.empty and list(table.columns) == list(COLUMNS)


def test_one_numeric_column_without_intercept():
    table = fitted("ss_noint_reml").anova(1)
    assert list(table.index) == ["Days"] and table["num_df"].iloc[0] == 1


@pytest.mark.parametrize("kind", [0, 4, "IV", "three", None, True, 3.5])
def test_unknown_type(kind):
    with pytest.raises(ranef.ArgumentError, match="type= must be 1, 2 or 3"):
        fitted("ss_slope_reml").anova(type=kind)


def test_roman_types():
    fit = fitted("oats_reml")
    pd.testing.assert_frame_equal(fit.anova("III"), fit.anova(3))
    pd.testing.assert_frame_equal(fit.anova("2"), fit.anova(2))


def test_the_highest_interaction_of_a_design_with_an_empty_cell():
    """No term contains it: its type III hypothesis is that its estimable coefficients are zero."""
    random = np.random.default_rng(8)
    n = 160
    data = pd.DataFrame(
        {
            name: random.choice(list(levels), n)
            for name, levels in zip("ABC", ("abc", "uv", "pq"), strict=True)
        }
    )
    data.loc[data["A"] == "c", "C"] = "p"
    data["g"] = random.integers(0, 8, n)
    data["y"] = random.normal(size=n) + random.normal(size=8)[data["g"]]
    fit = ranef.lmer("y ~ A * B * C + (1 | g)", data)
    table = fit.anova()
    assert table.loc["A:B:C", "num_df"] == 1
    expected = fit.test("A[T.b]:B[T.v]:C[T.q] = 0")
    assert table.loc["A:B:C", "F"] == pytest.approx(expected.F, rel=1e-10)
    assert table.loc["A:B:C", "den_df"] == pytest.approx(expected.den_df, rel=1e-10)
    assert table["F"].notna().all()


def test_the_terms_are_the_index_and_answer_to_their_name():
    table = fitted("ss_slope_reml").anova()
    assert list(table["term"]) == list(table.index) == ["Days"]
    assert list(table.reset_index().columns) == ["term", *COLUMNS]
    with pytest.raises(KeyError):
        table["terms"]


def test_wide_factors_need_few_made_up_rows():
    """Twice the cells: they were times the number of levels, and 960 columns did not end in minutes."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"y": rng.normal(size=900), "g": np.arange(900) % 30})
    data["f"], data["h"] = rng.integers(0, 30, 900).astype(str), rng.integers(0, 8, 900).astype(str)
    shape = structure(ranef.Model("y ~ f*h + (1 | g)", data).design.spec.fixed)
    assert len(made_up_values(shape, 240)["f"]) <= 3 * 240 + 8
    # balanced: type III is the decomposition of variance of the rows' means (one-way layouts within g)
    cells = [(f, h, g) for f in range(20) for h in range(6) for g in range(3)]
    balanced = pd.DataFrame(cells, columns=list("fhg"))
    balanced["y"] = rng.normal(size=len(balanced))
    fit = ranef.lmer("y ~ C(f) * C(h) + (1 | g)", balanced)
    means = balanced.groupby(["f", "h"])["y"].mean().unstack()
    grand, rows, columns = means.to_numpy().mean(), means.mean(axis=1), means.mean(axis=0)
    inner = means.sub(rows, axis=0).sub(columns, axis=1) + grand
    sums = [18 * ((rows - grand) ** 2).sum(), 60 * ((columns - grand) ** 2).sum()]
    sums.append(3 * (inner**2).to_numpy().sum())
    np.testing.assert_allclose(fit.anova()["sum_sq"], sums, rtol=1e-6)
