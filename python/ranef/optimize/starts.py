"""Starts that differ, for optimisers that are to be compared."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..model import Model
from ..theta import pack
from .scaling import row_scales, theta_scale

_SIZES = {"small": 0.1, "unit": 1.0, "large": 10.0}  # of a random effect, the residual being 1


def spread_starts(model: Model) -> dict[str, FloatArray | None]:
    """Return starts: from moments (None), lme4's identity, and uncorrelated effects of three sizes."""
    sizes = row_scales(model, theta_scale(model))
    identity = pack([np.eye(size.size) for size in sizes])
    graded = {name: pack([np.diag(value / size) for size in sizes]) for name, value in _SIZES.items()}
    return {"moments": None, "identity": identity, **graded}
