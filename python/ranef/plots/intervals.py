"""Intervals of several kinds side by side, parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..bootstrap.by_refits.record import RefitRecord
from ..bootstrap.draws.true_parameters import true_parameters
from ..bootstrap.replicates.result import BootstrapResult
from ..errors import ArgumentError, quote_list, require_level
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from ..frame.native import in_pandas
from ..likelihood_fit import LikelihoodFit
from .canvas import (
    BLUE,
    GREY,
    SMALL,
    VERMILION,
    Axes,
    choose_columns,
    interval_words,
    key,
    named,
    panels,
    result_axes,
    shared_legend,
    title,
)
from .rows import name_rows
from .sources import draws, pandas_of

_OF_THE_FIT = ("wald", "profile")
_OF_REPLICATES = ("percentile", "basic", "normal", "studentized", "bca", "shortest")
_USUAL = ("wald", "profile", "percentile", "basic", "bca")
_THETA = "theta"


@draws(BootstrapResult, Fit, Mapping, per="parameter")
def intervals(
    source: BootstrapResult | Fit | Mapping[str, pd.DataFrame],
    methods: Sequence[str] | None = None,
    parameters: Sequence[str] | str | None = None,
    level: float = 0.95,
    ax: Any = None,
) -> Axes | np.ndarray:
    """Draw intervals of several kinds under each other, a panel for each parameter.

    Parameters
    ----------
    source : BootstrapResult, Fit or mapping
        Of ``fit.bootstrap(n)``: intervals from the replicates and of the fit they come from. A fit: Wald and
        profile. A mapping of label -> table with columns ``lower`` and ``upper``: those.
    methods : sequence of str, optional
        Of ``"wald"``, ``"profile"``, and, from replicates, ``"percentile"``, ``"basic"``, ``"normal"``,
        ``"studentized"``, ``"bca"``, ``"shortest"``.
    parameters : str or sequence of str, optional
        All but theta by default.
    level : float
        Coverage.

    Raises
    ------
    ArgumentError
        For an unknown parameter or method, or one that needs replicates and there are none.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> axes = ranef.plots.intervals(fit)
    >>> [label.get_text() for label in axes[0].get_yticklabels()]
    ['wald', 'profile']
    """
    require_level(level)
    tables, estimates = _tables(source, methods, parameters, level)
    known = list(dict.fromkeys(name for table in tables.values() for name in table.index))
    usual = [name for name in known if not (name.startswith(_THETA) and name[len(_THETA) :].isdigit())]
    chosen = usual if parameters is None else choose_columns(known, parameters, "parameters")
    labels = list(tables)
    height = 0.19 * len(labels) + 0.75
    axes = panels(len(chosen), ax, columns=3, size=(2.4, height), sharey=True)
    for axis, name in zip(axes, chosen, strict=True):
        _panel(axis, [table.loc[name] if name in table.index else None for table in tables.values()])
        if estimates is not None and np.isfinite(estimates.get(name, np.nan)):
            axis.axvline(estimates[name], color=VERMILION, linewidth=1.2, zorder=0)
        title(axis, named(name))
        name_rows(axis, labels)
        axis.margins(x=0.08)
        axis.locator_params(axis="x", nbins=4)
    keys = [key(interval_words(level), color=BLUE, linewidth=1.8)]
    if estimates is not None:
        keys.append(key("estimate", color=VERMILION, linewidth=1.2))
    shared_legend(axes, keys, own_figure=ax is None)
    return result_axes(axes)


def _tables(
    source: BootstrapResult | Fit | Mapping[str, pd.DataFrame],
    methods: Sequence[str] | None,
    parameters: Sequence[str] | str | None,
    level: float,
) -> tuple[dict[str, pd.DataFrame], pd.Series | None]:
    """Intervals by label, and estimates where they are known."""
    if isinstance(source, LikelihoodFit):
        wanted = _wanted(methods, _OF_THE_FIT, "; intervals from replicates need fit.bootstrap(n)")
        return {name: _of_fit(source, name, parameters, level) for name in wanted}, _estimates(source)
    if isinstance(source, Mapping):
        if methods is not None:
            raise ArgumentError("methods= goes with a fit or a bootstrap; a mapping has its own labels")
        tables = {label: _labelled(table) for label, table in source.items()}
        for label, table in tables.items():
            if not isinstance(table, pd.DataFrame) or not {"lower", "upper"} <= set(table):
                raise ArgumentError(f"source['{label}'] must be a table with columns 'lower' and 'upper'")
        if not source:
            raise ArgumentError("source is an empty mapping: give at least one table of intervals")
        return tables, None
    fit, tables = source.fit, {}
    for name in _wanted(methods, _OF_REPLICATES if fit is None else (*_OF_THE_FIT, *_OF_REPLICATES)):
        if fit is not None and name in _OF_THE_FIT:
            tables[name] = _of_fit(fit, name, parameters, level)
        else:
            tables[name] = in_pandas(source.conf_int)(name, level=level)
    return tables, source.estimates


def _estimates(fit: Fit) -> pd.Series:
    if fit.structured_covariance:
        return RefitRecord.of(fit).estimates(fit)
    return true_parameters(fit).series(ParameterNames.of(fit.model))


def _labelled(table: Any) -> Any:
    """A table of pandas, whose labels are the first column of one of another library."""
    found = pandas_of(table)
    return found if found is table else found.set_index(found.columns[0])


def _wanted(methods: Sequence[str] | None, possible: Sequence[str], hint: str = "") -> list[str]:
    wanted = [name for name in _USUAL if name in possible] if methods is None else list(methods)
    for name in wanted:
        if name not in possible:
            raise ArgumentError(f"methods= names {name!r}; there is {quote_list(possible)}{hint}")
    if not wanted:
        raise ArgumentError("methods= is empty: name one or more, or leave it out")
    return wanted


def _of_fit(fit: Fit, method: str, parameters: Sequence[str] | str | None, level: float) -> pd.DataFrame:
    if method == "wald":
        # of a structured covariance there are none by Wald
        known = None if fit.structured_covariance else "all"
        return in_pandas(fit.conf_int)("wald", known, level=level)
    return in_pandas(fit.profile(parameters, level).conf_int)(level=level)


def _panel(axis: Axes, limits: list[pd.Series | None]) -> None:
    for place, interval in enumerate(limits):
        if interval is None or not np.isfinite([interval["lower"], interval["upper"]]).all():
            axis.text(0.5, place, "none", transform=axis.get_yaxis_transform(), ha="center", va="center",
                      fontsize=SMALL, color=GREY)  # fmt: skip
            continue
        ends = [interval["lower"], interval["upper"]]
        axis.plot(ends, [place, place], color=BLUE, linewidth=1.8, solid_capstyle="butt")
        axis.plot(ends, [place, place], color=BLUE, linestyle="", marker="|", markersize=7)
