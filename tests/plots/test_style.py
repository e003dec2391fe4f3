import matplotlib.pyplot as plt
import numpy as np
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError

from tests.plots.legibility import common_name


def test_figures_have_the_width_and_axes_keep_theirs(gappy):
    _, own = plt.subplots(figsize=(9, 4))
    with plots.style(width=3.5):
        assert plots.residuals(gappy).figure.get_figwidth() == 3.5
        assert plots.pooling(gappy)[0].figure.get_figwidth() == 3.5
        assert plots.residuals(gappy, ax=own).figure.get_figwidth() == 9
        with plots.style(width=7):
            assert plots.qq(gappy).figure.get_figwidth() == 7
        assert plots.qq(gappy).figure.get_figwidth() == 3.5
    assert plots.qq(gappy).figure.get_figwidth() == pytest.approx(3.6)


def test_names_with_units(gappy):
    with plots.style(labels=ranef.datasets.describe("sleep_gappy").labels):
        axes = plots.pooling(gappy)
        assert common_name(axes[0].figure, "x") == "days in the study (days)"
        assert common_name(axes[0].figure, "y") == "average reaction time of the day (ms)"
        with plots.style(labels={"days": "night"}):
            assert plots.shrinkage(gappy).get_ylabel() == "night"
    assert plots.shrinkage(gappy).get_ylabel() == "days"


def test_style_ends_with_an_error():
    with pytest.raises(RuntimeError), plots.style(width=3.5):
        raise RuntimeError
    assert plots.style.__module__ == "ranef.plots.style"
    with pytest.raises(ArgumentError, match=r"width= is in inches, from 2.5 to 40"), plots.style(width=89):
        pass


def test_the_style_of_the_session_is_left_alone(gappy):
    before = dict(plt.rcParams)
    plots.pooling(gappy)
    assert dict(plt.rcParams) == before


def test_colours_are_told_apart_without_red_or_green():
    """Distances of the colours of series in CIELAB as dichromats see them (Machado et al. 2009)."""
    from matplotlib.colors import to_rgb
    from ranef.plots.canvas import SERIES

    dichromats = {
        "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    }
    colours = np.array([to_rgb(look["color"]) for look in SERIES[:5]])
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    for matrix in dichromats.values():
        seen = np.clip(linear @ np.array(matrix).T, 0, 1) @ xyz.T / [0.9505, 1.0, 1.089]
        f = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
        lab = np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])
        apart = np.linalg.norm(lab[:, None] - lab, axis=2)[np.triu_indices(5, 1)]
        assert apart.min() > 15
    assert len({look["marker"] for look in SERIES}) == len(SERIES)
