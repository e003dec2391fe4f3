import builtins
import inspect

import numpy as np
import pytest
from ranef import plots
from ranef.errors import ArgumentError
from ranef.plots.canvas import _LINE_INCHES, figure_inches, key, panels, shared_legend
from ranef.plots.rows import _BELOW_INCHES, _NAME_LINE_INCHES, size_of_rows

from tests.plots.pictures import PICTURES


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_without_matplotlib_the_error_names_the_extra(name, monkeypatch):
    real = builtins.__import__

    def blocked(name, *args, **kwargs):
        if name.split(".")[0] == "matplotlib":
            raise ImportError("No module named 'matplotlib'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        PICTURES[name]()


@pytest.mark.parametrize("draw", [plots.caterpillar, plots.shrinkage, plots.pooling])
def test_figures_can_be_written(draw, gappy, tmp_path):
    axes = draw(gappy)
    figure = (axes if hasattr(axes, "figure") else axes[0]).figure
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_more_panels_than_can_be_read():
    with pytest.raises(ArgumentError, match="would have 60 panels, of which no more than 48 can be read"):
        panels(60, None, columns=3, size=(2, 2))


@pytest.mark.parametrize(("title", "lines"), [(None, 0), ("arm", 1)])
def test_a_figure_grows_by_the_lines_of_its_legend_above_the_first(title, lines):
    axes = panels(1, None, columns=1, size=(3, 2))
    height = axes[0].figure.get_figheight()
    shared_legend(axes, [key("one")], True, title, grow=True)
    assert axes[0].figure.get_figheight() - height == pytest.approx(lines * _LINE_INCHES)


def test_a_further_line_of_a_name_takes_height():
    short, long = (size_of_rows(["one", name], 4.0, 0.3, 0.0)[1] for name in ("two", "word " * 30))
    assert short == pytest.approx(2 * 0.3 + _BELOW_INCHES)
    lines = (long - short) / _NAME_LINE_INCHES
    assert lines > 2 and lines == pytest.approx(round(lines))


NO_SOURCE = sorted(set(plots.__all__) - {"style"})


@pytest.mark.parametrize("name", NO_SOURCE)
@pytest.mark.parametrize(
    "given", [None, 3, "fit", [1.0, 2.0], object()], ids=["none", "int", "str", "list", "object"]
)
def test_every_plot_refuses_what_it_cannot_draw(name, given):
    draw = getattr(plots, name)
    argument = next(iter(inspect.signature(draw).parameters))
    words = rf"plots\.{name} draws .*(which|that|mapping) .*; {argument}= is of type {type(given).__name__}$"
    with pytest.raises(TypeError, match=words):
        draw(given)


@pytest.mark.parametrize("name", NO_SOURCE)
def test_every_plot_refuses_it_by_name_too(name):
    draw = getattr(plots, name)
    parameter = next(iter(inspect.signature(draw).parameters.values()))
    if parameter.kind is not parameter.VAR_POSITIONAL:
        with pytest.raises(TypeError, match=f"{parameter.name}= is of type set"):
            draw(**{parameter.name: set()})


def test_what_one_plot_draws_is_not_what_another_does(gappy):
    for name in ("bootstrap", "bootstrap_pairs", "means", "power"):
        with pytest.raises(TypeError, match="is of type Fit"):
            getattr(plots, name)(gappy)
    with pytest.raises(TypeError, match=r"plots\.coefficients draws a fit, .*; fits= is of type list"):
        plots.coefficients(gappy, [gappy])


def test_axes_in_a_part_of_a_figure(gappy):
    """A part has no size of its own to ask for; titles, names and labels are fitted into it all the same."""
    import matplotlib.pyplot as plt

    parts = plt.figure(figsize=(9, 4)).subfigures(1, 2)
    pair = [part.subplots() for part in parts]
    np.testing.assert_allclose(figure_inches(pair[0]), [4.5, 4.0])
    assert plots.shrinkage(gappy, ax=pair[0]) is pair[0]
    assert plots.residuals(gappy, ax=pair[1]) is pair[1]
