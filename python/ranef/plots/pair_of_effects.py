"""Two random effects of a grouping factor: where its groups are without and with partial pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..estimates.subset import choose_group
from ..estimates.unpooled import GroupRows, group_rows, least_squares_by_level
from ..fit import Fit
from .canvas import Axes, choose_columns, named, own_legend, spread_over, title
from .placing import off_the_map


@dataclass(frozen=True, eq=False)
class PairOfEffects:
    """Coefficients of groups in the plane of two random effects."""

    group: str  # the grouping factor
    columns: list[str]  # the random effects
    fixed: list[bool]  # whether there is a fixed effect beside each
    # centre, cov (2,), (2, 2) float64: of the estimated Gaussian from which groups are drawn
    centre: FloatArray
    cov: FloatArray
    n_groups: int  # how many groups there are
    levels: list[str]  # those that are shown
    alone: FloatArray  # (shown, 2): least squares in each group, NaN where its rows do not determine it
    pooled: FloatArray  # (shown, 2): fixed effects plus conditional modes

    @property
    def scales(self) -> FloatArray:
        """Standard deviations of the two."""
        return np.sqrt(np.diag(self.cov))

    @property
    def determined(self) -> np.ndarray:
        """Which groups have least squares of their own."""
        return np.asarray(np.isfinite(self.alone).all(axis=1))

    def name_axes(self, axis: Axes, low: FloatArray, high: FloatArray, own_figure: bool) -> None:
        """Write labels, legend and title: how many groups there are between two corners of the plane."""
        # A random effect without a fixed one is a deviation from the rest of the model.
        x, y = (
            named(column) if fixed else f"{named(column)}, deviation"
            for column, fixed in zip(self.columns, self.fixed, strict=True)
        )
        axis.set(xlabel=x, ylabel=y)
        shown, outside = len(self.levels), off_the_map(self.alone[self.determined], low, high)
        part = "" if shown == self.n_groups else f"{shown} of "
        off = f", {outside} of them off the map" if outside else ""
        title(axis, f"{named(self.group)}: {part}{self.n_groups:,} groups{off}")
        own_legend(axis, own_figure)


def pair_of_effects(
    fit: Fit, group: str | None, columns: Sequence[str] | None, most: int, what: str
) -> PairOfEffects:
    """Return two random effects of a group, and up to `most` of its levels.

    Raises ArgumentError for an unknown group or column, or when no term of the group has two random effects.
    """
    name = choose_group(list(fit.ranef), group, what)
    term, pair = _chosen(fit, name, columns, what)
    places = [fit.model.design.terms[term].columns.index(column) for column in pair]
    fixed = [column in fit.model.design.column_names for column in pair]
    centre = np.array([fit.params[c] if known else 0.0 for c, known in zip(pair, fixed, strict=True)])
    rows, modes = group_rows(fit, term), fit.term_modes[term][:, places]
    shown = _outline(modes, most)
    return PairOfEffects(
        group=name,
        columns=pair,
        fixed=fixed,
        centre=centre,
        cov=fit.varcorr[term].cov[np.ix_(places, places)],
        n_groups=len(modes),
        levels=[str(level) for level in rows.levels[shown]],
        alone=_alone(rows, shown)[:, places],
        pooled=centre + modes[shown],
    )


def _outline(modes: np.ndarray, most: int) -> np.ndarray:
    """Up to `most` groups, spread evenly over the order of their distance from the centre."""
    if len(modes) <= most:
        return np.arange(len(modes))
    scale = np.maximum(modes.std(axis=0), np.finfo(float).tiny)
    order = np.argsort(((modes / scale) ** 2).sum(axis=1), kind="stable")
    return np.sort(order[spread_over(len(modes), most)])


def _alone(rows: GroupRows, levels: np.ndarray) -> np.ndarray:
    """Least squares in some of the groups, (levels, r); NaN where rows do not determine it."""
    place = np.full(len(rows.levels), -1)
    place[levels] = np.arange(len(levels))
    codes = place[rows.codes]
    take = codes >= 0
    return least_squares_by_level(rows.basis[take], rows.y[take], codes[take], len(levels)).coef


def _chosen(fit: Fit, group: str, columns: Sequence[str] | None, what: str) -> tuple[int, list[str]]:
    """The term of the group that has the two columns, and the columns."""
    terms = [(i, t.columns) for i, t in enumerate(fit.model.design.terms) if t.group == group]
    wide = [(index, names) for index, names in terms if len(names) > 1]
    if not wide:
        only = ", ".join(name for _, names in terms for name in names)
        apart = "; terms joined by || are drawn one by one" if len(terms) > 1 else ""
        raise ArgumentError(
            f"{what} draws two correlated random effects, and '{group}' has {only} alone{apart}: "
            "use plots.caterpillar"
        )
    if columns is None:
        return wide[0][0], list(wide[0][1][:2])
    pair = choose_columns([name for _, names in wide for name in names], columns, "columns")
    if len(pair) != 2 or pair[0] == pair[1]:
        raise ArgumentError(f"columns= must name two different random effects, not {pair}")
    for index, names in wide:
        if set(pair) <= set(names):
            return index, pair
    raise ArgumentError(f"columns= names '{pair[0]}' and '{pair[1]}', which are in different random terms")
