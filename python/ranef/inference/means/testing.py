"""Tests of means and comparisons against other values, on one side, over other families."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any

from ...errors import ArgumentError, require_choice, require_flag
from ...guidance.arguments import guided
from ..pvalues import ALTERNATIVES
from .adjust import METHODS

if TYPE_CHECKING:
    from .estimates import MarginalMeans


@guided(
    by="write together=True for one family of all rows, as by = NULL in emmeans",
    delta="for non-inferiority write null=-delta, alternative='greater'",
)
def test(
    means: MarginalMeans,
    null: float = 0.0,
    alternative: str = "two-sided",
    adjust: str | None = None,
    together: bool = False,
) -> MarginalMeans:
    """Return the same estimates, tested in another way.

    Parameters
    ----------
    means : MarginalMeans
    null : float
        The value that they are tested against, on the scale of the model (a difference of logarithms for a
        ratio). A margin: ``null=-delta, alternative="greater"`` tests that a difference is not inferior.
    alternative : {"two-sided", "less", "greater"}
        One-sided tests have intervals with one end, which exclude `null` where p is below 1 - level.
    adjust : {"none", "tukey", "holm", "bonferroni", "sidak", "mvt"}, optional
        By default as before.
    together : bool
        Whether all rows are one family, over the values of ``by`` (``by = NULL`` in R's emmeans); by default
        each value of ``by`` is a family.

    Returns
    -------
    MarginalMeans

    Raises
    ------
    ArgumentError
        Tukey's adjustment on one side, or over the values of ``by``: it is for one set of pairwise
        differences. One side, on the scale of the data behind a transformation that does not keep order.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> differences = ranef.emmeans(fit, "arm", by="visit").contrast("trt.vs.ctrl")
    >>> table = differences.test(null=-0.1, alternative="greater", adjust="holm", together=True).to_frame()
    >>> bool((table["upper"] == float("inf")).all())
    True
    """
    require_choice("alternative", alternative, ALTERNATIVES)
    require_flag("together", together)
    if isinstance(null, bool) or not isinstance(null, Real) or not isfinite(null):
        raise ArgumentError(f"null= is the value that is tested against, a finite number; got {null!r}")
    adjust = means.adjust if adjust is None else adjust
    require_choice("adjust", adjust, METHODS)
    found: Any = replace(means, null=float(null), alternative=alternative, adjust=adjust, together=together)
    if adjust == "tukey":
        _require_pairs(means, found)
    if alternative != "two-sided" and means.scale is not None and not means.scale.keeps_order:
        raise ArgumentError(
            f"alternative='{alternative}': an interval with one end has no way back from {means.scale.name}, "
            "which does not keep order. Test on the scale of the model: leave scale='response' out"
        )
    return found


def _require_pairs(means: MarginalMeans, found: MarginalMeans) -> None:
    if means.adjust != "tukey":
        raise ArgumentError("adjust='tukey' is for pairwise differences: use pairs(), or adjust='mvt' here")
    if found.adjusts and found.alternative != "two-sided":
        raise ArgumentError("adjust='tukey' has two sides only: for one side give adjust='sidak' or 'mvt'")
    if found.together and means.by:
        raise ArgumentError(
            "adjust='tukey' is for the pairs of one set of means: over all values of by= give adjust='sidak' "
            "or 'mvt'"
        )
