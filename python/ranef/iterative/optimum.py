"""The certificate of a fit by iterations: what the solves left, and the Monte Carlo errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import quote_list
from ..optimize import Multiplier, Optimum
from ..optimize.description import redundancies
from ..verbs import Answer
from .parts import parts_words

_ALIKE = 1e-10  # eigenvalue of the scaled information below which parameters are not told apart
_UNTOLD = (
    "the score does not depend on some variance or correlation: a column is zero, or no level has both of "
    "two columns; leave it out of the formula"
)


@dataclass(frozen=True, eq=False, repr=False)
class IterativeOptimum(Optimum):
    """Where the estimated score is zero, and how far from the exact one's zero that may be.

    Attributes
    ----------
    probes : int
        Vectors of random signs in the last evaluation.
    worst_error : float
        Largest Monte Carlo error of a covariance parameter over its standard error.
    wanted_error : float
        What it was to be below.
    steps : tuple of dict
        One per evaluation: ``theta`` (the core's), ``decrement``, iterations of the solves for the estimates
        and for the probes, number of probes.
    residual : float
        Largest relative residual of a solve that did not reach its tolerance, else zero.
    found : dict
        What the core found.
    """

    probes: int = 0
    worst_error: float = 0.0
    wanted_error: float = 0.0
    steps: tuple[dict[str, Any], ...] = ()
    residual: float = 0.0
    found: dict[str, Any] = field(default_factory=dict, repr=False)

    message = Answer[str]("iterative.optimum:message")

    @property
    def iterations(self) -> int:
        """The most iterations that a solve took."""
        return max((max(step["iterations"], step["probe_iterations"]) for step in self.steps), default=0)

    def __str__(self) -> str:
        evaluations = f"{self.evaluations} evaluation{'s' if self.evaluations != 1 else ''}"
        return (
            f"{self.message}\n{evaluations} with up to {self.probes} probes, at most {self.iterations} "
            f"iterations a solve; Monte Carlo error at most {self.worst_error:.2%} of a standard error"
        )


def message(optimum: IterativeOptimum) -> str:
    """Return a sentence on what was found."""
    if optimum.converged:
        if optimum.singular:
            return f"converged to a singular fit: {'; '.join(redundancies(optimum))}"
        return "converged: the estimated score is zero in the interior of the parameter space"
    return f"not converged: {_reason(optimum)}"


def _reason(optimum: IterativeOptimum) -> str:
    if optimum.status != "ok":
        return optimum.status
    if optimum.residual > 0:
        return (
            f"conjugate gradients left a relative residual of {optimum.residual:.1e} after "
            f"{optimum.iterations} iterations: parts of the data hang together by few rows, or the terms all "
            "but determine each other. Give Iterations(most_iterations=) a larger value, use schur='dense', "
            "or fit the parts alone" + "".join(f". {one}" for one in parts_words(optimum.model))
        )
    false = [m for m in optimum.found["boundary"] if m[2] < -3 * m[3]]
    if false:
        return (
            f"a variance taken for zero would grow (multiplier {false[0][2]:.3g}, Monte Carlo error "
            f"{false[0][3]:.2g}): try another start="
        )
    if optimum.worst_error > optimum.wanted_error:
        return (
            f"the Monte Carlo error is {optimum.worst_error:.2%} of a standard error with {optimum.probes} "
            f"probes, and was to be below {optimum.wanted_error:.2%}: give Iterations(most_probes=) or "
            "error= a larger value"
        )
    return f"the estimated score is not zero after {optimum.evaluations} evaluations: try another start="


def optimum_of(model: Any, found: dict[str, Any], wanted_error: float) -> IterativeOptimum:
    """Return the certificate of what the core found."""
    steps = tuple(found["steps"])
    boundary = []
    for factor, block, value, _, direction in found.get("boundary", ()):
        boundary.append(Multiplier(model.cross.factors[factor].terms[block], value, direction))
    eigenvalues, untold = _information(model, found)
    return IterativeOptimum(
        theta=found["theta"],
        value=float("nan"),
        optimizer="iterations",
        evaluations=len(steps),
        certificate_evaluations=0,
        gradient_norm=float(steps[-1]["decrement"]) if steps else float("nan"),
        eigenvalues=eigenvalues,
        boundary=tuple(boundary),
        singular=bool(boundary),
        converged=found["converged"] and not untold,
        status=untold or found["status"],
        model=model,
        probes=found["probes"],
        worst_error=found["worst_error"],
        wanted_error=wanted_error,
        steps=steps,
        residual=found["residual"],
        found=found,
    )


def _information(model: Any, found: dict[str, Any]) -> tuple[FloatArray, str]:
    """Return the eigenvalues of the scaled information, and what the score tells nothing about, or ``""``."""
    information = np.asarray(found.get("information", np.empty((0, 0))), dtype=np.float64)
    if not information.size:
        return np.empty(0), ""
    if not (np.isfinite(information).all() and (np.diag(information) > 0).all()):
        return np.empty(0), _UNTOLD
    scale = 1 / np.sqrt(np.diag(information))
    eigenvalues, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    if eigenvalues[0] > _ALIKE * eigenvalues[-1]:
        return eigenvalues, ""
    moves = np.abs(found["jacobian"])[np.abs(vectors[:, 0]) > 0.01].argmax(axis=1)  # theta of the core
    groups = dict.fromkeys(_groups_of_theta(model)[place] for place in moves)
    return eigenvalues, (
        f"no response tells the terms of {quote_list(groups)} apart: their random effects are the same, or "
        "sums of each other; leave one of them out"
    )


def _groups_of_theta(model: Any) -> list[str]:
    """Return the grouping factor of each theta of the core."""
    factors = [model.cross.factors[given] for given in model.cross.design.factor_order]
    widths = [(factor.group, model.term_widths[index]) for factor in factors for index in factor.terms]
    return [group for group, width in widths for _ in range(width * (width + 1) // 2)]
