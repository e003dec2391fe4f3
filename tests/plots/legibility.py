"""What a reader of a figure would complain about: letters too small, cut off, or on top of each other."""

import numpy as np

SMALLEST = 6.5  # points
_SLACK = 2.0  # pixels
_SHARE = 0.12  # of a text's height that is above and below its letters


def texts(figure):
    """(what, text) of everything written that is seen."""
    found = [("figure", text) for text in figure.texts]
    for legend in figure.legends:
        found += [("legend", text) for text in (*legend.get_texts(), legend.get_title())]
    for axes in figure.axes:
        if axes.axison:
            found += [("title", t) for t in (axes.title, axes._left_title, axes._right_title)]
            found += [("label", t) for t in (axes.xaxis.label, axes.yaxis.label)]
            for axis in (axes.xaxis, axes.yaxis):
                found += [("tick", text) for text in _ticks(axis)]
        found += [("text", text) for text in axes.texts]
        if axes.get_legend() is not None:
            found += [("legend", text) for text in axes.get_legend().get_texts()]
    return [(what, text) for what, text in found if text.get_visible() and text.get_text().strip()]


def _ticks(axis):
    low, high = sorted(axis.get_view_interval())
    room = 1e-6 * (high - low)
    places = axis.get_majorticklocs()
    labels = [tick.label1 for tick in axis.get_major_ticks(len(places))]
    return [t for place, t in zip(places, labels, strict=True) if low - room <= place <= high + room]


def faults(figure):
    """Sentences, one per complaint."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    seen = [(what, text, text.get_window_extent(renderer)) for what, text in texts(figure)]
    out = []
    for what, text, box in seen:
        name = f"{what} {text.get_text()!r}"
        if text.get_fontsize() < SMALLEST:
            out.append(f"{name} has only {text.get_fontsize():g} points")
        if min(box.x0, box.y0) < -_SLACK or box.x1 > width + _SLACK or box.y1 > height + _SLACK:
            out.append(f"{name} is cut off")
    level = [item for item in seen if item[1].get_rotation() % 90 == 0]
    boxes = np.array([[b.x0, b.y0, b.x1, b.y1] for _, _, b in level]).reshape(-1, 4)
    margin = _SHARE * np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    low, high = boxes[:, :2] + margin[:, None], boxes[:, 2:] - margin[:, None]
    over = ((low[:, None] < high[None]) & (low[None] < high[:, None])).all(axis=2)
    for i, j in zip(*np.nonzero(np.triu(over, 1)), strict=True):
        (one, first, _), (other, second, _) = level[i], level[j]
        out.append(f"{one} {first.get_text()!r} covers {other} {second.get_text()!r}")
    return out


def common_name(figure, which):
    """What one name for all panels says along a side (`Figure.get_supxlabel` is of matplotlib 3.8)."""
    text = getattr(figure, f"_sup{which}label")
    return "" if text is None else text.get_text()


def unnamed(figure):
    """Axes with numbers along a side and no name for them: theirs, their title or the figure's."""
    out = []
    for which, shared in (("x", common_name(figure, "x")), ("y", common_name(figure, "y"))):
        if shared or any(getattr(axes, f"get_{which}label")() for axes in figure.axes):
            continue
        for axes in figure.axes:
            ticks = [t.get_text() for t in _ticks(getattr(axes, f"{which}axis")) if t.get_visible()]
            numbers = any(text.strip("\N{MINUS SIGN}-.").replace(".", "").isdigit() for text in ticks)
            title = axes.get_title() or axes.get_title("left")
            if axes.axison and numbers and not (title and which == "x"):
                out.append(f"the {which} axis of {title!r} has no name")
    return out
