"""Marginal means and slopes, and comparisons among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...errors import ArgumentError
from ...fit import FitState
from ...model import require_choice
from ..aliasing import aliases
from ..methods import method
from .adjust import METHODS, adjusted
from .grid import Grid, matrix, reference_grid

FloatArray = npt.NDArray[np.float64]

_ESTIMABLE = 1e-6


@dataclass(frozen=True, eq=False)
class MarginalMeans:
    """Estimates over a reference grid, averaged over the factors that were not asked for.

    Attributes
    ----------
    keys : DataFrame
        What each row is: one column per variable asked for.
    L : (rows, p) float64
        The estimates as combinations of all coefficients.
    what : str
        Name of the estimate's column: ``"emmean"``, ``"trend"`` or ``"estimate"``.
    by : tuple of str
        Variables within whose values comparisons are made.
    """

    state: FitState = field(repr=False)
    keys: pd.DataFrame
    L: FloatArray = field(repr=False)
    what: str
    by: tuple[str, ...]
    ddf: str
    level: float
    adjust: str = "none"
    family: int = 0  # number of means the rows compare, for Tukey

    def to_frame(self) -> pd.DataFrame:
        """Return keys, estimate, ``se``, ``df``, ``lower``, ``upper``, ``t``, ``p`` (against 0)."""
        kept, estimable = self._kept()
        tests = method(self.state, self.ddf)
        beta = self.state.solution["beta"]
        estimate = kept @ beta
        covariance = kept @ tests.covariance @ kept.T
        se = np.sqrt(np.diag(covariance))
        df = np.array(
            [tests.df(row) if ok and row.any() else np.nan for row, ok in zip(kept, estimable, strict=True)]
        )
        t = np.divide(estimate, se, out=np.full_like(se, np.nan), where=se > 0)
        p, critical = np.empty_like(t), np.empty_like(t)
        for rows in self._families(estimable):
            correlation = covariance[np.ix_(rows, rows)] / np.outer(se[rows], se[rows])
            p[rows], critical[rows] = adjusted(
                t[rows], df[rows], self.adjust, self.family, correlation, self.level
            )
        values = {
            self.what: estimate,
            "se": se,
            "df": df,
            "lower": estimate - critical * se,
            "upper": estimate + critical * se,
            "t": t,
            "p": p,
        }
        table = pd.concat([self.keys.reset_index(drop=True), pd.DataFrame(values)], axis=1)
        table.loc[~estimable, list(values)] = np.nan
        return table

    def pairs(self, adjust: str = "tukey", reverse: bool = False) -> MarginalMeans:
        """Return all pairwise differences, within each value of ``by``.

        Parameters
        ----------
        adjust : {"tukey", "holm", "bonferroni", "sidak", "mvt", "none"}
            For several comparisons at once, each value of ``by`` being a family.
        reverse : bool
            Later minus earlier level.
        """
        weights = {}
        for key, rows in self._groups():
            for i, j in combinations(rows, 2):
                first, second = (j, i) if reverse else (i, j)
                vector = np.zeros(len(self.keys))
                vector[first], vector[second] = 1.0, -1.0
                weights[(f"{self._label(first)} - {self._label(second)}", *key)] = vector
        size = max((len(rows) for _, rows in self._groups()), default=0)
        return self._combined(weights, adjust, size)

    def contrast(self, weights: Mapping[str, Sequence[float]] | str, adjust: str = "none") -> MarginalMeans:
        """Return contrasts, within each value of ``by``.

        Parameters
        ----------
        weights : mapping or str
            Name -> a weight per mean, in the order of the table; or ``"eff"`` (each minus the mean of all),
            ``"consec"`` (each minus the one before), ``"trt.vs.ctrl"`` (each minus the first), ``"poly"``.
        adjust : {"none", "holm", "bonferroni", "sidak", "mvt"}

        Raises
        ------
        ArgumentError
            Wrong number of weights, or an unknown name.
        """
        out = {}
        for key, rows in self._groups():
            for name, values in self._weights(weights, rows).items():
                numbers = np.asarray(values, dtype=float)
                if numbers.shape != (len(rows),):
                    raise ArgumentError(
                        f"contrast {name!r} must have {len(rows)} weights, one per mean; "
                        f"it has {numbers.size}"
                    )
                vector = np.zeros(len(self.keys))
                vector[rows] = numbers
                out[(name, *key)] = vector
        if adjust == "tukey":
            raise ArgumentError(
                "adjust='tukey' is for pairwise differences: use pairs(), or adjust='mvt' here"
            )
        return self._combined(out, adjust, 0)

    # ------------------------------------------------------------ inside
    def _weights(self, weights: Any, rows: list[int]) -> Mapping[str, Sequence[float]]:
        if not isinstance(weights, str):
            return weights
        require_choice("contrast", weights, ("eff", "consec", "trt.vs.ctrl", "poly"))
        k, eye, names = len(rows), np.eye(len(rows)), [self._label(row) for row in rows]
        if weights == "eff":
            return {f"{names[i]} effect": eye[i] - 1 / k for i in range(k)}
        if weights == "consec":
            return {f"{names[i]} - {names[i - 1]}": eye[i] - eye[i - 1] for i in range(1, k)}
        if weights == "trt.vs.ctrl":
            return {f"{names[i]} - {names[0]}": eye[i] - eye[0] for i in range(1, k)}
        powers = np.vander(np.arange(k) - (k - 1) / 2, k, increasing=True)
        orthogonal = np.linalg.qr(powers)[0] * np.sign(np.diag(np.linalg.qr(powers)[1]))
        degrees = ["linear", "quadratic", "cubic", "quartic"]
        return {degrees[i - 1] if i <= len(degrees) else f"degree {i}": orthogonal[:, i] for i in range(1, k)}

    def _combined(
        self, weights: dict[tuple[Any, ...], FloatArray], adjust: str, family: int
    ) -> MarginalMeans:
        require_choice("adjust", adjust, METHODS)
        if not weights:
            raise ArgumentError("there is only one mean: nothing to compare")
        keys = pd.DataFrame(list(weights), columns=["contrast", *self.by])
        L = np.array(list(weights.values())) @ self.L
        return MarginalMeans(self.state, keys, L, "estimate", self.by, self.ddf, self.level, adjust, family)

    def _groups(self) -> list[tuple[tuple[Any, ...], list[int]]]:
        """Return (values of by, rows) of every family."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        columns = [self.keys[name].tolist() for name in self.by]
        for row in range(len(self.keys)):
            groups.setdefault(tuple(column[row] for column in columns), []).append(row)
        return list(groups.items())

    def _families(self, estimable: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.intp]]:
        found = [
            np.array([row for row in rows if estimable[row]], dtype=np.intp) for _, rows in self._groups()
        ]
        if self.adjust == "none":
            found = [np.flatnonzero(estimable)]
        return [rows for rows in found if rows.size]

    def _label(self, row: int) -> str:
        return " ".join(str(self.keys[name].iloc[row]) for name in self.keys if name not in self.by)

    def _kept(self) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the estimates over the kept coefficients, and which can be estimated."""
        kept = self.state.model.cross.kept
        if len(kept) == self.L.shape[1]:
            return self.L, np.ones(len(self.L), dtype=bool)
        reduced = self.L[:, kept]
        rest = self.L - reduced @ aliases(self.state.model)
        size = 1 + np.abs(self.L).max(axis=1)
        return reduced, np.abs(rest).max(axis=1) <= _ESTIMABLE * size

    def __repr__(self) -> str:
        table = self.to_frame()
        lines = [table.to_string(index=False, float_format=lambda x: f"{x:.4g}")]
        lines.append(f"Degrees of freedom: {self.ddf}; intervals: {100 * self.level:g} %")
        if self.adjust != "none":
            lines.append(f"p-values and intervals adjusted by {self.adjust}")
        if table[self.what].isna().any():
            lines.append("NaN: not estimable, cells of the design are empty")
        return "\n".join(lines)


def emmeans(
    fit: Any,
    specs: str | Iterable[str],
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str = "satterthwaite",
    level: float = 0.95,
) -> MarginalMeans:
    """Return estimated marginal means.

    Parameters
    ----------
    fit : LmerResult
    specs : str or iterable of str
        Variables for whose combinations means are wanted; ``"a"`` or ``["a", "b"]``.
    by : str or iterable of str, optional
        Variables within whose values `pairs` and `contrast` compare.
    at : mapping, optional
        Variable -> value or values of the grid, instead of all levels of a factor, the mean of a covariate.
    data : table, optional
        The data of the fit, for means of covariates that appear only transformed.
    weights : {"equal", "proportional"}
        How to average over the other factors: their levels count the same, or as often as they occur.
    ddf : {"satterthwaite", "kenward-roger", "residual", "normal"}
    level : float

    Returns
    -------
    MarginalMeans
        Prints itself; ``to_frame()``, ``pairs()``, ``contrast()``.

    Raises
    ------
    UnknownColumnError
        A variable that is not in the fixed part.
    ArgumentError
        A level that does not exist, a covariate whose mean is not known, an unknown argument.

    Notes
    -----
    Offsets are not added.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
    >>> means = ranef.emmeans(fit, "Machine")
    >>> means.to_frame()[["Machine", "emmean", "se", "df"]].round(3)
      Machine  emmean     se     df
    0       A  52.356  2.229  5.833
    1       B  60.322  2.229  5.833
    2       C  66.272  2.229  5.833
    >>> means.pairs().to_frame()[["contrast", "estimate", "p"]].round(4)
      contrast  estimate    p
    0    A - B   -7.9667  0.0
    1    A - C  -13.9167  0.0
    2    B - C   -5.9500  0.0
    """
    state, names, inside, level = _checked(fit, specs, by, level)
    require_choice("weights", weights, ("equal", "proportional"))
    grid = reference_grid(state, [*names, *inside], at, data)
    return _averaged(state, grid, grid.X, [*names, *inside], "emmean", inside, weights, data, ddf, level)


def emtrends(
    fit: Any,
    specs: str | Iterable[str] | None,
    var: str,
    by: str | Iterable[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    data: Any = None,
    weights: str = "equal",
    ddf: str = "satterthwaite",
    level: float = 0.95,
) -> MarginalMeans:
    """Return slopes of a covariate for combinations of other variables.

    Parameters
    ----------
    fit : LmerResult
    specs : str, iterable of str or None
        As in `emmeans`; None for the slope averaged over everything.
    var : str
        The covariate; its slope is taken at its mean, or at ``at[var]``.
    by, at, data, weights, ddf, level
        As in `emmeans`.

    Returns
    -------
    MarginalMeans

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
    >>> ranef.emtrends(fit, "Variety", "nitro").to_frame().round(2)[["Variety", "trend", "se", "df"]]
           Variety  trend     se    df
    0  Golden Rain  75.33  11.86  51.0
    1   Marvellous  64.58  11.86  51.0
    2      Victory  81.08  11.86  51.0
    """
    state, names, inside, level = _checked(fit, specs, by, level)
    require_choice("weights", weights, ("equal", "proportional"))
    if var in (*names, *inside):
        raise ArgumentError(f"var={var!r} cannot be among the variables whose values are compared")
    grid = reference_grid(state, [*names, *inside, var], at, data)
    if not pd.api.types.is_numeric_dtype(grid.table[var]) or (var in grid.factors and not _is_given(at, var)):
        raise ArgumentError(f"var={var!r} is a factor: it has no slope, use emmeans(...).contrast('consec')")
    step = 1e-4 * max(1.0, float(np.abs(grid.table[var]).max()))
    ends = [matrix(state, grid.table.assign(**{var: grid.table[var] + sign * step})) for sign in (1, -1)]
    slopes = (ends[0] - ends[1]) / (2 * step)
    return _averaged(state, grid, slopes, [*names, *inside], "trend", inside, weights, data, ddf, level)


def _is_given(at: Mapping[str, Any] | None, name: str) -> bool:
    return at is not None and name in at


def _checked(
    fit: Any, specs: Any, by: Any, level: float
) -> tuple[FitState, list[str], tuple[str, ...], float]:
    if isinstance(level, bool) or not 0 < level < 1:
        raise ArgumentError(f"level must be between 0 and 1, such as 0.95; got {level!r}")
    names = [] if specs is None else [specs] if isinstance(specs, str) else list(specs)
    inside = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    return fit.state, [name for name in names if name not in inside], inside, float(level)


def _averaged(
    state: FitState,
    grid: Grid,
    X: FloatArray,
    names: list[str],
    what: str,
    by: tuple[str, ...],
    weights: str,
    data: Any,
    ddf: str,
    level: float,
) -> MarginalMeans:
    """Average rows of the grid over what was not asked for."""
    share = np.ones(len(X)) if weights == "equal" else _shares(state, grid, names, data)
    if not names:
        L = (share / share.sum()) @ X
        return MarginalMeans(state, pd.DataFrame(index=[0]), L[None, :], what, by, ddf, level)
    numbers = grid.table.groupby(names, sort=False, observed=True).ngroup().to_numpy()
    keys = grid.table[names].loc[~grid.table[names].duplicated()].reset_index(drop=True)
    L = np.zeros((len(keys), X.shape[1]))
    np.add.at(L, numbers, X * share[:, None])
    L /= np.bincount(numbers, share)[:, None]
    L[np.abs(L) < 1e-12] = 0.0
    return MarginalMeans(state, keys, L, what, by, ddf, level)


def _shares(state: FitState, grid: Grid, names: list[str], data: Any) -> FloatArray:
    """Return how often the levels of the other factors occur, for each row of the grid."""
    from ...frame import Table
    from ...frame.factors import as_factor

    others = [name for name in grid.factors if name not in names]
    if not others:
        return np.ones(len(grid.table))
    if data is None:
        raise ArgumentError("weights='proportional' needs data= with the data of the fit")
    table, design = Table(data), state.model.design
    columns = {}
    for name in others:
        factor = as_factor(table.column(name))
        labels = np.array([str(label) for label in factor.levels], dtype=object)
        columns[name] = labels[factor.codes]
    frame = pd.DataFrame(columns)
    if len(frame) == design.nobs + design.n_dropped:
        frame = frame.iloc[design.rows]
    counts = frame.value_counts()
    keys = grid.table[others].astype(str)
    return np.array([float(counts.get(tuple(row), 0)) for row in keys.itertuples(index=False)])
