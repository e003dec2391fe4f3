"""Confidence intervals of the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ..errors import ArgumentError, level_by_keyword, quote_list, require_level
from ..fit import Fit
from ..frame.native import in_pandas
from ..guidance.arguments import advice
from ..guidance.refusals import refused
from .coefficients import coef_table


@level_by_keyword
def conf_int(
    fit: Fit,
    method: str = "wald",
    parameters: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
    ddf: str | None = "default",
    kind: str | None = None,
    n: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Return confidence intervals.

    Parameters
    ----------
    fit : Fit
    method : {"wald", "profile", "bootstrap"}
        ``"wald"``: estimate and quantiles of its standard error; for the fixed effects, and with
        ``parameters="all"`` or ``"random"`` for sigma (or the dispersion) and standard deviations (normal, on
        the log scale) and correlations (on Fisher's). ``"profile"``: profile likelihood, exact, of all
        parameters; a REML fit is refitted by maximum likelihood for it. ``"bootstrap"``: percentiles of
        refits to drawn replicates.
    parameters : str or sequence of str, optional
        Names as in the index of the result, or ``"fixed"``, ``"random"``, ``"theta"`` (not Wald), ``"all"``.
    level : float
        Coverage, between 0 and 1; by keyword only.
    ddf : str or None
        Degrees of freedom of Wald intervals of the fixed effects, as in `Fit.coef_table`: by default those
        of the p-values, so that an interval excludes zero where they are below 1 - level. None or
        ``"normal"``: the normal distribution.
    kind : str, optional
        Of bootstrap interval, see `ranef.BootstrapResult.conf_int`; by default ``"percentile"``.
    n : int, optional
        Replicates of the bootstrap; by default 2,000.
    **options
        For the bootstrap: ``seed`` and what else `Fit.bootstrap` takes.

    Returns
    -------
    DataFrame
        Columns ``lower``, ``upper``, one row per parameter; NaN for a dropped coefficient, and for Wald
        intervals at the boundary (a standard deviation of zero).

    Raises
    ------
    ArgumentError
        For an unknown method or option, or a level that is not between 0 and 1.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.conf_int().round(2)
                lower   upper
    Intercept  237.01  265.80
    Days         7.21   13.73
    """
    require_level(level)
    if method not in ("wald", "profile", "bootstrap"):
        raise ArgumentError(f"method must be 'wald', 'profile' or 'bootstrap', not {method!r}")
    if method != "wald" and ddf != "default":
        raise ArgumentError(f"method='{method}' takes no ddf=: degrees of freedom are for Wald intervals")
    if method == "bootstrap":
        found = fit.bootstrap(n or 2000, **options).whole()
        return in_pandas(found.conf_int)(kind or "percentile", parameters, level=level)
    options |= {name: value for name, value in (("kind", kind), ("n", n)) if value is not None}
    if options:
        first = next(iter(options))
        said = "" if first in ("kind", "n", "seed") else advice(conf_int, first)
        raise ArgumentError(f"method='{method}' takes no {first}={said}")
    if method == "profile":
        return in_pandas(fit.profile(parameters, level).conf_int)(level=level)
    return _wald_chosen(fit, level, parameters, ddf)


def _wald_chosen(fit: Fit, level: float, parameters: Any, ddf: str | None) -> pd.DataFrame:
    """Return the Wald intervals asked for: by default those of the fixed effects."""
    fixed = wald(fit, level, ddf)
    wanted = [parameters] if isinstance(parameters, str) else list(parameters or ["fixed"])
    if all(name == "fixed" or name in fixed.index for name in wanted):
        return _rows(fixed, wanted, {"fixed": fixed.index})
    instead = refused(type(fit)).get("component_table")
    if instead is not None:
        raise ArgumentError(
            f"parameters= names {quote_list(wanted)}: method='wald' has the coefficients "
            f"{quote_list(fixed.index, 20)}; of the covariance {instead}"
        )
    random = in_pandas(fit.component_table)(level=level)
    both = pd.concat([fixed, random[["lower", "upper"]]])
    chosen = _rows(both, wanted, {"fixed": fixed.index, "random": random.index, "all": both.index})
    chosen.attrs["notes"] = random.attrs["notes"] if chosen.isna().any(axis=None) else ()
    return chosen


def _rows(table: pd.DataFrame, wanted: list[Any], groups: dict[str, pd.Index[str]]) -> pd.DataFrame:
    """Return the rows of parameters, or groups of them, that are named.

    Raises ArgumentError for a name that is none.
    """
    names: list[str] = []
    for name in wanted:
        group = groups.get(name)
        if group is None and name not in table.index:
            raise ArgumentError(
                f"parameters: there is no {name!r}. There are {quote_list(table.index, 30)}; "
                "and the groups 'fixed', 'random', 'all'"
            )
        names += [name] if group is None else list(group)
    return table.loc[list(dict.fromkeys(names))]


def wald(fit: Fit, level: float, ddf: str | None = "default") -> pd.DataFrame:
    """Return estimate -+ quantile x standard error of the fixed effects."""
    table = coef_table(fit, ddf)
    df = np.minimum(table["df"].to_numpy(), 1e300)  # the normal distribution has infinitely many
    width = stdtrit(df, (1 + level) / 2) * table["se"].to_numpy()
    estimates = table["estimate"].to_numpy()
    limits = np.column_stack([estimates - width, estimates + width])
    return pd.DataFrame(limits, index=table.index, columns=["lower", "upper"])
