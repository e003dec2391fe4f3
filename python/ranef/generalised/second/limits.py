"""What to say of a second linear predictor whose estimates are infinite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import quote_list
from .model import SecondModel

_FAR = 300.0  # standard deviation of a coefficient of a column of unit size, that of an infinite estimate
_MEMBER = 0.1  # of the largest entry of a direction


def endless_second(model: SecondModel, found: dict[str, Any], reason: str) -> str:
    """Return what to say of a direction of zeta's coefficients along which the criterion hardly rises."""
    first, second = first_of(model), model.second
    if not has_estimates(found) or not found["free"][first]:
        return ""
    m = len(second.names)
    hessian = np.asarray(found["hessian"])[first : first + m, first : first + m]
    values, vectors = np.linalg.eigh(hessian / 2)
    flat = vectors[:, values <= _FAR**-2]
    if not flat.size:
        return ""
    along = np.abs(flat).max(axis=1)
    names = [second.names[i] for i in np.flatnonzero(along > _MEMBER * along.max())]
    return f"an estimate of {second.argument}= is infinite, along {quote_list(names)}: {reason}"


def has_estimates(found: dict[str, Any]) -> bool:
    """Whether a search ended at estimates with a Hessian."""
    return bool(len(found.get("free", ()))) and "hessian" in found


def first_of(model: SecondModel) -> int:
    """Return the place of zeta's first coefficient among the core's parameters."""
    return model.n_theta + len(model.cross.columns)
