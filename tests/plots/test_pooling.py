import numpy as np
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from reference_battery import load_data

from tests.plots.legibility import common_name


def lines(axis):
    """Intercept and slope of each line drawn: complete, no (if any), partial."""
    return [np.polyfit(line.get_xdata(), line.get_ydata(), 1)[::-1] for line in axis.lines]


def test_the_three_lines(gappy):
    axes = plots.pooling(gappy)
    data = load_data("sleep_gappy")
    complete = np.polyfit(data["days"], data["reaction"], 1)[::-1]
    for axis, (subject, rows) in zip(axes, data.groupby("subject", observed=True), strict=True):
        assert axis.get_title() == subject
        drawn = lines(axis)
        np.testing.assert_allclose(drawn[0], complete, rtol=1e-9)
        np.testing.assert_allclose(drawn[-1], gappy.coef["subject"].loc[subject], rtol=1e-9)
        np.testing.assert_allclose(axis.collections[0].get_offsets(), rows[["days", "reaction"]])
        if subject == "373":  # one row determines no line of its own
            assert len(drawn) == 2
        else:
            np.testing.assert_allclose(
                drawn[1], np.polyfit(rows["days"], rows["reaction"], 1)[::-1], rtol=1e-7
            )


@pytest.mark.parametrize("name", ["gap_int_reml", "gap_0slope_reml", "gap_uncorr_reml", "gap_split_reml"])
def test_other_random_parts(fit_of, name):
    fit = fit_of(name)
    axes = plots.pooling(fit, levels=["373", "308"])
    assert [axis.get_title() for axis in axes] == ["373", "308"]
    np.testing.assert_allclose(lines(axes[1])[-1], fit.coef["subject"].loc["308"], rtol=1e-9)


def test_many_groups_are_sampled(fit_of):
    axes = plots.pooling(fit_of("exam_int_reml"))
    assert len(axes) == 24
    assert "24 of 65 levels of school" in common_name(axes[0].figure, "x")


def test_a_predictor_of_groups_has_no_line_without_pooling():
    x = np.repeat(np.arange(10.0), 4)
    data = {"x": x, "g": x, "y": x + np.tile([1.0, -1.0, 0.5, 0.0], 10) + np.cos(7 * x)}
    axes = plots.pooling(ranef.lmer("y ~ x + (1 | g)", data))
    assert all(len(axis.lines) == 2 for axis in axes)


def test_given_axes(gappy):
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2)
    assert list(plots.pooling(gappy, levels=["308", "374"], ax=axes)) == list(axes)
    assert axes[0].get_xlabel() == "days" and axes[0].get_legend() is not None


def test_bad_requests(gappy, fit_of):
    with pytest.raises(ArgumentError, match="there is none beside the intercept"):
        plots.pooling(fit_of("dye_reml"))
    with pytest.raises(ArgumentError, match="x='dayz' is not a predictor of the model; there is 'days'"):
        plots.pooling(gappy, x="dayz")
    with pytest.raises(ArgumentError, match="levels= names 'nobody'; the levels are '308', "):
        plots.pooling(gappy, levels=["nobody"])
    with pytest.raises(ArgumentError, match="levels= is empty"):
        plots.pooling(gappy, levels=[])
