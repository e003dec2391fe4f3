"""Tables of tests: data frames that print titles, notes and p-values as a reader wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..frame.printed import PrintedTable
from ..guidance.elsewhere import missing
from ..guidance.words_of_results import OF_TESTS

# Differences of criteria count, however large they are.
FORMS = dict.fromkeys(("aic", "aicc", "bic", "llf", "deviance"), ".2f") | {"weight": ".3g"}


class TestTable(PrintedTable):
    """A table of tests, whose criteria are printed with two decimals."""

    __test__ = False  # no test case, whatever pytest makes of its name

    if not TYPE_CHECKING:  # which would take every name for known

        def __getattr__(self, name: str) -> Any:
            """Return a column, as pandas does, or say what is called so here."""
            if name.startswith("_") or name in self.columns:
                return super().__getattr__(name)
            raise missing("a table of tests", name, OF_TESTS, [*self.columns, *dir(pd.DataFrame)])

    def __getitem__(self, key: Any) -> Any:
        """Return columns; the index answers to its name too, as in ``table["term"]``."""
        if isinstance(key, str) and key == self.index.name and key not in self.columns:
            return pd.Series(self.index, index=self.index)
        return super().__getitem__(key)

    def as_shown(self) -> pd.DataFrame:
        """Return the columns that are printed."""
        table = super().as_shown()
        for name, form in FORMS.items():
            if name in table:
                table[name] = [None if pd.isna(value) else format(value, form) for value in table[name]]
        if "p_boundary" in table and table["p_boundary"].isna().all():  # no variance was tested
            table = table.drop(columns="p_boundary")
        return table


def with_title(table: pd.DataFrame, *lines: str) -> TestTable:
    """Return a table with the lines to print above it."""
    out = TestTable(table)
    out.attrs.update(title=lines, notes=())
    return out
