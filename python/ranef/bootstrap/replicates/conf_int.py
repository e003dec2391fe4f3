"""Intervals of all parameters of a bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ...errors import ArgumentError, level_by_keyword, quote_list, require_level
from ...guidance.old_names import also_called
from . import intervals
from .acceleration import accelerations
from .frame import parameter_frame
from .result import BootstrapResult
from .standard_errors import scaled, unscaled, variance_errors

KINDS = ("percentile", "basic", "normal", "studentized", "bca", "shortest")
_SPELLINGS = {"studentised": "studentized"}
_WITHOUT_ESTIMATE = ("percentile", "shortest")


@also_called(method="kind")
@level_by_keyword
def conf_int(
    result: BootstrapResult,
    kind: str = "percentile",
    parameters: str | Iterable[str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    level: float = 0.95,
) -> pd.DataFrame:
    """Intervals for coefficients, sigma, standard deviations, correlations, the statistic; theta on demand.

    Replicates without a refit are left out (`n_failed` counts them).

    Parameters
    ----------
    result : BootstrapResult
    kind : {"percentile", "basic", "normal", "studentized", "bca", "shortest"}
        See `ranef.bootstrap.replicates.intervals`.
    parameters : str or iterable of str, optional
        Names as in the index of the result, or ``"fixed"``, ``"random"``, ``"theta"``, ``"all"`` as in
        `Fit.conf_int`; by default all but theta.
    errors : mapping of str to str, optional
        For studentized intervals of a statistic: each value's name -> the name of the value that is its
        standard error. A value named ``se[x]`` is taken for that of ``x`` anyway.
    level : float
        Coverage, between 0 and 1; by keyword only.

    Returns
    -------
    pandas.DataFrame
        Columns ``lower`` and ``upper``, one row per parameter; NaN for a dropped coefficient, and for
        what the kind cannot give.

    Notes
    -----
    Studentized intervals of coefficients use each replicate's standard errors. Those of sigma and
    standard deviations (studentized as variances), correlations and theta use the expected information at
    each replicate's optimum, for which its response is drawn again. They cover less well than the others
    where groups are few (91 % in place of 95 for a deviation of 18 groups); a deviation estimated as zero
    has none.
    """
    kind = _SPELLINGS.get(kind, kind)
    if kind not in KINDS:
        raise ArgumentError(f"kind must be one of {quote_list(KINDS)}; got {kind!r}")
    require_level(level)
    if errors and kind != "studentized":
        raise ArgumentError(f"errors= is for kind='studentized'; kind is {kind!r}")
    values = parameter_frame(result)
    chosen = _chosen(result, values.columns, parameters)
    values = values[chosen]
    chooses_itself = parameters is None or (isinstance(parameters, str) and parameters == "all")
    notes: list[str] | None = [] if chooses_itself else None
    if kind in _WITHOUT_ESTIMATE:
        one = intervals.percentile_interval if kind == "percentile" else intervals.shortest_interval
        limits = [one(values[name].to_numpy(), level) for name in chosen]
    else:
        limits = _about_estimates(result, values, kind, level, errors or {}, notes)
    table = pd.DataFrame(np.reshape(limits, (-1, 2)), index=chosen, columns=["lower", "upper"])
    if notes:
        table.attrs["notes"] = notes
    return table


def _chosen(result: BootstrapResult, known: pd.Index, parameters: str | Iterable[str] | None) -> list[str]:
    if parameters is None:
        return [name for name in known if name not in result.names.theta] or list(known)
    groups = _groups(result, known)
    names: list[str] = []
    for name in [parameters] if isinstance(parameters, str) else parameters:
        if name not in known and name not in groups:
            raise ArgumentError(
                f"parameters= has {name!r}; the replicates have {quote_list(known, 30)}, "
                f"and the groups {quote_list(groups)}"
            )
        names += [name] if name in known else groups[name]
    return list(dict.fromkeys(names))


def _groups(result: BootstrapResult, known: pd.Index) -> dict[str, list[str]]:
    """Names of parameters by what they are, as in intervals of a fit."""
    names = result.names
    model = {*names.coefficients, *names.theta}
    random = [name for name in names.all if name not in model]
    groups = {"fixed": names.coefficients, "random": random, "theta": names.theta, "all": known}
    return {group: [name for name in members if name in known] for group, members in groups.items()}


def _about_estimates(
    result: BootstrapResult,
    values: pd.DataFrame,
    kind: str,
    level: float,
    errors: Mapping[str, str],
    notes: list[str] | None,
) -> list[tuple[float, float]]:
    """Intervals that compare the replicates with the fit they were drawn from."""
    if result.estimates is None or result.given:
        raise ArgumentError(
            f"kind='{kind}' compares replicates with the fit they are drawn from, and these are drawn "
            "from other parameters: use 'percentile' or 'shortest', or draw without params=, theta=, sigma="
        )
    if kind == "studentized":
        return _studentized(result, values, result.estimates, level, errors, notes)
    estimates = result.estimates.reindex(values.columns)
    if kind == "bca":
        acceleration = accelerations(result, list(values.columns))
        return [
            intervals.bca_interval(values[name].to_numpy(), estimates[name], acceleration[name], level)
            for name in values.columns
        ]
    one = {"basic": intervals.basic_interval, "normal": intervals.normal_interval}[kind]
    return [one(values[name].to_numpy(), estimates[name], level) for name in values.columns]


def _studentized(
    result: BootstrapResult,
    values: pd.DataFrame,
    estimates: pd.Series,
    level: float,
    errors: Mapping[str, str],
    notes: list[str] | None,
) -> list[tuple[float, float]]:
    """Intervals by each parameter's own errors; NaN and a note where variances or statistics have none.

    Without `notes` (the parameters were named), and for coefficients, an error says what is missing.
    """
    sources, names = _Errors(result, estimates, errors), result.names
    limits = []
    for name in values.columns:
        try:
            error, replicates = sources.of(name)
        except ArgumentError as error_of:
            if notes is None or name in result.names.coefficients:
                raise
            notes.append(f"{name}: {error_of}")
            limits.append((np.nan, np.nan))
            continue
        ends = intervals.studentized_interval(
            scaled(names, name, values[name].to_numpy()),
            replicates,
            scaled(names, name, estimates[name]),
            error,
            level,
        )
        limits.append(tuple(unscaled(names, name, end) for end in ends))
    return limits


class _Errors:
    """Standard errors of a result's parameters, of the fit and of every replicate."""

    def __init__(self, result: BootstrapResult, estimates: pd.Series, given: Mapping[str, str]) -> None:
        self.result, self.estimates = result, estimates
        self.given = dict(given)
        known = set(result.statistic_names)
        for name, error in self.given.items():
            if name not in known or error not in known:
                raise ArgumentError(
                    f"errors= names values of the statistic: {quote_list(known) or 'there is none'}; "
                    f"got {name!r}: {error!r}"
                )

    def of(self, name: str) -> tuple[float, np.ndarray]:
        """The fit's standard error and the replicates'."""
        result = self.result
        if name in result.names.coefficients:
            return self._of_coefficient(name)
        if name in result.statistic_names:
            return self._of_statistic(name)
        errors, table = variance_errors(result)
        return errors[name], table[name].to_numpy()

    def _of_coefficient(self, name: str) -> tuple[float, np.ndarray]:
        result = self.result
        if "se" not in result.places or result.errors is None:
            raise ArgumentError(
                "kind='studentized' needs each replicate's standard errors: keep 'se' in columns="
            )
        place = result.names.coefficients.index(name)
        return result.errors[name], result.names.spread(result.part("se"))[:, place]

    def _of_statistic(self, name: str) -> tuple[float, np.ndarray]:
        result = self.result
        error = self.given.get(name, f"se[{name}]")
        if error not in result.statistic_names:
            raise ArgumentError(
                f"kind='studentized' needs a standard error of {name!r}: let the statistic return one too, "
                f"and name it, as in errors={{{name!r}: ...}} or by returning 'se[{name}]'"
            )
        column = result.part("statistic")[:, result.statistic_names.index(error)]
        return self.estimates[error], column
