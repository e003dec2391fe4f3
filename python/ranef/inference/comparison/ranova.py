"""Random terms dropped or reduced one at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ...design import ModelMatrix, RandomTerm
from ...fit import Fit
from ...theta import count
from ...variants import with_terms
from ..likelihood import require_likelihood
from .boundary import Mixture, mixture
from .compare import Comparison
from .nesting import no_random_part, random_part_in

_NOTHING: tuple[RandomTerm, ...] = ()


def ranova(fit: Fit, reduce_terms: bool = True) -> pd.DataFrame:
    """Test each random term by the likelihood ratio, on the criterion of the fit (REML keeps REML).

    Parameters
    ----------
    fit : Fit
    reduce_terms : bool
        True: a term with several columns loses one of its variables at a time, ``(days | subject)`` becomes
        ``(1 | subject)``; False: every term is dropped whole.

    Returns
    -------
    DataFrame
        First the model itself, ``"<none>"``, then a row per reduction: ``npar`` (of the reduced model),
        ``llf``, ``aic``, ``chisq``, ``df``, ``p`` (naive) and ``p_boundary``, which takes account of
        variances that cannot be negative: of a generalised model NaN where its weights would need more than
        one variance's.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), lmerTest package, Journal of Statistical Software 82(13).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.ranova()[["npar", "llf", "chisq", "df"]].round(3)
                              npar      llf   chisq   df
    <none>                       6 -871.814     NaN  NaN
    Days in (Days | Subject)     4 -893.233  42.837  2.0
    """
    require_likelihood(fit, "ranova")
    whole = fit.optimum.value
    size = fit.df_model_total
    rows = {"<none>": (size, -whole / 2, whole + 2 * size, np.nan, np.nan, np.nan, np.nan)}
    terms = fit.model.design.terms
    for index in _formula_order(fit):
        for label, reduced in _reductions(fit, index, reduce_terms):
            rest = (*terms[:index], *reduced, *terms[index + 1 :])
            df = fit.model.n_theta - sum(count(len(term.columns)) for term in rest)
            value, null = _refit(fit, rest)
            statistic = value - whole
            rows[label] = (
                size - df,
                -value / 2,
                value + 2 * (size - df),
                statistic,
                df,
                float(chdtrc(df, max(statistic, 0.0))),
                np.nan if null is None else null.p_value(statistic),
            )
    names = ["npar", "llf", "aic", "chisq", "df", "p", "p_boundary"]
    return Comparison(pd.DataFrame.from_dict(rows, orient="index", columns=names))


def _formula_order(fit: Fit) -> list[int]:
    """Return the terms as the formula has them, not by their number of levels."""
    groups = [bar.group for bar in fit.model.design.spec.formula.random]
    return sorted(
        range(len(fit.model.design.terms)), key=lambda i: groups.index(fit.model.design.terms[i].group)
    )


def _refit(fit: Fit, terms: tuple[RandomTerm, ...]) -> tuple[float, Mixture | None]:
    """Return the criterion with these terms, and the distribution of the likelihood ratio."""
    if not terms:
        null = mixture(None, fit.y, fit.model, no_random_part(fit.model), 0)
        return fit.model.value_without_random_effects(fit.response), null
    small = with_terms(fit.model, terms).fit_like(fit)
    embedding = random_part_in(small.model, fit.model)
    null = None if embedding is None else mixture(small, fit.y, fit.model, embedding, 0)
    return small.optimum.value, null


def _reductions(fit: Fit, index: int, reduce_terms: bool) -> list[tuple[str, tuple[RandomTerm, ...]]]:
    """Return (label, what the term becomes) for every reduction of one term."""
    term, spec = fit.model.design.terms[index], fit.model.design.spec.terms[index]
    label = _label(fit, index)
    if len(term.columns) == 1 or not reduce_terms:
        return [(label, _NOTHING)]
    basis = fit.model.design.spec.bases[spec.basis]
    groups = []  # columns of each variable of the left-hand side
    for first, last in basis.terms:
        own = [spec.columns.index(column) for column in range(first, last) if column in spec.columns]
        if own and own != [term.intercept]:
            groups.append(own)
    out: list[tuple[str, tuple[RandomTerm, ...]]] = []
    for own in groups:
        left = [column for column in range(len(term.columns)) if column not in own]
        name = _variable(term.columns[own[0]])
        out.append((f"{name} in {label}", (term.only(left) if left else _intercepts(term),)))
    return out


def _intercepts(term: RandomTerm) -> RandomTerm:
    return replace(term, columns=("Intercept",), matrix=ModelMatrix(term.matrix.n, (None,)), intercept=0)


def _label(fit: Fit, index: int) -> str:
    """The term as the formula has it; a part of a ``||`` term by its column."""
    term = fit.model.design.terms[index]
    for bar in fit.model.design.spec.formula.random:
        same = bar.group == term.group and sum(t.group == term.group for t in fit.model.design.terms) == 1
        if bar.correlated and same:
            return f"({bar.columns} | {bar.group})"
    return term.as_written


def _variable(column: str) -> str:
    """The variable a column comes from: ``Machine`` of ``Machine[T.B]``."""
    return column.split("[")[0]
