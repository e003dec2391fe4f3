"""How anything prints itself: documents of lines and tables, as text, HTML, Markdown and LaTeX."""

from .document import FORMATS, Printed, render
from .frames import frame_table
from .parts import Document, Line, Table

__all__ = ["FORMATS", "Document", "Line", "Printed", "Table", "frame_table", "render"]
