"""A report as parts that any format can show: lines of text, code, tables of text."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from ..errors import require_choice
from ..guidance.arguments import guide_class
from ..guidance.elsewhere import unexplained
from ..pickles import Snapshot
from .html import html
from .latex import latex
from .markdown import markdown
from .parts import Document, Line
from .text import folded, text

_RENDERERS: dict[str, Callable[[Document], str]] = {
    "text": text,
    "html": html,
    "markdown": markdown,
    "latex": latex,
}
FORMATS = tuple(_RENDERERS)


def render(document: Document, format: str) -> str:
    """Return a document as text, HTML, Markdown or LaTeX."""
    return _RENDERERS[format](document)


def _fitting(show: Callable[[Any], str]) -> Callable[[Any], str]:
    @wraps(show)
    def shown(self: Any) -> str:
        return "\n".join(folded(show(self).split("\n")))

    return shown


class Printed(Snapshot):
    """What shows itself in a terminal, in a notebook, in a paper.

    A class says what it is in parts (`document`), or as text (`__str__`), or both where the text has a layout
    of its own; the other follows.
    """

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = unexplained

    def __init_subclass__(cls, **options: Any) -> None:
        """Fold what a text of its own has beyond the terminal's width, and have methods explain arguments."""
        super().__init_subclass__(**options)
        guide_class(cls)
        own = vars(cls).get("__str__")
        if isfunction(own):
            cls.__str__ = _fitting(own)  # type: ignore[method-assign]

    def document(self) -> Document:
        """Return the parts."""
        return [Line(str(self), "pre")]

    def __str__(self) -> str:
        return text(self.document())

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

    def _repr_markdown_(self) -> str:
        return self.to("markdown")

    def _repr_latex_(self) -> str:
        return self.to("latex")

    def __repr__(self) -> str:
        return str(self)
