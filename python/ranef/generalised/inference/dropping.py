"""Terms dropped one at a time, by likelihood ratios."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from ...errors import ArgumentError
from ...inference.comparison.drop import drop1 as drop_fixed
from ...inference.comparison.ranova import ranova as drop_random
from ..fit import GlmerFit


def drop1(
    fit: GlmerFit,
    scope: str | Iterable[str] | None = None,
    test: str = "chisq",
    ddf: str | None = "default",
) -> pd.DataFrame:
    """Test each term of the fixed part that can be dropped, by refits without it.

    Parameters
    ----------
    fit : GlmerFit
    scope : str or iterable of str, optional
        Terms to drop; by default all that are contained in no other.
    test : {"chisq"}
    ddf : {"default"}
        Of F tests, which a generalised model has not: see `GlmerFit.anova`.

    Returns
    -------
    DataFrame
        First the model itself, ``"<none>"``, then a row per term: ``npar``, ``aic``, ``chisq``, ``p``.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.drop1().round(4)
            npar       aic    chisq    p
    <none>   NaN  194.0526      NaN  NaN
    period   3.0  213.6626  25.6101  0.0
    """
    if test != "chisq":
        raise ArgumentError(f"test={test!r}: a generalised model has no F tests, use test='chisq'")
    if ddf != "default":
        raise ArgumentError("ddf= is for F tests, and drop1() compares likelihoods: use fit.anova(ddf=)")
    _require_likelihood(fit, "drop1")
    return drop_fixed(fit, scope, "chisq")


def ranova(fit: GlmerFit, reduce_terms: bool = True) -> pd.DataFrame:
    """Test each random term by the likelihood ratio.

    Parameters
    ----------
    fit : GlmerFit
    reduce_terms : bool
        True: a term with several columns loses one of its variables at a time; False: terms are dropped
        whole.

    Returns
    -------
    DataFrame
        As of a linear fit, see `ranef.Fit.ranova`; ``p_boundary`` takes account of a variance that cannot be
        negative, NaN where its weights would need more than one variance's.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.ranova()[["npar", "chisq", "df", "p_boundary"]].round(4)
                npar    chisq   df  p_boundary
    <none>         5      NaN  NaN         NaN
    (1 | herd)     4  14.0058  1.0      0.0001
    """
    _require_likelihood(fit, "ranova")
    return drop_random(fit, reduce_terms)


def _require_likelihood(fit: Any, verb: str) -> None:
    if fit.model.prior is not None:
        raise ArgumentError(f"{verb}() compares likelihoods, which do not include prior=: fit without prior=")
