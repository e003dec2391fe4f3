"""What kinds of fits do not answer, and what to do instead: one table for all that asks.

A class names its kind, ``class VisitFit(TestedFit, kind="mmrm")``. It refuses what the tables say of
that kind, beside what its bases refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getattr_static
from typing import Any

from ..errors import ArgumentError

# Kind -> what a message calls it, and why, where all that it lacks has one reason.
KINDS = {
    "lmer": "a linear mixed model",
    "glmer": "a generalised model",
    "inflated": "a zero-inflated model",
    "dispersed": "a generalised model with dispersion=",
    "cells": "a fit of sums, whose rows are not kept",
    "mmrm": "a model for repeated measures",
    "gls": "a fit by generalised least squares",
    "residual": "a fit with dispersion= or residual=, whose parameters it would hold at the estimates",
    "structured": "a fit with structured random effects, whose theta it would take as free",
    "both": "a fit with structured random effects and residuals of their own",
    "related": "a fit with relationship matrices",
    "iterative": "a fit by iterations",
}
# Method -> what the user calls.
CALLED = {"power_of": "power", "other_runs": "allfit", "by_other_criterion": "refitML"}

_ROWS = "it has an entry for every row; fit rows that are in memory"
_EXACT = "it needs the exact criterion, which a fit by iterations does not have; fit with schur='dense'"
_FACTOR = "it needs a factorisation of all equations; fit with schur='dense'"
_STARTS = "its search starts more than once by itself: see fit.converged"
_SUBMODELS = "fit the submodels and compare their criteria"
_BY_ML = "fit the submodels by maximum likelihood and compare them with ranef.anova()"
_NO_MATRIX = "there is no covariance matrix of random effects; see fit.residual"
_NO_SHARE = "there are no random effects to share the variance with"
_MIXTURE = "the variance of a mixture is not shared out as that of one distribution; see fit.varcorr"
_BY_ROW = "the variance of an observation differs by row; see fit.varcorr and fit.dispersion"
_STRUCTURES = "see fit.structures.parameters"

# Method -> kinds -> what to do instead.
METHODS: dict[str, dict[str, str]] = {
    "profile": {
        "iterative": _EXACT,
    },
    "component_table": {
        "mmrm gls": "see fit.residual.parameters",
        "residual": "see fit.residual.parameters for standard errors",
        "structured": _STRUCTURES,
        "related": "see fit.varcorr and heritability()",
    },
    "cov_theta": {
        "mmrm": "see fit.theta_covariance and fit.residual.parameters",
        "gls": "see fit.residual.spread and fit.residual.parameters",
        "residual": "see fit.residual.parameters for standard errors",
        "structured": _STRUCTURES,
        "related": "see fit.optimum.covariance",
    },
    "drop1": {"iterative": _BY_ML},
    "ranova": {
        "mmrm": "there are no random terms; compare structures with ranef.anova()",
        "gls": "there are no random terms",
        "residual structured": _SUBMODELS,
        "related": "fit without the term and compare with ranef.anova()",
        "iterative": "it needs exact criteria; fit without the term and compare with ranef.anova()",
    },
    "other_runs": {
        "mmrm gls related residual": _STARTS,
        "structured": "its search starts more than once by itself: see fit.optimum",
        "iterative": _EXACT,
    },
    "update": {
        "mmrm gls related": "fit the other formula",
        "residual": "fit the other formula with lmer()",
    },
    "robust": {
        "glmer": "the sandwich is built for linear models",
        "mmrm": "use ddf='CR2' or vcov='CR2'",
        "gls": "no groups are named; ranef.lmer() with a random intercept has it",
        "related": "the levels of a relationship matrix are not independent groups",
        "iterative": _FACTOR,
    },
    "pca": {"mmrm gls related": _NO_MATRIX},
    "rePCA": {"mmrm gls related": _NO_MATRIX},
    "redundancy": {
        "glmer": "see optimum.message, which names what has no variance",
        "mmrm gls related": "it looks for redundant random effects",
        "structured both": _STRUCTURES,
        "iterative": _EXACT,
    },
    "r2": {
        "inflated": _MIXTURE,
        "dispersed": _BY_ROW,
        "mmrm gls": _NO_SHARE,
        "related": "see heritability(), the share of a term in the variance",
    },
    "icc": {
        "inflated": _MIXTURE,
        "dispersed": _BY_ROW,
        "mmrm": "see fit.residual.corr() for correlations between visits",
        "gls": "there are no random effects; see fit.residual for correlations in time",
        "related": "see heritability(), the share of a term in the variance",
    },
    "simulate": {"cells": _ROWS},
    "refit": {"cells": _ROWS},
    "residuals": {"related": "see fit.resid, response minus fitted value", "cells": _ROWS},
    "leverage": {
        "inflated": "a row that is zero for certain has no weight of its own",
        "mmrm gls related": "rows that correlate have none of their own; fit without the subject in question",
        "iterative": _FACTOR,
        "cells": _ROWS,
    },
    "influence": {
        "related": "fit without the subject in question",
        "iterative": "fit without the rows in question",
        "cells": _ROWS,
    },
    "augment": {
        "related": "see fittedvalues and resid",
        "cells": _ROWS,
    },
    "missing_terms": {"inflated": "fit with the term and compare with ranef.anova()", "cells": _ROWS},
    **{key: {"cells": _ROWS} for key in ("check_residuals", "overdispersion", "zeros")},
}
# Attribute -> kinds -> where its answer is.
ATTRIBUTES: dict[str, dict[str, str]] = {
    "ranef": {"mmrm gls": "it has no tables of random effects"},
    "coef": {"mmrm gls related": "no group has coefficients of its own, fit.params are those of all"},
    "varcorr": {"mmrm gls": "see fit.residual for what varies and how"},
    "ngroups": {"mmrm gls related": "see fit.plan, or count the levels in the data"},
    "theta": {"gls": "see fit.residual.parameters"},
    "plan": {"gls related": "the criterion is computed from all rows or their sums, whichever are fewer"},
    "plot": {"related": "draw fit.fittedvalues and fit.resid"},
    "term_modes": {"mmrm gls": "there are no random effects", "related": "see fit.ranef"},
    "settings": {"mmrm gls related": "there are none"},
}
# Function of the package -> kinds -> why not, or what to do instead.
_EXACT_TEST = "it knows one variance beside independent residuals; use ranef.pbtest(small, large)"
FUNCTIONS: dict[str, dict[str, str]] = {
    "exact_rlrt": {
        "glmer residual structured": _EXACT_TEST,
        "related": "its null distribution is that of unrelated levels",
        "iterative": _EXACT,
        "mmrm gls": "there are no random effects to test",
    },
    "pooling": {
        "glmer": "it puts least squares beside them, which are on another scale; see fit.coef",
        "mmrm gls": "there are no groups with coefficients of their own",
        "related": "no group has coefficients of its own; see fit.ranef",
    },
}


def lacking(kind: str, table: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield name and remedy of what a table says that a kind lacks.

    >>> dict(lacking("both", METHODS))
    {'redundancy': 'see fit.structures.parameters'}
    """
    for name, by_kinds in table.items():
        yield from ((name, instead) for kinds, instead in by_kinds.items() if kind in kinds.split())


def said(name: str, kind: str, instead: str) -> str:
    """Return the message of a refusal."""
    return f"{name} is not available for {KINDS[kind]}: {instead}"


class Refused:
    """A method that a kind of fit does not have: called, it says why and what to use.

    name: of the method.
    instead: what to do instead.
    """

    shown = False  # by dir()

    def __init__(self, name: str, instead: str) -> None:
        self.name, self.instead = CALLED.get(name, name), instead

    def __get__(self, owner: Any, kind: type[Any]) -> Callable[..., Any]:
        def refuse(*_: Any, **__: Any) -> Any:
            raise ArgumentError(said(f"{self.name}()", kind._kind, self.instead))

        refuse.__doc__ = f"Not available: {self.instead}."
        return refuse


def require(fit: Any, function: str) -> None:
    """Refuse a kind of fit that a function of the package does not answer for."""
    kinds = {getattr(base, "_kind", "") for base in type(fit).__mro__}
    for kind in kinds:
        for _, instead in lacking(kind, {function: FUNCTIONS[function]}):
            raise ArgumentError(said(f"{function}()", type(fit)._kind, instead))


def refused(kind: type) -> dict[str, str]:
    """Return method -> what to do instead, of all that a class of fits refuses."""
    found = {name: getattr_static(kind, name) for name in dir(kind)}
    return {name: one.instead for name, one in found.items() if isinstance(one, Refused)}
