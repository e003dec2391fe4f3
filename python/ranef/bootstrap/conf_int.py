"""Intervals of all parameters of a bootstrap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list
from . import intervals
from .frame import parameter_frame

if TYPE_CHECKING:
    from .result import BootstrapResult

__all__ = ["METHODS", "conf_int"]

METHODS = ("percentile", "basic", "normal", "studentized", "bca", "shortest")
_SPELLINGS = {"studentised": "studentized"}
_WITHOUT_ESTIMATE = ("percentile", "shortest")


def conf_int(
    result: BootstrapResult, level: float, method: str, parameters: str | Iterable[str] | None
) -> pd.DataFrame:
    """Intervals, see `BootstrapResult.conf_int`."""
    method = _SPELLINGS.get(method, method)
    if method not in METHODS:
        raise ArgumentError(f"method must be one of {quote_list(METHODS)}; got {method!r}")
    if isinstance(level, bool) or not 0.0 < level < 1.0:
        raise ArgumentError(f"level must be between 0 and 1, such as 0.95; got {level!r}")
    values = parameter_frame(result)
    chosen = _chosen(values.columns, parameters)
    values = values[chosen]
    if method in _WITHOUT_ESTIMATE:
        one = intervals.percentile_interval if method == "percentile" else intervals.shortest_interval
        limits = [one(values[name].to_numpy(), level) for name in chosen]
    else:
        limits = _about_estimates(result, values, method, level)
    return pd.DataFrame(np.reshape(limits, (-1, 2)), index=chosen, columns=["lower", "upper"])


def _chosen(known: pd.Index, parameters: str | Iterable[str] | None) -> list[str]:
    if parameters is None:
        return list(known)
    asked = [parameters] if isinstance(parameters, str) else list(parameters)
    for name in asked:
        if name not in known:
            raise ArgumentError(f"parameters= has {name!r}; the replicates have {quote_list(known, 30)}")
    return asked


def _about_estimates(
    result: BootstrapResult, values: pd.DataFrame, method: str, level: float
) -> list[tuple[float, float]]:
    """Intervals that compare the replicates with the fit they were drawn from."""
    if result.estimates is None or result.given:
        raise ArgumentError(
            f"method='{method}' compares replicates with the fit they are drawn from, and these are drawn "
            "from other parameters: use 'percentile' or 'shortest', or draw without params=, theta=, sigma="
        )
    estimates = result.estimates.reindex(values.columns)
    if method == "studentized":
        return _studentized(result, values, estimates, level)
    if method == "bca":
        from .acceleration import accelerations

        acceleration = accelerations(result, list(values.columns))
        return [
            intervals.bca_interval(values[name].to_numpy(), estimates[name], acceleration[name], level)
            for name in values.columns
        ]
    one = {"basic": intervals.basic_interval, "normal": intervals.normal_interval}[method]
    return [one(values[name].to_numpy(), estimates[name], level) for name in values.columns]


def _studentized(
    result: BootstrapResult, values: pd.DataFrame, estimates: pd.Series, level: float
) -> list[tuple[float, float]]:
    if "se" not in result.places or result.errors is None:
        raise ArgumentError(
            "method='studentized' needs each replicate's standard errors: keep 'se' in columns="
        )
    replicates = dict(zip(result.names.coefficients, result.names.spread(result.part("se")).T, strict=True))
    return [
        intervals.studentized_interval(
            values[name].to_numpy(), replicates[name], estimates[name], result.errors[name], level
        )
        if name in replicates
        else (np.nan, np.nan)
        for name in values.columns
    ]
