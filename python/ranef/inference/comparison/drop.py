"""Fixed terms dropped one at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ...design.structure import Term, structure
from ...errors import ArgumentError, quote_list, require_choice
from ...fit import Fit
from ..likelihood import by_maximum_likelihood, require_likelihood
from .compare import Comparison


def drop1(
    fit: Fit,
    scope: str | Iterable[str] | None = None,
    test: str = "chisq",
    ddf: str | None = "default",
) -> pd.DataFrame:
    """Test each term of the fixed part that can be dropped: those contained in no other.

    Parameters
    ----------
    fit : Fit
    scope : str or iterable of str, optional
        Terms to drop; by default all that can be.
    test : {"chisq", "F"}
        ``"chisq"``: the model is refitted without the term, and the likelihoods compared; a REML fit is
        refitted by maximum likelihood for it. ``"F"``: the coefficients of the term are tested in this fit,
        of linear models.
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        For the F test, as in `coef_table`.

    Returns
    -------
    DataFrame
        A row per term. For ``"chisq"`` first the model itself, ``"<none>"``: ``npar`` (parameters lost),
        ``aic``, ``chisq``, ``p``. For ``"F"``: ``sum_sq``, ``mean_sq``, ``num_df``, ``den_df``, ``F``, ``p``.

    Raises
    ------
    ArgumentError
        A term that does not exist or that another contains; an unknown test.

    Examples
    --------
    >>> import ranef
    >>> oats = ranef.datasets.load("Oats")
    >>> fit = ranef.lmer("yield ~ nitro + Variety + (1 | Block/Variety)", oats, reml=False)
    >>> fit.drop1().round(3)
             npar      aic   chisq     p
    <none>    NaN  615.108     NaN   NaN
    nitro     1.0  676.373  63.265  0.00
    Variety   2.0  614.229   3.121  0.21
    """
    require_choice("test", test, ("chisq", "F"))
    if test == "F" and fit.generalised:
        raise ArgumentError(f"test={test!r}: a generalised model has no F tests, use test='chisq'")
    if ddf != "default" and fit.generalised:
        raise ArgumentError("ddf= is for F tests, and drop1() compares likelihoods: use fit.anova(ddf=)")
    require_likelihood(fit, "drop1")
    terms = _droppable(fit, scope)
    return _by_likelihood(fit, terms) if test == "chisq" else _by_f(fit, terms, ddf)


def _droppable(fit: Fit, scope: str | Iterable[str] | None) -> list[Term]:
    """Return the terms asked for that respect marginality."""
    every = [term for term in structure(fit.model.design.spec.fixed).terms if term.variables]
    can = [t for t in every if not any(set(t.variables) < set(other.variables) for other in every)]
    if scope is None:
        return can
    wanted = [scope] if isinstance(scope, str) else list(scope)
    for name in wanted:
        if name not in {term.name for term in every}:
            raise ArgumentError(
                f"scope: there is no term {name!r}; the terms are {quote_list(t.name for t in every)}"
            )
        if name not in {term.name for term in can}:
            inside = [t.name for t in every if set(t.variables) > set(name.split(":"))]
            raise ArgumentError(f"scope: {name!r} is contained in {quote_list(inside)}: drop that first")
    return [term for term in can if term.name in wanted]


def _by_likelihood(fit: Fit, terms: list[Term]) -> pd.DataFrame:
    ml = by_maximum_likelihood(fit)
    kept = ml.model.cross.columns.tolist()
    full, rows = float(ml.objective), []
    size = ml.df_model_total
    rows.append(("<none>", np.nan, full + 2 * size, np.nan, np.nan))
    for term in terms:
        left = [column for column in kept if not term.first <= column < term.last]
        lost = len(kept) - len(left)
        value = float(ml.again(columns=left).objective)
        p = float(chdtrc(lost, max(value - full, 0.0))) if lost else np.nan
        rows.append((term.name, lost, value + 2 * (size - lost), value - full, p))
    table = pd.DataFrame(rows, columns=["term", "npar", "aic", "chisq", "p"]).set_index("term")
    out = Comparison(table.rename_axis(None))
    out.attrs["notes"] = ("refitted by maximum likelihood",) if fit.model.reml else ()
    return out


def _by_f(fit: Fit, terms: list[Term], ddf: str | None) -> pd.DataFrame:
    width, kept = len(fit.model.design.column_names), set(fit.model.cross.columns.tolist())
    rows = {}
    for term in terms:
        columns = [column for column in range(term.first, term.last) if column in kept]
        if columns:
            found = fit.test(np.eye(width)[columns], ddf)
            names = ("sum_sq", "mean_sq", "num_df", "den_df", "F", "p")
            rows[term.name] = {name: getattr(found, name) for name in names}
    return pd.DataFrame.from_dict(rows, orient="index")
