"""No pooling: a linear model for each group alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..cross_products import require_sizes
from ..design import Design, Functions, build_design, with_functions
from ..errors import FormulaError, level_by_keyword, quote_list, require_level
from ..formula import parse_formula
from ..frame.native import as_it_came, library_name, remembering
from ..guidance.arguments import guided
from ..show import Document, Line, Printed, frame_table
from .unpooled import OwnFits, least_squares_by_level


@dataclass(frozen=True, eq=False, repr=False)
class LmList(Printed):
    """A linear model for each group alone; prints the coefficients.

    Attributes
    ----------
    formula : str
    group : str
        Grouping factor.
    coef : DataFrame
        Levels x columns; NaN in the row of a level whose data do not determine every coefficient.
    bse : DataFrame
        Standard errors with the pooled `sigma`.
    nobs : Series
        Rows of each level.
    sigma : float
        Residual standard deviation pooled over the levels; NaN when no level has rows to spare.
    df_resid : int
        Rows to spare, over all levels.
    """

    formula: str
    group: str
    coef: pd.DataFrame
    bse: pd.DataFrame
    nobs: pd.Series
    sigma: float
    df_resid: int

    @property
    def undetermined(self) -> list[Any]:
        """Levels without coefficients of their own."""
        return list(self.coef.index[self.coef.isna().any(axis=1)])

    @as_it_came
    @level_by_keyword
    def conf_int(self, *, level: float = 0.95) -> pd.DataFrame:
        """Return intervals with the pooled sigma: one row per level and column, ``lower`` and ``upper``."""
        from scipy.stats import t as student

        require_level(level)
        width = (student.ppf((1 + level) / 2, self.df_resid) * self.bse).stack(future_stack=True)
        middle = self.coef.stack(future_stack=True)
        return pd.DataFrame({"lower": middle - width, "upper": middle + width})

    def __str__(self) -> str:
        return "\n".join([self._title, str(self.coef), *self._remarks()])

    @property
    def _title(self) -> str:
        return f"No pooling: {self.formula}, {len(self.coef)} levels of {self.group}"

    def _remarks(self) -> list[str]:
        few = self.undetermined
        lines = [f"too few rows of their own: {quote_list(few)}"] if few else []
        return [*lines, f"pooled sigma {self.sigma:.4g} on {self.df_resid} degrees of freedom"]

    def document(self) -> Document:
        """Return the parts."""
        return [Line(self._title, "title"), frame_table(self.coef), *map(Line, self._remarks())]


@guided()
def lm_list(
    formula: str,
    data: Any,
    weights: str | npt.ArrayLike | None = None,
    functions: Functions | None = None,
) -> LmList:
    """Fit a linear model to each group alone: no pooling.

    Parameters
    ----------
    formula : str
        As for lme4's lmList, ``"reaction ~ days | subject"``, or a mixed model on one grouping factor, whose
        fixed part is fitted to each of its levels.
    data : table
        As for `ranef.lmer`; rows with missing values are left out.
    weights : str or (n,) array, optional
        Prior weights.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them, see `ranef.lmer`.

    Returns
    -------
    LmList

    Raises
    ------
    FormulaError
        When the formula names no grouping factor, or several.
    DataError
        For data that the formula cannot use.

    Notes
    -----
    Groups with fewer rows than coefficients, or without variation in a predictor, have NaN throughout. (R
    gives such a group its first coefficients, which then do not mean what they mean in other groups.)

    Examples
    --------
    >>> import ranef
    >>> alone = ranef.lm_list("reaction ~ days | subject", ranef.datasets.load("sleep_gappy"))
    >>> alone.coef.loc[["308", "373", "374"]].round(3)
             Intercept    days
    subject
    308        244.193  21.765
    373            NaN     NaN
    374        286.000   2.000
    >>> alone.undetermined, round(alone.sigma, 3)
    (['373'], 25.592)
    """
    parsed = with_functions(parse_formula(_mixed(formula)), functions)
    design = build_design(parsed, data, weights, allow_saturated=True)
    require_sizes(design)
    groups = list(dict.fromkeys(term.group for term in design.terms))
    if len(groups) != 1:
        raise FormulaError(
            f"lm_list takes one grouping factor, '{formula}' has {quote_list(groups)}: write 'y ~ x | group'"
        )
    if not design.column_names:
        raise FormulaError(f"'{formula}' has no column: there is nothing to fit in each group")
    factor = design.terms[0].factor
    fits = own_fits(design, design.X, design.without_offset(design.response), factor.codes, factor.n_levels)
    return remembering(_labelled(formula, design, fits), library_name(data))


def own_fits(
    design: Design, X: FloatArray, y: FloatArray, codes: npt.NDArray[np.int32], n_levels: int
) -> OwnFits:
    """Fit y on X within the levels, with the weights of the design."""
    root = None if design.weights is None else np.sqrt(design.weights)
    if root is not None:
        X, y = X * root[:, None], y * root
    return least_squares_by_level(X, y, codes, n_levels)


def _labelled(formula: str, design: Design, fits: OwnFits) -> LmList:
    factor = design.terms[0].factor
    index = pd.Index(factor.levels, name=factor.name)
    has = np.isfinite(fits.rss)
    df = int((fits.rows[has] - design.X.shape[1]).sum())
    sigma = float(np.sqrt(fits.rss[has].sum() / df)) if df else float("nan")
    names = list(design.column_names)
    return LmList(
        formula,
        factor.name,
        pd.DataFrame(fits.coef, index=index, columns=names),
        pd.DataFrame(sigma * np.sqrt(fits.spread), index=index, columns=names),
        pd.Series(fits.rows, index=index, name="nobs"),
        sigma,
        df,
    )


def _mixed(formula: str) -> str:
    """``y ~ x | g`` as ``y ~ x + (1 | g)``; a formula without a bar of its own stays."""
    depth, bar = 0, -1
    for place, sign in enumerate(formula):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "|" and depth == 0:
            bar = place
    if bar < 0:
        return formula
    return f"{formula[:bar].rstrip()} + (1 | {formula[bar + 1 :].strip()})"
