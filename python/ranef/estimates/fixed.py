"""Fixed effects as labelled tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from ..fit import FitState


def params(state: FitState) -> pd.Series:
    """Return the fixed effects by name, NaN for a column that was dropped."""
    return _series(state, state.beta, "estimate")


def standard_errors(state: FitState) -> pd.Series:
    """Return the standard errors of the fixed effects."""
    return _series(state, np.sqrt(np.diag(state.vcov)), "std_error")


def t_values(state: FitState) -> pd.Series:
    """Return the fixed effects over their standard errors."""
    return _series(state, state.beta / np.sqrt(np.diag(state.vcov)), "t")


def covariance(state: FitState) -> pd.DataFrame:
    """Return the covariance matrix of the fixed effects, NaN in row and column of a dropped one."""
    names = list(state.model.design.column_names)
    return pd.DataFrame(state.vcov.copy(), index=names, columns=names)


def dropped_columns(state: FitState) -> tuple[str, ...]:
    """Return the columns of X that depend linearly on earlier ones, and have no coefficient."""
    kept = set(state.model.cross.kept.tolist())
    return tuple(name for i, name in enumerate(state.model.design.column_names) if i not in kept)


def _series(state: FitState, values: np.ndarray, name: str) -> pd.Series:
    return pd.Series(values.copy(), index=_index(state.model.design.column_names), name=name)


@lru_cache(maxsize=256)
def _index(names: tuple[str, ...]) -> pd.Index[str]:
    """One index for every table of the same coefficients: to make one takes longer than a small fit."""
    return pd.Index(list(names))
