import numpy as np
import pytest
from ranef import plots
from ranef.errors import ArgumentError
from reference_battery import load_model
from scipy.stats import norm


def segments(axis):
    """(rank, left, right) of the intervals drawn."""
    (lines,) = [c for c in axis.collections if type(c).__name__ == "LineCollection"]
    ends = np.array(lines.get_segments())
    return ends[:, 0, 1], ends[:, 0, 0], ends[:, 1, 0]


def test_intervals_are_lme4s(gappy):
    """The modes and conditional variances that lme4 reports, sorted by intercept, on the right lines."""
    axes = plots.caterpillar(gappy)
    (term,) = load_model("gap_slope_reml").modes
    order = np.argsort(term["modes"][:, 0])
    for place, axis in enumerate(axes):
        rank, left, right = segments(axis)
        half = norm.ppf(0.975) * np.sqrt(term["cond_var"][:, place, place])
        np.testing.assert_array_equal(rank, np.arange(20))
        np.testing.assert_allclose(left, (term["modes"][:, place] - half)[order], atol=1e-3)
        np.testing.assert_allclose(right, (term["modes"][:, place] + half)[order], atol=1e-3)
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels == [term["levels"][i] for i in order]
    assert [axis.get_title() for axis in axes] == ["Intercept", "days"]
    assert axes[0].get_ylabel() == "subject"


def test_one_column_on_given_axes(gappy):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert plots.caterpillar(gappy, columns="days", sort="Intercept", level=0.5, ax=ax) is ax
    assert "50 %" in ax.get_xlabel()


def test_large_groups_become_a_band(fit_of):
    fit = fit_of("chem_nested_reml")
    axis = plots.caterpillar(fit, "school:lea")
    assert "2,4" in axis.get_ylabel() and "levels" in axis.get_ylabel()
    assert len(axis.get_yticks()) < 20
    modes = np.sort(fit.ranef["school:lea"].to_numpy().ravel())
    drawn = axis.lines[-1].get_xdata()
    assert len(drawn) <= 2000
    assert (drawn[0], drawn[-1]) == (modes[0], modes[-1])


def test_bad_requests(gappy, fit_of):
    with pytest.raises(ArgumentError, match=r"several grouping factors: give .* 'plate', 'sample'"):
        plots.caterpillar(fit_of("pen_reml"))
    with pytest.raises(ArgumentError, match=r"group='nobody' is not a grouping factor .* 'subject'"):
        plots.caterpillar(gappy, "nobody")
    with pytest.raises(ArgumentError, match=r"columns= names 'dayz'.* 'Intercept', 'days'"):
        plots.caterpillar(gappy, columns=["dayz"])
    with pytest.raises(ArgumentError, match="sort= names 'dayz'"):
        plots.caterpillar(gappy, sort="dayz")
    with pytest.raises(ArgumentError, match="level must be between 0 and 1"):
        plots.caterpillar(gappy, level=95)
    with pytest.raises(ArgumentError, match=r"ax= must hold 2 Axes .* not 1"):
        plots.caterpillar(gappy, ax=object())
