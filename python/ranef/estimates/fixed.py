"""Fixed effects as labelled tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from ..fit import Fit


def params(fit: Fit) -> pd.Series:
    """Return the fixed effects by name, NaN for a column that was dropped."""
    return _series(fit, fit.beta.copy(), "estimate")


def bse(fit: Fit) -> pd.Series:
    """Return the standard errors of the fixed effects."""
    return _series(fit, np.sqrt(fit.vcov.diagonal()), "se")


def tvalues(fit: Fit) -> pd.Series:
    """Return the fixed effects over their standard errors."""
    return _series(fit, fit.beta / np.sqrt(fit.vcov.diagonal()), "t")


def dropped_columns(fit: Fit) -> tuple[str, ...]:
    """Return the columns of X that depend linearly on earlier ones, and have no coefficient."""
    kept = set(fit.model.cross.columns.tolist())
    return tuple(name for i, name in enumerate(fit.model.design.column_names) if i not in kept)


def _series(fit: Fit, values: np.ndarray, name: str) -> pd.Series:
    return pd.Series(values, index=_index(fit.model.design.column_names), name=name)


@lru_cache(maxsize=256)
def _index(names: tuple[str, ...]) -> pd.Index[str]:
    """One index for every table of the same coefficients: to make one takes longer than a small fit."""
    return pd.Index(list(names))
