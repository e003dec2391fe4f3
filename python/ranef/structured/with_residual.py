"""Structured random effects beside residuals with a covariance of their own: one criterion in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..formula import Formula
from ..guidance.arguments import signed_as
from ..guidance.called import attribute
from ..inference.satterthwaite import DeltaDf
from ..model import Model
from ..optimize import DEFAULT
from ..residual.chain import find_chain
from ..residual.dispersion import find_dispersion
from ..residual.fit import ResidualFit
from ..residual.methods import METHODS as RESIDUAL_METHODS
from ..residual.methods import covariance_at, delta_df
from ..residual.model import ResidualModel
from ..residual.noise import Noise
from ..residual.optimum import OuterOptimum, reach
from ..residual.report import ResidualSummary
from ..residual.report import summary as residual_summary
from ..residual.starts import starts
from ..residual.sums import ResidualSums
from ..residual.unknown_errors import known_errors
from ..verbs import Answer, Verb
from .fit import certified, read_structures, unstructured
from .joint_flat import find_joint_flat
from .maps import Structured
from .search import NOWHERE, lowest


@dataclass(frozen=True, eq=False, repr=False)
class StructuredResidualFit(ResidualFit, kind="both"):
    """A fit with structured random terms and ``residual=`` or ``dispersion=``.

    Attributes
    ----------
    structured : Structured
        The maps from parameters to theta, term by term.
    psi : (k,) float64
        The parameters of the structures on scales without bounds.
    hessian : (m + k, m + k) float64
        Of the criterion in the residuals' parameters and psi.
    held : tuple of int
        Which psi are at a limit: no variance, or a correlation at an end of its range.
    """

    structured: Any = None
    psi: Any = None
    hessian: Any = None
    held: tuple[int, ...] = ()

    structures = Answer[Any]("structured.report:structures")
    test_methods = Answer[Any]("structured.with_residual:test_methods", shown=False)
    summary = Verb("structured.with_residual:summary")
    refit = Verb("structured.refits:refit_both")
    refit_rows = Verb("structured.refits:refit_rows_both", shown=False)
    again = Verb("structured.refits:again_both", shown=False)
    profile = Verb("structured.profile:profile")
    further_parameters = Verb("structured.refits:further_parameters", shown=False)
    free_theta = False

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects, those of the structures, of the residuals, and sigma."""
        return len(self.model.cross.columns) + len(self.psi) + len(self.outer.phi) + 1


def fit_both(
    model: Model, formula: Formula, data: Any, residual: str | None, dispersion: str | None
) -> StructuredResidualFit:
    """Fit structured terms with ``residual=`` or ``dispersion=``; `model` has the terms unstructured."""
    model, structured = read_structures(model, formula)
    rows = model.design.rows
    noise = Noise(
        model.design.weights,
        None if residual is None else find_chain(residual, data, rows),
        None if dispersion is None else find_dispersion(dispersion, data, rows, model.formula.functions),
    )
    base, sums = ResidualModel.of(model, noise), ResidualSums(model, noise)
    begin = [
        (phi, psi)
        for phi in starts(sums.cells, sums.squares(np.zeros(noise.size)))
        for psi in structured.starts(unstructured(model))
    ]
    return minimised_both(base, sums, structured, begin)


def minimised_both(
    base: ResidualModel,
    sums: ResidualSums,
    structured: Structured,
    begin: Sequence[tuple[FloatArray, FloatArray]],
) -> StructuredResidualFit:
    """Minimise the criterion over both kinds of parameters, from each start; the lowest end counts."""
    k = base.noise.size
    unit = 1 / np.sqrt(np.maximum(sums.cells.information(), 1e-300))
    count = [0]

    def criterion(x: FloatArray) -> tuple[float, FloatArray]:
        count[0] += 1
        try:
            theta, jacobian = structured.theta(x[k:]), structured.jacobian(x[k:])
            value, in_phi, in_theta, _ = sums.at(x[:k] * unit, theta)
        except (np.linalg.LinAlgError, RuntimeError):  # no criterion there: the step is shortened
            return NOWHERE, np.zeros_like(x)
        return value, np.concatenate([in_phi * unit, jacobian.T @ in_theta])

    further = np.tile([-np.inf, np.inf], (k, 2))
    end, reached = lowest(
        criterion,
        [np.concatenate([phi / unit, structured.inside(psi)]) for phi, psi in begin],
        np.concatenate([further, structured.ranges()]),
        {"gtol": 1e-5, "maxiter": 400},
    )
    x, hessian = end.x, end.hessian
    flat = None if end.is_curved else find_joint_flat(base, base.noise, structured)
    optimum = certified(base, structured, end, x[k:], count[0], None if flat is None else flat.structures)
    unknown = np.flatnonzero(flat.phi) if flat is not None else np.zeros(0, dtype=np.intp)
    known = np.setdiff1d(np.arange(k), unknown)
    curved = np.zeros((k, k))
    curved[np.ix_(known, known)] = _profiled(hessian, known)
    phi, psi = x[:k] * unit, x[k:]
    far = bool((np.abs(phi) > reach(sums.cells)).any())
    outer = OuterOptimum(
        phi=phi,
        value=end.value,
        hessian=curved / np.outer(unit, unit),
        decrement=optimum.gradient_norm,
        reached=tuple(reached),
        boundary=far,
        converged=bool(optimum.converged and not far),
        evaluations=count[0],
        held=tuple(one for one in end.held if one < k and one not in unknown),
        unknown=tuple(int(one) for one in unknown),
        shared=flat is not None and flat.structures is not None,
        sigma_unknown=flat is not None and flat.sigma,
    )
    at = base.at(phi, sums)
    scale = np.append(unit, np.ones(len(psi)))
    return StructuredResidualFit(
        at,
        base.design.response,
        at.response,
        optimum,
        DEFAULT,
        outer,
        structured,
        psi,
        hessian / np.outer(scale, scale),
        tuple(one - k for one in end.held if one >= k),
    )


def _profiled(hessian: FloatArray, kept: Any) -> FloatArray:
    """Return the Hessian in some parameters of the criterion that is minimal over the others."""
    rest = np.setdiff1d(np.arange(len(hessian)), kept)
    cross = hessian[np.ix_(kept, rest)]
    inner = np.linalg.pinv(hessian[np.ix_(rest, rest)])
    return np.asarray(hessian[np.ix_(kept, kept)] - cross @ inner @ cross.T)


@signed_as(residual_summary)
def summary(fit: StructuredResidualFit, *args: Any, **options: Any) -> ResidualSummary:
    """Return the summary of any fit, then the structures' parameters and the residuals'."""
    plain = residual_summary(fit, *args, **options)
    return ResidualSummary(ResidualSummary(plain.plain, fit.structures), fit.residual)


def _satterthwaite(fit: Any) -> DeltaDf:
    """In (phi, psi, log sigma)."""
    structured: Structured = fit.structured
    return delta_df(fit, fit.psi, structured.theta, structured.jacobian)


def test_methods(fit: Any) -> dict[str, Any]:
    """Return the methods of testing by name."""
    refused = dict.fromkeys(("kenward-roger", "kenward-roger-linear"), _refused)
    own = {**RESIDUAL_METHODS, "satterthwaite": _satterthwaite}
    return known_errors(fit, own, covariance_at) | refused


def _refused(fit: Any) -> Any:
    raise ArgumentError(
        "ddf='kenward-roger' is not available with structured random effects, whose covariance is not linear "
        "in its parameters: use ddf='satterthwaite'"
    )
