"""Every picture beside its baseline, and read as a reader would: nothing cut off, covered or unnamed.

The baselines were looked at, at paper and screen size, when they were made. After a wanted change:
`python -m tests.plots.make_baselines NAME ...`, and look again (`python -m tests.plots.pictures FOLDER`).
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from ranef import plots

from tests.plots.fingerprint import BASELINES, CELLS, difference, fingerprint, read, same
from tests.plots.legibility import faults, unnamed
from tests.plots.pictures import PICTURES, figure_of


@pytest.mark.parametrize("name", PICTURES)
def test_picture(name):
    axes = PICTURES[name]()
    figure = figure_of(axes)
    assert not faults(figure) + unnamed(figure)
    found = fingerprint(axes)
    assert same(found, read(name)), difference(found, read(name))


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_legible_in_one_column(name):
    with plots.style(width=3.5):
        figure = figure_of(PICTURES[name]())
    assert figure.get_figwidth() == 3.5
    assert not faults(figure) + unnamed(figure)


def test_every_baseline_has_its_picture():
    assert {path.stem for path in BASELINES.glob("*.png")} == set(PICTURES)


# ------------------------------------------------------------ the comparison can fail, and need not
def drawn(shift=0.0, color="#0072B2", width=1.5, points=True, font=9):
    _, axis = plt.subplots()
    x = np.linspace(0, 6, 100)
    axis.plot(x, np.sin(x) + shift, color=color, linewidth=width)
    if points:
        axis.scatter([1, 3, 5], [0.5, 0, -0.5], s=30, color="#D55E00")
    axis.set_ylim(-1.5, 1.5)
    axis.set_title("a title", fontsize=font)
    axis.set_xlabel("x", fontsize=font)
    axis.tick_params(labelsize=font)
    return fingerprint(axis)


@pytest.mark.parametrize(
    "change",
    [{"shift": 0.15}, {"color": "#D55E00"}, {"width": 4}, {"points": False}],
    ids=lambda change: next(iter(change)),
)
def test_another_picture_is_noticed(change):
    assert not same(drawn(**change), drawn())


def test_another_font_is_not_noticed():
    with plt.rc_context({"font.family": "serif"}):
        assert same(drawn(font=13), drawn())


@pytest.mark.parametrize("name", ["caterpillar", "profile", "means", "shrinkage"])
def test_changes_of_real_pictures_are_noticed(name):
    """One line, or one cloud of points, that is not drawn."""
    axes = PICTURES[name]()
    first = getattr(axes, "flat", [axes])[0]
    (first.lines[-1] if first.lines and name != "caterpillar" else first.collections[-1]).set_visible(False)
    assert not same(fingerprint(axes), read(name))


def test_panels_in_another_order_are_noticed():
    axes = PICTURES["bootstrap"]()
    assert not same(fingerprint(axes[[1, 0, *range(2, axes.size)]]), read("bootstrap"))


def test_another_size_is_noticed():
    assert difference(np.zeros((CELLS, CELLS, 3)), np.zeros((CELLS, 2 * CELLS, 3)))[0] == np.inf


def test_illegible_figures_are_noticed():
    figure, axes = plt.subplots(1, 2, figsize=(3, 2))
    axes[0].set_title("a title that is far too long for it", fontsize=14)
    axes[1].set_title("and one that it runs into", fontsize=14)
    axes[0].text(0.5, 0.5, "tiny", fontsize=4)
    complaints = " ".join(faults(figure))
    for expected in ("is cut off", "covers title", "has only 4 points"):
        assert expected in complaints
    assert len(unnamed(figure)) == 2  # y axes: a title names only the x axis
