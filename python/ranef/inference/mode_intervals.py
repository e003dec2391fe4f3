"""Intervals of the conditional modes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import level_by_keyword, require_level
from ..estimates.modes import RandomEffects
from ..fit import Fit
from ..frame.native import in_pandas


@level_by_keyword
def mode_intervals(modes: RandomEffects, *, level: float = 0.95, given_beta: bool = True) -> pd.DataFrame:
    """Return intervals of the random effects around their conditional modes.

    Parameters
    ----------
    modes : RandomEffects
    level : float
        Coverage; by keyword only.
    given_beta : bool
        True: conditional standard deviations with the fixed effects taken as known, as lme4 gives them.
        False: with the error of the fixed effects in them (Henderson's prediction error variances).

    Returns
    -------
    DataFrame
        One row per mode: ``group``, ``level``, ``name``, ``mode``, ``sd``, ``lower``, ``upper``.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.ranef.conf_int().round(2).head(2)
         group level       name   mode     sd  lower  upper
    0  Subject   308  Intercept   2.26  12.07 -21.40  25.92
    1  Subject   309  Intercept -40.40  12.07 -64.06 -16.74
    """
    require_level(level)
    table = in_pandas(modes.to_frame)()
    if not given_beta:
        table["sd"] = _prediction_errors(modes.fit)
    width = ndtri((1 + level) / 2) * table["sd"]
    return table.assign(lower=table["mode"] - width, upper=table["mode"] + width)


def _prediction_errors(fit: Fit) -> np.ndarray:
    """Return the standard errors of b - mode in the order of ``RandomEffects.to_frame``."""
    system, terms, parts = fit.equations, fit.model.design.terms, []
    for blocks in fit.model.cross.factors:
        for index in blocks.terms:
            levels, r = terms[index].factor.n_levels, len(terms[index].columns)
            for column in range(r):
                codes = np.arange(levels, dtype=np.int32)
                basis = np.zeros((levels, r))
                basis[:, column] = 1.0
                rows = [(codes % t.factor.n_levels, np.zeros((levels, len(t.columns)))) for t in terms]
                rows[index] = (codes, basis)
                v = system.spherical(rows)
                fixed, random = system.variances(np.zeros((levels, len(system.C))), v)
                parts.append(fit.sigma * np.sqrt(fixed + random))
    return np.concatenate(parts)
