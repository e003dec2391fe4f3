"""The syntax tree of a formula, and how it is written out again for formulaic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .types import Structure

PRECEDENCE = {"*": 2, "/": 2, "%in%": 3, ":": 4, "**": 5}


@dataclass(frozen=True)
class Leaf:
    """A column ``name``, a ``number`` or a piece of ``python`` code (a call, or code in braces)."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Operation:
    """``left op right`` with op one of ``PRECEDENCE``."""

    op: str
    left: Node
    right: Node
    start: int


@dataclass(frozen=True)
class Sum:
    """Signed terms; ``items`` holds pairs of "+" or "-" and a node."""

    items: tuple[tuple[str, Node], ...]
    start: int


@dataclass(frozen=True)
class Bar:
    """A random term ``(columns | group)``; not ``correlated`` for ``||``; ``structure`` of ``ar1(...)``."""

    columns: Node
    group: Node
    correlated: bool
    start: int
    structure: Structure | None = None


Node: TypeAlias = "Leaf | Operation | Sum | Bar"


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct children of a node."""
    if isinstance(node, Operation):
        return (node.left, node.right)
    if isinstance(node, Sum):
        return tuple(item for _, item in node.items)
    if isinstance(node, Bar):
        return (node.columns, node.group)
    return ()


def render(node: Node) -> str:
    """Write a tree without bars as formula text, with parentheses only where they are needed."""
    if isinstance(node, Leaf):
        return node.text
    if isinstance(node, Operation):
        level = PRECEDENCE[node.op]
        left, right = _operand(node.left, level), _operand(node.right, level + 1)
        return f"{left}{node.op}{right}" if node.op in (":", "**") else f"{left} {node.op} {right}"
    if isinstance(node, Sum):
        return " ".join(f"{sign} {_operand(item, 1)}" for sign, item in node.items).removeprefix("+ ")
    raise TypeError("a random term has no place in a fixed part")


def _operand(node: Node, level: int) -> str:
    text = render(node)
    if isinstance(node, Sum) or (isinstance(node, Operation) and PRECEDENCE[node.op] < level):
        return f"({text})"
    return text
