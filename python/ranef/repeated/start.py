"""Where a search may start: at standard deviations and correlations that a covariance matrix can have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ArgumentError
from .covariance import Natural, natural_parameters
from .model import VisitModel

_MOST_SHOWN = 8  # parameters in a message

def checked_start(model: VisitModel, start: npt.ArrayLike, structure: str) -> FloatArray:
    """Return start= as an array.

    Raises ArgumentError for numbers of another shape; a parameter at an end of its range, or beyond what a
        double can tell from it; correlations that no covariance matrix has.
    """
    theta = model.checked_theta(start, structure, "start=")
    labels = model.visits.labels
    read = [] if structure == "us" else natural_parameters(structure, labels) * len(model.visits.arms)
    values = model.measures(structure).natural(theta)[:, 0].tolist() if read else []
    _require_inside(read, values, theta, structure)
    if not np.isfinite(model.objective(theta, structure)):
        shown = zip(read[:_MOST_SHOWN], values[:_MOST_SHOWN], strict=True)
        listed = ", ".join(f"{one.name} {value:.3g}" for one, value in shown)
        has = f" ({listed}{', ...' if len(read) > _MOST_SHOWN else ''})" if read else ""
        raise ArgumentError(
            f"start= gives {structure}() no positive definite covariance matrix{has}: begin at the theta of "
            "a fit like this one, or leave start= out"
        )
    return theta


def _require_inside(
    read: list[Natural], values: list[float], theta: FloatArray, structure: str
) -> None:
    for place, (one, value) in enumerate(zip(read, values, strict=True)):
        if not one.lower < value < one.upper:
            raise ArgumentError(
                f"start= puts the {one.name} of {structure}() at {value:g}, an end of its range "
                f"({one.lower:g}, {one.upper:g}): start[{place}] = {theta[place]:g} is too large or too small"
            )
