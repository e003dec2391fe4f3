"""How far a coordinate goes where a criterion has risen by a given height, in a search of all coordinates.

The end of a profile interval, without the profile: at the extreme the criterion's gradient lies along the
coordinate. Steps are Newton's for both conditions, with a Hessian that is learnt on the way.

References
----------
Venzon & Moolgavkar (1988), A method for computing profile-likelihood-based confidence intervals, Journal of
the Royal Statistical Society C 37, 87-94.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import FloatArray
from .descent import updated_inverse

_LAST = 1e-4  # step, in units of about a standard error, after which what is left of the error is its square
_MOST_STEPS = 40
_FAR = 4.0  # times the rise: the step is shortened


def extreme(
    function: Callable[[FloatArray], tuple[float, FloatArray]], goal: FloatArray, rise: float
) -> FloatArray | None:
    """Return where goal'z is greatest among the z at which a function has risen; None if steps do not settle.

    function: its rise above the minimum, at z = 0, and its gradient; the Hessian there is about the identity.
    """
    z = goal * (2 * rise) ** 0.5 / np.linalg.norm(goal)
    inverse, last, last_slope = np.eye(z.size), np.zeros(z.size), np.zeros(z.size)
    for _ in range(_MOST_STEPS):
        value, slope = function(z)
        if not value < _FAR * rise:
            z = (z + last) / 2
            continue
        inverse = updated_inverse(inverse, z - last, slope - last_slope)
        last, last_slope = z, slope
        inward, along = inverse @ slope, inverse @ goal
        needed, steepness = rise - value + slope @ inward, slope @ along
        if not (value >= 0 and needed > 0 and steepness > 0):
            return None
        step = needed / steepness * along - inward  # lands on the height, its gradient along the goal
        z = z + step
        if np.abs(step).max() < _LAST:
            return z
    return None
