import builtins
import subprocess
import sys

import pytest
from ranef import plots
from ranef.errors import ArgumentError
from ranef.plots.canvas import panels

from tests.plots.pictures import PICTURES


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_without_matplotlib_the_error_names_the_extra(name, monkeypatch):
    real = builtins.__import__

    def blocked(name, *args, **kwargs):
        if name.split(".")[0] == "matplotlib":
            raise ImportError("No module named 'matplotlib'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(ImportError, match=r"pip install ranef\[plots\]"):
        PICTURES[name]()


def test_importing_the_plots_does_not_load_matplotlib():
    code = "import sys, ranef.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("draw", [plots.caterpillar, plots.shrinkage, plots.pooling])
def test_figures_can_be_written(draw, gappy, tmp_path):
    axes = draw(gappy)
    figure = (axes if hasattr(axes, "figure") else axes[0]).figure
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_more_panels_than_can_be_read():
    with pytest.raises(ArgumentError, match="would have 60 panels, of which no more than 48 can be read"):
        panels(60, None, columns=3, size=(2, 2))
