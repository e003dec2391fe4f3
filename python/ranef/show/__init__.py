"""How anything prints itself: documents of lines and tables, as text, HTML, Markdown and LaTeX."""

from .document import FORMATS, Document, Line, Printed, Table, render
from .frames import frame_table

__all__ = ["FORMATS", "Document", "Line", "Printed", "Table", "frame_table", "render"]
