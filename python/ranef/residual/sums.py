"""The criterion at any parameters of the residuals, and its gradient, from sums that were made once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..coordinates import Orthonormal
from ..model import Model
from .cells import Cells, find_cells
from .chain import Chain
from .dispersion import Dispersion
from .noise import Noise

MANY_SETS = 1000
MOST_SUMS = 2**22  # numbers (32 MB) that are kept for few rows too


def keeps_rows(sets: int, numbers: int, members: int, columns: int) -> bool:
    """Whether adding up the rows again costs less than weighing the sums."""
    few_a_set = sets > MANY_SETS and 4 * sets > members
    return few_a_set or sets * numbers > max(MOST_SUMS, 4 * members * columns)


class ResidualSums:
    """Cross-products of a mixed model by sets of rows with equal weights.

    by_rows: whether the sets are so many that the rows are added up at every evaluation.
    """

    def __init__(self, model: Model, noise: Noise, response: Any = None, y: FloatArray | None = None) -> None:
        self.model, self.cells = model, find_cells(model.nobs, noise.chain, noise.dispersion)
        design, cells = model.design, self.cells
        columns = len(model.cross.columns) + sum(len(term.columns) for term in design.terms)
        self.by_rows = keeps_rows(cells.count, model.cross.design.size, len(cells.row), columns)
        self._prior = 0.0 if noise.weights is None else float(np.log(noise.weights).sum())
        self._sets = _core.WeightedSets(
            model.cross.rows,
            model.cross.design,
            model.response if response is None else response,
            design.without_offset(design.response if y is None else y),
            cells.row,
            cells.other,
            cells.first,
            self.by_rows,
        )
        self._theta: FloatArray | None = None

    def combined(self, phi: FloatArray) -> tuple[Any, Any]:
        """Return the core's cross-products of design and response at phi; they know log|R|."""
        return self._combined(self.cells.weights(phi))

    def _combined(self, parts: tuple[FloatArray, FloatArray, float, FloatArray]) -> tuple[Any, Any]:
        weights = self._spread(parts[0])
        return self._sets.combine(weights, self._prior - parts[2])

    def _at(self, phi: FloatArray) -> tuple[Any, Any, Any]:
        """Return the weights with their derivatives, the core's problem and its response at phi."""
        parts = self.cells.weights(phi)
        design, response = self._combined(parts)
        return parts, self.problem(design), response

    def problem(self, design: Any) -> Any:
        """Return the core's problem of combined cross-products."""
        model = self.model
        return _core.Problem(
            design, model.reml, leading=model.leading, schur=model.schur, merge_classes=False
        )

    def criterion(self, phi: FloatArray) -> tuple[float, FloatArray]:
        """Return the criterion, minimal over theta, and its gradient in phi."""
        parts, problem, response = self._at(phi)
        found = problem.fit(response, self._theta, tolerance=1e-14, certify=False)
        self._theta = found.theta
        return float(found.value), self._gradient(parts, problem, response, found.theta)

    def at(self, phi: FloatArray, theta: FloatArray) -> tuple[float, FloatArray, FloatArray, dict[str, Any]]:
        """Return the criterion at (phi, theta), its gradients in phi and theta, and the core's solution."""
        parts, problem, response = self._at(phi)
        value, slope = problem.gradient(response, theta)
        in_phi = self._gradient(parts, problem, response, theta)
        return float(value), in_phi, slope, problem.solve(response, theta)

    def held(
        self, phi: FloatArray, theta: FloatArray, sigma: float
    ) -> tuple[float, FloatArray, FloatArray, float]:
        """Return the criterion with sigma held, its gradients in phi, theta and log sigma."""
        parts, problem, response = self._at(phi)
        value, in_theta, in_log_sigma = problem.held_gradient(response, theta, sigma)
        return float(value), self._gradient(parts, problem, response, theta, sigma), in_theta, in_log_sigma

    def in_phi(self, phi: FloatArray, theta: FloatArray, sigma: float = 0.0) -> FloatArray:
        """Return the gradient of the criterion in phi at (phi, theta); a sigma above zero is held."""
        return self._gradient(*self._at(phi), theta, sigma)

    def inner(self, phi: FloatArray, theta: FloatArray) -> tuple[FloatArray, float, FloatArray]:
        """Return (X'H^-1 X)^-1, r^2 and the gradient in theta, all in the core's coordinates, theta too."""
        _, problem, response = self._at(phi)
        return _core.first_derivatives(problem, response, theta)

    def _gradient(
        self, parts: Any, problem: Any, response: Any, theta: FloatArray, sigma: float = 0.0
    ) -> FloatArray:
        slopes = self._sets.slopes(problem, response, theta, sigma)[1]
        return np.asarray(parts[3] + parts[1].T @ self._gathered(slopes))

    def squares(self, phi: FloatArray) -> FloatArray:
        """Return the mean square of every set's residuals, relative to sigma^2, of the fit at phi."""
        _, problem, response = self._at(phi)
        theta = problem.fit(response, None, tolerance=1e-10, certify=False).theta
        self._theta = theta
        variance = problem.solve(response, theta)["internal_sigma"] ** 2
        sums = self._gathered(self._sets.squares(problem, response, theta))
        return np.asarray(sums / variance / np.diff(self.cells.first))

    def _spread(self, weights: FloatArray) -> FloatArray:
        return np.repeat(weights, np.diff(self.cells.first)) if self.by_rows else weights

    def _gathered(self, values: FloatArray) -> FloatArray:
        if not self.by_rows:
            return values
        return np.add.reduceat(values, self.cells.first[:-1])


class PlainSums:
    """The same of a linear model, without random effects: the criterion of generalised least squares.

    X is made orthonormal first, so that nothing is lost by cross-products.
    """

    def __init__(
        self, X: FloatArray, y: FloatArray, weights: FloatArray | None, reml: bool, chain: Chain | None,
        dispersion: Dispersion | None,
    ) -> None:  # fmt: skip
        self.cells: Cells = find_cells(len(y), chain, dispersion)
        self.reml, self.n, self.p = reml, len(y), X.shape[1]
        root = None if weights is None else np.sqrt(weights)
        q, self._r = np.linalg.qr(X if root is None else X * root[:, None])
        whole = y if root is None else y * root
        self._least = q.T @ whole
        rest = whole - q @ self._least
        self._log_det_x = 2 * float(np.log(np.abs(np.diag(self._r))).sum())
        self._prior = 0.0 if weights is None else float(np.log(weights).sum())
        rows = np.column_stack([q, rest])
        members = rows[self.cells.row]
        apart = self.cells.other >= 0
        members[apart] -= rows[self.cells.other[apart]]
        sets, width = self.cells.count, self.p + 1
        self.by_rows = keeps_rows(sets, width * width, len(members), width)
        self._members = members if self.by_rows else None
        ends = self.cells.first
        if not self.by_rows:
            self._sums = np.array([members[a:b].T @ members[a:b] for a, b in pairwise(ends)])

    @property
    def coordinates(self) -> Orthonormal:
        """The columns that the sums are of."""
        return Orthonormal(self._r)

    @property
    def nu(self) -> int:
        """Degrees of freedom of sigma."""
        return self.n - (self.p if self.reml else 0)

    def solve(self, phi: FloatArray, variance: float | None = None) -> dict[str, Any]:
        """Return beta, its covariance over sigma^2 in `coordinates`, r^2, criterion and gradient in phi.

        Criterion and gradient are profiled over sigma, or those with the residual variance held.
        """
        weights, jacobian, log_det, slope = self.cells.weights(phi)
        if self._members is None:
            total = np.tensordot(weights, self._sums, axes=1)
        else:
            own = np.repeat(weights, np.diff(self.cells.first))
            total = self._members.T @ (self._members * own[:, None])
        inner = np.linalg.inv(total[:-1, :-1])
        inner = (inner + inner.T) / 2
        beta = inner @ total[:-1, -1]
        v = np.append(-beta, 1.0)
        squares = float(v @ total @ v)
        held = squares / self.nu if variance is None else variance
        adjoint = np.outer(v, v) / held
        logs = log_det - self._prior
        if self.reml:
            adjoint[:-1, :-1] += inner
            logs += float(np.linalg.slogdet(total[:-1, :-1])[1]) + self._log_det_x
        if self._members is None:
            slopes = np.tensordot(self._sums, adjoint, axes=2)
        else:
            slopes = np.add.reduceat(
                np.einsum("mi,ij,mj->m", self._members, adjoint, self._members, optimize=True),
                self.cells.first[:-1],
            )
        return {
            "beta": self.coordinates.coefficients(self._least + beta),
            "inner": inner,
            "squares": squares,
            "logs": logs,
            "criterion": float(logs + squares / held + self.nu * np.log(2 * np.pi * held)),
            "gradient": slope + jacobian.T @ slopes,
        }

    def criterion(self, phi: FloatArray) -> tuple[float, FloatArray]:
        """Return the criterion, profiled over coefficients and sigma, and its gradient."""
        found = self.solve(phi)
        return found["criterion"], found["gradient"]

    def squares(self, phi: FloatArray) -> FloatArray:
        """Return the mean square of every set's residuals, relative to sigma^2, of the fit at phi."""
        found = self.solve(phi)
        z = self._r @ found["beta"] - self._least
        v = np.append(-z, 1.0)
        if self._members is None:
            sums = np.einsum("i,kij,j->k", v, self._sums, v)
        else:
            sums = np.add.reduceat((self._members @ v) ** 2, self.cells.first[:-1])
        return np.asarray(sums / (found["squares"] / self.nu) / np.diff(self.cells.first))
