"""What predictions, comparisons and slopes return: tables that print and draw themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...frame.native import as_it_came, in_pandas
from ...guidance.elsewhere import explained, no_items
from ...guidance.words_of_results import OF_EFFECTS
from ...show import Document, Line, Printed, frame_table
from ...verbs import Verb
from ..means.adjust import adjusted

_SHOWN = 6  # values of a curve that are printed


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Printed):
    """Predictions over a grid, as ``fit.predictions()`` returns them.

    Print them, draw them, or take the table.

    Attributes
    ----------
    grid : DataFrame
        The predictors' values in each row.
    x : str
        The predictor along the axis.
    by : tuple of str
        What the curves differ in.
    extrapolated : (rows,) bool
        Rows outside the range of the data, or of the data with the same levels.
    notes : tuple of str
        What is averaged over, and where the grid extrapolates.
    scale : str or None
        As asked for.
    means : MarginalMeans or ResponseMeans
        The same predictions as `ranef.emmeans` gives them, for ``pairs()`` and ``contrast()``.
    order : (rows,) int
        The row of ``means`` that each row is.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> curve = fit.predictions("Days", at={"Days": [0, 9]})
    >>> curve.to_frame()[["Days", "estimate", "lower", "upper"]].round(1)
       Days  estimate  lower  upper
    0   0.0     251.4  237.0  265.8
    1   9.0     345.6  314.7  376.5
    """

    means: Any = field(repr=False)
    order: npt.NDArray[np.intp] = field(repr=False)
    grid: pd.DataFrame
    x: str
    by: tuple[str, ...]
    extrapolated: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    scale: str | None = None

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a table of effects", OF_EFFECTS)
        __getitem__ = no_items("effects are not a table: effects.to_frame()[{key!r}] has a column")

    @property
    def fit(self) -> Any:
        """The fit that predicts."""
        return getattr(self.means, "means", self.means).fit

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return the variables, ``estimate``, ``se``, ``df`` (unless normal), ``lower``, ``upper``.

        And ``extrapolated``, where some rows are.
        """
        table = in_pandas(self.means.to_frame)()
        name = next(one for one in ("emmean", "response") if one in table)
        keys = list(getattr(self.means, "means", self.means).keys)
        table = table.rename(columns={name: "estimate"})
        normal = "df" not in table or bool(np.isinf(table["df"]).all())
        columns = ("estimate", "se", *(() if normal else ("df",)), "lower", "upper")
        table = table[[*keys, *columns]].iloc[self.order].reset_index(drop=True)
        return table.assign(extrapolated=self.extrapolated) if self.extrapolated.any() else table

    plot = Verb("plots.effects:effects")

    def document(self) -> Document:
        """Return the parts."""
        rows, thinned = self._thinned()
        table = in_pandas(self.to_frame)().iloc[rows]
        return [frame_table(table, index=False), *map(Line, self._remarks(thinned))]

    def _thinned(self) -> tuple[npt.NDArray[np.intp], str]:
        """Return the rows to print, and what to say of those left out."""
        values = pd.unique(self.grid[self.x])
        every = np.arange(len(self.grid))
        if not pd.api.types.is_numeric_dtype(self.grid[self.x]) or len(values) <= 2 * _SHOWN:
            return every, ""
        steps = next((count for count in (5, 4, 6, 3) if (len(values) - 1) % count == 0), _SHOWN - 1)
        shown = values[np.linspace(0, len(values) - 1, steps + 1).round().astype(int)]
        rows = every[self.grid[self.x].isin(shown).to_numpy()]
        return rows, f"{len(shown)} of {len(values)} values of {self.x}; to_frame() has all"

    def _remarks(self, thinned: str) -> list[str]:
        return [*([thinned] if thinned else []), *self.means._remarks(), *self.notes]


@dataclass(frozen=True, eq=False, repr=False)
class Effects(Printed):
    """Comparisons or slopes, as ``fit.comparisons()`` and ``fit.slopes()`` return them.

    Print them, draw them, or take the table. Standard errors are by the delta method.

    Attributes
    ----------
    fit : Fit
    keys : DataFrame
        What each row is: ``variable``, ``contrast``, and the values it was taken at.
    values, se, df : (rows,) float64
        On the scale the statistics are computed on, the logarithm for ratios.
    kind : str
        ``"slope"``, ``"difference"``, ``"ratio"``, ``"odds_ratio"``, or ``"d"`` of effect sizes.
    level : float
        Of the intervals.
    notes : tuple of str

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> slopes = fit.slopes("nitro", by="Variety")
    >>> slopes.to_frame().set_index("Variety")["estimate"].round(2).to_dict()
    {'Golden Rain': 75.33, 'Marvellous': 64.58, 'Victory': 81.08}
    """

    fit: Any = field(repr=False)
    keys: pd.DataFrame
    values: FloatArray
    se: FloatArray
    df: FloatArray
    kind: str
    level: float
    notes: tuple[str, ...] = ()

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a table of effects", OF_EFFECTS)
        __getitem__ = no_items("effects are not a table: effects.to_frame()[{key!r}] has a column")

    @property
    def null(self) -> float:
        """The value of no effect: 1 for ratios, else 0."""
        return 1.0 if self.kind in ("ratio", "odds_ratio") else 0.0

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return keys, ``estimate``, ``se``, ``df``, ``t`` (``z``), ``p``, ``lower``, ``upper``.

        Of ratios the interval is that of the logarithm taken back, and the test is on the logarithm.
        """
        t = np.divide(self.values, self.se, out=np.full_like(self.se, np.nan), where=self.se > 0)
        p, critical = adjusted(t, self.df, "none", (len(t), 0), np.eye(len(t)), self.level)
        estimate, se = self.values, self.se
        lower, upper = estimate - critical * se, estimate + critical * se
        if self.null == 1.0:
            estimate, lower, upper = np.exp(estimate), np.exp(lower), np.exp(upper)
            se = se * estimate
        normal = bool(np.isinf(self.df).all())
        if self.kind == "d":
            named = {} if normal else {"df": self.df}
            numbers = {"d": estimate, "se": se, **named, "lower": lower, "upper": upper}
            return pd.concat([self.keys.reset_index(drop=True), pd.DataFrame(numbers)], axis=1)
        numbers = {"estimate": estimate, "se": se}
        numbers |= {"z": t} if normal else {"df": self.df, "t": t}
        numbers |= {"p": p, "lower": lower, "upper": upper}
        return pd.concat([self.keys.reset_index(drop=True), pd.DataFrame(numbers)], axis=1)

    plot = Verb("plots.comparisons:comparisons")

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(in_pandas(self.to_frame)(), index=False), *map(Line, self._remarks())]

    def _remarks(self) -> list[str]:
        return [*self.notes, f"Intervals: {100 * self.level:g} %"]
