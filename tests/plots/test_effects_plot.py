"""Pictures of effects; pooling, slopes and simulations over any predictor; sizes of figures; collinearity."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from ranef.plots.canvas import robust_limits


@pytest.fixture(scope="module")
def oats():
    return ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))


@pytest.fixture(scope="module")
def teeth():
    return ranef.lmer("distance ~ age * Sex + (age | Subject)", ranef.datasets.load("Orthodont"))


@pytest.fixture(scope="module")
def cows():
    return ranef.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp")
    )


def test_curves_are_the_table(oats):
    curves = oats.predictions("nitro", by="Variety")
    axis = curves.plot(None)
    assert [line.get_label() for line in axis.lines] == ["Golden Rain", "Marvellous", "Victory"]
    table = curves.to_frame()
    np.testing.assert_allclose(
        np.concatenate([line.get_ydata() for line in axis.lines]), table["estimate"], rtol=1e-12
    )


def test_partial_residuals_are_population_plus_residual(oats):
    """All predictors are in the picture: the prediction of the population is X beta."""
    axis = oats.predictions("nitro", by="Variety").plot()
    points = np.concatenate([c.get_offsets() for c in axis.collections if len(c.get_offsets()) > 1])
    expected = np.asarray(oats.predict(random=None)) + np.asarray(oats.resid)
    np.testing.assert_allclose(np.sort(points[:, 1]), np.sort(expected), rtol=1e-9)
    raw = oats.predictions("nitro", by="Variety").plot("data")
    points = np.concatenate([c.get_offsets() for c in raw.collections if len(c.get_offsets()) > 1])
    np.testing.assert_allclose(np.sort(points[:, 1]), np.sort(oats.y))


def test_parts_beyond_the_data_are_faint(oats):
    axis = oats.predictions("nitro", at={"nitro": [0.0, 0.3, 0.6, 0.9]}).plot(None)
    assert [line.get_alpha() for line in axis.lines] == [None, 0.4]
    assert axis.lines[0].get_xdata().max() == 0.6 and axis.lines[1].get_xdata().max() == 0.9


def test_a_binary_response_is_shown_by_its_means(teeth):
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.uniform(0, 4, 600), "g": np.arange(600) % 20})
    data["y"] = (rng.uniform(size=600) < 1 / (1 + np.exp(2 - data["x"]))).astype(int)
    fit = ranef.glmer("y ~ x + (1 | g)", data)
    axis = fit.predictions("x").plot()
    points = max((c.get_offsets() for c in axis.collections), key=len)
    order = np.argsort(data["x"].to_numpy(), kind="stable").reshape(12, 50)
    np.testing.assert_allclose(points[:, 0], data["x"].to_numpy()[order].mean(axis=1))
    np.testing.assert_allclose(points[:, 1], data["y"].to_numpy()[order].mean(axis=1))
    with pytest.raises(ArgumentError, match="behind= of a generalised model is 'data'"):
        fit.predictions("x").plot("partial")


def test_many_rows_are_sampled_and_said():
    rng = np.random.default_rng(3)
    data = {"x": rng.normal(size=5000), "g": np.arange(5000) % 50}
    data["y"] = data["x"] + rng.normal(size=5000)
    axis = ranef.lmer("y ~ x + (1 | g)", data).predictions("x").plot()
    (label,) = [text.get_text() for text in axis.figure.legends[0].get_texts()]
    assert label == "partial residuals (2,000 of 5,000 rows)"


def test_what_a_picture_cannot_show(oats):
    with pytest.raises(ArgumentError, match="behind= must be one of 'auto', 'none', 'partial', 'data'"):
        oats.predictions("nitro").plot("points")
    with pytest.raises(TypeError, match=r"predictions, which fit.predictions\(...\) returns"):
        plots.effects(oats)
    exam = ranef.lmer("normexam ~ standLRT + sex + type + schavg + (1 | school)", ranef.datasets.load("Exam"))
    with pytest.raises(ArgumentError, match="by up to two variables"):
        exam.predictions("standLRT", by=["sex", "type", "schavg"]).plot()


def test_ratios_are_on_a_logarithmic_axis(cows):
    axis = cows.comparisons("period", kind="odds_ratio").plot()
    assert axis.get_xscale() == "log" and axis.lines[0].get_xdata()[0] == 1
    assert axis.get_xlabel() == "odds ratio of incidence, 95 % interval"
    assert [t.get_text() for t in axis.get_yticklabels()] == ["2 / 1", "3 / 1", "4 / 1"]


# ------------------------------------------------------------ any predictor
def test_pooling_of_a_model_with_several_predictors(teeth):
    data = ranef.datasets.load("Orthodont")
    axes = plots.pooling(teeth, x="age", levels=["M01", "F05"])
    for axis, subject in zip(axes, ("M01", "F05"), strict=True):
        rows = data[data["Subject"].astype(str) == subject]
        complete, alone, partial = axis.lines
        own = np.polyfit(rows["age"], rows["distance"], 1)
        np.testing.assert_allclose(np.polyfit(*alone.get_data(), 1), own, rtol=1e-8)
        ends = partial.get_xdata()
        new = rows.iloc[[0] * len(ends)].assign(age=ends)
        np.testing.assert_allclose(partial.get_ydata(), teeth.predict(new), rtol=1e-9)
        group = data[data["Sex"] == rows["Sex"].iloc[0]]
        np.testing.assert_allclose(
            np.polyfit(*complete.get_data(), 1), np.polyfit(group["age"], group["distance"], 1), rtol=1e-8
        )
    with pytest.raises(ArgumentError, match="give x= one of 'age', 'Sex'"):
        plots.pooling(teeth)


def test_pooling_over_a_factor_and_behind_a_link(cows):
    machines = ranef.lmer("score ~ Machine + (Machine | Worker)", ranef.datasets.load("Machines"))
    axes = plots.pooling(machines)
    assert [t.get_text() for t in axes[-1].get_xticklabels()] == ["A", "B", "C"]
    means = ranef.datasets.load("Machines").groupby(["Worker", "Machine"], observed=True)["score"].mean()
    np.testing.assert_allclose(axes[0].lines[1].get_ydata(), means.loc["6"], rtol=1e-9)
    herds = plots.pooling(cows)
    population, herd = herds[0].lines
    data = ranef.datasets.load("cbpp").iloc[:4].assign(herd="1")
    np.testing.assert_allclose(population.get_ydata(), cows.predict(data, random=None), rtol=1e-9)
    np.testing.assert_allclose(herd.get_ydata(), cows.predict(data), rtol=1e-9)


def test_simulations_over_a_factor(cows):
    axes = plots.simulated(cows, n=2, seed=1, ncols=2)
    assert [t.get_text() for t in axes[-1].get_xticklabels()] == ["1", "2", "3", "4"]
    drawn = cows.simulate(2, seed=1)
    rows = np.flatnonzero(np.asarray(ranef.datasets.load("cbpp")["herd"]).astype(str) == "1")
    np.testing.assert_allclose(axes[2].lines[0].get_ydata(), np.asarray(drawn)[1][rows])


def test_slopes_of_one_of_several_predictors(teeth):
    axes = plots.slopes(teeth, x="age", n=20, seed=1)
    assert axes[0].get_xlabel() in ("", "age") and len(axes) == 6
    with pytest.raises(ArgumentError, match="give x= one of 'age', 'Sex"):
        plots.slopes(teeth, n=20)
    with pytest.raises(ArgumentError, match="x='weight' is not a predictor with a slope; there is 'age'"):
        plots.slopes(teeth, x="weight", n=20)


def test_one_wild_line_does_not_stretch_the_axis():
    data = np.array([0.0, 10.0])
    assert robust_limits(data, np.array([-1000.0, 12.0]), room=0.0) == (-5.0, 12.0)
    assert robust_limits(data, np.array([4.0, np.nan]), room=0.0) == (0.0, 10.0)


def test_sizes_and_columns(gappy):
    axes = plots.check(gappy, seed=1, figsize=(9, 9), ncols=2)
    assert axes[0].figure.get_size_inches().tolist() == [9.0, 9.0]
    assert axes[0].get_subplotspec().get_gridspec().ncols == 2
    with pytest.raises(ArgumentError, match="figsize= must be width and height in inches"):
        plots.qq(gappy, figsize=3)
    with pytest.raises(ArgumentError, match="ncols= must be a whole number"):
        plots.qq(gappy, ncols=0)
    with pytest.raises(ArgumentError, match="leave out ax="):
        plots.qq(gappy, ax=axes[0], figsize=(3, 3))


# ------------------------------------------------------------ the checks
def test_checks_of_a_generalised_model(cows):
    axes = cows.plot(seed=1)
    titles = [axis.get_title() for axis in axes]
    assert titles[2:] == ["their quantiles", "response among simulated", "herd: Intercept"]


def test_collinearity_is_one_over_one_minus_r_squared():
    """Without variance between groups the coefficients are those of least squares."""
    rng = np.random.default_rng(5)
    x, z = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 200).T
    r = rng.normal(size=200)
    r -= np.repeat(r.reshape(20, 10).mean(axis=1), 10)
    data = {"y": r, "x": x, "z": z, "g": np.repeat(np.arange(20), 10)}
    fit = ranef.lmer("y ~ x + z + (1 | g)", data)
    assert fit.singular
    expected = 1 / (1 - np.corrcoef(x, z)[0, 1] ** 2)
    np.testing.assert_allclose(fit.vif()["vif"], expected, rtol=1e-6)
    assert "collinearity" in [axis.get_title() for axis in fit.plot(seed=1)]
    assert ranef.lmer("y ~ x + (1 | g)", data).vif()["vif"].tolist() == [1.0]
