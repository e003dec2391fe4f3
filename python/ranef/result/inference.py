"""Verbs that test: each is one call into `ranef.inference`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from .fitted import Fitted

if TYPE_CHECKING:
    import pandas as pd

    from ..inference.components import RandomEffectsPCA, Redundancy
    from ..inference.linear import LinearTest
    from ..inference.profile import Profile
    from ..inference.robust import RobustCovariance


class Inference(Fitted):
    """Profiles, tests of terms and hypotheses, explained variance."""

    def profile(self, parameters: Any = None, level: float = 0.99) -> Profile:
        """Profile the likelihood, see `ranef.inference.profile.profile`."""
        from ..inference.profile import profile

        return profile(self.state, parameters, level)

    def coef_table(self, ddf: str = "satterthwaite", alternative: str = "two-sided") -> pd.DataFrame:
        """Test every coefficient against zero, see `ranef.inference.coefficients.coef_table`."""
        from ..inference.coefficients import coef_table

        return coef_table(self.state, ddf, alternative)

    def component_table(self, level: float = 0.95) -> pd.DataFrame:
        """Return variance components with standard errors, see `ranef.inference.wald.component_table`."""
        from ..inference.wald import component_table

        return component_table(self.state, level)

    def cov_theta(self) -> pd.DataFrame:
        """Return the covariance of theta and sigma, see `ranef.inference.wald.theta_covariance`."""
        from ..inference.wald import theta_covariance

        return theta_covariance(self.state)

    def test(
        self,
        L: Any,
        ddf: str = "satterthwaite",
        alternative: str = "two-sided",
        rhs: npt.ArrayLike = 0.0,
    ) -> LinearTest:
        """Test a linear hypothesis such as ``"days = 0"``, see `ranef.inference.linear.linear_test`."""
        from ..inference.linear import linear_test

        return linear_test(self.state, L, ddf, alternative, rhs)

    def anova(self, type: int | str = 3, ddf: str = "satterthwaite") -> pd.DataFrame:
        """Test each term of the fixed part, see `ranef.inference.anova.anova`."""
        from ..inference.anova import anova

        return anova(self.state, type, ddf)

    def drop1(self, scope: Any = None, test: str = "chisq", ddf: str = "satterthwaite") -> pd.DataFrame:
        """Drop each term of the fixed part in turn, see `ranef.inference.comparison.drop1`."""
        from ..inference.comparison import drop1

        return drop1(self.state, scope, test, ddf)

    def ranova(self, reduce_terms: bool = True) -> pd.DataFrame:
        """Drop or reduce each random term in turn, see `ranef.inference.comparison.ranova`."""
        from ..inference.comparison import ranova

        return ranova(self.state, reduce_terms)

    def robust(self, cluster: Any = None, type: str = "CR2") -> RobustCovariance:
        """Return a cluster-robust covariance of the fixed effects: `ranef.inference.robust.robust`."""
        from ..inference.robust import robust

        return robust(self.state, cluster, type)

    def rePCA(self) -> RandomEffectsPCA:
        """Return the principal components of the random effects: `ranef.inference.components.re_pca`."""
        from ..inference.components import re_pca

        return re_pca(self.state)

    def r2(self) -> pd.Series:
        """Return marginal and conditional R squared, see `ranef.inference.components.r2`."""
        from ..inference.components import r2

        return r2(self.state)

    def icc(self, by_group: bool = False) -> pd.Series:
        """Return intraclass correlations, see `ranef.inference.components.icc`."""
        from ..inference.components import icc

        return icc(self.state, by_group)

    def redundancy(self) -> Redundancy:
        """Say what a singular fit could do without, see `ranef.inference.components.redundancy`."""
        from ..inference.components import redundancy

        return redundancy(self.state)
