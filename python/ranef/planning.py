"""From cross-products to the core's problem, within the memory and the time that are there."""

from __future__ import annotations

from typing import Any

from . import _core
from .machine.memory import WORTH_ASKING, available_memory, size_text

_NARROW = 20  # columns of a term, up to which no plan of a small model fills a machine
_LARGE_REST = 2000  # random effects behind the leading term below which exact kinds are quick
_FULL = 0.1  # share of the Schur complement's entries beyond which its factor is full
_LONG = 20.0  # seconds of a dense fit from which iterations are thought of
_GAIN = 3.0  # times that they must be quicker then


def planned(cross: Any, reml: bool, leading: str, schur: str) -> Any:
    """Return the core's problem of cross-products, within the memory that is there.

    Raises ValueError: the plan asked for cannot be carried out.
    """
    widest = max(width for _, width in cross.shapes)
    rest = cross.q + cross.p - max(levels * width for levels, width in cross.shapes)
    # At most as many numbers as the leading factor's blocks with the rest, or the square of the rest.
    large = widest > _NARROW or 8 * cross.q * (widest + rest) > WORTH_ASKING
    limit = float((available_memory() if large else None) or 0)  # 0: what the core knows of the machine

    def problem(kind: str) -> Any:
        return _core.Problem(cross, reml, leading=leading, schur=kind, memory_limit=limit)

    if schur != "any":
        return problem(schur)
    if leading == "classes" or cross.q_rest < _LARGE_REST:
        return problem("auto")
    costs = _core.iterative_costs(cross)
    dense_is_out = limit and costs["dense_bytes"] > limit
    slow = costs["dense_seconds"] > max(_LONG, _GAIN * costs["iterative_seconds"])
    if (dense_is_out or slow) and costs["density"] > _FULL:
        return problem("iterative")
    try:
        found = problem("auto")
    except MemoryError:
        return problem("iterative")
    return problem("iterative") if slow and found.plan["schur"] == "dense" else found


def why_iterative(cross: Any) -> str:
    """Return why a plan that was free to choose is to solve by iterations."""
    costs = _core.iterative_costs(cross)
    return (
        f"iterative: the dense kind would take {size_text(costs['dense_bytes'])} and about "
        f"{costs['dense_seconds']:,.0f} s"
    )
