"""Answers with an entry per row: fitted values, residuals, leverage, predictions, simulated responses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..arrays import FloatArray
from .fitted import Fitted

if TYPE_CHECKING:
    import pandas as pd


class Rows(Fitted):
    """What a fit says of rows, those it was fitted to and new ones."""

    @cached_property
    def fittedvalues(self) -> FloatArray:
        """X beta + Z b + offset on the used rows, (n,)."""
        from ..estimates.prediction import fitted

        return fitted(self.state)

    @property
    def resid(self) -> FloatArray:
        """Response minus fitted values, (n,)."""
        return self.state.y - self.fittedvalues

    def residuals(self, type: str = "response") -> FloatArray:
        """Return residuals of a type, see `ranef.diagnostics.rows.residuals`."""
        from ..diagnostics.rows import residuals

        return residuals(self.state, type)

    def leverage(self) -> FloatArray:
        """Return the diagonal of the hat matrix, see `ranef.diagnostics.rows.leverage`."""
        from ..diagnostics.rows import leverage

        return leverage(self.state)

    def influence(self, by: str | None = None) -> Any:
        """Return the influence of rows or groups, see `ranef.diagnostics.influence.influence`."""
        from ..diagnostics.influence import influence

        return influence(self.state, by)

    def predict(
        self,
        newdata: Any = None,
        random: str | Sequence[str] | None = "all",
        allow_new_levels: bool = False,
        **options: Any,
    ) -> FloatArray | pd.DataFrame:
        """Predict the response, with standard errors on request: `ranef.inference.prediction.predict`."""
        from ..inference.prediction import predict

        return predict(self.state, newdata, random, allow_new_levels, **options)

    def simulate(self, n: int = 1, seed: Any = None, use_u: bool = False) -> FloatArray:
        """Simulate responses, (n, nobs), see `ranef.estimates.simulation.simulate`."""
        from ..estimates.simulation import simulate

        return simulate(self.state, n, seed, use_u)
