"""Likelihood profiles of mixed models whose residuals have parameters.

At given parameters phi of the residuals the core minimises the deviance with a variance parameter held,
exactly and with variances of zero; around it phi is searched, with the gradient at the inner minimum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .. import _core
from ..arrays import FloatArray
from ..errors import FitError
from ..estimates.parameters import ParameterNames
from ..estimates.unknown import unknown_limits
from ..inference.profile.constrained import BetterOptimum, Constrained
from ..inference.profile.parameters import Parameter, parameters_of
from .descent import descend
from .extreme import extreme
from .fit import ResidualFit
from .gls_deviance import chain_parameter, natural_of_residuals
from .held import HeldPoint, without_column

_EXACT = 1e-5  # gradient, in units of about a standard error
_WORST = 1e100


class ResidualConstrained(Constrained):
    """Minimises the deviance of one ML fit with a parameter held."""

    def __init__(self, fit: ResidualFit) -> None:
        super().__init__(fit)
        model: Any = fit.model
        self._sums, self._noise = model.sums(), model.noise
        self._unit = 1 / np.sqrt(np.maximum(self._sums.cells.information(), 1e-300))
        self._further = fit.residual.estimates

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by name."""
        fit: Any = self.fit
        found, chain = parameters_of(fit), self._noise.chain
        errors = np.sqrt(np.maximum(np.diag(fit.residual.spread), 1e-12))
        for k, (name, value) in enumerate(self._further.items()):
            if chain is not None and k == len(self._further) - 1:
                scale = errors[k] * abs(chain.slope(float(fit.outer.phi[k])))
                own = Parameter(str(name), "further", float(value), chain.least, 1.0, scale, row=k)
            else:
                own = Parameter(str(name), "further", float(value), scale=float(errors[k]), row=k)
            found[str(name)] = own
        for name in unknown_limits(fit):  # no response can tell about it
            found[name] = replace(found[name], estimate=np.nan)
        return found

    def origin(self, parameter: Parameter) -> Any:
        """The fit itself as a point."""
        fit: Any = self.fit
        return HeldPoint(*super().origin(parameter)[:-1], fit.outer.phi)

    def at(self, parameter: Parameter, value: float, near: Any) -> Any:
        """Return the minimum with the parameter at `value`, found from a point nearby."""
        try:
            return super().at(parameter, value, near)
        except BetterOptimum as found:
            raise FitError(
                f"the profile of {parameter.name} meets a better optimum: the deviance is "
                f"{found.point.deviance:.8g} where {parameter.name} is {value:.6g}, and "
                f"{self.fit.objective:.8g} at the estimates. Look at bootstrap intervals"
            ) from None

    def end(self, parameter: Parameter, direction: int, rise: float) -> float | None:
        """Return how far a residual parameter goes where the criterion has risen; None where not found."""
        fit: Any = self.fit
        k, chain = parameter.row, self._noise.chain
        root = np.linalg.cholesky(fit.residual.spread / 2)

        def function(z: FloatArray) -> tuple[float, FloatArray]:
            try:
                found, slope = self._sums.criterion(fit.outer.phi + root @ z)
            except (RuntimeError, np.linalg.LinAlgError):  # no fit there: the step is shortened
                return _WORST, np.zeros_like(z)
            return found - fit.outer.value, root.T @ slope

        z = extreme(function, direction * root[k], rise)
        if z is None:
            return None
        phi = float(fit.outer.phi[k] + root[k] @ z)
        return phi if chain is None or k < len(self._further) - 1 else float(chain.correlation(phi))

    def _minimise(self, parameter: Parameter, value: float, near: Any) -> Any:
        if parameter.kind == "coefficient":
            return self._without_column(parameter, value)
        held = parameter.row if parameter.name in self._further.index else -1
        if held >= 0:
            chain = self._noise.chain
            whole = chain is not None and held == len(self._further) - 1
            at = chain_parameter(chain, value) if whole else value
        start = np.array(near.x, dtype=float)
        free = np.setdiff1d(np.arange(start.size), [held])
        last: dict[str, Any] = {"theta": near.theta, "sigma": near.sigma}

        def function(z: FloatArray) -> tuple[float, FloatArray]:
            phi = start.copy()
            phi[free] = z * self._unit[free]
            if held >= 0:
                phi[held] = at
            try:
                found = self._inner(parameter, value, phi, last) if held < 0 else self._fitted(phi, last)
                slope = self._sums.in_phi(phi, found["theta"], found["sigma"])
            except (RuntimeError, np.linalg.LinAlgError):  # no deviance there: the step is shortened
                return _WORST, np.zeros_like(z)
            last.update(found, phi=phi)
            return found["deviance"], slope[free] * self._unit[free]

        z, deviance, _ = descend(
            function, start[free] / self._unit[free], 1 / self._unit[free], _EXACT, lambda _: False
        )
        if not deviance < _WORST:
            return HeldPoint(value, np.inf, np.inf, near.theta, near.sigma, near.beta, False, near.x)
        function(z)
        return HeldPoint(
            value,
            self._zeta(parameter, value, deviance),
            deviance,
            last["theta"],
            last["sigma"],
            last["beta"],
            last["converged"],
            last["phi"],
        )

    def _inner(self, parameter: Parameter, value: float, phi: FloatArray, last: Any) -> dict[str, Any]:
        """The core's minimum with a variance parameter held, at phi."""
        design, response = self._sums.combined(phi)
        first, row, column = self._first[parameter.term], parameter.row, parameter.column
        answer = _core.Profiler(self._sums.problem(design)).at(
            parameter.kind, first, row, column, response, value, last["theta"], last["sigma"]
        )
        deviance, theta, sigma, beta, evaluations, converged, _ = answer
        self.evaluations += evaluations
        if not np.isfinite(deviance):
            raise RuntimeError
        return {"deviance": deviance, "theta": theta, "sigma": sigma, "beta": beta, "converged": converged}

    def _fitted(self, phi: FloatArray, last: Any) -> dict[str, Any]:
        """The core's minimum over all but phi."""
        design, response = self._sums.combined(phi)
        problem = self._sums.problem(design)
        found = problem.fit(response, last["theta"], tolerance=1e-14, certify=False)
        self.evaluations += found.evaluations
        solved = problem.solve(response, found.theta)
        return {
            **{"deviance": float(found.value), "theta": found.theta, "sigma": float(solved["sigma"])},
            **{"beta": solved["beta"], "converged": True},
        }

    def _without_column(self, parameter: Parameter, value: float) -> Any:
        """A coefficient held: the model without its column, of the response less its part."""
        found, beta = without_column(self.fit, parameter.row, value)
        self.evaluations += 1
        deviance = float(found.objective)
        zeta = self._zeta(parameter, value, deviance)
        return HeldPoint(
            value, zeta, deviance, found.theta, found.sigma, beta, found.converged, found.outer.phi
        )

    def table(self, points: list[Any]) -> pd.DataFrame:
        """Return every parameter of the model at points."""
        names = ParameterNames.of(self.fit.model)
        plain = super().table(points)[[name for name in names.all if name not in names.theta]]
        rows = [natural_of_residuals(self._noise, np.asarray(point.x)) for point in points]
        return plain.join(pd.DataFrame(rows, columns=list(self._further.index)))
