"""Parameters: fixed effects, variance components, conditional modes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..arrays import FloatArray
from .fitted import Fitted

if TYPE_CHECKING:
    import pandas as pd

    from ..estimates.modes import Coefficients, RandomEffects
    from ..estimates.varcorr import VarCorr


class Estimates(Fitted):
    """Fixed effects, variance components and conditional modes of a fit."""

    @cached_property
    def params(self) -> pd.Series:
        """Fixed effects by name, NaN for a column that was dropped."""
        from ..estimates import fixed

        return fixed.params(self.state)

    @cached_property
    def bse(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        from ..estimates import fixed

        return fixed.standard_errors(self.state)

    @cached_property
    def tvalues(self) -> pd.Series:
        """Fixed effects over their standard errors."""
        from ..estimates import fixed

        return fixed.t_values(self.state)

    @cached_property
    def df(self) -> pd.Series:
        """Degrees of freedom of the fixed effects by Satterthwaite's approximation."""
        from ..inference.coefficients import coef_table

        return coef_table(self.state)["df"]

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the fixed effects with those degrees of freedom."""
        from ..inference.coefficients import coef_table

        return coef_table(self.state)["p"]

    def cov_params(self, ddf: str = "satterthwaite") -> pd.DataFrame:
        """Return the covariance of the fixed effects, see `ranef.inference.coefficients.covariance`."""
        from ..inference.coefficients import covariance

        return covariance(self.state, ddf)

    @property
    def theta(self) -> FloatArray:
        """Relative covariance factors in the order of ``model.theta_names``."""
        return self.optimum.theta

    @property
    def sigma(self) -> float:
        """Residual standard deviation (of a row with weight 1)."""
        return self.state.sigma

    @cached_property
    def varcorr(self) -> VarCorr:
        """Variance components; prints like lme4's VarCorr, ``.to_frame()`` for a table."""
        from ..estimates.varcorr import var_corr

        return var_corr(self.state)

    @cached_property
    def ranef(self) -> RandomEffects:
        """Conditional modes: mapping grouping factor -> DataFrame (levels x columns); ``.cond_var``."""
        from ..estimates.modes import random_effects

        return random_effects(self.state)

    @cached_property
    def coef(self) -> Coefficients:
        """Fixed effects plus modes: mapping grouping factor -> DataFrame (levels x columns)."""
        from ..estimates.modes import coefficients

        return coefficients(self.state)
