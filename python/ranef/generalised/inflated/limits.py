"""What to say of a zero part whose estimates are infinite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import quote_list
from .model import ZeroInflatedModel

_FAR = 300.0  # standard deviation of a coefficient of a column of unit size, that of an infinite estimate
_MEMBER = 0.1  # of the largest entry of a direction


def no_inflation(model: ZeroInflatedModel, found: dict[str, Any]) -> str:
    """Return what to say where no zeros are left that are no counts."""
    if not _has(found) or found["free"][_first(model)]:
        return ""
    family = model.family
    return (
        f"no zero inflation is left: the probability of a zero that is no count runs to zero, plain "
        f"{family.kind.label}; leave zero= out"
    )


def endless_zeros(model: ZeroInflatedModel, found: dict[str, Any]) -> str:
    """Return what to say of a direction of the zero part along which the criterion hardly rises."""
    first, m = _first(model), len(model.zero.names)
    if not _has(found) or not found["free"][first]:
        return ""
    hessian = np.asarray(found["hessian"])[first : first + m, first : first + m]
    values, vectors = np.linalg.eigh(hessian / 2)
    flat = vectors[:, values <= _FAR**-2]
    if not flat.size:
        return ""
    along = np.abs(flat).max(axis=1)
    names = [model.zero.names[i] for i in np.flatnonzero(along > _MEMBER * along.max())]
    return (
        f"an estimate of zero= is infinite, along {quote_list(names)}: in some rows every zero, or none, "
        "is a count; merge levels, or leave the column out of zero="
    )


def _has(found: dict[str, Any]) -> bool:
    return bool(len(found.get("free", ()))) and "hessian" in found


def _first(model: ZeroInflatedModel) -> int:
    return model.n_theta + len(model.cross.columns)
