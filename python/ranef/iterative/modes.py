"""Conditional standard deviations of the random effects of chosen levels: a solve for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, NewLevelError, quote_list
from .equations import AT_A_TIME, solved_rows


def cond_sd(fit: Any, group: str, levels: Sequence[Any]) -> pd.DataFrame:
    """Return the conditional standard deviations of the random effects of some levels.

    Given theta, sigma and beta, as ``fit.ranef.cond_var`` of an exact fit has them for all levels.

    Parameters
    ----------
    fit : IterativeFit
    group : str
        A grouping factor.
    levels : sequence
        Of that factor, as in the data. Each takes a solve for each of its random effects.

    Returns
    -------
    DataFrame
        Levels by columns of the factor's table in ``fit.ranef``.

    Raises
    ------
    ArgumentError, NewLevelError
        There is no such factor, or level.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Penicillin")
    >>> fit = ranef.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", data, schur="iterative")
    >>> fit.cond_sd("sample", ["A", "C"]).round(2)
       Intercept
    A        0.2
    C        0.2
    """
    model = fit.model
    groups = [factor.group for factor in model.cross.factors]
    if group not in groups:
        raise ArgumentError(
            f"'{group}' is not a grouping factor of the model, whose factors are {quote_list(groups)}"
        )
    table = fit.ranef[group]
    rows = table.index.get_indexer(list(levels))
    if (rows < 0).any():
        missing = [level for level, row in zip(levels, rows, strict=True) if row < 0]
        raise NewLevelError(f"'{group}' has no level {missing[0]!r} in the data of the fit")
    given = groups.index(group)
    order = list(model.cross.design.factor_order)
    sizes = [len(fit.solution["modes"][one]) * fit.solution["modes"][one].shape[1] for one in order]
    width = fit.solution["modes"][given].shape[1]
    first = sum(sizes[: order.index(given)])
    maps = np.zeros((width, width))
    for index, part in zip(model.cross.factors[given].terms, model.cross.factors[given].slices, strict=True):
        maps[part, part] = model.coordinates.modes_map(index)
    out = []
    for start in range(0, len(rows), AT_A_TIME):
        chosen = rows[start : start + AT_A_TIME]
        rhs = np.zeros((len(chosen) * width, sum(sizes)))
        for place, row in enumerate(chosen):
            rhs[place * width : (place + 1) * width, first + row * width : first + (row + 1) * width] = maps
        solved, _ = solved_rows(fit, rhs, "conditional standard deviations")
        out.append(np.sqrt(np.einsum("ij,ij->i", rhs, solved)).reshape(len(chosen), width))
    values = fit.sigma * np.concatenate(out) if out else np.empty((0, width))
    return pd.DataFrame(values, index=list(levels), columns=table.columns)
