"""A picture as what is drawn in it: the marks in data coordinates, without letters and without layout.

Letters depend on the fonts of a machine and on the release of matplotlib, and the layout depends on the
letters. So all text is hidden, every panel is put into its cell of a fixed grid, and the picture is drawn in
few pixels, each the mean over a square. What is left are the marks, their places and their colours.
"""

from pathlib import Path

import numpy as np

BASELINES = Path(__file__).parent / "baselines"
CELLS = 48  # squares along a panel
_FINE = 4  # pixels along a square

# From matplotlib 3.7 to 3.11 no square of a picture changes by more than 8 units of 255. A missing line, a
# moved point or another colour changes whole squares (test_pictures.py shows that they are noticed).
WORST, MEAN = 24.0, 0.5


def fingerprint(axes):
    """(height, width, 3) uint8: the means over squares."""
    axes = list(getattr(axes, "flat", [axes]))
    figure = axes[0].figure
    figure.set_layout_engine("none")
    for group in (figure.texts, figure.legends):
        for artist in list(group):
            artist.set_visible(False)
    columns = int(np.ceil(np.sqrt(len(axes))))
    rows = -(-len(axes) // columns)
    for place, panel in enumerate(axes):
        row, column = divmod(place, columns)
        panel.set_position(
            [(column + 0.06) / columns, 1 - (row + 0.94) / rows, 0.88 / columns, 0.88 / rows], which="both"
        )
        panel.tick_params(which="both", length=0, labelleft=False, labelbottom=False)
        for text in (*panel.texts, panel.title, panel._left_title, panel._right_title):
            _hide(text)
        panel.xaxis.label.set_visible(False)
        panel.yaxis.label.set_visible(False)
        if panel.get_legend() is not None:
            panel.get_legend().set_visible(False)
    figure.set_dpi(72)
    figure.set_size_inches(columns * CELLS * _FINE / 72, rows * CELLS * _FINE / 72)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(float)
    height, width = rows * CELLS, columns * CELLS
    squares = pixels[: height * _FINE, : width * _FINE].reshape(height, _FINE, width, _FINE, 3)
    return squares.mean(axis=(1, 3)).round().astype(np.uint8)


def _hide(text):
    """Hide the letters and keep an arrow that belongs to them."""
    if getattr(text, "arrow_patch", None) is not None:
        text.set_text("")
    else:
        text.set_visible(False)


def difference(found, expected):
    """(worst, mean) absolute difference over the squares."""
    if found.shape != expected.shape:
        return np.inf, np.inf
    gap = np.abs(found.astype(float) - expected).max(axis=2)
    return float(gap.max()), float(gap.mean())


def same(found, expected):
    """Whether two fingerprints are of the same picture."""
    worst, mean = difference(found, expected)
    return worst <= WORST and mean <= MEAN


def read(name):
    """A committed baseline."""
    from matplotlib.image import imread

    return (imread(BASELINES / f"{name}.png")[..., :3] * 255).round().astype(np.uint8)


def write(name, picture, folder=BASELINES):
    """Write a fingerprint."""
    from matplotlib.image import imsave

    folder.mkdir(exist_ok=True)
    imsave(folder / f"{name}.png", picture)
