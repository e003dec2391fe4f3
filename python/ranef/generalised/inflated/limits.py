"""What to say where no zeros are left that are no counts."""

from __future__ import annotations

from typing import Any

from ..second.limits import first_of, has_estimates
from .model import ZeroInflatedModel


def no_inflation(model: ZeroInflatedModel, found: dict[str, Any]) -> str:
    """Return what to say where no zeros are left that are no counts."""
    if not has_estimates(found) or found["free"][first_of(model)]:
        return ""
    family = model.family
    return (
        f"no zero inflation is left: the probability of a zero that is no count runs to zero, plain "
        f"{family.kind.label}; leave zero= out"
    )
