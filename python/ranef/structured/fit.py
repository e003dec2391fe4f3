"""Fits with structured random effects: the same criterion, theta a function of fewer parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..design.random_terms import lme4_order
from ..errors import FitError, FormulaError
from ..fit import Fit
from ..formula import Formula
from ..guidance.called import attribute
from ..model import Model
from ..optimize import DEFAULT, Optimum, optimise
from ..refitted_fit import RefittedFit
from ..verbs import Answer, Verb
from .locations import Exponential, with_locations
from .maps import Structured, term_map
from .psi_flat import PsiFlat, find_psi_flat
from .search import NOWHERE, End, lowest, without

_AT_A_LIMIT = (
    "a standard deviation of a structure is at zero, or a correlation at an end of its range, or the "
    "residuals have no variance beside it"
)
_FEW_ROWS = 40  # a parameter, as for linear models
_DRAWN, _SPREAD = 8, 2.0  # random starts, and their standard deviation on scales without bounds
_MOST_COLUMNS = 6  # of a term whose unstructured fit is worth having as a start


@dataclass(frozen=True, eq=False, repr=False)
class WithStructures:
    """A base of fits whose random terms have structured covariances, see `StructuredFit`."""

    structured: Any = None
    psi: Any = None
    hessian: Any = None
    held: tuple[int, ...] = ()

    free_theta = False
    structures = Answer[Any]("structured.report:structures")
    constrained = Verb("structured.profile:StructuredDeviance", shown=False)
    further_parameters = Verb("structured.refits:further_parameters", shown=False)

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects, those of the structures, of the residuals, and sigma."""
        fit: Any = self
        return fit.model.cross.rank + len(self.hessian) + 1


@dataclass(frozen=True, eq=False, repr=False)
class StructuredFit(WithStructures, RefittedFit, Fit, kind="structured"):
    """A linear mixed model whose random terms have structured covariances, a `Fit` in all else.

    Attributes
    ----------
    structured : Structured
        The maps from parameters to theta, term by term.
    psi : (k,) float64
        The parameters on scales without bounds.
    hessian : (m + k, m + k) float64
        Of the criterion in the m parameters of the residuals and psi, zero for those that are held.
    held : tuple of int
        Which psi are at a limit: no variance, or a correlation at an end of its range.
    """

    moved = Verb("structured.methods:moved", shown=False)
    test_methods = Answer[Any]("structured.methods:test_methods", shown=False)
    summary_of = Verb("residual.report:summary_of", shown=False)
    __repr__ = Verb("residual.report:brief")
    _repr_html_ = Verb("residual.report:brief_html")
    refit_rows = Verb("structured.refits:refit_rows", shown=False)
    again = Verb("structured.refits:again", shown=False)
    predicted = Verb("structured.locations:predicted", shown=False)
    residual = Answer[Any]("structured.report:structures")


def fit_structured(model: Model, formula: Formula) -> StructuredFit:
    """Fit a model whose formula has structured terms; `model` has them unstructured."""
    model, structured = read_structures(model, formula)
    starts = structured.starts(unstructured(model))
    return minimised(model, structured, [*starts, *_further(starts[0], model.nobs)])


def _further(start: FloatArray, nobs: int) -> FloatArray:
    """Return random starts about one, always the same, where few rows a parameter make several minima."""
    count = _DRAWN if nobs < _FEW_ROWS * start.size else 0
    return start + _SPREAD * np.random.default_rng(1).normal(size=(count, start.size))


def minimised(
    model: Model,
    structured: Structured,
    starts: Sequence[FloatArray],
    hessian: FloatArray | None = None,
) -> StructuredFit:
    """Minimise the criterion over the structures' parameters, from each start; the lowest end counts.

    `hessian` is one like that at the end, where it is known.
    """
    count, options = [0], search_options(1e-6, hessian)

    def criterion(psi: FloatArray) -> tuple[float, FloatArray]:
        count[0] += 1
        try:
            theta, jacobian = structured.theta(psi), structured.jacobian(psi)
            value, slope = model.problem.gradient(model.response, theta)
        except (
            np.linalg.LinAlgError,
            RuntimeError,
        ):  # no positive definite matrix there: the step is shortened
            return NOWHERE, np.zeros_like(psi)
        return float(value), jacobian.T @ slope

    begin = [structured.inside(start) for start in starts]
    end, _ = lowest(criterion, begin, structured.ranges(), options)
    flat = None if end.is_curved else find_psi_flat(model, structured)
    if flat is not None:
        end = without(criterion, end, flat.psi_held, structured.nothing())
    optimum = certified(model, structured, end, end.x, count[0], flat)
    return StructuredFit(
        model,
        model.design.response,
        model.response,
        optimum,
        DEFAULT,
        structured,
        end.x,
        end.hessian,
        end.held,
    )


def search_options(tolerance: float, hessian: FloatArray | None) -> dict[str, Any]:
    """Return the options of a search, which begins with the inverse of a Hessian where it has one."""
    out: dict[str, Any] = {"gtol": tolerance, "maxiter": 400}
    if hessian is not None and np.linalg.eigvalsh(hessian)[0] > 1e-6 * np.abs(hessian).max():
        inverse = np.linalg.inv(hessian)
        out["hess_inv0"] = (inverse + inverse.T) / 2
    return out


def read_structures(model: Model, formula: Formula) -> tuple[Model, Structured]:
    """Return the model, with places in order where terms have some, and the maps of its terms."""
    levels = {factor.name: factor.n_levels for factor in model.design.factors}
    order = lme4_order([levels[bar.group] for bar in formula.random])
    bars = [formula.random[index] for index in order]
    _require_fewer_columns_than_rows(model, formula)
    model, distances = with_locations(model, bars, formula.text)
    maps = tuple(
        term_map(bar.structure, term.columns, formula.text)
        if apart is None
        else Exponential(term.columns, apart)
        for bar, term, apart in zip(bars, model.design.terms, distances, strict=True)
    )
    return model, Structured(maps)


def _require_fewer_columns_than_rows(model: Model, formula: Formula) -> None:
    for term in model.design.terms:
        width = len(term.columns)
        if width > model.nobs:
            raise FormulaError(
                f"the term of '{term.group}' has {width:,} columns for {model.nobs:,} rows, which cannot "
                "tell of their covariances: name fewer columns",
                formula.text,
            )


def unstructured(model: Model) -> list[FloatArray | None]:
    """Return the relative covariances of the unstructured fit, None for terms too wide for one."""
    n = model.nobs
    wide = any(
        len(t.columns) > _MOST_COLUMNS or t.factor.n_levels * len(t.columns) >= n for t in model.design.terms
    )
    if wide:
        return [None] * len(model.design.terms)
    theta = optimise(model, model.response).theta
    return [factor @ factor.T for factor in model.covariance_factors(theta)]


def certified(
    model: Model,
    structured: Structured,
    end: End,
    psi: FloatArray,
    evaluations: int,
    flat: PsiFlat | None = None,
) -> Optimum:
    """Return the optimum at an end, whose last parameters are `psi`, those of the structures.

    Raises FitError where the search has come nowhere.
    """
    if not end.value < NOWHERE:
        raise FitError(
            "no start gives the structured terms a positive definite covariance matrix: fit us() in their "
            "place first"
        )
    given = flat.psi_held if flat is not None else np.zeros(psi.size, dtype=bool)
    held = np.array(end.held, dtype=int) - (end.x.size - psi.size)
    limits = not given[held[held >= 0]].all()
    singular = limits or structured.deficient(np.where(given, 0.0, psi))
    return Optimum(
        theta=structured.theta(psi),
        value=end.value,
        optimizer="bfgs and newton",
        evaluations=evaluations,
        certificate_evaluations=2 * end.x.size,
        gradient_norm=end.decrement,
        eigenvalues=end.eigenvalues,
        boundary=(),
        singular=singular,
        converged=end.is_minimum,
        status="ok",
        model=model,
        flat=flat,
        limit=_AT_A_LIMIT if limits else "",
    )
