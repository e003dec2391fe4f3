"""Complete, no and partial pooling side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..design.model_matrix import ColumnValues
from ..errors import ArgumentError, quote_list
from ..fit import Fit
from ..frame.native import as_it_came, in_pandas
from ..guidance.arguments import guided
from ..guidance.refusals import require
from ..show import Document, Line, Printed, frame_table
from .lm_list import own_fits
from .subset import choose_group

SHRINKAGE = "Shrinkage: standard deviation over groups"


@dataclass(frozen=True, eq=False, repr=False)
class Pooling(Printed):
    """The coefficients of each group under complete, no and partial pooling; prints both tables.

    Attributes
    ----------
    group : str
        Grouping factor.
    complete : Series
        One model for everybody.
    no : DataFrame
        Levels x coefficients, each level alone; NaN where its rows do not determine them.
    partial : DataFrame
        Levels x coefficients of the mixed model.
    nobs : Series
        Rows of each level.
    """

    group: str
    complete: pd.Series
    no: pd.DataFrame
    partial: pd.DataFrame
    nobs: pd.Series

    @property
    def estimable(self) -> npt.NDArray[np.bool_]:
        """Levels with coefficients of their own and rows to spare, (levels,)."""
        r = self.no.shape[1]
        return self.no.notna().all(axis=1).to_numpy() & (self.nobs.to_numpy() > r)

    @property
    def shrinkage(self) -> pd.DataFrame:
        """Spread before and after: standard deviations over the `estimable` levels.

        One row per coefficient: ``sd_no``, ``sd_partial``, ``ratio`` (after over before) and ``groups``, the
        number of levels.
        """
        has = self.estimable
        before, after = self.no[has].std(ddof=1), self.partial[has].std(ddof=1)
        columns = {"sd_no": before, "sd_partial": after, "ratio": after / before, "groups": int(has.sum())}
        return pd.DataFrame(columns, index=self.no.columns)

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row per level and coefficient: level, nobs, term, complete, no, partial."""
        parts = [
            pd.DataFrame({
                "level": self.no.index.to_numpy(),
                "nobs": self.nobs.to_numpy(),
                "term": term,
                "complete": self.complete[term],
                "no": self.no[term].to_numpy(),
                "partial": self.partial[term].to_numpy(),
            })
            for term in self.no.columns
        ]
        return pd.concat(parts, ignore_index=True)

    @as_it_came
    def wide(self) -> pd.DataFrame:
        """Return one row per level: nobs, then complete, no and partial pooling under each coefficient."""
        columns: dict[tuple[str, str], Any] = {("", "nobs"): self.nobs}
        for term in self.no.columns:
            columns[term, "complete"] = self.complete[term]
            columns[term, "no"] = self.no[term]
            columns[term, "partial"] = self.partial[term]
        return pd.DataFrame(columns, index=self.no.index)

    def _remarks(self) -> list[str]:
        few = [str(level) for level in self.no.index[~self.estimable]]
        return [f"not in it, too few rows of their own: {quote_list(few)}"] if few else []

    def document(self) -> Document:
        """Return the parts."""
        return [
            frame_table(in_pandas(self.wide)(), f"Pooling by {self.group}"),
            frame_table(self.shrinkage, SHRINKAGE),
            *map(Line, self._remarks()),
        ]


@guided()
@as_it_came
def pooling(fit: Fit, group: str | None = None) -> Pooling:
    """Put complete, no and partial pooling side by side.

    Complete pooling: least squares of the fixed part over all rows. No pooling: least squares of the fixed
    part in each level alone; what cannot differ there, predictors that vary within no level, is held at the
    fit's estimates. Partial pooling: ``fit.coef``.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Grouping factor; may be left out when there is one.

    Returns
    -------
    Pooling

    Raises
    ------
    ArgumentError
        For an unknown group, when several leave the choice open, or when no fixed effect varies within
        groups.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
    >>> table = ranef.pooling(fit)
    >>> table.wide().loc[["308", "373"]].round(1)
                 Intercept                    days
            nobs  complete     no partial complete    no partial
    subject
    308       10     252.3  244.2   253.9     10.3  21.8    19.6
    373        1     252.3    NaN   249.0     10.3   NaN    10.4
    >>> table.shrinkage.round(2)
               sd_no  sd_partial  ratio  groups
    Intercept  28.95       21.37   0.74      18
    days        6.56        5.47   0.83      18
    """
    require(fit, "pooling")
    name = choose_group(list(fit.ranef), group, "pooling")
    design = fit.model.design
    factor = next(term.factor for term in design.terms if term.group == name)
    kept = list(fit.model.cross.columns)
    columns = design.matrix.columns
    varying = [index for index in kept if _is_own(columns[index], factor.codes, factor.n_levels)]
    if not varying:
        raise ArgumentError(f"no fixed effect can differ between the levels of '{name}': nothing to compare")
    y = design.without_offset(fit.y)
    common = [index for index in kept if index not in varying]
    rest = y - design.matrix.take(common) @ fit.beta[common]
    own = own_fits(design, design.matrix.take(varying).array, rest, factor.codes, factor.n_levels)
    everybody = own_fits(design, design.matrix.take(kept).array, y, np.zeros(len(y), np.int32), 1).coef[0]
    names = [design.column_names[index] for index in varying]
    index = pd.Index(factor.levels, name=name)
    return Pooling(
        name,
        pd.Series(everybody, index=[design.column_names[index] for index in kept])[names],
        pd.DataFrame(own.coef, index=index, columns=names),
        fit.coef[name][names],
        pd.Series(own.rows, index=index, name="nobs"),
    )


def _is_own(column: ColumnValues, codes: npt.NDArray[np.int32], n_levels: int) -> bool:
    """Whether a level can have a coefficient of its own: the constant, and what varies within some level."""
    if column is None or column.min() == column.max():
        return True
    lowest, highest = np.full(n_levels, np.inf), np.full(n_levels, -np.inf)
    np.minimum.at(lowest, codes, column)
    np.maximum.at(highest, codes, column)
    return bool((highest > lowest).any())
