"""Contours of two parameters from their profiles and the traces in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.special import chdtri

from ...errors import ArgumentError
from ...frame.native import in_pandas
from .result import Profile


def contour(profile: Profile, first: str, second: str, level: float = 0.95, n: int = 100) -> pd.DataFrame:
    """Return a contour of the deviance over two parameters, the others minimised.

    Interpolated from both profiles and the traces in them, as Bates & Watts (1988, appendix 6) do.

    In the plane of the two zetas a contour touches the square of side 2R where a profile reaches +-R, with
    the other parameter where the trace has it. Its points there have angles (acos, acos); mean and
    difference of the angles are interpolated by a periodic spline.

    Parameters
    ----------
    first, second : str
        Names of parameters, as in the profile.
    level : float
        Joint coverage.
    n : int
        Points along the contour.

    Returns
    -------
    DataFrame
        `n` points, a column per parameter; joint coverage `level`.

    Raises
    ------
    ArgumentError
        When the profiles do not reach that far out: a larger ``level`` in ``fit.profile`` is needed, or a
        parameter meets its bound first.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"), reml=False)
    >>> ring = fit.profile().contour("Intercept", "Days", level=0.9)
    >>> ring.shape
    (100, 2)
    """
    if first == second:
        raise ArgumentError(f"a contour needs two parameters, {first!r} was given twice")
    radius = float(np.sqrt(chdtri(2, 1 - level)))
    along_first = _trace(profile, first, second, radius)
    along_second = _trace(profile, second, first, radius)
    if not np.isfinite([*along_first, *along_second]).all():
        raise ArgumentError(
            f"the profiles of {first!r} and {second!r} do not reach the contour of level {level:g}: "
            "profile them with a larger level=, or use a smaller one here"
        )
    # (angle of the first, angle of the second) where the first is at +-R, then where the second is
    touching = [(0.0, np.arccos(along_first[1])), (np.pi, np.arccos(along_first[0]))]
    touching += [(np.arccos(along_second[1]), 0.0), (np.arccos(along_second[0]), np.pi)]
    angles = np.array(touching)
    middle, apart = angles.mean(axis=1), angles[:, 0] - angles[:, 1]
    negative = apart < 0
    middle[negative], apart[negative] = -middle[negative], -apart[negative]
    order = np.argsort(middle)
    middle, apart = middle[order], apart[order]
    spline = CubicSpline(
        np.append(middle, middle[0] + 2 * np.pi), np.append(apart, apart[0]), bc_type="periodic"
    )
    turn = np.linspace(0, 2 * np.pi, n)
    shift = spline(turn) / 2
    return pd.DataFrame(
        {
            first: profile.value(first, radius * np.cos(turn + shift)),
            second: profile.value(second, radius * np.cos(turn - shift)),
        }
    )


def _trace(profile: Profile, held: str, other: str, radius: float) -> np.ndarray:
    """Return zeta / R of the other parameter where the held one is at zeta = -R and R, (2,)."""
    table = in_pandas(profile.to_frame)()
    rows = table[(table["parameter"] == held) & np.isfinite(table["zeta"])]
    rows = rows[rows["zeta"].diff().fillna(1.0) > 0]
    path = CubicSpline(rows["zeta"], rows[other], extrapolate=False)
    return np.clip(profile.zeta(other, path([-radius, radius])) / radius, -1, 1)
