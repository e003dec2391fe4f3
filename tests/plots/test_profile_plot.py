"""Pictures of profiles: zeta, densities, pairs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from ranef import plots
from ranef.errors import ArgumentError
from scipy.stats import chi2, norm


@pytest.fixture(scope="module")
def profile(fit_of):
    return fit_of("gap_slope_ml").profile()


@pytest.fixture(scope="module")
def bounded(fit_of):
    """An estimate of a standard deviation at its bound."""
    return fit_of("dye2_ml").profile()


def test_zeta_squared_is_the_rise_of_the_deviance(profile):
    """The curve drawn through the points, between them: against the constrained minimum itself."""
    axis = plots.profile(profile, "sd[subject.days]")
    thin = max((line for line in axis.lines if len(line.get_xdata()) > 100), key=lambda c: len(c.get_xdata()))
    x, zeta = thin.get_data()
    curve = profile.curves["sd[subject.days]"]
    for place in (20, 60, 100, 140, 180):
        exact = profile._constrained.at(curve.parameter, x[place], curve.down[0]).zeta
        assert zeta[place] == pytest.approx(exact, abs=2e-3)


def test_the_interval_is_the_thick_part_and_levels_are_normal_quantiles(profile):
    axis = plots.profile(profile, "days", level=0.8)
    lower, upper = profile.conf_int(level=0.8).loc["days"]
    thick = max(axis.lines, key=lambda line: line.get_linewidth())
    step = np.diff(thick.get_xdata()).max()
    assert abs(thick.get_xdata()[0] - lower) <= step and abs(thick.get_xdata()[-1] - upper) <= step
    heights = sorted(abs(c.get_segments()[0][1, 1]) for c in axis.collections if hasattr(c, "get_segments"))
    np.testing.assert_allclose(heights, norm.ppf([0.75, 0.9, 0.975]))


def test_density_encloses_what_the_bounds_leave(profile, bounded):
    axis = plots.profile(profile, "days", kind="density")
    x, y = axis.lines[0].get_data()
    inside = np.sum(0.5 * (y[1:] + y[:-1]) * np.diff(x))
    table = profile.to_frame()
    zeta = table[table["parameter"] == "days"]["zeta"]
    assert inside == pytest.approx(norm.cdf(zeta.max()) - norm.cdf(zeta.min()), abs=1e-4)
    axis = plots.profile(bounded, "sd[Batch.Intercept]", kind="density")
    assert [text.get_text() for text in axis.texts] == ["50.0% at 0"]


def test_estimates_at_a_bound_have_one_side(bounded):
    axis = plots.profile(bounded, "sd[Batch.Intercept]")
    assert axis.lines[-1].get_xdata()[0] == 0.0
    assert plots.profile(bounded, ["sigma", "Intercept"])[1].get_title() == "Intercept"


def test_a_correlation_with_nothing_says_so(fit_of):
    axes = plots.profile(fit_of("ss_slope_ml").refit(constant_slopes(fit_of("ss_slope_ml"))))
    words = [text.get_text() for axis in axes for text in axis.texts]
    assert any("not defined" in text for text in words) or all(axis.lines for axis in axes)


def constant_slopes(fit):
    """A response whose slopes do not differ at all."""
    days = fit.model.design.X[:, 1]
    return 250 + 10 * days + np.tile([3.0, -3.0], len(days) // 2)


def test_pairs(profile):
    names = ["days", "sigma", "sd[subject.days]"]
    axes = plots.profile_pairs(profile, names)
    ring = axes[2, 0].lines[2].get_xydata()  # 50, 80, 95 %
    expected = profile.contour("days", "sd[subject.days]", 0.95).to_numpy()
    np.testing.assert_allclose(ring, expected)
    on_zeta = axes[0, 2].lines[2].get_xydata()
    assert np.abs(on_zeta).max() == pytest.approx(np.sqrt(chi2.ppf(0.95, 2)), rel=0.01)
    assert axes[2, 0].get_xlabel() == "days" and axes[1, 0].get_ylabel() == "sigma"


def test_pairs_beyond_a_bound_leave_their_contours_out(bounded):
    axes = plots.profile_pairs(bounded)
    assert len(axes[2, 0].lines) < 5  # traces, and the contours that close


def test_a_fit_is_profiled(fit_of):
    fit = fit_of("dye_ml")
    assert len(plots.profile(fit, "sigma").lines) == len(fit.plot.profile("sigma").lines)
    assert len(fit.profile().plot("sigma", kind="density").lines) == 2


def test_bad_requests(profile):
    with pytest.raises(ArgumentError, match="kind= must be one of 'zeta', 'density'"):
        plots.profile(profile, kind="z")
    with pytest.raises(ArgumentError, match="parameters= names 'dayz'"):
        plots.profile(profile, "dayz")
    with pytest.raises(ArgumentError, match="level must be"):
        plots.profile(profile, level=95)
    with pytest.raises(ArgumentError, match="shows 2 to 8 parameters, not 1"):
        plots.profile_pairs(profile, ["days"])
    with plots.style(width=3.5), pytest.raises(ArgumentError, match="shows 2 to 4 parameters, not 6"):
        plots.profile_pairs(profile)
    _, square = plt.subplots(2, 2)
    assert plots.profile_pairs(profile, ["days", "sigma"], ax=square).shape == (2, 2)
