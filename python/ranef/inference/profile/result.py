"""What a profile shows: zeta, intervals, the other parameters along the way, contours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.special import chdtri

from ...arrays import FloatArray
from ...cached import cached_property
from ...errors import ArgumentError, level_by_keyword, quote_list, require_level
from ...frame.native import as_it_came, in_pandas
from ...guidance.elsewhere import explained, no_items
from ...guidance.words_of_results import OF_A_PROFILE
from ...pickles import Snapshot
from ...show import Document, Line, Printed, frame_table
from ...verbs import Verb
from .constrained import Constrained, Point
from .parameters import GROUPS, Parameter, chosen
from .walk import limit

TITLE = "Profile likelihood intervals, 95 %"


@dataclass(eq=False)
class Curve(Snapshot):
    """The profile of one parameter: points from the estimate (included) downwards and upwards."""

    parameter: Parameter
    undefined: bool
    down: list[Point]
    up: list[Point]

    @property
    def points(self) -> list[Point]:
        """All points, by rising value."""
        return [*self.down[:0:-1], *self.up]

    @cached_property
    def _increasing(self) -> list[Point]:
        """The points above all before them."""
        found: list[Point] = []
        for point in self.points:
            if np.isfinite(point.zeta) and (not found or point.zeta > found[-1].zeta):
                found.append(point)
        return found

    @cached_property
    def forward(self) -> CubicSpline:
        """Zeta as a function of the value."""
        points = [p for p in self.points if np.isfinite(p.zeta)]
        return CubicSpline([p.value for p in points], [p.zeta for p in points], extrapolate=False)

    @cached_property
    def backward(self) -> CubicSpline:
        """The value as a function of zeta."""
        points = self._increasing
        return CubicSpline([p.zeta for p in points], [p.value for p in points], extrapolate=False)


def _along(spline: CubicSpline, at: npt.ArrayLike) -> FloatArray:
    """A curve at some places; its ends are on it, though they were computed in another way."""
    at = np.asarray(at, dtype=float)
    first, last = spline.x[0], spline.x[-1]
    slack = 1e-9 * (last - first)
    near = (at >= first - slack) & (at <= last + slack)
    return np.asarray(spline(np.where(near, np.clip(at, first, last), at)))


class Profile(Printed):
    """Likelihood profiles of a fit.

    Attributes
    ----------
    curves : dict of Curve
        By parameter.
    cutoff : float
        Largest absolute zeta that was looked for.
    notes : tuple of str
        What was done on the way: a REML fit refitted by maximum likelihood, a better optimum met.
    anything : dict of (float, float)
        The limits of parameters that have no estimate, which can be anything: they have no curve.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2"), reml=False)
    >>> profile = fit.profile()
    >>> profile
    Profile likelihood intervals, 95 %
                         estimate  lower  upper
    Intercept              5.6656 4.3128 7.0184
    sigma                  3.6532 2.8928 4.8158
    sd[Batch.Intercept]    0.0000 0.0000 2.0840
    sd[Batch.Intercept]: the interval ends at 0, the least value it can have
    """

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a profile", OF_A_PROFILE)
        __getitem__ = no_items(
            "a profile is not a table: profile.conf_int() is one, profile.curves[{key!r}] too"
        )

    def __init__(
        self,
        constrained: Constrained,
        curves: dict[str, Curve],
        cutoff: float,
        notes: tuple[str, ...],
        anything: dict[str, tuple[float, float]] | None = None,
    ) -> None:
        self._constrained = constrained
        self.curves = curves
        self.cutoff = cutoff
        self.notes = notes
        self.anything = anything or {}

    @property
    def deviance(self) -> float:
        """The deviance at the maximum likelihood estimates."""
        return float(self._constrained.fit.objective)

    @property
    def evaluations(self) -> int:
        """Evaluations of the criterion so far."""
        return self._constrained.evaluations

    @property
    def estimates(self) -> pd.Series:
        """Maximum likelihood estimates; NaN for a correlation with an effect of no variance."""
        values = {name: np.nan if c.undefined else c.parameter.estimate for name, c in self.curves.items()}
        values |= dict.fromkeys(self.anything, np.nan)
        return pd.Series(values, name="estimate", dtype=float)

    def __iter__(self) -> Iterator[str]:
        return iter(self.curves)

    def zeta(self, parameter: str, value: npt.ArrayLike) -> FloatArray:
        """Return zeta at values of a parameter, by the spline through its points; NaN beyond them.

        Parameters
        ----------
        parameter : str
        value : array-like
        """
        return _along(self._curve(parameter).forward, value)

    def value(self, parameter: str, zeta: npt.ArrayLike) -> FloatArray:
        """Return the value of a parameter at zeta, by the spline through its points; NaN beyond them.

        Parameters
        ----------
        parameter : str
        zeta : array-like
        """
        return _along(self._curve(parameter).backward, zeta)

    @as_it_came
    @level_by_keyword
    def conf_int(self, parameters: str | Iterable[str] | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Return profile likelihood intervals: exact, not read off a spline.

        Parameters
        ----------
        parameters : str or iterable of str, optional
            Names, or ``"fixed"``, ``"random"``, ``"theta"``, ``"all"``: those of them that were profiled. By
            default all that were.
        level : float
            Coverage; by keyword only.

        Returns
        -------
        DataFrame
            Columns ``lower``, ``upper``. A limit at the end of what a parameter can be (0 for a standard
            deviation, -1 and 1 for a correlation, infinity for a coefficient without an estimate) means that
            the data do not exclude the end; ``attrs["notes"]`` says so in words.

        Raises
        ------
        ArgumentError
            A parameter that was not profiled, or a level that is not between 0 and 1.
        """
        require_level(level)
        names = self._names(parameters)
        height, limits, notes = float(np.sqrt(chdtri(1, 1 - level))), [], list(self.notes)
        for name in names:
            if name in self.anything:
                limits.append(self.anything[name])
                continue
            lower, upper = (self._limit(self._curve(name), direction, height) for direction in (-1, 1))
            limits.append((lower, upper))
            notes += _words(self._curve(name), lower, upper)
        table = pd.DataFrame(limits, index=names, columns=["lower", "upper"], dtype=float)
        table.attrs["notes"] = tuple(notes)
        return table

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row per point.

        Returns
        -------
        DataFrame
            Columns ``parameter`` (the one held), ``value``, ``zeta``, ``deviance``, and every parameter of
            the model at that point.
        """
        rows = [(name, point) for name, curve in self.curves.items() for point in curve.points]
        points = [point for _, point in rows]
        table = pd.DataFrame(
            {
                "parameter": [name for name, _ in rows],
                "value": [p.value for p in points],
                "zeta": [p.zeta for p in points],
                "deviance": [p.deviance for p in points],
            }
        )
        return pd.concat([table, self._constrained.table(points)], axis=1)

    contour = Verb("inference.profile.contour:contour")
    plot = Verb("plots.profile:profile")

    def _limit(self, curve: Curve, direction: int, height: float) -> float:
        side = curve.down if direction < 0 else curve.up
        bound = curve.parameter.lower if direction < 0 else curve.parameter.upper

        def evaluate(value: float, near: Point) -> Point:
            return self._constrained.at(curve.parameter, value, near)

        return limit(evaluate, side, direction, bound, curve.parameter.scale, height)

    def _names(self, wanted: str | Iterable[str] | None) -> list[str]:
        if wanted is None:
            return [*self.curves, *self.anything]
        known = {name: curve.parameter for name, curve in self.curves.items()}
        names: list[str] = []
        for name in [wanted] if isinstance(wanted, str) else wanted:
            grouped = name in GROUPS and name not in known
            names += [p.name for p in chosen(known, name)] if grouped else [name]
            names += self.anything if name in ("random", "all") else ()
        return list(dict.fromkeys(names))

    def _curve(self, name: str) -> Curve:
        try:
            return self.curves[name]
        except (KeyError, TypeError):
            raise ArgumentError(
                f"{name!r} was not profiled: there are {quote_list(self.curves, 30)}"
            ) from None

    def document(self) -> Document:
        """Return the parts."""
        table, notes = self._shown()
        return [frame_table(table, TITLE, digits=5), *map(Line, notes)]

    def _shown(self) -> tuple[pd.DataFrame, list[str]]:
        limits = in_pandas(self.conf_int)()
        return pd.concat([self.estimates, limits], axis=1), limits.attrs["notes"]


def _words(curve: Curve, lower: float, upper: float) -> list[str]:
    """Say what a limit at a bound means."""
    p = curve.parameter
    if curve.undefined:
        return [f"{p.name}: not defined where a standard deviation is estimated as 0"]
    if p.kind == "correlation":
        ends = " and ".join(f"{end:g}" for end, limit in ((-1, lower), (1, upper)) if limit == end)
        return [f"{p.name}: the interval ends at {ends}, perfect correlation"] if ends else []
    if lower == 0.0 == p.lower:
        return [f"{p.name}: the interval ends at 0, the least value it can have"]
    if np.isinf([lower, upper]).any():
        return [f"{p.name}: the interval has no end where it is infinite, the likelihood becomes level there"]
    return []
