"""What a parsed formula is: text split in its parts, no data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RandomBar:
    """One random term, ``/`` expanded and ``||`` not yet.

    Attributes
    ----------
    columns : str
        Formula text of the left-hand side, such as ``"1 + days"``.
    group : str
        Name of the grouping factor, such as ``"subject"`` or ``"cask:batch"``.
    correlated : bool
        False for ``||``: every column becomes a term of its own.
    group_columns : tuple of str
        The columns whose combinations are the levels: ``("cask", "batch")``.
    source : int
        Number of the bar in the formula; the terms ``a/b`` expands to share it.
    """

    columns: str
    group: str
    correlated: bool
    group_columns: tuple[str, ...]
    source: int

    def __str__(self) -> str:
        return f"({self.columns} {'|' if self.correlated else '||'} {self.group})"


@dataclass(frozen=True)
class Formula:
    """A formula in the language of lme4, split in its parts. Knows no data.

    Attributes
    ----------
    text : str
        As given.
    response : str
        Code of the response, such as ``"y"`` or ``"log(y)"``.
    fixed : str
        The fixed part without bars and offsets, as formulaic reads it.
    random : tuple of RandomBar
        The random terms in the order of the formula.
    offsets : tuple of str
        Code inside each ``offset(...)``.
    """

    text: str
    response: str
    fixed: str
    random: tuple[RandomBar, ...]
    offsets: tuple[str, ...]
