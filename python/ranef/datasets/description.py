"""What is known about a data set: its columns with units, where it comes from, how its factors are coded."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

from ..show import Printed

# How the levels of a factor are ordered; a tuple of levels gives them outright.
NUMBERS = "numbers"  # whole numbers as labels, in numerical order
TEXT = "text"  # in alphabetical order


@dataclass(frozen=True)
class Column:
    """One column: what it holds, in which unit, and, for a factor, the order of its levels."""

    name: str
    about: str
    unit: str = ""
    levels: str | tuple[str, ...] | None = None  # None: a number; else NUMBERS, TEXT or the levels themselves

    @property
    def is_factor(self) -> bool:
        """Whether the column is categorical."""
        return self.levels is not None


@dataclass(frozen=True, repr=False)
class Description(Printed):
    """A data set described; printing it shows everything.

    Attributes
    ----------
    name : str
        What `ranef.datasets.load` takes.
    title : str
        One line.
    about : str
        The design and what to know before fitting a model.
    source : str
        The R package (or script) the numbers come from.
    citation : str
        Who published them first.
    n : int
        Number of rows.
    columns : tuple of Column
        In the order of the data frame.
    formula : str
        A model people fit to it.
    """

    name: str
    title: str
    about: str
    source: str
    citation: str
    n: int
    columns: tuple[Column, ...]
    formula: str

    @property
    def labels(self) -> dict[str, str]:
        """Column -> what the axis of a picture calls it: what it holds and its unit."""
        return {c.name: f"{c.about} ({c.unit})" if c.unit else c.about for c in self.columns}

    def __str__(self) -> str:
        width = max(len(column.name) for column in self.columns)
        lines = [f"{self.name}: {self.title} ({self.n:,} rows)", "", _wrap(self.about), ""]
        for column in self.columns:
            kind = "factor; " if column.is_factor else ""
            unit = f" [{column.unit}]" if column.unit else ""
            lines.append(_wrap(f"{column.name:{width}}  {kind}{column.about}{unit}", width + 4, first=2))
        lines += ["", f"model:    {self.formula}"]
        lines += [_wrap(f"source:   {self.source}", 10), _wrap(f"citation: {self.citation}", 10)]
        return "\n".join(lines)


def _wrap(text: str, indent: int = 0, first: int = 0) -> str:
    return fill(text, 96, initial_indent=" " * first, subsequent_indent=" " * indent)
