"""Fits and refits in lme4's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bootstrap.replicates.result import BootstrapResult
from ..errors import ArgumentError, DataError, require_choice
from ..fit import Fit
from ..fitting import lmer as _lmer
from ..formula.updating import updated_formula
from ..frame import Table, in_order_of, labels_of
from ..frame.native import with_columns
from ..generalised.fit import GlmerFit
from ..generalised.fitting import glmer as _glmer
from ..generalised.updating import data_again
from ..inference.likelihood import by_maximum_likelihood


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


def glmer(
    formula: str,
    data: Any,
    family: Any = "binomial",
    nAGQ: int = 1,
    subset: npt.ArrayLike | None = None,
    weights: Any = None,
    offset: Any = None,
    **options: Any,
) -> GlmerFit:
    """Fit a generalised linear mixed model: `ranef.glmer` with lme4's names of arguments.

    Parameters
    ----------
    formula : str
    data : table
    family : str or callable
        As of `ranef.glmer`, or as R prints it: ``"binomial(link = 'probit')"``, ``"Gamma"``.
    nAGQ : int
        `agq` of `ranef.glmer`.
    subset : (n,) bool, optional
        Rows to use.
    weights, offset : column name or array, optional
    **options
        As of `ranef.glmer`.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import glmer
    >>> cbpp = ranef.datasets.load("cbpp")
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> fit = glmer(formula, cbpp, "binomial(link='probit')")
    >>> fit.family.link.name
    'probit'
    """
    if subset is not None:
        data, weights, offset = _subset(data, np.asarray(subset), weights, offset)
    return _glmer(formula, data, family, weights=weights, offset=offset, agq=nAGQ, **options)


def glmer_nb(formula: str, data: Any, **options: Any) -> GlmerFit:
    """Fit a negative binomial model with estimated size, lme4's ``glmer.nb``: `glmer` of ``"nbinom2"``."""
    return glmer(formula, data, "nbinom2", **options)


def _subset(data: Any, chosen: np.ndarray, *columns: Any) -> tuple[Any, ...]:
    n = Table(data).n_rows
    if chosen.dtype.kind != "b" or chosen.shape != (n,):
        raise DataError(f"subset= must be True or False for each of the {n} rows")
    rows = np.flatnonzero(chosen)
    table, labels = with_columns(data, rows, {}), labels_of(data)
    keep = [
        column
        if column is None or isinstance(column, str)
        else np.asarray(in_order_of(column, "weights= or offset=", labels))[rows]
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
    own: Any = getattr(fit, "update", None)  # of other kinds of fits
    if own is not None:
        return own(formula, data, **changes)
    model = fit.model
    data = data_again(model, data, model.design.weights is not None, changes)
    settings = {
        "REML": fit.reml,
        "weights": model.weights_argument,
        "offset": model.offset_argument,
        "functions": model.formula.functions or None,
    }
    text = fit.formula if formula is None else updated_formula(fit.formula, formula)
    return lmer(text, data, **(settings | changes))


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
    type: str = "parametric",
    **options: Any,
) -> BootstrapResult:
    """Refit draws from the model: ``fit.bootstrap``; `FUN` gets each refit, and may be compiled.

    As in lme4, ``type="semiparametric"`` is for ``use_u=True``.
    """
    require_choice("type", type, ("parametric", "semiparametric"))
    if type == "semiparametric":
        if not use_u:
            raise ArgumentError("type='semiparametric' keeps the random effects: write use_u=True, as lme4")
        return fit.bootstrap(nsim, seed, scheme="semiparametric", statistic=FUN, **options)
    return fit.bootstrap(nsim, seed, use_u=use_u, statistic=FUN, **options)
