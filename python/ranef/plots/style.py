"""The width of figures and the names of axes, for a paper or a slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import ArgumentError

_width: ContextVar[float | None] = ContextVar("width", default=None)
_labels: ContextVar[Mapping[str, str]] = ContextVar("labels", default=MappingProxyType({}))

_figsize: ContextVar[tuple[float, float] | None] = ContextVar("figsize", default=None)
_ncols: ContextVar[int | None] = ContextVar("ncols", default=None)

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


@contextmanager
def layout(figsize: Any, ncols: Any) -> Iterator[None]:
    """Give the figure made within a ``with`` block a size in inches, and panels side by side.

    Raises ArgumentError for what is no size, or no number of panels.
    """
    whole = isinstance(ncols, int | np.integer) and not isinstance(ncols, bool)
    if ncols is not None and not (whole and ncols >= 1):
        raise ArgumentError(f"ncols= must be a whole number of panels side by side, not {ncols!r}")
    size = _figsize.set(None if figsize is None else _inches(figsize))
    columns = _ncols.set(None if ncols is None else int(ncols))
    try:
        yield
    finally:
        _figsize.reset(size)
        _ncols.reset(columns)


def _inches(figsize: Any) -> tuple[float, float]:
    try:
        wide, tall = (float(value) for value in figsize)
    except (TypeError, ValueError):
        wide = tall = np.nan
    if not (0 < wide < np.inf and 0 < tall < np.inf):
        raise ArgumentError(f"figsize= must be width and height in inches, such as (6, 4), not {figsize!r}")
    return wide, tall


def current_layout() -> tuple[tuple[float, float] | None, int | None]:
    """Size and number of columns that were asked for by the call."""
    return _figsize.get(), _ncols.get()


def current_width() -> float | None:
    """Inches asked for by the innermost `style`."""
    return _width.get()


def named(variable: str) -> str:
    """What axes call a variable."""
    return _labels.get().get(variable, variable)
