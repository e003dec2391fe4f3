"""The width of figures and the names of axes, for a paper or a slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import numpy as np

from ..errors import ArgumentError

_width: ContextVar[float | None] = ContextVar("width", default=None)
_labels: ContextVar[Mapping[str, str]] = ContextVar("labels", default=MappingProxyType({}))

_LIMITS = (2.5, 40.0)  # inches


@contextmanager
def style(width: float | None = None, labels: Mapping[str, str] | None = None) -> Iterator[None]:
    """Make the figures within a ``with`` block a given width, and give variables names with units.

    The text keeps its size: a figure made 3.5 inches wide is read as it is in a column of that width, where
    a larger one would be shrunk together with its letters. Panels are arranged in fewer columns if need be.

    Parameters
    ----------
    width : float, optional
        In inches, such as 3.5 for one column of a journal and 7 for two. Axes passed in with ``ax=`` keep
        theirs.
    labels : mapping of str to str, optional
        Variable or coefficient -> what axes call it. ``ranef.datasets.describe(name).labels`` has those of
        a shipped data set, with units.

    Raises
    ------
    ArgumentError
        For a width that is no number of inches from 2.5 to 40.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
    >>> with ranef.plots.style(width=3.5, labels={"reaction": "reaction time (ms)"}):
    ...     axes = ranef.plots.residuals(fit)
    >>> float(axes.figure.get_figwidth()), axes.get_xlabel()
    (3.5, 'fitted reaction time (ms)')
    """
    if width is not None:
        fine = isinstance(width, int | float | np.number) and not isinstance(width, bool)
        if not fine or not _LIMITS[0] <= width <= _LIMITS[1]:
            raise ArgumentError(
                f"width= is in inches, from {_LIMITS[0]:g} to {_LIMITS[1]:g}, such as 3.5; got {width!r}"
            )
    inches = _width.set(_width.get() if width is None else float(width))
    names = _labels.set({**_labels.get(), **(labels or {})})
    try:
        yield
    finally:
        _width.reset(inches)
        _labels.reset(names)


def current_width() -> float | None:
    """Inches asked for by the innermost `style`."""
    return _width.get()


def named(variable: str) -> str:
    """What axes call a variable."""
    return _labels.get().get(variable, variable)
