"""What is wrong with a fit, in plain words, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError, FitError
from ..estimates.fixed import dropped_columns
from ..estimates.unknown import sigma_unknown, unknown_words
from ..fit import Fit
from ..guidance.arguments import guided
from ..guidance.refusals import refused
from ..optimize.description import as_sentence, redundancies
from ..show import Document, Line, Printed
from .allfit import AGREE, AllFit, allfit
from .rows import residuals as plain_residuals

_LESS = "The model may be too complex for the data: try a simpler structure, and compare the criteria."
_FEW_LEVELS = 5
_WEAK = 1e-3  # scaled eigenvalue of the Hessian below which the data hardly tell parameters apart
_FAR = 5.0  # standardised residual that is no longer noise in samples of this size


@dataclass(frozen=True)
class Finding:
    """Something to know about a fit.

    Attributes
    ----------
    topic : {"convergence", "singular", "identification", "data"}
    what, advice : str
    """

    topic: str
    what: str
    advice: str


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Printed):
    """Findings about a fit, the gravest first; prints them.

    Attributes
    ----------
    findings : tuple of Finding
    allfit : AllFit or None
        The other optimisers' answers, where they were asked.
    """

    findings: tuple[Finding, ...]
    allfit: AllFit | None = None

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def document(self) -> Document:
        """Return the parts."""
        if not self.findings:
            return [Line(str(self))]
        return [line for f in self.findings for line in (Line(f.what, "title"), Line(f.advice))]

    def __str__(self) -> str:
        if not self.findings:
            return "Nothing is wrong with this fit: it is a minimum inside the parameter space."
        return "\n".join(f"- {f.what}\n  {f.advice}" for f in self.findings)


@guided()
def diagnose(fit: Any) -> Diagnosis:
    """Say what is wrong with a fit, and what to try.

    Looks at the certificate of the optimum (and asks the other optimisers when it does not hold), at
    redundant random effects and what leaving them out would cost, at the grouping factors, dropped columns
    and rows, and rows far from their prediction.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Diagnosis

    Examples
    --------
    >>> import ranef
    >>> ranef.diagnose(ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2")))
    - The by-Batch variance of the intercept is zero.
      The data show no such differences; the fit is valid as it is. (1 | Batch) can be left out: ...
    """
    own = [Finding(*found) for found in fit.own_findings]
    if not fit.by_groups:  # a search of its own, and what any data may have
        return Diagnosis((*_searched(fit), *_without_estimates(fit), *_data(fit), *own))
    others = None if fit.optimum.converged else _other_answers(fit)
    findings = [
        *_convergence(fit, others),
        *(_singular(fit) if fit.optimum.converged else []),
        *_identification(fit),
        *_data(fit),
        *own,
    ]
    return Diagnosis(tuple(findings), others)


def _searched(fit: Any) -> list[Finding]:
    if fit.converged:
        return []
    what = "The search for the covariance parameters did not end at a minimum inside their range."
    return [Finding("convergence", what, _LESS)]


def _other_answers(fit: Fit) -> AllFit | None:
    try:
        return allfit(fit)
    except (ArgumentError, FitError):  # parameters that only its own search knows, an end without answer
        return None


def _convergence(fit: Fit, others: AllFit | None) -> list[Finding]:
    if fit.optimum.converged:
        return []
    if others is None:
        return [Finding("convergence", f"The fit has {fit.optimum.message}.", _LESS)]
    better = others.llik["llf"].max() * -2 < fit.optimum.value - AGREE
    good = others.llik.index[others.llik["converged"]]
    if fit.generalised:  # glmer() has one search
        advice = f"Where others end: ranef.allfit(fit). {_LESS}"
    elif better and len(good):
        advice = (
            f"'{others.best}' finds a better optimum: refit with optimizer='{others.best}', "
            f"or start= its theta."
        )
    elif len(good):
        listed = ", ".join(good)
        advice = f"{listed} end at the same criterion with a valid certificate: use optimizer='{good[0]}'."
    else:
        advice = (
            "No optimiser finds a valid optimum: the model is too complex for the data. "
            "Use fewer random effects, first the correlations (||), then the slopes."
        )
    return [Finding("convergence", f"The fit has {fit.optimum.message}.", advice)]


def _singular(fit: Fit) -> list[Finding]:
    if not fit.optimum.singular:
        return []
    try:
        found = fit.redundancy()
    except ArgumentError:  # a kind of fit whose simpler models nobody can cost without fitting them
        found = None
    out = []
    for sentence in redundancies(fit.optimum):
        if found is None:
            out.append(_no_such(sentence, "Fit without the term, and compare."))
            continue
        free = found.simpler[found.simpler["cost"] < AGREE]
        if len(free):
            best = free.sort_values("npar", kind="stable").iloc[-1]
            term = str(best.name).replace("(Intercept", "(1")
            change = "can be left out" if best["becomes"] == "nothing" else f"can become {best['becomes']}"
            more = f"{term} {change}: {_count(best['npar'], 'parameter')} fewer, criterion unchanged."
        else:
            cheapest = found.simpler.iloc[0]
            more = (
                f"The cheapest simpler model, {cheapest['becomes']}, costs {cheapest['cost']:.3g} in "
                f"criterion for {_count(cheapest['npar'], 'parameter')}."
            )
        out.append(_no_such(sentence, more))
    return out


def _no_such(sentence: str, more: str) -> Finding:
    advice = f"The data show no such differences; the fit is valid as it is. {more}"
    return Finding("singular", as_sentence(sentence), advice)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _without_estimates(fit: Any) -> list[Finding]:
    advice = (
        "No data of this design can determine it: remove it from the formula. Everything else is "
        "estimated as it would be without it."
    )
    if sigma_unknown(fit):
        advice = (
            "The residual variance says a part of it: leave a term out. Coefficients and their standard "
            "errors are those of every choice."
        )
    return [
        Finding("identification", as_sentence(sentence), advice)
        for sentence in unknown_words(fit)
    ]


def _identification(fit: Fit) -> list[Finding]:
    out = _without_estimates(fit)
    smallest = fit.optimum.min_eigenvalue
    if fit.optimum.converged and smallest < _WEAK:
        out.append(
            Finding(
                "identification",
                f"The criterion is almost flat in one direction (scaled eigenvalue {smallest:.1e}).",
                "Some variances or correlations can hardly be told apart: look at fit.profile() and "
                "fit.pca(), and trust their estimates less than the fixed effects.",
            )
        )
    for factor in fit.model.design.factors:
        if factor.n_levels < _FEW_LEVELS:
            out.append(
                Finding(
                    "identification",
                    f"The grouping factor '{factor.name}' has only {factor.n_levels} levels.",
                    "A variance from so few groups is hardly known: consider it as a fixed effect, and use "
                    "Kenward-Roger tests.",
                )
            )
    return out


def _data(fit: Fit) -> list[Finding]:
    design, out = fit.model.design, []
    dropped = dropped_columns(fit)
    if dropped:
        out.append(
            Finding(
                "data",
                f"{', '.join(dropped)}: dropped, a combination of other columns.",
                "Leave out of the formula what repeats other predictors, or fill the empty "
                "cells of the design.",
            )
        )
    if design.n_dropped:
        columns = ", ".join(f"{name} ({count})" for name, count in design.missing.items())
        out.append(
            Finding(
                "data",
                f"{design.n_dropped} of {design.nobs + design.n_dropped} rows were dropped for missing "
                f"values: {columns}.",
                "Compare with models that use the same rows only.",
            )
        )
    far = _far_rows(fit)
    if len(far):
        rows = ", ".join(str(row) for row in far[:5])
        out.append(
            Finding(
                "data",
                f"{_count(len(far), 'row')} more than {_FAR:g} residual standard deviations from "
                f"the fit: {rows}.",
                "Check these rows (counted from 0); refit without them to see what depends on them.",
            )
        )
    return out


def _far_rows(fit: Fit) -> Any:
    if fit.by_cells or fit.model.streamed:  # there are no rows
        return ()
    own = "residuals" not in refused(type(fit))
    scaled = np.asarray(fit.residuals(fit.scaled_residuals) if own else plain_residuals(fit, "pearson"))
    return fit.model.design.rows[np.flatnonzero(np.abs(scaled) > _FAR)]
