"""Data frames that print as the package's tables do: within the width of the terminal, no column left out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..show import Document, Line, frame_table, render


class PrintedTable(pd.DataFrame):
    """A data frame whose columns have one precision each when it is printed.

    What stands above and below it are the lines in ``attrs["title"]`` and ``attrs["notes"]``. A part of it,
    or anything computed from it, is an ordinary DataFrame.
    """

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def document(self) -> Document:
        """Return the table between its title and its notes; an index that only counts rows is left out."""
        title, notes = self.attrs.get("title", ()), self.attrs.get("notes", ())
        table = frame_table(self.as_shown(), index=not isinstance(self.index, pd.RangeIndex))
        return [*map(Line, title), table, *map(Line, notes)]

    def as_shown(self) -> pd.DataFrame:
        """Return the columns that are printed."""
        return pd.DataFrame(self)

    def __repr__(self) -> str:
        return render(self.document(), "text")

    def _repr_html_(self) -> str:
        return render(self.document(), "html")


def printed(found: Any) -> Any:
    """Return a data frame of pandas as one that prints so; anything else is returned as it is.

    >>> printed(pd.DataFrame({"term": ["x"], "estimate": [3.14159], "p": [1e-20]}))
    term estimate      p
    x       3.142 <2e-16
    """
    if type(found) is not pd.DataFrame:
        return found
    table = PrintedTable(found)
    table.attrs = found.attrs
    return table
