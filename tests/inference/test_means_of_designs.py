"""Marginal means of nested factors, over interactions, behind transformations: by R's emmeans 1.8.4."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError
from ranef.inference.means.polynomials import polynomials


@pytest.fixture(scope="module")
def cake():
    data = ranef.datasets.load("cake")
    data["group"] = np.where(data["recipe"] == "A", "g1", "g2")
    return data


def checked(means, **expected):
    table = means.to_frame()
    for name, values in expected.items():
        np.testing.assert_allclose(table[name], values, rtol=2e-6)
    return table


# --------------------------------------------------------------- nested factors
def test_forms_and_concentrations_within_a_treatment():
    """Every mean was NaN: a control has one form and one concentration."""
    rng = np.random.default_rng(6)
    cells = [("control", "Control", "0"), *(("trt", form, conc) for form in "ABC" for conc in ("10", "20"))]
    rows = [(block, *cell) for block in range(6) for cell in cells]
    data = pd.DataFrame(rows, columns=["Block", "trt", "Form", "Conc"])
    noise = rng.normal(0, 8, 6)[data.Block] + rng.normal(0, 10, len(data))
    data["Fruit"] = 40 + (data.Conc == "20") * 8 + noise
    fit = ranef.lmer("Fruit ~ trt/(Form*Conc) + (1 | Block)", data)
    # balanced: means of the rows
    for specs, keys in (("trt", ["trt"]), ("Form", ["Form", "trt"]), (["trt", "Conc"], ["trt", "Conc"])):
        means = ranef.emmeans(fit, specs)
        table = means.to_frame().set_index(keys)
        expected = data.groupby(keys)["Fruit"].mean()
        assert len(table) == len(expected)
        np.testing.assert_allclose(table["emmean"], expected.loc[table.index], rtol=1e-9)
        assert "Nested: Form in trt; Conc in trt" in str(means)
    assert ranef.emmeans(fit, "trt").to_frame()["se"].round(2).tolist() == [7.73, 7.03]


def test_a_factor_nested_in_one_that_is_averaged(cake):
    fit = ranef.lmer("angle ~ group/recipe + temperature + (1 | recipe:replicate)", cake)
    table = checked(ranef.emmeans(fit, "recipe"), emmean=[33.1222222, 31.6444444, 31.6], se=[1.7368334] * 3)
    assert table["group"].tolist() == ["g1", "g2", "g2"]
    checked(ranef.emmeans(fit, "group"), emmean=[33.1222222, 31.6222222], se=[1.7368334, 1.22812667])
    pairs = ranef.emmeans(fit, "recipe").pairs()
    table = checked(
        pairs, estimate=[1.4777777778, 1.5222222222, 0.0444444444], se=[2.45625335] * 3,
        p=[0.819987822, 0.810168848, 0.999819508],
    )  # fmt: skip
    assert table["contrast"].tolist() == ["A g1 - B g2", "A g1 - C g2", "B g2 - C g2"]


def test_unequal_numbers_of_schools_in_districts():
    """Schools are averaged within their district first."""
    g, school = np.repeat(np.arange(1, 7), 20), np.tile(np.repeat(np.arange(1, 6), 4), 6)
    y = school + g + 3 * np.sin(1.7 * np.arange(1, 121))
    labels = np.array(["", "d1", "d1", "d2", "d2", "d2"])[school]
    data = pd.DataFrame({"y": y, "g": g.astype(str), "school": school.astype(str), "district": labels})
    fit = ranef.lmer("y ~ district/school + (1 | g)", data)
    checked(ranef.emmeans(fit, "district"), emmean=[5.04251977, 7.51208984], se=[0.80591672, 0.784569797])
    checked(ranef.emmeans(fit, []), emmean=[6.2773048], se=[0.768170406])
    checked(ranef.emmeans(fit, "school"), emmean=[4.54221644, 5.5428231, 6.53224415, 7.51324287, 8.49078248])


def test_an_empty_cell_is_no_nesting(cake):
    """Recipe C without 225 degrees: NaN there, as emmeans says nonEst."""
    data = cake[~((cake["recipe"] == "C") & (cake["temperature"] == "225"))]
    fit = ranef.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", data)
    means = ranef.emmeans(fit, "recipe")
    assert means.to_frame()["emmean"].isna().tolist() == [False, False, True]
    assert "Nested" not in str(means) and "cells of the design are empty" in str(means)


# --------------------------------------------------------------- interactions
def test_means_over_an_interaction_say_so(cake):
    both = ranef.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", cake)
    alone = ranef.lmer("angle ~ recipe + temperature + (1 | recipe:replicate)", cake)
    note = "Averaged over temperature, with which there is an interaction"
    assert note in str(ranef.emmeans(both, "recipe"))
    for means in (
        ranef.emmeans(alone, "recipe"),
        ranef.emmeans(both, ["recipe", "temperature"]),
        ranef.emmeans(both, "recipe", by="temperature"),
        ranef.emmeans(both, "recipe", at={"temperature": ["175", "185"]}),
    ):
        assert "interaction" not in str(means)
    oats = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    assert "Held at nitro = 0.3, with which there is an interaction" in str(ranef.emmeans(oats, "Variety"))
    assert "interaction" not in str(ranef.emtrends(oats, "Variety", "nitro"))


# --------------------------------------------------------------- contrasts
def test_polynomials(cake):
    fit = ranef.lmer("angle ~ temperature + (1 | recipe:replicate)", cake)
    means = ranef.emmeans(fit, "temperature")
    checked(
        means.contrast("poly"),
        estimate=[55.31111111, -3.53333333, -7.35555556, -6.86666667, -14.51111111],
        se=[5.6438101, 6.1824842, 9.05023018, 3.56945892, 10.70837676],
    )
    assert polynomials(7, False)["degree 5"] == [-1, 4, -5, 0, 5, -4, 1]
    # contr.poly(4) of R
    linear, quadratic, cubic = polynomials(4, True).values()
    np.testing.assert_allclose(linear, [-0.67082039, -0.2236068, 0.2236068, 0.67082039], rtol=1e-7)
    np.testing.assert_allclose([quadratic[0], cubic[1]], [0.5, 0.67082039], rtol=1e-7)
    whole, unit = means.contrast("poly").to_frame(), means.contrast("opoly").to_frame()
    np.testing.assert_allclose(whole["t"], unit["t"], rtol=1e-9)


def test_weights_without_names(cake):
    fit = ranef.lmer("angle ~ recipe + (1 | recipe:replicate)", cake)
    means = ranef.emmeans(fit, "recipe")
    named = means.contrast({"a": [1, -1, 0], "b": [1, -0.5, -0.5]}).to_frame()
    bare = means.contrast([[1, -1, 0], [1, -0.5, -0.5]]).to_frame()
    assert bare["contrast"].tolist() == ["[1, -1, 0]", "[1, -0.5, -0.5]"]
    assert bare.drop(columns="contrast").equals(named.drop(columns="contrast"))
    assert means.contrast(np.array([1, -1, 0])).to_frame()["estimate"].item() == named["estimate"].iloc[0]
    with pytest.raises(ArgumentError, match="must have 3 weights, one per mean; it has 2"):
        means.contrast([1, -1])
    with pytest.raises(ArgumentError, match="takes weights by name, a row of weights"):
        means.contrast(["a", "b", "c"])


# --------------------------------------------------------------- the scale of the data
def test_ratios_behind_a_logarithm(cake):
    fit = ranef.lmer("log(angle) ~ recipe * temperature + (1 | recipe:replicate)", cake)
    means = ranef.emmeans(fit, "recipe", type="response")
    checked(
        means, response=[32.3399655, 30.6595249, 30.5243263], se=[1.62145707, 1.53720335, 1.53042478],
        lower=[29.2278337, 27.7091048, 27.5869167], upper=[35.783472, 33.9241008, 33.7745065],
    )  # fmt: skip
    table = checked(
        means.pairs(), ratio=[1.05480974, 1.05948171, 1.00442921],
        se=[0.0747919803, 0.0751232494, 0.0712197151], p=[0.733767277, 0.695981876, 0.99786061],
    )  # fmt: skip
    assert table["contrast"].tolist() == ["A / B", "A / C", "B / C"]


def test_squares_behind_a_root(cake):
    fit = ranef.lmer("sqrt(angle) ~ recipe + temperature + (1 | recipe:replicate)", cake)
    means = ranef.emmeans(fit, "recipe", type="response")
    checked(
        means, response=[32.7248714, 31.1395522, 31.0505318], se=[1.67509032, 1.63401274, 1.63167544],
        lower=[29.4317026, 27.9292814, 27.8449778],
    )  # fmt: skip
    table = means.pairs().to_frame()
    np.testing.assert_allclose(table["estimate"], [0.14028, 0.14827, 0.00798], atol=6e-6)
    assert "Comparisons are on the scale of the model, sqrt" in str(means.pairs())


@pytest.mark.parametrize(
    "response",
    [
        *("log10(angle)", "log2(angle)", "log1p(angle)", "np.log(angle + 2)"),
        *("angle", "I(1 / angle)", "I(angle**2)"),
    ],
)
def test_ways_back(cake, response):
    """The mean on the scale of the data goes forward to the mean of the model."""
    fit = ranef.lmer(f"{response} ~ recipe + (1 | recipe:replicate)", cake)
    if response == "angle":
        with pytest.raises(ArgumentError, match="is on its own scale"):
            ranef.emmeans(fit, "recipe", type="response")
        return
    there = ranef.emmeans(fit, "recipe").to_frame()["emmean"]
    back = ranef.emmeans(fit, "recipe", type="response").to_frame()["response"].to_numpy()
    forward = {"log10(angle)": np.log10, "log2(angle)": np.log2, "log1p(angle)": np.log1p}
    forward |= {"np.log(angle + 2)": lambda a: np.log(a + 2), "I(1 / angle)": lambda a: 1 / a}
    forward |= {"I(angle**2)": np.square}
    np.testing.assert_allclose(forward[response](back), there, rtol=1e-9)


def test_the_value_of_the_offset(cake):
    data = cake.assign(off=0.5 * (cake["recipe"].cat.codes + 1.0))
    fit = ranef.lmer("angle ~ recipe + offset(off) + (1 | recipe:replicate)", data)
    checked(ranef.emmeans(fit, "recipe", offset=2.0), emmean=[34.6222222, 32.6444444, 32.1])
    default = ranef.emmeans(fit, "recipe").to_frame()["emmean"]
    np.testing.assert_allclose(default, np.array([34.6222222, 32.6444444, 32.1]) - 1, rtol=1e-7)
    plain = ranef.lmer("angle ~ recipe + (1 | recipe:replicate)", data)
    with pytest.raises(ArgumentError, match="this model has none"):
        ranef.emmeans(plain, "recipe", offset=2.0)


# --------------------------------------------------------------- slopes in any unit
@pytest.mark.parametrize("unit", [1.0, 1e-4, 5e-8, 1e6])
def test_slopes_do_not_depend_on_the_unit(unit):
    rng = np.random.default_rng(5)
    x, g = rng.uniform(0.05, 1, 200) * unit, np.repeat(np.arange(20), 10)
    y = np.log(x / unit) * 2 + rng.normal(size=20)[g] + rng.normal(size=200)
    data = {"y": y, "g": g.astype(str), "x": x}
    fit = ranef.lmer("y ~ log(x) + (1 | g)", data)
    slope = ranef.emtrends(fit, None, "x", data=data).to_frame()["trend"].item()
    assert slope == pytest.approx(fit.params.iloc[1] / x.mean(), rel=1e-8)
    curved = ranef.lmer("y ~ x + I(x**2) + (1 | g)", data)
    slope = ranef.emtrends(curved, None, "x").to_frame()["trend"].item()
    assert slope == pytest.approx(curved.params.iloc[1] + 2 * curved.params.iloc[2] * x.mean(), rel=1e-7)
