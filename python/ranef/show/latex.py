"""Documents as LaTeX, tables with the rules of the package booktabs."""

from __future__ import annotations

import re

from .parts import Document, Line, Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
_CHARACTER = re.compile("|".join(map(re.escape, _SPECIAL)))
_NEGATIVE = re.compile(r"^-(?=[\d.])|(?<=[\[ (,])-(?=\d)")


def latex(document: Document) -> str:
    """Return a document as LaTeX, parts one blank line apart."""
    return "\n\n".join(_line(part) if isinstance(part, Line) else _table(part) for part in document)


def escape(text: str) -> str:
    """Return text that LaTeX shows as it is.

    >>> print(escape("y_1 ~ x & z"))
    y\\_1 \\textasciitilde{} x \\& z
    """
    return _CHARACTER.sub(lambda match: _SPECIAL[match[0]], text)


def _line(line: Line) -> str:
    if line.style == "pre":
        return "\n".join([r"\begin{verbatim}", line.text, r"\end{verbatim}"])
    text = escape(line.text)
    return {"title": rf"\textbf{{{text}}}", "code": rf"\texttt{{{text}}}"}.get(line.style, text)


def _cell(text: str) -> str:
    guard = "{}" if text.startswith(("[", "*")) else ""  # else an argument of the line break before it
    return guard + _NEGATIVE.sub("$-$", escape(text))


def _table(table: Table) -> str:
    sides = "".join("l" if k < table.labels else "r" for k in range(len(table.headers)))
    lines = [rf"\begin{{tabular}}{{{sides}}}", r"\toprule"]
    lines += [" & ".join(map(_cell, table.headers)) + r" \\", r"\midrule"]
    for number, row in enumerate(table.rows):
        lines.append(" & ".join(map(_cell, row)) + r" \\")
        if number in table.rules:
            lines.append(r"\midrule")
    lines += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([rf"\textit{{{escape(table.caption)}}}\\[2pt]", *lines] if table.caption else lines)
