"""The right-hand side of a bar: grouping columns, ``:`` and ``/``."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import FormulaError
from .nodes import Leaf, Node, Operation, Sum
from .tokens import unquoted


class Group(NamedTuple):
    """A grouping factor: its name as lme4 writes it, and the columns whose combinations are its levels."""

    name: str
    columns: tuple[str, ...]

    @property
    def operand(self) -> str:
        """The name as part of a longer one."""
        return f"({self.name})" if len(self.columns) > 1 else self.name


def expand_group(node: Node, text: str) -> list[Group]:
    """Return the grouping factors of ``| group``, ``/`` expanded: ``a/b`` gives ``b:a`` and ``a``.

    Innermost first, as lme4; ``a/b/c`` gives ``c:(b:a)``, ``b:a`` and ``a``.

    Raises FormulaError for anything but columns joined by ``:`` and ``/``.
    """
    if isinstance(node, Sum) and len(node.items) == 1 and node.items[0][0] == "+":
        return expand_group(node.items[0][1], text)
    if isinstance(node, Leaf) and node.kind == "name":
        name = unquoted(node.text)
        return [Group(name, (name,))]
    if isinstance(node, Operation) and node.op == "/":
        outer, inner = expand_group(node.left, text), expand_group(node.right, text)
        return [_inside(group, outer[0]) for group in inner] + outer
    if isinstance(node, Operation) and node.op == ":":
        return [_cross(node, text)]
    raise FormulaError(
        "a grouping factor is a column, or columns joined by ':' (combinations) or '/' (nesting); "
        "for anything else add a column to the data first",
        text,
        _position(node),
    )


def _position(node: Node) -> int:
    if isinstance(node, Sum) and len(node.items) > 1:
        return node.items[1][1].start
    return node.start


def _inside(inner: Group, outer: Group) -> Group:
    return Group(f"{inner.operand}:{outer.operand}", inner.columns + outer.columns)


def _cross(node: Operation, text: str) -> Group:
    """``a:b``; a chain ``a:b:c`` keeps its name without parentheses, as in R."""
    left, right = (expand_group(side, text) for side in (node.left, node.right))
    if len(left) > 1 or len(right) > 1:
        raise FormulaError("'/' inside ':' is ambiguous: write the terms one by one", text, node.start)
    return Group(f"{left[0].name}:{right[0].operand}", left[0].columns + right[0].columns)
