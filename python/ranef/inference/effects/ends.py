"""The two ends of a comparison: levels of a factor, values of a number, steps from each row's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ArgumentError, quote_list
from ..means.grid import used_numbers
from .averages import Rows, levels_of
from .values import is_factor

OF_FACTORS = ("reference", "pairwise", "sequential")
OF_NUMBERS = ("sd", "iqr", "minmax")


def worded(label: tuple[str, str], kind: str) -> str:
    """Return the name of a comparison."""
    return label[1] if not label[0] else f"{label[1]} {'-' if kind == 'difference' else '/'} {label[0]}"


def changed(rows: Rows, name: str, end: Any) -> Rows:
    """Return rows with a variable at one end of a comparison."""
    move = isinstance(end, _Step)
    return rows.moved(name, end.size) if move else rows.with_value(name, end)


class _Step:
    """A step from each row's own value."""

    def __init__(self, size: float) -> None:
        self.size = size


def step_between(low: Any, high: Any) -> float | None:
    """Return the size of a step from each row's own value; None where both ends are values."""
    return float(high.size - low.size) if isinstance(low, _Step) and isinstance(high, _Step) else None


Ends = tuple[tuple[str, str], Any, Any]


def ends_of(fit: Any, name: str, contrast: Any) -> list[Ends]:
    """Return (words, low, high) of each comparison."""
    pair = _pair(contrast)
    if is_factor(fit, name):
        return _of_factor(name, levels_of(fit, name), contrast, pair)
    if pair is not None:
        try:
            low, high = (float(value) for value in pair)
        except (TypeError, ValueError):
            raise ArgumentError(f"contrast={contrast!r}: {name!r} is a number, its values are too") from None
        return [((f"{low:.6g}", f"{high:.6g}"), low, high)]
    if isinstance(contrast, str) and contrast in OF_NUMBERS:
        return [_of_size(fit, name, contrast)]
    if contrast is None or (isinstance(contrast, int | float | np.number) and not isinstance(contrast, bool)):
        size = 1.0 if contrast is None else float(contrast)
        half = _Step(-size / 2), _Step(size / 2)
        return [(("", f"{size:+g}"), *half)]
    if isinstance(contrast, str) and contrast in OF_FACTORS:  # of the factors among several variables
        return ends_of(fit, name, None)
    raise _unknown(contrast)


def _pair(contrast: Any) -> tuple[Any, Any] | None:
    many = not isinstance(contrast, str) and hasattr(contrast, "__len__") and len(contrast) == 2
    return (contrast[0], contrast[1]) if many else None


def _of_factor(name: str, levels: list[Any], contrast: Any, pair: Any) -> list[Ends]:
    if pair is not None:
        by_text = {str(level): level for level in levels}
        for value in pair:
            if str(value) not in by_text:
                there = quote_list(by_text)
                raise ArgumentError(f"contrast: {name!r} has no level {value!r}; it has {there}")
        places = [(list(by_text).index(str(pair[0])), list(by_text).index(str(pair[1])))]
    elif contrast == "pairwise":
        places = [(i, j) for j in range(len(levels)) for i in range(j)]
    elif contrast == "sequential":
        places = [(i - 1, i) for i in range(1, len(levels))]
    elif isinstance(contrast, str) and contrast not in (*OF_FACTORS, *OF_NUMBERS):
        raise _unknown(contrast)
    else:  # steps are of the numbers among several variables
        places = [(0, i) for i in range(1, len(levels))]
    return [((str(levels[i]), str(levels[j])), levels[i], levels[j]) for i, j in places]


def _of_size(fit: Any, name: str, contrast: str) -> Ends:
    values = used_numbers(fit, name)
    if values is None:
        raise ArgumentError(f"contrast={contrast!r} needs the rows of the data: give a step or two values")
    if contrast == "sd":
        size = float(values.std(ddof=1))
        return ("", "+sd"), _Step(-size / 2), _Step(size / 2)
    share = (0.25, 0.75) if contrast == "iqr" else (0.0, 1.0)
    low, high = (float(end) for end in np.quantile(values, share))
    return (("Q1", "Q3") if contrast == "iqr" else ("min", "max")), low, high


def _unknown(contrast: Any) -> ArgumentError:
    return ArgumentError(
        f"contrast= must be one of {quote_list(OF_FACTORS)} or a pair of levels for a factor, a step, a pair "
        f"of values or one of {quote_list(OF_NUMBERS)} for a number; got {contrast!r}"
    )
