"""What a fit shows: names for what the modules behind it compute. Growth happens there, never here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .fit import FitState, checked_settings, fit_state
from .model import Model
from .optimize import DEFAULT, Optimum
from .plan import Plan

if TYPE_CHECKING:
    import pandas as pd

    from .bootstrap import BootstrapResult
    from .estimates.modes import Coefficients, RandomEffects
    from .estimates.varcorr import VarCorr
    from .inference.components import RandomEffectsPCA, Redundancy
    from .inference.linear import LinearTest
    from .inference.profile import Profile
    from .inference.robust import RobustCovariance
    from .report.summary import Summary

FloatArray = npt.NDArray[np.float64]


class LmerResult:
    """A fitted linear mixed model.

    Nothing is computed before it is asked for: a thousand refits cost no more than their optimisation.

    Attributes
    ----------
    state : FitState
        Model, response and optimum: what everything else is derived from.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.varcorr
     Groups   Name      Std.Dev. Corr
     Subject  Intercept 24.7405
              Days       5.9221   0.066
     Residual           25.5918
    """

    def __init__(self, state: FitState) -> None:
        self.state = state

    # ------------------------------------------------------------ the fit itself
    @property
    def model(self) -> Model:
        """The model that was fitted."""
        return self.state.model

    @property
    def formula(self) -> str:
        """The formula as given."""
        return self.model.formula.text

    @property
    def reml(self) -> bool:
        """Whether the REML criterion was minimised, else the deviance."""
        return self.model.reml

    @property
    def optimum(self) -> Optimum:
        """The certificate: evaluations, gradient norm, smallest eigenvalue, multipliers, message."""
        return self.state.optimum

    @property
    def plan(self) -> Plan:
        """How the criterion was computed."""
        return self.model.plan

    @property
    def converged(self) -> bool:
        """Whether the certificate holds."""
        return self.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether some random effect, or a combination of them, has no variance."""
        return self.optimum.singular

    @property
    def objective(self) -> float:
        """REML criterion or deviance at the optimum."""
        return self.optimum.value

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.model.design.nobs

    @property
    def ngroups(self) -> dict[str, int]:
        """Grouping factor -> number of levels."""
        return {factor.name: factor.n_levels for factor in self.model.design.factors}

    # ------------------------------------------------------------ estimates
    @cached_property
    def params(self) -> pd.Series:
        """Fixed effects by name, NaN for a column that was dropped."""
        return _fixed().params(self.state)

    @cached_property
    def bse(self) -> pd.Series:
        """Standard errors of the fixed effects."""
        return _fixed().standard_errors(self.state)

    @cached_property
    def tvalues(self) -> pd.Series:
        """Fixed effects over their standard errors."""
        return _fixed().t_values(self.state)

    @cached_property
    def df(self) -> pd.Series:
        """Degrees of freedom of the fixed effects by Satterthwaite's approximation."""
        return self.coef_table()["df"]

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of the fixed effects with those degrees of freedom."""
        return self.coef_table()["p"]

    def cov_params(self, ddf: str = "satterthwaite") -> pd.DataFrame:
        """Return the covariance of the fixed effects, see `ranef.inference.coefficients.covariance`."""
        from .inference.coefficients import covariance

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
        from .estimates.varcorr import var_corr

        return var_corr(self.state)

    @cached_property
    def ranef(self) -> RandomEffects:
        """Conditional modes: mapping grouping factor -> DataFrame (levels x columns); ``.cond_var``."""
        from .estimates.modes import random_effects

        return random_effects(self.state)

    @cached_property
    def coef(self) -> Coefficients:
        """Fixed effects plus modes: mapping grouping factor -> DataFrame (levels x columns)."""
        from .estimates.modes import coefficients

        return coefficients(self.state)

    @cached_property
    def fittedvalues(self) -> FloatArray:
        """X beta + Z b + offset on the used rows, (n,)."""
        from .estimates.prediction import fitted

        return fitted(self.state)

    @property
    def resid(self) -> FloatArray:
        """Response minus fitted values, (n,)."""
        return self.state.y - self.fittedvalues

    # ------------------------------------------------------------ information
    @property
    def llf(self) -> float:
        """Log-likelihood, restricted for REML: -objective / 2."""
        return _information().log_likelihood(self.state)

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return _information().aic(self.state)

    @property
    def bic(self) -> float:
        """Schwarz's criterion with n = nobs."""
        return _information().bic(self.state)

    @property
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects, theta and sigma."""
        return _information().n_parameters(self.state)

    @property
    def df_resid(self) -> int:
        """nobs minus the number of parameters."""
        return self.nobs - self.df_model_total

    # ------------------------------------------------------------ verbs
    def predict(
        self,
        newdata: Any = None,
        random: str | Sequence[str] | None = "all",
        allow_new_levels: bool = False,
        **options: Any,
    ) -> FloatArray | pd.DataFrame:
        """Predict the response, with standard errors on request: `ranef.inference.prediction.predict`."""
        from .inference.prediction import predict

        return predict(self.state, newdata, random, allow_new_levels, **options)

    def simulate(self, n: int = 1, seed: Any = None, use_u: bool = False) -> FloatArray:
        """Simulate responses, (n, nobs), see `ranef.estimates.simulation.simulate`."""
        from .estimates.simulation import simulate

        return simulate(self.state, n, seed, use_u)

    def refit(self, y: npt.ArrayLike) -> LmerResult:
        """Fit the same model to another response, see `Model.fit`."""
        return LmerResult(fit_state(self.model, y, self.state.settings))

    def bootstrap(self, n: int, seed: Any = None, **options: Any) -> BootstrapResult:
        """Refit n replicates drawn from the fitted model, see `ranef.bootstrap.bootstrap`."""
        from .bootstrap import bootstrap

        return bootstrap(self, n, seed=seed, **options)

    def profile(self, parameters: Any = None, level: float = 0.99) -> Profile:
        """Profile the likelihood, see `ranef.inference.profile.profile`."""
        from .inference.profile import profile

        return profile(self.state, parameters, level)

    def conf_int(self, level: float = 0.95, method: str = "wald", **options: Any) -> pd.DataFrame:
        """Return confidence intervals, see `ranef.estimates.intervals.conf_int`."""
        from .estimates.intervals import conf_int

        return conf_int(self, level, method, **options)

    def coef_table(self, ddf: str = "satterthwaite", alternative: str = "two-sided") -> pd.DataFrame:
        """Test every coefficient against zero, see `ranef.inference.coefficients.coef_table`."""
        from .inference.coefficients import coef_table

        return coef_table(self.state, ddf, alternative)

    def test(
        self,
        L: Any,
        ddf: str = "satterthwaite",
        alternative: str = "two-sided",
        rhs: npt.ArrayLike = 0.0,
    ) -> LinearTest:
        """Test a linear hypothesis such as ``"days = 0"``, see `ranef.inference.linear.linear_test`."""
        from .inference.linear import linear_test

        return linear_test(self.state, L, ddf, alternative, rhs)

    def anova(self, type: int | str = 3, ddf: str = "satterthwaite") -> pd.DataFrame:
        """Test each term of the fixed part, see `ranef.inference.anova.anova`."""
        from .inference.anova import anova

        return anova(self.state, type, ddf)

    def drop1(self, scope: Any = None, test: str = "chisq", ddf: str = "satterthwaite") -> pd.DataFrame:
        """Drop each term of the fixed part in turn, see `ranef.inference.comparison.drop1`."""
        from .inference.comparison import drop1

        return drop1(self.state, scope, test, ddf)

    def ranova(self, reduce_terms: bool = True) -> pd.DataFrame:
        """Drop or reduce each random term in turn, see `ranef.inference.comparison.ranova`."""
        from .inference.comparison import ranova

        return ranova(self.state, reduce_terms)

    def residuals(self, type: str = "response") -> FloatArray:
        """Return residuals of a type, see `ranef.diagnostics.rows.residuals`."""
        from .diagnostics.rows import residuals

        return residuals(self.state, type)

    def leverage(self) -> FloatArray:
        """Return the diagonal of the hat matrix, see `ranef.diagnostics.rows.leverage`."""
        from .diagnostics.rows import leverage

        return leverage(self.state)

    def influence(self, by: str | None = None) -> Any:
        """Return the influence of rows or groups, see `ranef.diagnostics.influence.influence`."""
        from .diagnostics.influence import influence

        return influence(self.state, by)

    def robust(self, cluster: Any = None, type: str = "CR2") -> RobustCovariance:
        """Return a cluster-robust covariance of the fixed effects: `ranef.inference.robust.robust`."""
        from .inference.robust import robust

        return robust(self.state, cluster, type)

    def rePCA(self) -> RandomEffectsPCA:
        """Return the principal components of the random effects: `ranef.inference.components.re_pca`."""
        from .inference.components import re_pca

        return re_pca(self.state)

    def r2(self) -> pd.Series:
        """Return marginal and conditional R squared, see `ranef.inference.components.r2`."""
        from .inference.components import r2

        return r2(self.state)

    def icc(self, by_group: bool = False) -> pd.Series:
        """Return intraclass correlations, see `ranef.inference.components.icc`."""
        from .inference.components import icc

        return icc(self.state, by_group)

    def redundancy(self) -> Redundancy:
        """Say what a singular fit could do without, see `ranef.inference.components.redundancy`."""
        from .inference.components import redundancy

        return redundancy(self.state)

    def summary(self, ddf: str | None = "satterthwaite", stars: bool = True) -> Summary:
        """Return the summary in the layout of lmerTest, see `ranef.report.summary.summary`."""
        from .report.summary import summary

        return summary(self, ddf, stars)

    def tidy(self, effects: str | Sequence[str] = ("fixed", "ran_pars"), **options: Any) -> Any:
        """Return one row per parameter, with broom's columns, see `ranef.report.broom.tidy`."""
        from .report.broom import tidy

        return tidy(self, effects, **options)

    def glance(self) -> Any:
        """Return one row for the fit, see `ranef.report.broom.glance`."""
        from .report.broom import glance

        return glance(self)

    def augment(self, data: Any = None) -> Any:
        """Return the rows with fitted values and residuals, see `ranef.report.broom.augment`."""
        from .report.broom import augment

        return augment(self, data)

    def __repr__(self) -> str:
        from .report.brief import brief

        return brief(self)


def fit_model(
    model: Model,
    y: npt.ArrayLike | None,
    start: npt.ArrayLike | None,
    optimizer: str,
    max_evaluations: int | None,
    tolerance: float,
) -> LmerResult:
    """Fit a model, to its own response or to another one."""
    if start is None and optimizer == "newton" and max_evaluations is None and tolerance == DEFAULT.tolerance:
        settings = DEFAULT
    else:
        settings = checked_settings(model, start, optimizer, max_evaluations, tolerance)
    return LmerResult(fit_state(model, y, settings))


def _fixed() -> Any:
    from .estimates import fixed

    return fixed


def _information() -> Any:
    from .estimates import information

    return information
