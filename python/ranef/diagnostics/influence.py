"""Influence on a fit: of its rows, or of whole groups."""

from __future__ import annotations

import pandas as pd

from ..fit import Fit
from ..frame.native import in_pandas
from ..guidance.old_names import also_called
from .groups import GroupInfluence


@also_called(by="group")
def influence(fit: Fit, group: str | None = None) -> pd.DataFrame | GroupInfluence:
    """Return the influence of every row, or of every level of a grouping factor.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        A grouping factor; by default rows, of a generalised model with ``zero=`` or ``dispersion=`` the only
        factor.

    Returns
    -------
    DataFrame or GroupInfluence
        See `row_influence` and `group_influence`. Of a generalised model's rows, by one step of the working
        linear model: ``leverage``, ``residual`` (Pearson), ``standardised`` (over the root of one minus the
        leverage), ``quantile`` and ``cooks``. A level on which a coefficient rests altogether has missing
        values, and did not converge.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.influence().nlargest(1, "cooks").round(3).to_dict("list")
    {'leverage': [0.293], 'residual': [-98.336], 'standardised': [-4.57], 'quantile': [0.08], 'cooks':
    [4.332]}

    Of a generalised model:

    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.influence("herd").cooks.idxmax()
    '11'
    """
    rows = group is None and fit.influence_of_rows
    return in_pandas(fit.row_influence)() if rows else in_pandas(fit.group_influence)(group)
