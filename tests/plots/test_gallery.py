"""The scripts of the gallery run, are short, and draw figures that can be read."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from ranef import plots

from tests.plots.legibility import faults, unnamed

SCRIPTS = sorted((Path(__file__).parents[2] / "docs" / "gallery").glob("plot_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 40
    runpy.run_path(str(script))
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert len(figures) == text.count("\n# %%") + 1, "a figure for each part of the page"
    assert not [fault for figure in figures for fault in faults(figure) + unnamed(figure)]


def test_every_plot_is_in_the_gallery():
    text = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    by_method = {"bootstrap": "replicates.plot(", "profile": "profile.plot(", "means": "means.plot("}
    by_method |= {"effects": "curves.plot(", "comparisons": "differences.plot("}
    missing = [
        name
        for name in plots.__all__
        if not any(call in text for call in (f"plots.{name}(", f".plot.{name}(", by_method.get(name, "?!")))
    ]
    assert not missing, missing
