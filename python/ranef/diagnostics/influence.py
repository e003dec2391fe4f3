"""Influence on a fit: of its rows, or of whole groups."""

from __future__ import annotations

import pandas as pd

from ..fit import Fit
from ..guidance.old_names import also_called
from .groups import GroupInfluence, group_influence
from .rows import row_influence


@also_called(by="group")
def influence(fit: Fit, group: str | None = None) -> pd.DataFrame | GroupInfluence:
    """Return the influence of every row, or of every level of a grouping factor.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        A grouping factor; by default rows.

    Returns
    -------
    DataFrame or GroupInfluence
        See `row_influence` and `group_influence`.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.influence().nlargest(1, "cooks").round(3).to_dict("list")
    {'leverage': [0.293], 'residual': [-98.336], 'standardised': [-4.57], 'quantile': [0.08], 'cooks':
    [4.332]}
    """
    return row_influence(fit) if group is None else group_influence(fit, group)
