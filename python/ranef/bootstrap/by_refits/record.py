"""The numbers of a refit whose covariance has a structure, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...estimates.parameters import ParameterNames
from ...frame.native import in_pandas


@dataclass(frozen=True, eq=False)
class RefitRecord:
    """Which numbers there are of a fit and of its refits."""

    names: ParameterNames  # those that all linear fits have
    # where a record has coefficients, errors, sigma, theta and the criterion; empty for what is no parameter
    places: dict[str, slice]
    further: tuple[str, ...]  # names of the parameters of the structures, which come after these

    @classmethod
    def of(cls, fit: Any) -> RefitRecord:
        """Return the record of fits like this one."""
        model = fit.model
        columns, kept = tuple(model.design.column_names), tuple(int(k) for k in model.cross.columns)
        names = ParameterNames.of(model) if fit.free_theta else ParameterNames(columns, kept, ())
        sizes = {
            "coefficients": len(kept),
            "se": len(kept),
            "sigma": int(fit.has_sigma),
            "theta": names.n_theta,
            "objective": 1,
        }
        edges = np.cumsum([0, *sizes.values()])
        places = {part: slice(int(a), int(b)) for part, a, b in zip(sizes, edges, edges[1:], strict=False)}
        own, taken = further_parameters(fit).index, {*names.all}
        return cls(names, places, tuple(f"residual[{name}]" if name in taken else name for name in own))

    @property
    def width(self) -> int:
        """Numbers before the further parameters."""
        return self.places["objective"].stop

    def numbers(self, fit: Any) -> FloatArray:
        """Return the record of a fit, with its further parameters."""
        sigma = [fit.sigma] if fit.has_sigma else []
        errors = np.sqrt(np.diag(fit.solution["vcov"]))
        plain = [fit.solution["beta"], errors, sigma, self._theta(fit), [fit.objective]]
        parts = [*plain, further_parameters(fit)]
        return np.concatenate([np.asarray(part, dtype=float) for part in parts])

    def estimates(self, fit: Any) -> pd.Series:
        """Return the parameters of a fit by name, the further ones last."""
        sigma, theta = np.array([fit.sigma]), np.asarray(self._theta(fit))
        values = self.names.values(fit.solution["beta"][None], sigma, theta[None])[0]
        return pd.Series([*values, *further_parameters(fit)], [*self.names.all, *self.further])

    def _theta(self, fit: Any) -> FloatArray:
        return fit.theta if self.names.n_theta else np.zeros(0)


def further_parameters(fit: Any) -> pd.Series:
    """Return the parameters of the structures by name, whatever library the data came in."""
    return in_pandas(fit.further_parameters)()
