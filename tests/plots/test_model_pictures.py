"""Pictures of what a model is: the criterion around its optimum, slopes that look parallel or not."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from reference_battery import load_data, load_model
from scipy.stats import chi2

from tests.plots.legibility import common_name


# ------------------------------------------------------------ the criterion
def test_criterion_of_one_parameter_is_lme4s(fit_of):
    """Rises between lme4's values of the criterion at its own thetas."""
    axis = plots.criterion(fit_of("dye_reml"), points=201)
    x, y = axis.lines[-1].get_data()
    model = load_model("dye_reml")
    checked = 0
    for (theta,), value in model.criterion_at:
        if x[0] < theta < x[-1]:
            assert np.interp(theta, x, y) == pytest.approx(value - model.criterion, abs=5e-3)
            checked += 1
    assert checked > 0
    heights = [line.get_ydata()[0] for line in axis.lines[:4]]
    np.testing.assert_allclose(heights, chi2.ppf([0.5, 0.8, 0.95, 0.99], 1))


def test_criterion_is_a_mirror_at_zero(fit_of):
    axis = plots.criterion(fit_of("dye2_reml"), points=101)
    x, y = axis.lines[-1].get_data()
    left = x < 0
    np.testing.assert_allclose(np.interp(-x[left], x, y), y[left], atol=5e-3)
    assert "mirror image" in axis.get_legend_handles_labels()[1]


def test_criterion_of_two_parameters(fit_of):
    fit = fit_of("pen_reml")
    axis = plots.criterion(fit, points=31)
    np.testing.assert_allclose(axis.collections[-1].get_offsets(), [fit.theta])
    assert axis.get_xlabel() == "theta of plate.Intercept"
    low, high = axis.get_xlim()
    for edge in (low, high):  # the outermost line closes inside, here far from zero
        rise = min(fit.model.objective([edge, b]) for b in np.linspace(*axis.get_ylim(), 9)) - fit.objective
        assert rise > chi2.ppf(0.999, 2) or edge < 0


def test_criterion_along_some_of_many(gappy):
    names = gappy.model.theta_names
    with pytest.raises(ArgumentError, match=r"has 3 parameters, .* 'subject.Intercept', 'subject.days.Int"):
        plots.criterion(gappy)
    axis = plots.criterion(gappy, [names[0], names[2]], points=17)
    assert "1 other theta held" in axis.get_title()
    assert plots.criterion(gappy, names[1], points=33).get_xlabel() == f"theta of {names[1]}"
    with pytest.raises(ArgumentError, match="theta= names 'theta1'"):
        plots.criterion(gappy, "theta1")
    with pytest.raises(ArgumentError, match="one or two different parameters"):
        plots.criterion(gappy, names)
    for points in (1000, "many", np.inf):
        with pytest.raises(ArgumentError, match="points= must be a whole number from 9 to 201"):
            plots.criterion(gappy, names[0], points=points)


# ------------------------------------------------------------ slopes
def least_squares(data):
    parts = data.groupby("subject", observed=True)
    return {s: np.polyfit(d["days"], d["reaction"], 1)[::-1] for s, d in parts if len(d) > 1}


def line_of(axis, number):
    return np.polyfit(*axis.lines[number].get_data(), 1)[::-1]


def test_slopes_of_the_data(gappy):
    axes = plots.slopes(gappy, n=20, seed=3)
    alone = least_squares(load_data("sleep_gappy"))
    subjects = list(gappy.ranef["subject"].index)
    np.testing.assert_allclose(line_of(axes[0], subjects.index("308")), alone["308"], rtol=1e-9)
    assert not np.isfinite(axes[0].lines[subjects.index("373")].get_ydata()).any()
    np.testing.assert_allclose(line_of(axes[1], 0), gappy.coef["subject"].iloc[0], rtol=1e-9)


def test_the_spread_is_the_lectures_for_equal_groups(fit_of):
    """Balanced, so the standard deviation is the plain one: 6.56 without pooling, 5.46 with."""
    axes = plots.slopes(fit_of("ss_slope_reml"), n=20, seed=3)
    words = [axis.texts[0].get_text() for axis in axes[:2]]
    assert words == ["sd of slopes 6.56", "sd of slopes 5.46"]


def test_parallel_lines_have_no_spread_and_the_data_stand_out(fit_of):
    axes = plots.slopes(fit_of("ss_int_reml"), n=100, seed=3)
    assert [axes[i].texts[0].get_text() for i in (1, 2, 4)] == ["sd of slopes 0"] * 3
    assert axes[5].texts[0].get_text() == "data\n0% above"
    sampled = [patch.get_x() for patch in axes[5].patches]
    assert max(sampled) < axes[5].lines[0].get_xdata()[0]


def test_simulated_slopes_alone_have_the_spread_that_theory_says(fit_of):
    """Variance of slopes alone: that of the random slopes plus sigma^2 over the sum of squares."""
    fit = fit_of("ss_slope_reml")
    axes = plots.slopes(fit, n=400, seed=5)
    middles = np.array([patch.get_x() + patch.get_width() / 2 for patch in axes[5].patches])
    counts = np.array([patch.get_height() for patch in axes[5].patches])
    mean_square = (counts * middles**2).sum() / counts.sum()
    expected = fit.varcorr[0].cov[1, 1] + fit.sigma**2 / 82.5  # sum of squares of 0, ..., 9
    assert mean_square == pytest.approx(expected, rel=0.05)


def test_slopes_bad_requests(gappy, fit_of):
    with pytest.raises(ArgumentError, match=r"plots.slopes: there is none beside the intercept"):
        plots.slopes(fit_of("dye_reml"))
    for n in (5, "many"):
        with pytest.raises(ArgumentError, match=f"from 20 to 10,000, not {n!r}"):
            plots.slopes(gappy, n=n)
    with pytest.raises(ArgumentError, match="ax= must hold 6 Axes"):
        plots.slopes(gappy, n=20, ax=plt.subplots()[1])
    between = {"y": np.arange(40.0) % 11, "x": np.arange(40) // 4, "g": np.arange(40) // 4}
    fit = ranef.lmer("y ~ x + (1 | g)", between)
    with pytest.raises(ArgumentError, match="fewer than three levels of 'g' have rows at two values of 'x'"):
        plots.slopes(fit, n=20)


# ------------------------------------------------------------ more groups than a picture holds
@pytest.fixture(scope="module")
def crowd():
    """100,000 groups of three rows."""
    rng = np.random.default_rng(8)
    groups, x = np.repeat(np.arange(100_000), 3), np.tile([-1.0, 0.0, 1.0], 100_000)
    effects = rng.normal(size=(100_000, 2)) @ [[1.0, 0.3], [0.0, 0.5]]
    y = 2 + x + effects[groups, 0] + effects[groups, 1] * x + rng.normal(size=300_000)
    return ranef.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": groups})


@pytest.mark.slow
def test_a_hundred_thousand_groups(crowd):
    axes = crowd.plot.caterpillar()
    assert "100,000 levels" in axes[0].get_ylabel() and len(axes[0].lines[-1].get_xdata()) <= 2000
    assert "200 of 100,000 groups" in crowd.plot.shrinkage().get_title()
    assert "400 of 100,000 groups" in crowd.plot.topographic().get_title()
    assert "24 of 100,000 levels" in common_name(crowd.plot.pooling()[0].figure, "x")
    axes = crowd.plot.slopes(n=20, seed=1)
    assert len(axes[0].lines) == 60 and "(60 of 100,000 groups)" in axes[4].get_xlabel()
    assert len(crowd.plot.simulated(n=1, seed=1)[0].lines) == 60
    assert len(crowd.plot.qq("g")[0].collections[-1].get_offsets()) < 5000


def test_the_outermost_groups_are_off_the_map_and_counted(fit_of):
    axis = plots.topographic(fit_of("hsb_reml"))
    low, high = np.array([axis.get_xlim(), axis.get_ylim()]).T
    alone = np.asarray(axis.collections[-3].get_offsets())
    outside = ((alone < low) | (alone > high)).any(axis=1).sum()
    assert 0 < outside < 0.2 * len(alone)
    assert f"{outside} of them off the map" in axis.get_title().replace("\n", " ")


def test_the_forest_plot_of_fits_of_any_kind():
    """Estimates and intervals are those of the fit's own table, by its own degrees of freedom."""
    trial = ranef.mmrm("fev1 ~ baseline + arm + us(visit | id)", ranef.datasets.load("asthma"))
    herds = ranef.glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp")
    )
    for fit in (trial, herds):
        axis = fit.plot.coefficients()
        names = [name for name in fit.params.index if name != "Intercept"]
        drawn = np.concatenate([bar[:, 0] for bars in axis.collections for bar in bars.get_segments()])
        for limit in fit.conf_int().loc[names].to_numpy().ravel():
            assert np.abs(drawn - limit).min() < 1e-8 * (1 + abs(limit))
    with pytest.raises(ArgumentError, match=r"plots\.criterion is for linear models"):
        herds.plot.criterion()


def test_quantiles_of_a_generalised_model_are_of_its_quantile_residuals():
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp"))
    axis = fit.plot.qq()
    drawn = axis.collections[-1].get_offsets()[:, 1]
    np.testing.assert_allclose(drawn, np.sort(fit.residuals("quantile")), rtol=1e-12)
    assert axis.get_ylabel() == "quantile residual"
