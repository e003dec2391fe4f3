"""A report as parts that any format can show: lines of text, code, tables of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..model import require_choice
from .html import html
from .latex import latex
from .markdown import markdown


@dataclass(frozen=True)
class Line:
    """A line of text; a `title` stands out, `code` keeps its spelling."""

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

_RENDERERS: dict[str, Callable[[Document], str]] = {"html": html, "markdown": markdown, "latex": latex}
FORMATS = ("text", *_RENDERERS)


def render(document: Document, format: str) -> str:
    """Return a document as HTML, Markdown or LaTeX."""
    return _RENDERERS[format](document)


class Printed:
    """What has a text and a document: shows itself in a terminal, in a notebook, in a paper."""

    def document(self) -> Document:
        """Return the parts."""
        raise NotImplementedError

    def to(self, format: str) -> str:
        """Return the report as a string.

        Parameters
        ----------
        format : {"text", "html", "markdown", "latex"}
            LaTeX tables use the package booktabs; Markdown tables are GitHub's.

        Raises
        ------
        ArgumentError
            For another format.
        """
        require_choice("format", format, FORMATS)
        return str(self) if format == "text" else render(self.document(), format)

    def to_html(self) -> str:
        """Return the report as one ``<div>``."""
        return self.to("html")

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        return self.to("markdown")

    def to_latex(self) -> str:
        """Return the report as LaTeX, with tables for the package booktabs."""
        return self.to("latex")

    def _repr_html_(self) -> str:
        return self.to("html")

    def __repr__(self) -> str:
        return str(self)
