"""The parts of a document: lines and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """A line of text: a `title` stands out, `code` keeps its spelling, `pre` (several lines) its blanks."""

    text: str
    style: str = "plain"


@dataclass(frozen=True)
class Table:
    """Columns of text under headers; the first `labels` columns are names, the others numbers.

    `rules` are the rows below which a line is drawn.
    """

    caption: str
    headers: Sequence[str]
    columns: Sequence[Sequence[str]] = field(repr=False)
    labels: int = 0
    rules: Sequence[int] = ()

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells by row, without blanks around them."""
        return [tuple(text.strip() for text in row) for row in zip(*self.columns, strict=True)]


Document = Sequence["Line | Table"]
