"""Pictures that compare: intervals, coefficients of several fits, marginal means, power, bootstrap pairs."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from reference_battery import load_data, load_model

from tests.plots.legibility import common_name


@pytest.fixture(scope="module")
def replicates(gappy):
    return gappy.bootstrap(400, seed=1, progress=False)


def spans(axis):
    """(place, lower, upper) of intervals drawn as lines."""
    return [(line.get_ydata()[0], *line.get_xdata()) for line in axis.lines if line.get_marker() == "None"]


# ------------------------------------------------------------ intervals
def test_intervals_of_each_method(replicates, gappy):
    axis = plots.intervals(replicates, ["wald", "profile", "bca"], "days", level=0.9)
    expected = [
        gappy.conf_int(level=0.9).loc["days"],
        gappy.conf_int("profile", "days", level=0.9).loc["days"],
        replicates.conf_int("bca", level=0.9).loc["days"],
    ]
    drawn = [span for span in spans(axis) if len(span) == 3][:3]
    np.testing.assert_allclose([span[1:] for span in drawn], expected, rtol=1e-8)
    assert [text.get_text() for text in axis.get_yticklabels()] == ["wald", "profile", "bca"]


def test_intervals_that_do_not_exist_say_so(fit_of):
    axes = plots.intervals(fit_of("dye2_reml"), ["wald"])
    assert [text.get_text() for text in axes[-1].texts] == ["none"]


def test_intervals_of_a_structured_covariance():
    teeth = ranef.datasets.load("Orthodont")
    fit = ranef.lmer("distance ~ age + (1 | Subject)", teeth, residual="car1(age | Subject)")
    axes = plots.intervals(fit.bootstrap(20, seed=1, progress=False), ["wald", "percentile"])
    texts = {axis.get_title(): [text.get_text() for text in axis.texts] for axis in axes}
    assert texts["age"] == [] and texts["car1(age | Subject)"] == ["none"]  # none by Wald


def test_intervals_beside_a_dropped_coefficient(fit_of):
    fit = fit_of("ss_rankdef_reml")
    axes = plots.intervals(fit, ["wald"])
    marked = {axis.get_title(): [line.get_xdata()[0] for line in axis.lines] for axis in axes}
    dropped = fit.params.index[fit.params.isna()]
    assert len(dropped) and all(name not in marked or not marked[name] for name in dropped)
    for name, value in fit.params.dropna().items():
        assert value in marked[name]


def test_intervals_of_ones_own():
    table = pd.DataFrame({"lower": [0.0], "upper": [1.0]}, index=["effect"])
    axis = plots.intervals({"mine": table, "yours": table + 1})
    assert [text.get_text() for text in axis.get_yticklabels()] == ["mine", "yours"]
    with pytest.raises(ArgumentError, match=r"source\['mine'\] must be a table with columns 'lower'"):
        plots.intervals({"mine": table[["lower"]]})
    with pytest.raises(ArgumentError, match="empty mapping"):
        plots.intervals({})


def test_intervals_bad_requests(gappy, replicates):
    with pytest.raises(ArgumentError, match=r"'percentile'; there is 'wald', 'profile'; .* fit.bootstrap"):
        plots.intervals(gappy, ["percentile"])
    with pytest.raises(ArgumentError, match="methods= is empty"):
        plots.intervals(replicates, [])
    with pytest.raises(ArgumentError, match="parameters= names 'dayz'"):
        plots.intervals(replicates, ["wald"], "dayz")


# ------------------------------------------------------------ bootstrap pairs
def test_bootstrap_pairs(replicates, gappy):
    names = ["Intercept", "days", "sigma"]
    axes = plots.bootstrap_pairs(replicates, names)
    table = replicates.to_frame()
    np.testing.assert_allclose(axes[1, 0].collections[0].get_offsets(), table[["Intercept", "days"]])
    assert float(axes[0, 1].texts[0].get_text().replace("\N{MINUS SIGN}", "-")) == pytest.approx(
        np.corrcoef(table["Intercept"], table["days"])[0, 1], abs=0.005
    )
    np.testing.assert_allclose(
        axes[2, 1].collections[-1].get_offsets(), [[gappy.params["days"], gappy.sigma]]
    )
    assert {axis.get_xlim() for axis in axes[1:, 0]} == {axes[0, 0].get_xlim()}


def test_many_replicates_are_a_density_of_points(gappy):
    axes = plots.bootstrap_pairs(gappy.bootstrap(2000, seed=1, progress=False), ["days", "sigma"])
    assert len(axes[1, 0].collections[0].get_offsets()) < 1000


def test_bootstrap_pairs_bad_requests(replicates):
    with pytest.raises(ArgumentError, match="shows 2 to 8 parameters, not 9"):
        plots.bootstrap_pairs(replicates, list(replicates.conf_int(parameters="all").index))
    with pytest.raises(ArgumentError, match="ax= must hold 4 Axes"):
        plots.bootstrap_pairs(replicates, ["days", "sigma"], ax=object())


# ------------------------------------------------------------ coefficients
def test_coefficients_are_lmertests(fit_of):
    """Estimates of the reference, with intervals of t by its degrees of freedom."""
    from scipy.stats import t

    reference = load_model("oats_f_reml")
    fit = fit_of("oats_f_reml")
    names = list(fit.params.index)
    axis = plots.coefficients(fit, intercept=True)
    (points,) = [line for line in axis.lines if line.get_marker() == "o"]
    estimate = reference.align(names, reference.beta)
    np.testing.assert_allclose(points.get_xdata(), estimate, rtol=1e-5, atol=1e-8)
    df = reference.align(names, reference.raw["satterthwaite"]["df"])
    half = t.ppf(0.975, df) * reference.align(names, reference.se)
    (lines,) = axis.collections
    ends = np.array(lines.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, np.column_stack([estimate - half, estimate + half]), rtol=1e-4)


def test_several_fits_have_different_marks_beside_each_other(fit_of):
    axis = plots.coefficients(fit_of("ss_slope_reml"), fit_of("ss_int_reml"), names=["slopes", "lines"])
    assert [line.get_label() for line in axis.lines[1:]] == ["slopes", "lines"]
    places = [line.get_ydata()[0] for line in axis.lines[1:]]
    assert places[0] < 0 < places[1] and sum(places) == pytest.approx(0)
    assert axis.get_xlabel() == "effect on Reaction, 95 % interval"


def test_coefficients_bad_requests(gappy, fit_of):
    with pytest.raises(ArgumentError, match="draws 1 to 7 fits, not 0"):
        plots.coefficients()
    with pytest.raises(ArgumentError, match="names= must be 2 different names"):
        plots.coefficients(gappy, gappy, names=["a", "a"])
    with pytest.raises(ArgumentError, match="terms= names 'dayz'"):
        plots.coefficients(gappy, terms="dayz")
    wide = {f"x{i}": np.random.default_rng(i).normal(size=200) for i in range(61)}
    wide |= {"y": np.random.default_rng(99).normal(size=200), "g": np.arange(200) % 10}
    fit = ranef.lmer("y ~ " + " + ".join(name for name in wide if name[0] == "x") + " + (1 | g)", wide)
    with pytest.raises(ArgumentError, match="61 coefficients cannot be named on one page"):
        plots.coefficients(fit, ddf="normal")
    assert len(plots.coefficients(fit, terms=["x3", "x5"], ddf="normal").get_yticks()) == 2


# ------------------------------------------------------------ marginal means
def test_means_of_a_factor(fit_of):
    """Balanced: the marginal mean is the mean of the rows."""
    axis = plots.means(ranef.emmeans(fit_of("mach_int_reml"), "Machine"))
    data = load_data("Machines")
    np.testing.assert_allclose(
        axis.lines[0].get_ydata(), data.groupby("Machine", observed=True)["score"].mean()
    )
    assert [text.get_text() for text in axis.get_xticklabels()] == ["A", "B", "C"]


def test_means_over_a_covariate_are_lines():
    oats = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    means = ranef.emmeans(oats, ["nitro", "Variety"], at={"nitro": [0.0, 0.6]})
    axis = means.plot()
    assert len(axis.lines) == 3 and axis.get_ylabel() == "mean yield"
    by = ranef.emmeans(oats, "nitro", by="Variety", at={"nitro": [0.0, 0.6]}).pairs().plot()
    assert [panel.get_title() for panel in by] == [
        "Variety: Golden Rain",
        "Variety: Marvellous",
        "Variety: Victory",
    ]
    assert common_name(by[0].figure, "x").startswith("difference in yield, 95 % interval")
    assert len({panel.get_xlim() for panel in by}) == 1


def test_means_of_a_generalised_model_are_of_its_link():
    formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    means = ranef.emmeans(ranef.glmer(formula, ranef.datasets.load("cbpp")), "period")
    assert means.plot().get_ylabel() == "mean logit of proportion of incidence"
    words = means.pairs().plot().get_xlabel().replace("\n", " ")
    assert words == "difference in logit of proportion of incidence, 95 % interval (tukey)"


def test_slopes_and_their_name():
    oats = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    assert plots.means(ranef.emtrends(oats, "Variety", "nitro")).get_ylabel() == "slope of yield"
    assert plots.means(ranef.emtrends(oats, None, "nitro")).get_xticks().size == 0


def test_means_bad_requests():
    levels = np.repeat([f"level {i:02d}" for i in range(45)], 4)
    data = {"y": np.arange(180.0) % 7, "f": levels, "g": np.arange(180) % 6}
    fit = ranef.lmer("y ~ f + (1 | g)", data)
    with pytest.raises(ArgumentError, match="'f' has 45 values, of which 40 can be told apart along an axis"):
        plots.means(ranef.emmeans(fit, "f", ddf="normal"))
    with pytest.raises(ArgumentError, match="990 comparisons in 1 panels cannot be read"):
        plots.means(ranef.emmeans(fit, "f", ddf="normal").pairs("none"))


# ------------------------------------------------------------ power
@pytest.fixture
def table():
    rows = [
        (effect, groups, 10.0, groups * 10, effect * groups / 400, 0.0, 1.0, 100, 0)
        for effect in (2.0, 4.0, 6.0)
        for groups in (10, 20)
    ]
    columns = ["effect", "groups", "per_group", "nobs", "power", "lower", "upper", "n", "failed"]
    return pd.DataFrame(rows, columns=columns)


def test_power_has_a_line_for_each_size(table):
    axis = plots.power(table)
    lines = axis.lines[:2]
    assert [line.get_label() for line in lines] == ["10", "20"]
    np.testing.assert_allclose(lines[1].get_xydata(), [[2, 0.1], [4, 0.2], [6, 0.3]])
    assert axis.get_xlabel() == "true effect" and axis.lines[2].get_ydata()[0] == 0.8
    table.attrs["coefficient"] = "days"
    assert plots.power(table).get_xlabel() == "true effect of days"
    assert plots.power(table, x="groups", target=None).get_xlabel() == "number of groups"


def test_power_of_one_point(table):
    assert len(plots.power(table[:1]).collections) == 2


def test_power_bad_requests(table):
    with pytest.raises(ArgumentError, match=r"the table that ranef.power_curve\(...\) returns"):
        plots.power(table[["power"]])
    with pytest.raises(ArgumentError, match="x= must be one of 'effect', 'groups', 'per_group'"):
        plots.power(table, x="n")
    with pytest.raises(ArgumentError, match="target= is a power between 0 and 1"):
        plots.power(table, target=80)
    many = pd.concat([table.assign(groups=10 * i) for i in range(1, 11)]).drop_duplicates(
        ["effect", "groups"]
    )
    with pytest.raises(ArgumentError, match="'groups' has 10 values, of which 7 lines can be told apart"):
        plots.power(many, x="effect")
    both = pd.concat([table, table.assign(per_group=20.0)])
    with pytest.raises(ArgumentError, match="'effect', 'groups', 'per_group' all vary"):
        plots.power(both)


@pytest.mark.parametrize("count", [1, 3])
def test_methods_draw_what_functions_draw(gappy, replicates, count):
    _, axes = plt.subplots(1, count, squeeze=False)
    names = ["days", "sigma", "Intercept"][:count]
    drawn = replicates.plot(names, ax=axes.ravel())
    assert list(getattr(drawn, "flat", [drawn])) == list(axes.ravel())
    assert "caterpillar()" in repr(gappy.plot)
    assert gappy.plot.qq().get_title() == "residuals"


def test_long_names_leave_the_panel_its_room():
    """Names of rows, ticks and titles take more lines: nothing is outside, panels keep half of a figure."""
    rng = np.random.default_rng(1)
    arms = ["placebo, double blind", "standard care as before", "treatment with the new experimental drug"]
    people = np.repeat([f"Participant number {k} of the northern hospital" for k in range(6)], 9)
    rows = {"arm": rng.choice(arms, 54), "x": rng.normal(size=54), "who": people, "y": rng.normal(size=54)}
    fit = ranef.lmer("y ~ x + arm + (1 | who)", rows)
    drawn = {
        "pairs": plots.means(ranef.emmeans(fit, "arm").pairs()),
        "coefficients": plots.coefficients(fit),
        "comparisons": fit.comparisons("arm").plot(),
        "means": plots.means(ranef.emmeans(fit, "arm")),
        "pooling": plots.pooling(fit, x="x"),
    }
    for name, axes in drawn.items():
        axis = np.atleast_1d(axes).ravel()[0]
        figure = axis.figure
        figure.draw_without_rendering()
        ticks = axis.get_xticklabels() if name == "means" else []  # numbers beyond the ends are not drawn
        texts = [axis.title, axis.xaxis.label, *axis.get_yticklabels(), *ticks]
        for text in (one for one in texts if one.get_text() and one.get_visible()):
            box, edge = text.get_window_extent(), figure.bbox
            assert box.x0 >= edge.x0 - 12 and box.x1 <= edge.x1 + 12, (name, text.get_text())
        if name != "pooling":
            assert axis.get_position().width > 0.5, name
