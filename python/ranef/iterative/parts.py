"""How the levels of a design hang together, in words."""

from __future__ import annotations

from typing import Any

from .. import _core
from ..verbs import kept


@kept
def parts_words(model: Any) -> tuple[str, ...]:
    """Return a sentence on parts that share no level, and one on every factor that is nested in another."""
    found = _core.iterative_parts(model.cross.design)
    groups = [factor.group for factor in model.cross.factors]
    levels = sum(model.design.terms[factor.terms[0]].factor.n_levels for factor in model.cross.factors)
    words = []
    if found["count"] > 1:
        words.append(
            f"The data fall into {found['count']:,} parts that share no level of any factor (the largest has "
            f"{found['largest']:,} of the {levels:,} levels): levels of different parts are compared by the "
            "fixed effects alone"
        )
    for inner, outer in found["nested"]:
        words.append(f"Every level of '{groups[inner]}' lies in one level of '{groups[outer]}': it is nested")
    return tuple(words)
