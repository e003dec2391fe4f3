"""Data frames as tables of text: few digits, p-values by R's rules, the middle of a long one left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .numbers import format_common, format_p_values
from .parts import Table

if TYPE_CHECKING:
    import pandas as pd

P_VALUES = ("p", "p_value", "p_boundary", "p_adjusted")
MOST_ROWS = 60
ENDS = 10


def frame_table(frame: pd.DataFrame, caption: str = "", digits: int = 4, index: bool = True) -> Table:
    """Return a data frame as a table of text.

    frame: columns called ``p`` and the like are formatted as p-values; missing entries stay empty.
    digits: significant digits of the entry of a column that needs the most decimals to show them.
    index: show the row names.
    Of more than 60 rows the first and the last ten are shown; the caption says so.

    >>> import pandas as pd
    >>> frame_table(pd.DataFrame({"F": [3.14159], "p": [1e-20]}, index=["x"])).rows
    [('x', '3.142', '<2e-16')]
    """
    left_out = len(frame) - 2 * ENDS if len(frame) > MOST_ROWS else 0
    if left_out:
        import pandas as pd

        caption = f"{caption} ({len(frame):,} rows)".strip()
        frame = pd.concat([frame.iloc[:ENDS], frame.iloc[-ENDS:]])
    labels, headers = _index(frame) if index else ([], [])
    texts = [_column(frame.iloc[:, k], str(frame.columns[k]), digits) for k in range(frame.shape[1])]
    columns = [*labels, *texts]
    if left_out:
        columns = [[*column[:ENDS], "...", *column[ENDS:]] for column in columns]
    headers = [*headers, *(_header(name) for name in frame.columns)]
    leading = next((k for k, text in enumerate(texts) if not _is_text(frame.iloc[:, k])), len(texts))
    return Table(caption, headers, columns, labels=len(labels) + leading)


def _index(frame: pd.DataFrame) -> tuple[list[list[str]], list[str]]:
    levels = [frame.index.get_level_values(k) for k in range(frame.index.nlevels)]
    names = ["" if name is None else str(name) for name in frame.index.names]
    return [[str(label) for label in level] for level in levels], names


def _header(name: Any) -> str:
    return " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)


def _is_text(column: pd.Series) -> bool:
    return column.dtype.kind not in "fiub"


def _column(column: pd.Series, name: str, digits: int) -> list[str]:
    kind = column.dtype.kind
    if kind == "f":
        values = column.to_numpy(dtype=float)
        texts = format_p_values(values) if name in P_VALUES else _numbers(values, digits)
        return ["" if np.isnan(value) else text for text, value in zip(texts, values, strict=True)]
    if kind == "b":
        return ["yes" if value else "no" for value in column]
    return ["" if value is None or value != value else str(value) for value in column]


def _numbers(values: Sequence[float], digits: int) -> list[str]:
    whole = [value for value in values if np.isfinite(value)]
    if whole and all(float(value).is_integer() and abs(value) < 1e15 for value in whole):
        return [f"{value:.0f}" for value in values]
    return format_common(values, digits)
