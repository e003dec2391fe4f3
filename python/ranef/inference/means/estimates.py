"""Estimates over a reference grid, and comparisons among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...fit import Fit
from ...frame.native import as_it_came, in_pandas
from ...guidance.arguments import guided
from ...guidance.elsewhere import explained, no_items
from ...guidance.words_of_results import OF_MEANS
from ...show import Document, Line, Printed, frame_table
from ...verbs import Verb
from ..aliasing import aliases
from ..methods import method
from .adjust import METHODS, adjusted, limits, tested_against
from .kinds import named_rows, require_control, weights_of
from .scales import Scale, scale_of

_ESTIMABLE = 1e-6
# of the tables' own columns; a variable of that name is shown in backticks
_TAKEN = ("emmean", "trend", "estimate", "contrast", "se", "df", "lower", "upper", "t", "p")


@dataclass(frozen=True, eq=False, repr=False)
class MarginalMeans(Printed):
    """Estimates over a reference grid, averaged over the factors that were not asked for.

    Attributes
    ----------
    keys : DataFrame
        What each row is: one column per variable asked for.
    L : (rows, p) float64
        The estimates as combinations of all coefficients.
    shift : (rows,) float64
        What is added to them: the mean of the offset.
    what : str
        Name of the estimate's column: ``"emmean"``, ``"trend"`` or ``"estimate"``.
    by : tuple of str
        Variables within whose values comparisons are made.
    weights : (rows, means) float64, optional
        Of comparisons: how much each of the means counts.
    """

    fit: Fit = field(repr=False)
    keys: pd.DataFrame
    L: FloatArray = field(repr=False)
    shift: FloatArray = field(repr=False)
    what: str
    by: tuple[str, ...]
    ddf: str
    level: float
    adjust: str = "none"
    family: int = 0  # number of means the rows compare, for Tukey
    notes: tuple[str, ...] = ()
    scale: Scale | None = None  # on which the table is, where the response is transformed
    weights: FloatArray | None = field(default=None, repr=False)
    null: float = 0.0
    alternative: str = "two-sided"
    delta: float = 0.0  # margin of equivalence
    together: bool = False

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a table of means", OF_MEANS)
        __getitem__ = no_items("marginal means are not a table: means.to_frame()[{key!r}] has a column")

    def __post_init__(self) -> None:
        if self.what == "estimate":  # the columns are those of the means that are compared
            return
        shown = {name: f"`{name}`" for name in self.keys if name in _TAKEN}
        object.__setattr__(self, "keys", self.keys.rename(columns=shown))
        object.__setattr__(self, "by", tuple(shown.get(name, name) for name in self.by))

    @property
    def variables(self) -> list[str]:
        """The columns of the data that the means are for."""
        return [name.strip("`") for name in self.keys]

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return keys, estimate, ``se``, ``df``, ``lower``, ``upper``, ``t``, ``p`` (see `test`)."""
        kept, estimable = self._kept()
        tests = method(self.fit, self.ddf)
        beta = self.fit.solution["beta"]
        estimate = kept @ beta + self.shift
        covariance = tests.between(kept)
        se = np.sqrt(np.diag(covariance))
        df = np.array(
            [tests.df(row) if ok and row.any() else np.nan for row, ok in zip(kept, estimable, strict=True)]
        )
        t = self.statistic(estimate, se)
        p, critical = self.p_and_critical(t, df, covariance, estimable)
        lower, upper = limits(estimate, critical * se, self.alternative)
        values = {self.column: estimate, "se": se, "df": df, "lower": lower, "upper": upper, "t": t, "p": p}
        if self.scale is not None:
            values = self._back(values, self.scale)
        table = pd.concat([self.keys.reset_index(drop=True), pd.DataFrame(values)], axis=1)
        table.loc[~estimable, list(values)] = np.nan
        return table

    @property
    def column(self) -> str:
        """Name of the estimate's column: `what`, on the response's scale ``"response"`` or ``"ratio"``."""
        if self.scale is None:
            return self.what
        return "response" if self.what == "emmean" else "ratio"

    def on_the_response_scale(self) -> MarginalMeans:
        """Return the same estimates, shown on the scale of the data behind a transformed response."""
        return replace(self, scale=scale_of(self.fit.model.formula.response))

    def _back(self, values: dict[str, FloatArray], scale: Scale) -> dict[str, FloatArray]:
        """Go back from the transformed scale; t and p are tests on that one."""
        contrast = self.what != "emmean"
        back = (lambda x: scale.back(x) / scale.back(np.zeros(1))) if contrast else scale.back
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = scale.slope(values[self.column]) / (scale.back(np.zeros(1)) if contrast else 1.0)
            ends = np.sort([back(values["lower"]), back(values["upper"])], axis=0)
            changed = {self.column: back(values[self.column]), "se": np.abs(slope) * values["se"]}
        return values | changed | {"lower": ends[0], "upper": ends[1]}

    def pairs(self, adjust: str = "tukey", reverse: bool = False) -> MarginalMeans:
        """Return all pairwise differences, within each value of ``by``.

        Parameters
        ----------
        adjust : {"tukey", "holm", "bonferroni", "sidak", "mvt", "none"}
            For several comparisons at once, each value of ``by`` being a family. What an empty cell of the
            design keeps from being estimated counts in its family all the same, as in R's emmeans.
        reverse : bool
            Later minus earlier level.
        """
        weights = {}
        for key, rows in self._groups():
            for i, j in combinations(rows, 2):
                first, second = (j, i) if reverse else (i, j)
                vector = np.zeros(len(self.keys))
                vector[first], vector[second] = 1.0, -1.0
                weights[(f"{self._label(first)} {self._minus} {self._label(second)}", *key)] = vector
        size = max((len(rows) for _, rows in self._groups()), default=0)
        return self._combined(weights, adjust, size)

    @guided(method="it is the first argument, contrast('pairwise')")
    def contrast(
        self,
        weights: Mapping[str, Sequence[float]] | npt.ArrayLike | str,
        adjust: str = "none",
        ref: str | int | None = None,
    ) -> MarginalMeans:
        """Return contrasts, within each value of ``by``.

        Parameters
        ----------
        weights : mapping, sequence or str
            Name -> a weight per mean, in the order of the table; the weights alone, as in ``[1, -1]``, or
            several such rows; or ``"eff"`` (each minus the mean of all), ``"consec"`` (each minus the one
            before), ``"trt.vs.ctrl"`` (each minus the control), ``"pairwise"`` and ``"revpairwise"`` (as
            `pairs`), ``"poly"`` (polynomials in whole numbers, as emmeans'), ``"opoly"`` (the same of length
            1, as R's ``contr.poly``).
        adjust : {"none", "holm", "bonferroni", "sidak", "mvt", "dunnett"}
            ``"dunnett"``, of ``"trt.vs.ctrl"``, is ``"mvt"``: by the joint distribution of the comparisons.
        ref : str or int, optional
            The control, by name or place; by default the first mean.

        Raises
        ------
        ArgumentError
            Wrong number of weights, or an unknown name.
        """
        out = {}
        for key, rows in self._groups():
            for name, values in self._weights(weights, rows, ref).items():
                numbers = np.asarray(values, dtype=float)
                if numbers.shape != (len(rows),):
                    raise ArgumentError(
                        f"contrast {name!r} must have {len(rows)} weights, one per mean; "
                        f"it has {numbers.size}"
                    )
                vector = np.zeros(len(self.keys))
                vector[rows] = numbers
                out[(name, *key)] = vector
        if adjust == "dunnett":
            require_control(weights)
            adjust = "mvt"
        if adjust == "tukey":
            raise ArgumentError(
                "adjust='tukey' is for pairwise differences: use pairs(), or adjust='mvt' here"
            )
        return self._combined(out, adjust, 0)

    test = Verb("inference.means.testing:test")
    plot = Verb("plots.means:means")
    effect_size = Verb("inference.effects.sizes:effect_size")

    # ------------------------------------------------------------ inside
    def _weights(self, weights: Any, rows: list[int], ref: Any) -> Mapping[str, Any]:
        if not isinstance(weights, str):
            if ref is not None:
                raise ArgumentError("ref= names the control of 'trt.vs.ctrl'; weights of your own have none")
            return weights if isinstance(weights, Mapping) else named_rows(weights)
        return weights_of(weights, [self._label(row) for row in rows], self._minus, ref)

    @property
    def _minus(self) -> str:
        """Between two means that are compared."""
        return "/" if self.scale is not None and self.scale.ratios else "-"

    def _combined(
        self, weights: dict[tuple[Any, ...], FloatArray], adjust: str, family: int
    ) -> MarginalMeans:
        require_choice("adjust", adjust, METHODS)
        if not weights:
            raise ArgumentError("there is only one mean: nothing to compare")
        keys = pd.DataFrame(list(weights), columns=["contrast", *self.by])
        combine = np.array(list(weights.values()))
        scale, notes = self.scale, self.notes
        if scale is not None and not scale.ratios:
            notes = (*notes, f"Comparisons are on the scale of the model, {scale.name}")
            scale = None
        return MarginalMeans(
            self.fit, keys, combine @ self.L, combine @ self.shift, "estimate", self.by, self.ddf, self.level,
            adjust, family, notes, scale, combine,
        )  # fmt: skip

    @property
    def adjusts(self) -> bool:
        """Whether some family has several comparisons, so that there is something to adjust."""
        return self.adjust != "none" and any(len(rows) > 1 for rows in self._asked())

    def _asked(self) -> list[list[int]]:
        """Return the rows of every family."""
        return [list(range(len(self.keys)))] if self.together else [rows for _, rows in self._groups()]

    def _groups(self) -> list[tuple[tuple[Any, ...], list[int]]]:
        """Return (values of by, rows) of every set of means that are compared."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        columns = [self.keys[name].tolist() for name in self.by]
        for row in range(len(self.keys)):
            groups.setdefault(tuple(column[row] for column in columns), []).append(row)
        return list(groups.items())

    def statistic(self, estimate: FloatArray, se: FloatArray) -> FloatArray:
        """Return the t of the tests; of equivalence that of the margin which is nearer."""
        away = estimate - self.null
        if self.alternative == "equivalence":
            away = np.abs(away) - self.delta
        return np.divide(away, se, out=np.full_like(se, np.nan), where=se > 0)

    def p_and_critical(
        self, t: FloatArray, df: FloatArray, covariance: FloatArray, known: npt.NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray]:
        """Return p-values and critical values of the rows, adjusted within families; NaN where not known."""
        p, critical = np.full_like(t, np.nan), np.full_like(t, np.nan)
        side = "less" if self.alternative == "equivalence" else self.alternative
        se = np.sqrt(np.diag(covariance))
        for rows, count in self._families(known):
            correlation = covariance[np.ix_(rows, rows)] / np.outer(se[rows], se[rows])
            family = count, self.family
            p[rows], critical[rows] = adjusted(
                t[rows], df[rows], self.adjust, family, correlation, self.level, side
            )
        return p, critical

    def _families(self, estimable: npt.NDArray[np.bool_]) -> list[tuple[npt.NDArray[np.intp], int]]:
        """Return the rows of each family that can be estimated, and how many were asked for."""
        if self.adjust == "none":
            groups = [np.arange(len(estimable))]
        else:
            groups = [np.array(rows, dtype=np.intp) for rows in self._asked()]
        return [(rows[estimable[rows]], rows.size) for rows in groups if estimable[rows].any()]

    def _label(self, row: int) -> str:
        return " ".join(str(self.keys[name].iloc[row]) for name in self.keys if name not in self.by)

    def _kept(self) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the estimates over the kept coefficients, and which can be estimated."""
        return self.L[:, self.fit.model.cross.columns], estimable(self.fit, self.L)

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(in_pandas(self.to_frame)(), index=False), *map(Line, self._remarks())]

    def _remarks(self) -> list[str]:
        lines = [f"Degrees of freedom: {self.ddf}; intervals: {100 * self.level:g} %"]
        if self.adjusts:
            over = ", over all rows" if self.together else ""
            lines.append(f"p-values and intervals adjusted by {self.adjust}{over}")
        lines += tested_against(self)
        if self.scale is not None:
            lines.append(f"Back from the scale of the model, {self.scale.name}; t and p are on that scale")
        if in_pandas(self.to_frame)()[self.column].isna().any():
            lines.append("NaN: not estimable, cells of the design are empty")
        return [*lines, *self.notes]


def estimable(fit: Fit, L: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which combinations of all coefficients can be estimated from the kept ones."""
    kept = fit.model.cross.columns
    if len(kept) == L.shape[1]:
        return np.ones(len(L), dtype=bool)
    rest = L - L[:, kept] @ aliases(fit.model)
    return np.abs(rest).max(axis=1) <= _ESTIMABLE * (1 + np.abs(L).max(axis=1))
