"""Tests of means and comparisons against other values, on one side, over other families."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite
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
)
def test(
    means: MarginalMeans,
    null: float = 0.0,
    alternative: str = "two-sided",
    adjust: str | None = None,
    together: bool = False,
    delta: float | None = None,
) -> MarginalMeans:
    """Return the same estimates, tested in another way.

    Parameters
    ----------
    means : MarginalMeans
    null : float
        The value that they are tested against, on the scale of the model (a difference of logarithms for a
        ratio). A margin: ``null=-delta, alternative="greater"`` tests that a difference is not inferior.
    alternative : {"two-sided", "less", "greater", "equivalence"}
        One-sided tests have intervals with one end, which exclude `null` where p is below 1 - level.
        ``"equivalence"``: that the value is less than `delta` away from `null`, by two one-sided tests of
        which the larger p counts. Its intervals have the coverage 2 level - 1, 90 % for a level of 95 %, and
        lie within the margins where p is below 1 - level.
    adjust : {"none", "tukey", "holm", "bonferroni", "sidak", "mvt"}, optional
        By default as before.
    together : bool
        Whether all rows are one family, over the values of ``by`` (``by = NULL`` in R's emmeans); by default
        each value of ``by`` is a family.
    delta : float, optional
        The margin of ``alternative="equivalence"``, on the scale of the model.

    Returns
    -------
    MarginalMeans

    Raises
    ------
    ArgumentError
        Tukey's adjustment on one side, or over the values of ``by``: it is for one set of pairwise
        differences. A margin without ``alternative="equivalence"``, or the other way. One side, on the scale
        of the data behind a transformation that does not keep order.

    References
    ----------
    Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach for assessing
    the equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> differences = ranef.emmeans(fit, "arm", by="visit").contrast("trt.vs.ctrl")
    >>> table = differences.test(null=-0.1, alternative="greater", adjust="holm", together=True).to_frame()
    >>> bool((table["upper"] == float("inf")).all())
    True
    >>> table = differences.test(alternative="equivalence", delta=5).to_frame()
    >>> (table["p"] < 0.05).tolist() == (table[["lower", "upper"]].abs().max(axis=1) < 5).tolist()
    True
    """
    require_choice("alternative", alternative, (*ALTERNATIVES, "equivalence"))
    require_flag("together", together)
    if isinstance(null, bool) or not isinstance(null, Real) or not isfinite(null):
        raise ArgumentError(f"null= is the value that is tested against, a finite number; got {null!r}")
    margin = _margin(alternative, delta)
    adjust = means.adjust if adjust is None else adjust
    require_choice("adjust", adjust, METHODS)
    asked = {"alternative": alternative, "delta": margin, "adjust": adjust, "together": together}
    found: Any = replace(means, null=float(null), **asked)
    if adjust == "tukey":
        _require_pairs(means, found)
    if found.adjusts and adjust == "mvt" and alternative == "equivalence":
        raise ArgumentError(
            "adjust='mvt' has no joint distribution for tests of equivalence: give adjust='holm' or 'sidak'"
        )
    if alternative in ("less", "greater") and means.scale is not None and not means.scale.keeps_order:
        raise ArgumentError(
            f"alternative='{alternative}': an interval with one end has no way back from {means.scale.name}, "
            "which does not keep order. Test on the scale of the model: leave scale='response' out"
        )
    return found


def _margin(alternative: str, delta: Any) -> float:
    """Return the margin of equivalence, 0 of other tests."""
    if alternative != "equivalence":
        if delta is not None:
            raise ArgumentError(
                "delta= is the margin of alternative='equivalence'; for non-inferiority write null=-delta, "
                "alternative='greater'"
            )
        return 0.0
    if isinstance(delta, bool) or not isinstance(delta, Real) or not 0 < float(delta) < inf:
        raise ArgumentError(f"alternative='equivalence' needs its margin, delta= above zero; got {delta!r}")
    return float(delta)


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
