"""Marginal means, pairwise differences and adjustments against lmerTest, ptukey, p.adjust and multcomp."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from ranef.inference.means.adjust import adjusted
from reference_battery import load_data, load_table, our_formula

TABLES = load_table("means")
CASES = [(name, term) for name, about in TABLES.items() for term in about["terms"]]


def fit_of_case(name):
    about = TABLES[name]
    return ranef.lmer(our_formula("", about["formula"]), load_data(about["data"]))


@pytest.mark.parametrize(("name", "term"), CASES)
@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_means_are_those_of_lmertest(name, term, ddf):
    expected = TABLES[name]["terms"][term][ddf.replace("-", "_")]
    table = ranef.emmeans(fit_of_case(name), term, ddf=ddf).to_frame()
    assert table[term].astype(str).tolist() == expected["levels"]
    np.testing.assert_allclose(table["df"], expected["df"], rtol=1e-4)
    for column in ("emmean", "se", "lower", "upper"):
        np.testing.assert_allclose(table[column], expected[column], rtol=2e-5)


def test_means_of_the_battery():
    about = load_table("contest")
    fit = ranef.lmer(about["formula"], load_data(about["data"]))
    expected = about["ls_means"]
    found = np.concatenate([ranef.emmeans(fit, t).to_frame()["emmean"] for t in ("recipe", "temperature")])
    np.testing.assert_allclose(found, expected["Estimate"], rtol=1e-6)


@pytest.mark.parametrize(("name", "term"), CASES)
@pytest.mark.parametrize("adjust", ["none", "tukey", "holm", "bonferroni", "sidak", "mvt"])
def test_pairwise_differences(name, term, adjust):
    expected = TABLES[name]["terms"][term]["pairs"]
    pairs = ranef.emmeans(fit_of_case(name), term).pairs(adjust)
    table = pairs.to_frame()
    assert [text.replace(" ", "") for text in table["contrast"]] == [
        text.replace(term, "").replace(" ", "") for text in expected["names"]
    ]
    np.testing.assert_allclose(table["estimate"], expected["estimate"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(table["se"], expected["se"], rtol=1e-5)
    np.testing.assert_allclose(table["df"], expected["df"], rtol=1e-4)
    theirs = np.array(expected["p" if adjust == "none" else adjust])
    np.testing.assert_allclose(table["p"], theirs, rtol=2e-3, atol=3e-3 if adjust == "mvt" else 1e-7)
    if adjust == "tukey":
        width = (table["upper"] - table["estimate"]) / table["se"]
        np.testing.assert_allclose(width, expected["tukey_crit"], rtol=1e-4)


def test_slopes():
    about = TABLES["oats"]["slopes"]
    table = ranef.emtrends(fit_of_case("oats"), "Variety", "nitro").to_frame()
    assert table["Variety"].astype(str).tolist() == about["levels"]
    np.testing.assert_allclose(table["trend"], about["estimate"], rtol=1e-6)
    np.testing.assert_allclose(table["se"], about["se"], rtol=1e-5)
    np.testing.assert_allclose(table["df"], about["df"], rtol=1e-4)


def test_the_same_means_whatever_the_coding():
    data = load_data("Machines")
    treatment = ranef.lmer("score ~ Machine + (1 | Worker)", data)
    sums = ranef.lmer("score ~ C(Machine, contr.sum) + (1 | Worker)", data)
    a, b = (ranef.emmeans(fit, "Machine").to_frame() for fit in (treatment, sums))
    np.testing.assert_allclose(a["emmean"], b["emmean"], rtol=1e-9)
    np.testing.assert_allclose(a["se"], b["se"], rtol=1e-7)


def test_quadratic_slopes_and_given_values():
    data = load_data("sleepstudy")
    fit = ranef.lmer("Reaction ~ Days + I(Days ** 2) + (1 | Subject)", data)
    beta = fit.params.to_numpy()
    trend = ranef.emtrends(fit, None, "Days", at={"Days": 3}).to_frame()
    assert trend["trend"].iloc[0] == pytest.approx(beta[1] + 6 * beta[2])
    trend = ranef.emtrends(fit, None, "Days").to_frame()
    assert trend["trend"].iloc[0] == pytest.approx(beta[1] + 9 * beta[2])
    means = ranef.emmeans(fit, "Days", at={"Days": [0, 2]}).to_frame()
    np.testing.assert_allclose(means["emmean"], [beta[0], beta[0] + 2 * beta[1] + 4 * beta[2]])


def test_means_of_transformed_covariates_need_data_where_rows_are_not_kept():
    data = load_data("sleepstudy")
    formula = "Reaction ~ log(Days + 1) + (1 | Subject)"
    batches = ranef.batches(lambda: [data.iloc[:90], data.iloc[90:]])
    for fit, given in ((ranef.lmer(formula, data), None), (ranef.lmer(formula, batches), data)):
        table = ranef.emmeans(fit, [], data=given).to_frame()
        expected = fit.params.iloc[0] + fit.params.iloc[1] * np.log(5.5)
        assert table["emmean"].iloc[0] == pytest.approx(expected)
    with pytest.raises(ranef.ArgumentError, match="give at="):
        ranef.emmeans(fit, [])


def test_within_the_levels_of_another():
    fit = fitted("cake_rt_reml")
    means = ranef.emmeans(fit, "recipe", by="temperature")
    table = means.to_frame()
    X = fit.model.design.X
    cells, first = np.unique(X, axis=0, return_index=True)
    assert len(table) == len(cells) == 18
    np.testing.assert_allclose(np.sort(table["emmean"]), np.sort(cells @ fit.params.to_numpy()))
    pairs = means.pairs("bonferroni").to_frame()
    assert len(pairs) == 18 and list(pairs.columns[:2]) == ["contrast", "temperature"]
    raw = means.pairs("none").to_frame()
    np.testing.assert_allclose(pairs["p"], np.minimum(3 * raw["p"], 1))
    assert first.size


def test_proportional_weights():
    data = load_data("cake").iloc[:250]
    fit = ranef.lmer("angle ~ recipe + temperature + (1 | recipe:replicate)", data)
    share = data["temperature"].value_counts(normalize=True, sort=False)
    equal = ranef.emmeans(fit, "recipe").to_frame()["emmean"]
    proportional = ranef.emmeans(fit, "recipe", weights="proportional", data=data).to_frame()["emmean"]
    by_temperature = np.array([0, *[fit.params[f"temperature[T.{t}]"] for t in share.index[1:]]])
    expected = share.to_numpy() @ by_temperature - by_temperature.mean()
    np.testing.assert_allclose(proportional - equal, expected, rtol=1e-8)
    own = ranef.emmeans(fit, "recipe", weights="proportional").to_frame()["emmean"]
    np.testing.assert_array_equal(own, proportional)
    streamed = ranef.lmer(fit.formula, ranef.batches(lambda: [data.iloc[:100], data.iloc[100:]]))
    with pytest.raises(ranef.ArgumentError, match="needs data="):
        ranef.emmeans(streamed, "recipe", weights="proportional")


def test_contrasts():
    means = ranef.emmeans(fitted("ergo_reml"), "Type")
    table = means.to_frame()["emmean"].to_numpy()
    effects = means.contrast("eff").to_frame()
    np.testing.assert_allclose(effects["estimate"], table - table.mean())
    np.testing.assert_allclose(means.contrast("consec").to_frame()["estimate"], np.diff(table))
    np.testing.assert_allclose(means.contrast("trt.vs.ctrl").to_frame()["estimate"], table[1:] - table[0])
    own = means.contrast({"ends": [1, 0, 0, -1]}, adjust="holm").to_frame()
    assert own["estimate"].iloc[0] == pytest.approx(table[0] - table[3])
    linear = means.contrast("opoly").to_frame()["estimate"].iloc[0]
    assert linear == pytest.approx(table @ (np.array([-3, -1, 1, 3]) / np.sqrt(20)))


def test_empty_cells_are_not_estimable():
    data = load_data("Machines")
    data["big"] = np.where(data["Worker"].astype(int) > 3, "yes", "no")
    data = data[~((data["Machine"] == "C") & (data["big"] == "yes"))]
    fit = ranef.lmer("score ~ Machine * big + (1 | Worker)", data)
    assert fit.params.isna().any()
    table = ranef.emmeans(fit, ["Machine", "big"]).to_frame()
    missing = (table["Machine"].astype(str) == "C") & (table["big"] == "yes")
    assert table["emmean"].isna().tolist() == missing.tolist()
    assert "not estimable" in repr(ranef.emmeans(fit, "Machine"))


@pytest.mark.parametrize("adjust", ["tukey", "bonferroni", "holm", "sidak", "none"])
@pytest.mark.parametrize("by", [None, "part"])
def test_families_count_what_an_empty_cell_keeps_from_being_estimated(adjust, by):
    """R's emmeans: of the cells 28 of 36 comparisons have a value, within parts 3, 3 and 1 of 3."""
    expected = load_table("empty_cells")
    data = load_data("Machines")
    data["part"] = np.resize(["first", "second", "third"], len(data))
    data = data[~((data["Machine"] == "C") & (data["part"] == "third"))]
    fit = ranef.lmer(expected["formula"], data)
    means = ranef.emmeans(fit, ["Machine", "part"] if by is None else "Machine", by)
    found = means.pairs(adjust).to_frame()
    table = expected["all" if by is None else "within"][adjust]  # R: the first variable varies fastest
    assert len(found) == len(table["contrast"])
    assert found["estimate"].notna().sum() == (28 if by is None else 7)
    names = {"estimate": "estimate", "se": "SE", "lower": "lower.CL", "upper": "upper.CL", "p": "p.value"}
    for ours, theirs in names.items():
        np.testing.assert_allclose(found[ours], np.array(table[theirs], float), rtol=2e-6)


def test_single_step_with_independent_estimates():
    """Known variance, no correlation: the largest of m normals, 1 - (1 - p)^m."""
    t, df = np.array([2.2, 1.0, 0.3]), np.full(3, np.inf)
    found, critical = adjusted(t, df, "mvt", (3, 3), np.eye(3), 0.95)
    expected, sidak = adjusted(t, df, "sidak", (3, 3), np.eye(3), 0.95)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(critical, sidak, rtol=3e-3)


def test_bad_input():
    fit = fitted("cake_rt_reml")
    with pytest.raises(ranef.UnknownColumnError, match="'Recipe', which the fixed effects do not have"):
        ranef.emmeans(fit, "Recipe")
    with pytest.raises(ranef.ArgumentError, match="'recipe' has no level 'Z'; it has 'A', 'B', 'C'"):
        ranef.emmeans(fit, "recipe", at={"recipe": ["A", "Z"]})
    with pytest.raises(ranef.ArgumentError, match="adjust= must be one of 'none', 'tukey'"):
        ranef.emmeans(fit, "recipe").pairs("scheffe")
    with pytest.raises(ranef.ArgumentError, match="must have 3 weights"):
        ranef.emmeans(fit, "recipe").contrast({"bad": [1, -1]})
    with pytest.raises(ranef.ArgumentError, match="is for pairwise differences"):
        ranef.emmeans(fit, "recipe").contrast("eff", adjust="tukey")
    with pytest.raises(ranef.ArgumentError, match="is a factor: it has no slope"):
        ranef.emtrends(fit, None, "recipe")
    with pytest.raises(ranef.ArgumentError, match="nothing to compare"):
        ranef.emmeans(fit, "recipe", at={"recipe": "A"}).pairs()
    with pytest.raises(ranef.ArgumentError, match="weights= must be one of"):
        ranef.emmeans(fit, "recipe", weights="cells")
    with pytest.raises(ranef.ArgumentError, match="level must be"):
        ranef.emmeans(fit, "recipe", level=2)
    with pytest.raises(ranef.ArgumentError, match="ddf= must be one of"):
        ranef.emmeans(fit, "recipe", ddf="containment").to_frame()


def test_an_offset_counts_with_its_mean():
    """As in R's emmeans: means for y - offset plus the mean offset; differences are the same."""
    data = load_data("Machines")
    data["o"] = np.arange(len(data)) % 7 / 3
    data["rest"] = data["score"] - data["o"]
    means = ranef.emmeans(ranef.lmer("score ~ Machine + offset(o) + (1 | Worker)", data), "Machine")
    plain = ranef.emmeans(ranef.lmer("rest ~ Machine + (1 | Worker)", data), "Machine")
    found, expected = means.to_frame(), plain.to_frame()
    np.testing.assert_allclose(found["emmean"], expected["emmean"] + data["o"].mean(), rtol=1e-8)
    np.testing.assert_allclose(found["se"], expected["se"], rtol=1e-6)
    differences = [table.pairs().to_frame()["estimate"] for table in (means, plain)]
    np.testing.assert_allclose(*differences, rtol=1e-8)
    assert f"At the mean of the offset, {data['o'].mean():.4g}: offset= takes another" in str(means)
    assert "mean of the offset" not in str(plain)
