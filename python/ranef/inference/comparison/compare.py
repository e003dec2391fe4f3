"""Comparison of fits: likelihood ratio tests and information criteria."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from ...errors import ArgumentError, DataError
from ...fit import Fit
from ...frame.native import as_it_came
from ...guidance.arguments import guided
from ...likelihood_fit import LikelihoodFit
from ..likelihood import by_maximum_likelihood
from ..tables import TestTable
from .boundary import Mixture, mixture, with_dispersion
from .criteria import TESTS, criteria
from .nesting import fixed_part_in, no_random_part, random_part_in, same_fixed_part
from .nesting_by_name import same_moments
from .structures import compare_structures, has_structure


class Comparison(TestTable):
    """A table of models; says above itself what they are, below how it was made (``attrs["notes"]``)."""


@guided(
    test="the table has the likelihood-ratio test; F tests of the terms of one fit are fit.anova()",
    type="types are for the terms of one fit, fit.anova(type=3)",
    ddf="degrees of freedom are for the terms of one fit, fit.anova(ddf=)",
)
@as_it_came
def anova(
    *fits: Any,
    refit: bool | None = None,
    nested: bool = True,
    names: Sequence[str] | None = None,
) -> Comparison:
    """Compare fits of different models to the same response.

    Parameters
    ----------
    *fits : Fit
        Two or more, in any order: they are sorted by their number of parameters. The smallest may be another
        library's linear regression with ``llf``, ``nobs`` and ``params``, such as statsmodels' OLS result.
    refit : bool, optional
        Refit REML fits by maximum likelihood. By default where the fixed parts differ, as REML criteria of
        different fixed effects cannot be compared, or where one is an ML fit.
    nested : bool
        True (default): each model must be a special case of the next, and is tested against it. False: only
        information criteria.
    names : sequence of str, optional
        Of the fits; by default ``"model 1"``, ``"model 2"``, ... in the order given.

    Returns
    -------
    Comparison
        A DataFrame with a row per model: ``npar``, ``aic``, ``aicc`` (corrected for small samples), ``bic``,
        ``weight`` (Akaike's), ``llf``, ``deviance`` (-2 llf, of REML where that is compared), ``chisq``,
        ``df``, ``p`` (naive chi-square) and ``p_boundary``, which takes account of variances that cannot be
        negative: where a variance is tested, the naive p is too large.

    Raises
    ------
    ArgumentError
        Fewer than two fits, two with the same number of parameters, or one that is not nested in the next;
        the message says which.
    DataError
        Fits of different rows, responses, weights or offsets.

    Notes
    -----
    ``p_boundary`` is exact for the asymptotic distribution when at most two variances are tested; for more,
    or for a whole covariance matrix, its weights are drawn with a fixed seed (about three digits).

    References
    ----------
    Stram & Lee (1994), Biometrics 50, 1171-1177; Self & Liang (1987), JASA 82, 605-610.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> one = ranef.lmer("Reaction ~ Days + (1 | Subject)", data)
    >>> two = ranef.lmer("Reaction ~ Days + (Days | Subject)", data)
    >>> ranef.anova(one, two)[["npar", "deviance", "chisq", "df", "p"]].round(3)
             npar  deviance   chisq  df    p
    model 1     4  1786.465     NaN NaN  NaN
    model 2     6  1743.628  42.837 2.0  0.0
    """
    if len(fits) < 2:
        raise ArgumentError("anova compares two or more fits; for the terms of one fit use fit.anova()")
    labels = [f"model {i + 1}" for i in range(len(fits))] if names is None else list(names)
    if len(labels) != len(fits):
        raise ArgumentError(f"names= must have one name per fit: {len(labels)} for {len(fits)} fits")
    pairs = list(zip(labels, fits, strict=True))
    if any(has_structure(fit) for fit in fits):
        table, notes = compare_structures(pairs, nested)
        out = Comparison(table)
        out.attrs["title"] = tuple(f"{name}: {fit.formula}" for name, fit in pairs)
        out.attrs["notes"] = tuple(notes)
        return out
    regressions = [(name, fit) for name, fit in pairs if not isinstance(fit, LikelihoodFit)]
    states: list[tuple[str, Any]] = [(name, fit) for name, fit in pairs if isinstance(fit, LikelihoodFit)]
    _require_comparable(states, regressions)
    compared, notes = _on_one_criterion(states, refit, bool(regressions))
    compared.sort(key=lambda pair: pair[1].df_model_total)
    entries: list[tuple[str, int, float, Any]] = [
        (name, len(fit.params) + 1, float(fit.llf), None) for name, fit in regressions
    ]
    entries += [(name, s.df_model_total, s.llf, s) for name, s in compared]
    models, npar, llf, _ = zip(*entries, strict=True)
    table = criteria(models, npar, llf, compared[0][1].nobs)
    if nested:
        notes += _tests(table, entries)
    out = Comparison(table)
    several = len({s.distribution for _, s in compared}) > 1
    formulas = {name: s.formula + f", {s.distribution}" * several for name, s in compared}
    out.attrs["title"] = tuple(f"{name}: {formulas[name]}" for name in table.index if name in formulas)
    out.attrs["notes"] = tuple(notes)
    return out


def _tests(table: pd.DataFrame, entries: list[tuple[str, int, float, Any]]) -> list[str]:
    """Add the likelihood ratio of each model against the one before it."""
    table[TESTS] = np.nan
    notes = []
    for (small, k0, llf0, null), (large, k1, llf1, fit) in pairwise(entries):
        if k0 == k1:
            raise ArgumentError(
                f"{small} and {large} have the same number of parameters ({k0}), so neither is nested in the "
                "other: compare them by information criteria, with nested=False"
            )
        statistic, df = 2 * (llf1 - llf0), k1 - k0
        table.loc[large, TESTS[:3]] = [statistic, df, float(chdtrc(df, max(statistic, 0.0)))]
        notes += _monte_carlo(large, statistic, df, null, fit)
        found = _null_distribution(small, null, large, fit)
        if found is not None:
            table.loc[large, "p_boundary"] = found.p_value(statistic)
            if str(found) != f"1 chi2({df})":
                notes.append(f"p_boundary of {large}: {found}")
        if statistic < -1e-4:
            notes.append(f"{large} fits worse than {small}, which it contains: it has not converged")
    return notes


def _monte_carlo(large: str, statistic: float, df: int, *fits: Any) -> list[str]:
    """Return what probes leave open of a statistic, where criteria are estimated."""
    error = float(np.linalg.norm([fit.objective_error for fit in fits if fit is not None]))
    if not error:
        return []
    low, high = (float(chdtrc(df, max(statistic + side * error, 0.0))) for side in (2, -2))
    return [
        f"chisq of {large} has a Monte Carlo standard error of {error:.2g}: p from {low:.3g} to {high:.3g} "
        "within two of them"
    ]


def _null_distribution(small: str, null: Fit | None, large: str, fit: Fit) -> Mixture | None:
    if null is None:  # a linear regression, taken to have the same fixed part
        return mixture(None, fit.y, fit.model, no_random_part(fit.model), 0)
    inside = fixed_part_in(null.model, fit.model)
    embedding = random_part_in(null.model, fit.model) if inside else None
    if embedding is None:
        raise ArgumentError(
            f"{small} is not nested in {large}: its {'random' if inside else 'fixed'} effects are not a "
            f"special case of those of {large}. Compare them by information criteria, with nested=False"
        )
    more = fit.beyond(null)
    if more is None:
        raise ArgumentError(
            f"{small} and {large} have different families, {null.distribution} and {fit.distribution}, "
            "neither a special case of the other: compare them by information criteria, with nested=False"
        )
    free, limits = more
    extra = fit.model.cross.rank - null.model.cross.rank + free
    found = mixture(null, fit.y, fit.model, embedding, extra)
    for _ in range(limits):
        found = with_dispersion(found)
    return found


def _require_comparable(states: list[tuple[str, Fit]], regressions: list[tuple[str, Any]]) -> None:
    if not states:
        raise ArgumentError("anova needs at least one fit of a mixed model")
    first, one = states[0]
    for name, fit in regressions:
        if one.distribution != "Gaussian":
            raise ArgumentError(
                f"{name} is a regression, {first} a generalised mixed model: fit.ranova() tests its "
                "random terms"
            )
        if not all(hasattr(fit, part) for part in ("llf", "nobs", "params")):
            raise ArgumentError(f"{name} is no fit: it has type {type(fit).__name__}")
        if int(fit.nobs) != one.nobs:
            raise DataError(
                f"{name} uses {int(fit.nobs)} rows, {first} {one.nobs}: fit both to the same rows"
            )
    for name, fit in states[1:]:
        if fit.nobs != one.nobs:
            raise DataError(
                f"{name} uses {fit.nobs} rows, {first} {one.nobs}: fit both to the same rows (missing "
                "values in a column that only one of them uses are the usual reason)"
            )
        for what, same in _same_rows(one, fit):
            if not same:
                raise DataError(
                    f"{first} and {name} have different {what}: their likelihoods cannot be compared"
                )
        if one.integration and fit.integration and one.integration != fit.integration:
            raise ArgumentError(
                f"{first} and {name} approximate their likelihoods differently ({one.integration} and "
                f"{fit.integration}): fit both in the same way"
            )


def _same_rows(one: Fit, other: Fit) -> list[tuple[str, bool]]:
    """Return what two fits must have in common, and whether they have."""
    first, second = one.model.design, other.model.design
    for fit, against in ((one, other), (other, one)):
        in_common = getattr(fit, "in_common", None)  # a kind of fit whose rows are not those of the data
        if in_common is not None:
            return in_common(against)  # type: ignore[no-any-return]
    if one.model.streamed or other.model.streamed:
        return same_moments(one, other)
    counted = all(hasattr(fit.response, "trials") for fit in (one, other))  # both of one distribution
    pairs = (
        ("responses", one.y, other.y),
        *([("trials", one.response.trials, other.response.trials)] if counted else []),
        ("weights", first.weights, second.weights),
        ("offsets", first.offset, second.offset),
    )
    return [
        (what, a is b or (a is not None and b is not None and np.array_equal(a, b))) for what, a, b in pairs
    ]


def _on_one_criterion(
    states: list[tuple[str, Fit]], refit: bool | None, regression: bool
) -> tuple[list[tuple[str, Fit]], list[str]]:
    """Return all fits on the same criterion, and what was done for it."""
    reml = [fit.model.reml for _, fit in states]
    if not any(reml):
        return states, []
    same = all(same_fixed_part(states[0][1].model, fit.model) for _, fit in states[1:])
    comparable = all(reml) and same and not regression
    if refit is False and not comparable:
        raise ArgumentError(
            "REML criteria of different fixed parts, or of REML and ML fits, cannot be compared: "
            "leave refit= alone, or fit with reml=False"
        )
    if comparable and not refit:
        return states, ["REML criteria compared: the fixed parts are the same"]
    why = (
        ""
        if refit
        else (" because the fixed parts differ" if not same else " to be comparable with the others")
    )
    changed = [name for (name, _), was in zip(states, reml, strict=True) if was]
    return (
        [(name, by_maximum_likelihood(fit)) for name, fit in states],
        [f"refitted by maximum likelihood{why}: {', '.join(changed)}"],
    )
