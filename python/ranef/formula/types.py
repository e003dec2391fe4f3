"""What a parsed formula is: text split in its parts, no data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Structure:
    """The covariance structure a random term names: ``ar1`` of ``ar1(0 + visit | subject)``."""

    name: str  # one of `ranef.formula.STRUCTURES`
    # tuple of (str, value): such as ``(("d", 2),)``; a value is a number, a bool, or text (also the name of a
    # column)
    options: tuple[tuple[str, float | bool | str], ...] = ()
    position: int = field(default=0, compare=False)  # where it stands in the text of the formula


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
    structure : Structure or None
        Of ``name(columns | group, option=value)``; None for a bar in parentheses alone.
    within : bool
        Whether the structure says how columns vary within one level, so that one is enough: a time series.
    """

    columns: str
    group: str
    correlated: bool
    group_columns: tuple[str, ...]
    source: int
    structure: Structure | None = None
    within: bool = False

    def __str__(self) -> str:
        inner = f"{self.columns} {'|' if self.correlated else '||'} {self.group}"
        if self.structure is None:
            return f"({inner})"
        options = "".join(f", {name}={value}" for name, value in self.structure.options)
        return f"{self.structure.name}({inner}{options})"


@dataclass(frozen=True)
class Formula:
    """A formula in the language of lme4, split in its parts. Knows no data.

    Attributes
    ----------
    text : str
        As given.
    response : str
        Code of the response, such as ``"y"`` or ``"log(y)"``.
    responses : tuple of str
        The columns of ``cbind(a, b)`` as code, ``("a", "b")``; else the response alone.
    fixed : str
        The fixed part without bars and offsets, as formulaic reads it.
    random : tuple of RandomBar
        The random terms in the order of the formula.
    offsets : tuple of str
        Code inside each ``offset(...)``.
    functions : mapping
        The caller's own functions that code may call.
    """

    text: str
    response: str
    fixed: str
    random: tuple[RandomBar, ...]
    offsets: tuple[str, ...]
    responses: tuple[str, ...]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict, compare=False, repr=False)
