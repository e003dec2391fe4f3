"""Cells of a generalised model in SQL: the different rows, and how many there are of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..show import Printed
from ..stream.duck_relation import quoted
from ..stream.needs import Needs
from ..verbs import Verb
from .sql_rows import counts_of_rows, where_complete

TIMES = "ranef_times"
"""Column of a table of different rows: how many rows of the data are like this one."""


@dataclass(frozen=True, repr=False)
class CellsSQL(Printed):
    """Queries whose answers are the sums of a generalised model; made by `ranef.sums_sql`, printed as SQL.

    Attributes
    ----------
    formula, family, link : str
    table : str
        What the queries read from.
    """

    formula: str
    family: str
    link: str
    table: str
    needs: Needs = field(repr=False)

    @property
    def survey(self) -> str:
        """The first query, of one row: numbers of rows and of missing values."""
        return "SELECT " + ",\n       ".join(counts_of_rows(self.needs.columns)) + f"\nFROM {self.table}"

    @property
    def rows(self) -> str:
        """The second: the different rows without missing values, and how many there are of each."""
        columns = self.needs.columns
        names = ", ".join(map(quoted, columns))
        head = f"SELECT {names}, COUNT(*) AS {TIMES}\nFROM {self.table}"
        return f"{head}\n{where_complete(columns)}\nGROUP BY {names}"

    run = Verb("generalised.cells.in_sql:sums_of_cells")

    def __str__(self) -> str:
        return f"-- rows and missing values\n{self.survey};\n\n-- different rows\n{self.rows};"
