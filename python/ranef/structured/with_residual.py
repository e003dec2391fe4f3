"""Structured random effects beside residuals with a covariance of their own: one criterion in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..formula import Formula
from ..inference.moved import Moved
from ..inference.satterthwaite import DeltaDf
from ..model import Model
from ..optimize import DEFAULT, Optimum
from ..report.summary import Shown
from ..report.summary import summary_of as plain_summary
from ..residual.fit import ResidualFit
from ..residual.flat import unit_of
from ..residual.methods import METHODS as RESIDUAL_METHODS
from ..residual.methods import at_other, delta_df
from ..residual.model import ResidualModel
from ..residual.noise import Noise
from ..residual.optimum import OuterOptimum, of_both, reach
from ..residual.report import ResidualSummary
from ..residual.starts import starts
from ..residual.sums import ResidualSums
from ..residual.unknown_errors import known_errors
from ..verbs import Answer, Verb, kept
from .fit import WithStructures, certified, read_structures, unstructured
from .joint_flat import JointFlat, find_joint_flat
from .maps import Structured
from .search import NOWHERE, End, lowest


@dataclass(frozen=True, eq=False, repr=False)
class StructuredResidualFit(WithStructures, ResidualFit, kind="both"):
    """A fit with structured random terms, see `StructuredFit`, and ``residual=`` or ``dispersion=``."""

    moved = Verb("structured.with_residual:moved", shown=False)
    test_methods = Answer[Any]("structured.with_residual:test_methods", shown=False)
    summary_of = Verb("structured.with_residual:summary_of", shown=False)
    refitted = Verb("structured.refits:refitted_both", shown=False)


def fit_both(
    model: Model, formula: Formula, data: Any, residual: str | None, dispersion: str | None
) -> StructuredResidualFit:
    """Fit structured terms with ``residual=`` or ``dispersion=``; `model` has the terms unstructured."""
    model, structured = read_structures(model, formula)
    noise = Noise.of(model, data, residual, dispersion)
    base, sums = ResidualModel.of(model, noise), ResidualSums(model, noise)
    begin = [
        (phi, psi)
        for phi in starts(sums.cells, sums.squares(np.zeros(noise.size)))
        for psi in structured.starts(unstructured(model))
    ]
    return minimised_both(base, sums, structured, begin)


class _Joint:
    """The criterion in the residuals' parameters, in units of about a standard error, and psi behind them.

    size: how many parameters the residuals have.
    unit, far: (size,); how far a parameter can go until it is at a boundary.
    count: evaluations so far.
    """

    def __init__(self, sums: ResidualSums, structured: Structured, size: int) -> None:
        self.size = size
        self.unit, self.far = unit_of(sums.cells), reach(sums.cells)
        self.count = 0
        self._sums, self._structured = sums, structured

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        self.count += 1
        phi, psi = self.split(x)
        try:
            theta, jacobian = self._structured.theta(psi), self._structured.jacobian(psi)
            value, in_phi, in_theta, _ = self._sums.at(phi, theta)
        except (np.linalg.LinAlgError, RuntimeError):  # no criterion there: the step is shortened
            return NOWHERE, np.zeros_like(x)
        return value, np.concatenate([in_phi * self.unit, jacobian.T @ in_theta])

    def split(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return phi and psi."""
        return x[: self.size] * self.unit, x[self.size :]

    def lowest(self, begin: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[End, list[float]]:
        """Return the lowest end of searches from starts (phi, psi), and the criterion at the end of each."""
        half = self.far / 2 / self.unit  # farther, a stratum without variance leaves the criterion flat
        endless = np.tile([-np.inf, np.inf], (self.size, 1))
        return lowest(
            self,
            [np.concatenate([phi / self.unit, self._structured.inside(psi)]) for phi, psi in begin],
            np.concatenate([np.column_stack([endless, -half, half]), self._structured.ranges()]),
            {"gtol": 1e-5, "maxiter": 400},
        )


def minimised_both(
    base: ResidualModel,
    sums: ResidualSums,
    structured: Structured,
    begin: Sequence[tuple[FloatArray, FloatArray]],
) -> StructuredResidualFit:
    """Minimise the criterion over both kinds of parameters, from each start; the lowest end counts."""
    joint = _Joint(sums, structured, base.noise.size)
    end, reached = joint.lowest(begin)
    phi, psi = joint.split(end.x)
    flat = None if end.is_curved else find_joint_flat(base, base.noise, structured)
    optimum = certified(base, structured, end, psi, joint.count, None if flat is None else flat.structures)
    outer = _outer(joint, end, reached, optimum, flat)
    at = base.at(phi, sums)
    scale = np.append(joint.unit, np.ones(len(psi)))
    return StructuredResidualFit(
        at,
        base.design.response,
        at.response,
        of_both(optimum, outer),
        DEFAULT,
        outer,
        structured,
        psi,
        end.hessian / np.outer(scale, scale),
        tuple(one - joint.size for one in end.held if one >= joint.size),
    )


def _outer(
    joint: _Joint,
    end: End,
    reached: Sequence[float],
    optimum: Optimum,
    flat: JointFlat | None,
) -> OuterOptimum:
    """Return the optimum over the residuals' parameters, the criterion being minimal over the others."""
    k, (phi, _) = joint.size, joint.split(end.x)
    residual = None if flat is None else flat.residual
    unknown = np.flatnonzero(residual.phi) if residual is not None else np.zeros(0, dtype=np.intp)
    known = np.setdiff1d(np.arange(k), unknown)
    curved = np.zeros((k, k))
    curved[np.ix_(known, known)] = _profiled(end.hessian, known)
    held = tuple(one for one in end.held if one < k and one not in unknown)
    far = np.abs(phi) > joint.far
    return OuterOptimum(
        phi=phi,
        value=end.value,
        hessian=curved / np.outer(joint.unit, joint.unit),
        decrement=optimum.gradient_norm,
        reached=tuple(reached),
        boundary=bool(far.any() or held),
        converged=bool(optimum.converged and not np.delete(far, held).any()),
        evaluations=joint.count,
        held=held,
        flat=residual,
    )


def _profiled(hessian: FloatArray, kept: Any) -> FloatArray:
    """Return the Hessian in some parameters of the criterion that is minimal over the others."""
    rest = np.setdiff1d(np.arange(len(hessian)), kept)
    cross = hessian[np.ix_(kept, rest)]
    inner = np.linalg.pinv(hessian[np.ix_(rest, rest)])
    return np.asarray(hessian[np.ix_(kept, kept)] - cross @ inner @ cross.T)


def summary_of(fit: StructuredResidualFit, shown: Shown) -> ResidualSummary:
    """Return the summary of a fit with random effects, the structures' parameters and the residuals'."""
    return ResidualSummary(ResidualSummary(plain_summary(fit, shown), fit.structures), fit.residual)


@kept
def _satterthwaite(fit: Any) -> DeltaDf:
    """In (phi, psi, log sigma); flat directions say nothing."""
    structured: Structured = fit.structured
    size = len(fit.outer.phi)
    held = [*fit.outer.held, *(size + one for one in fit.held)]
    free = np.setdiff1d(np.arange(size + len(fit.psi)), held)
    return delta_df(fit, fit.psi, structured.theta, structured.jacobian, free)


def moved(fit: Any) -> Moved:
    """Return how the fit is moved along (phi, psi), sigma in its place."""
    sums, k = fit.model.sums(), len(fit.outer.phi)

    def at(point: FloatArray) -> Any:
        return at_other(fit, sums, point, fit.structured.theta(point[k:]), psi=point[k:])

    return Moved(np.append(fit.outer.phi, fit.psi), _satterthwaite(fit).spread, at)


def test_methods(fit: Any) -> dict[str, Any]:
    """Return the methods of testing by name."""
    refused = dict.fromkeys(("kenward-roger", "kenward-roger-linear"), _refused)
    own = {**RESIDUAL_METHODS, "satterthwaite": _satterthwaite}
    return known_errors(fit, own) | refused


def _refused(fit: Any) -> Any:
    raise ArgumentError(
        "ddf='kenward-roger' is not available with structured random effects, whose covariance is not linear "
        "in its parameters: use ddf='satterthwaite'"
    )
