"""Fits and refits in lme4's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bootstrap.replicates.result import BootstrapResult
from ..errors import ArgumentError, DataError, FormulaError, quote_list
from ..fit import Fit
from ..fitting import lmer as _lmer
from ..frame import Table
from ..frame.native import native_table, selected_rows
from ..inference.likelihood import by_maximum_likelihood

_DOT = re.compile(r"(?<![\w.`])\.(?![\w.])")
_REMOVED_BAR = re.compile(r"-\s*(\([^()|]*\|[^()]*\))")
_BAR = re.compile(r"\([^()|]*\|[^()]*\)")


def lmer(
    formula: str,
    data: Any,
    REML: bool = True,
    subset: npt.ArrayLike | None = None,
    weights: Any = None,
    offset: Any = None,
    start: Any = None,
    **options: Any,
) -> Fit:
    """Fit a linear mixed model: `ranef.lmer` with lme4's names of arguments.

    Parameters
    ----------
    formula : str
    data : table
    REML : bool
    subset : (n,) bool, optional
        Rows to use.
    weights, offset : column name or array, optional
    start : array or dict, optional
        theta, or ``{"theta": ...}``.
    **options
        As of `ranef.lmer`.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import fixef, lmer
    >>> sleep = ranef.datasets.load("sleepstudy")
    >>> fixef(lmer("Reaction ~ Days + (1 | Subject)", sleep, REML=False, subset=sleep["Days"] > 1)).round(3)
    Intercept    245.097
    Days          11.435
    Name: estimate, dtype: float64
    """
    if isinstance(start, dict):
        start = start.get("theta")
    if subset is not None:
        data, weights, offset = _subset(data, np.asarray(subset), weights, offset)
    return _lmer(formula, data, REML, weights, offset, start, **options)


def _subset(data: Any, chosen: np.ndarray, *columns: Any) -> tuple[Any, ...]:
    n = Table(data).n_rows
    if chosen.dtype.kind != "b" or chosen.shape != (n,):
        raise DataError(f"subset= must be True or False for each of the {n} rows")
    rows = np.flatnonzero(chosen)
    table = native_table(selected_rows(data, rows), type(data).__module__.partition(".")[0])
    keep = [
        column if column is None or isinstance(column, str) else np.asarray(column)[rows]
        for column in columns
    ]
    return (table, *keep)


def update(fit: Fit, formula: str | None = None, data: Any = None, **changes: Any) -> Fit:
    """Fit a changed model to data.

    Parameters
    ----------
    fit : Fit
    formula : str, optional
        A dot is what stood there: ``". ~ . - x"``, ``"log(.) ~ ."``, ``". ~ . - (1 | g) + (x | g)"``.
    data : table, optional
        By default the table the fit was made from. A fit keeps none: it has to be given where that one is
        gone (rows chosen by ``subset=``, a table made in the call, a fit that was pickled), or is a dict.
    **changes
        As of `lmer`; without them REML, and weights and offset given as columns, stay.

    Raises
    ------
    ArgumentError
        Without data that are still there; where weights or an offset were arrays, which a fit does not know
        for other rows.
    FormulaError
        A random term that is to go is not there.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import update
    >>> sleep = ranef.datasets.load("sleepstudy")
    >>> fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    >>> update(fit, ". ~ . - (1 | Subject) + (Days | Subject)", sleep).formula
    'Reaction ~ Days + (Days | Subject)'
    """
    model = fit.model
    if data is None:
        data = model.source
    if data is None:
        raise ArgumentError("update needs data=: a fit keeps no table, and the one it was made from is gone")
    _require_known(model, changes)
    settings = {
        "REML": fit.reml,
        "weights": model.weights_argument,
        "offset": model.offset_argument,
        "functions": model.formula.functions or None,
    }
    text = fit.formula if formula is None else updated_formula(fit.formula, formula)
    return lmer(text, data, **(settings | changes))


def _require_known(model: Any, changes: dict[str, Any]) -> None:
    """Refuse to leave out weights or an offset that were given as arrays."""
    given = {
        "weights": model.design.weights is not None and model.weights_argument is None,
        "offset": model.design.offset is not None
        and model.offset_argument is None
        and "offset(" not in model.formula.text,
    }
    for name, lost in given.items():
        if lost and name not in changes:
            raise ArgumentError(f"{name} were given as an array, which a fit does not keep: give {name}=")


def updated_formula(old: str, new: str) -> str:
    """Return the new formula with its dots filled in.

    Examples
    --------
    >>> updated_formula("y ~ x + z + (1 | g)", "log(.) ~ . - z")
    'log(y) ~ x + z + (1 | g) - z'
    """
    if "~" not in new:
        raise FormulaError("the formula has no '~': write for example '. ~ . + x'", new, None)
    left, right = (part.strip() for part in old.split("~", 1))
    new_left, new_right = (part.strip() for part in new.split("~", 1))
    for gone in _REMOVED_BAR.findall(new_right):
        bars = _BAR.findall(right)
        match = next((bar for bar in bars if _squeezed(bar) == _squeezed(gone)), None)
        if match is None:
            raise FormulaError(
                f"there is no random term {gone} to leave out: there is {quote_list(bars)}", new, None
            )
        right = re.sub(r"(^|\s*\+)\s*" + re.escape(match), "", right, count=1).lstrip(" +") or "1"
    new_right = _REMOVED_BAR.sub("", new_right)
    filled = _DOT.sub(lambda _: right, new_right)
    return f"{_DOT.sub(lambda _: left, new_left)} ~ {' '.join(filled.split())}"


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def refit(fit: Fit, newresp: npt.ArrayLike) -> Fit:
    """Fit the model to another response: ``fit.refit``."""
    return fit.refit(newresp)


def refitML(fit: Fit) -> Fit:
    """Return the fit by maximum likelihood of the same model."""
    return by_maximum_likelihood(fit)


def bootMer(
    fit: Fit,
    FUN: Callable[..., Any] | None = None,
    nsim: int = 1000,
    seed: Any = None,
    use_u: bool = False,
    **options: Any,
) -> BootstrapResult:
    """Refit draws from the model: ``fit.bootstrap``; `FUN` gets each refit, and may be compiled."""
    return fit.bootstrap(nsim, seed, use_u=use_u, statistic=FUN, **options)
