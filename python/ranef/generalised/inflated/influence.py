"""Influence on zero-inflated fits: of whole groups, by refits without them."""

from __future__ import annotations

from ...diagnostics.groups import GroupInfluence
from ...guidance.old_names import also_called
from ..diagnostics.influence import group_influence
from .fit import ZeroInflatedFit


@also_called(by="group")
def influence(fit: ZeroInflatedFit, group: str | None = None) -> GroupInfluence:
    """Return the influence of every level of a grouping factor, by refits without it.

    Of groups alone: a row that is zero for certain has no weight of its own, and so no leverage.

    Parameters
    ----------
    fit : ZeroInflatedFit
    group : str, optional
        A grouping factor; by default the only one.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> fit.influence().cooks.idxmax()
    '1'
    """
    return group_influence(fit, group)
