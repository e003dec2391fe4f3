"""Where a search may start: at standard deviations and correlations that a covariance matrix can have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ArgumentError
from .covariance import parameter_names
from .model import VisitModel

_MOST_SHOWN = 8  # parameters in a message

def checked_start(model: VisitModel, start: npt.ArrayLike, structure: str) -> FloatArray:
    """Return start= as an array.

    Raises ArgumentError for numbers of another shape; a parameter at an end of its range, or beyond what a
        double can tell from it; correlations that no covariance matrix has.
    """
    theta = model.checked_theta(start, structure, "start=")
    read = [] if structure == "us" else _read(model, theta, structure)
    _require_inside(read, theta, structure, len(model.visits.labels))
    if not np.isfinite(model.objective(theta, structure)):
        listed = ", ".join(f"{name} {value:.3g}" for name, value in read[:_MOST_SHOWN])
        has = f" ({listed}{', ...' if len(read) > _MOST_SHOWN else ''})" if read else ""
        raise ArgumentError(
            f"start= gives {structure}() no positive definite covariance matrix{has}: begin at the theta of "
            "a fit like this one, or leave start= out"
        )
    return theta


def _read(model: VisitModel, theta: FloatArray, structure: str) -> list[tuple[str, float]]:
    """Return name and value of the parameters as they are read, of all arms."""
    names = parameter_names(structure, model.visits.labels)
    values = model.measures(structure).natural(theta)[:, 0].tolist()
    return [(names[place % len(names)], value) for place, value in enumerate(values)]


def _require_inside(read: list[tuple[str, float]], theta: FloatArray, structure: str, visits: int) -> None:
    for place, (name, value) in enumerate(read):
        low, high = limits(name, structure, visits)
        if not low < value < high:
            raise ArgumentError(
                f"start= puts the {name} of {structure}() at {value:g}, an end of its range ({low:g}, "
                f"{high:g}): start[{place}] = {theta[place]:g} is too large or too small"
            )


def limits(name: str, structure: str, visits: int) -> tuple[float, float]:
    """Return the ends of the range of a parameter by its name, us left out."""
    if not name.startswith("corr"):
        return 0.0, np.inf
    return (-1.0 / (visits - 1) if structure in ("cs", "csh") else -1.0), 1.0
