"""A fitted model for repeated measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import FitError
from ..inference.anova import anova
from ..inference.coefficients import coef_table
from ..inference.linear import LinearTest, linear_test
from ..inference.method import Method
from ..inference.satterthwaite import inverse
from .covariance import VisitCovariance, visit_covariance
from .methods import METHODS
from .model import VisitModel


@dataclass(frozen=True)
class Attempt:
    """A structure that was tried: why it was not kept, empty for the one that was."""

    structure: str
    criterion: float
    reason: str = ""


@dataclass(eq=False, repr=False)
class VisitFit:
    """A fitted model for repeated measures.

    Attributes
    ----------
    model : VisitModel
    structure : str
        The structure used, which may be one of the fall-backs.
    theta : (k,) float64
        Its parameters on scales without bounds, arm after arm.
    method : str
        The method of testing when a verb is given no other.
    attempts : tuple of Attempt
        Every structure tried, the last is the one used.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("asthma")
    >>> fit = ranef.mmrm("fev1 ~ baseline + region + arm * visit + us(visit | id)", data)
    >>> fit.structure, fit.converged
    ('us', True)
    """

    model: VisitModel
    structure: str
    theta: FloatArray = field(repr=False)
    method: str
    attempts: tuple[Attempt, ...]
    certificate: dict[str, Any] = field(repr=False)

    # ------------------------------------------------------------ what the core knows at theta
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("point", "_methods")}

    @cached_property
    def point(self) -> Any:
        """The criterion at theta, with its derivatives."""
        return self.model.measures(self.structure).at(self.theta)

    @cached_property
    def solution(self) -> dict[str, Any]:
        """``beta`` and ``vcov`` over the kept columns of X."""
        try:
            return {"beta": self.point.beta, "vcov": self.point.covariance, "sigma": self.sigma}
        except RuntimeError:
            raise FitError(f"this fit has no estimates: {self.message}") from None

    @cached_property
    def slopes(self) -> FloatArray:
        """Derivatives of the covariance of the coefficients with respect to theta, (k, p, p)."""
        return self.point.slopes

    @cached_property
    def theta_covariance(self) -> FloatArray:
        """Covariance of theta: twice the inverse Hessian of the criterion."""
        return 2 * inverse(self.point.hessian)

    @cached_property
    def linear_in_sas(self) -> bool:
        """Whether PROC MIXED's parameters of the structure are linear in the covariance matrix."""
        return bool(self.model.measures(self.structure).linear_in_sas)

    @property
    def state(self) -> Any:
        """The fit itself, to functions of any fit."""
        return self

    @cached_property
    def _methods(self) -> dict[str, Method]:
        return {}

    @property
    def test_methods(self) -> Any:
        """The methods of testing this kind of fit has, by name."""
        return METHODS

    # ------------------------------------------------------------ the fit
    @property
    def formula(self) -> str:
        """The formula as given."""
        return self.model.formula.text

    @property
    def reml(self) -> bool:
        """Whether the REML criterion was minimised, else the deviance."""
        return self.model.reml

    @property
    def objective(self) -> float:
        """REML criterion or deviance (-2 log likelihood) at the optimum, with lmer's constants."""
        return float(self.certificate["value"])

    @property
    def converged(self) -> bool:
        """Whether the certificate holds: gradient zero, curvature positive."""
        return bool(self.certificate["converged"])

    @property
    def singular(self) -> bool:
        """Whether a covariance matrix over visits is singular."""
        return bool(self.certificate["singular"])

    @property
    def message(self) -> str:
        """What the optimiser found, in words."""
        from .words import message

        return message(self)

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.model.nobs

    @property
    def nsubjects(self) -> int:
        """Number of subjects."""
        return self.model.plan.subjects

    @property
    def plan(self) -> Any:
        """How the criterion was computed."""
        return self.model.plan

    @property
    def sigma(self) -> float:
        """Square root of the mean variance over visits and arms."""
        return float(np.sqrt(np.mean([np.diag(matrix).mean() for matrix in self.point.sigma])))

    # ------------------------------------------------------------ criteria
    @property
    def llf(self) -> float:
        """Log-likelihood, restricted for REML: -objective / 2."""
        return -self.objective / 2

    @property
    def n_covariance(self) -> int:
        """Number of covariance parameters."""
        return int(self.theta.size)

    @property
    def aic(self) -> float:
        """Akaike's criterion; as in PROC MIXED a REML fit counts the covariance parameters only."""
        return self.objective + 2 * self._counted

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of subjects for n, as in PROC MIXED."""
        return float(self.objective + np.log(self.nsubjects) * self._counted)

    @property
    def _counted(self) -> int:
        return self.n_covariance + (0 if self.reml else len(self.model.cross.kept))

    # ------------------------------------------------------------ coefficients
    def padded(self, values: FloatArray) -> FloatArray:
        """Spread values over the kept columns of X to all columns, NaN where one was dropped."""
        kept, p = self.model.cross.kept, self.model.design.matrix.shape[1]
        if len(kept) == p:
            return values
        out = np.full((p,) * values.ndim, np.nan)
        out[np.ix_(*[kept] * values.ndim)] = values
        return out

    @property
    def _names(self) -> list[str]:
        return list(self.model.design.column_names)

    @cached_property
    def params(self) -> pd.Series:
        """Coefficients by name, NaN for a column that was dropped."""
        return pd.Series(self.padded(self.solution["beta"]), index=self._names, name="estimate")

    @cached_property
    def bse(self) -> pd.Series:
        """Standard errors given the covariance over visits; `coef_table` has those of a method."""
        return pd.Series(self.padded(np.sqrt(np.diag(self.solution["vcov"]))), index=self._names, name="se")

    def cov_params(self, ddf: str | None = None) -> pd.DataFrame:
        """Return the covariance of the coefficients; ``"satterthwaite"`` for the unadjusted one."""
        from ..inference.methods import method

        values = self.padded(method(self.state, ddf or self.method).covariance)
        return pd.DataFrame(values.copy(), index=self._names, columns=self._names)

    def coef_table(self, ddf: str | None = None, alternative: str = "two-sided") -> pd.DataFrame:
        """Test every coefficient against zero.

        Parameters
        ----------
        ddf : str, optional
            ``"kenward-roger"`` (as PROC MIXED), ``"kenward-roger-linear"``, ``"kenward-roger-mmrm"``,
            ``"satterthwaite"``, ``"CR0"``, ``"CR2"``, ``"CR3"``, ``"residual"``, ``"normal"``; by default
            the fit's own method.
        alternative : {"two-sided", "less", "greater"}

        Returns
        -------
        DataFrame
            ``estimate``, ``se``, ``df``, ``t``, ``p`` by coefficient.
        """
        return coef_table(self.state, ddf or self.method, alternative)

    def test(
        self, L: Any, ddf: str | None = None, alternative: str = "two-sided", rhs: npt.ArrayLike = 0.0
    ) -> LinearTest:
        """Test a linear hypothesis, see `ranef.inference.linear.linear_test`."""
        return linear_test(self.state, L, ddf or self.method, alternative, rhs)

    def anova(self, type: int | str = 3, ddf: str | None = None) -> pd.DataFrame:
        """Test each term of the model jointly, see `ranef.inference.anova.anova`."""
        return anova(self.state, type, ddf or self.method)

    def conf_int(self, level: float = 0.95, ddf: str | None = None) -> pd.DataFrame:
        """Return t intervals of the coefficients."""
        from scipy.stats import t

        from ..errors import require_level

        require_level(level)
        table = self.coef_table(ddf)
        half = t.ppf(0.5 + level / 2, table["df"]) * table["se"]
        return pd.DataFrame({"lower": table["estimate"] - half, "upper": table["estimate"] + half})

    # ------------------------------------------------------------ covariance over visits
    @cached_property
    def residual(self) -> VisitCovariance:
        """The covariance over visits: ``cov(arm)``, ``corr(arm)``, ``sd(arm)``, ``parameters``."""
        return visit_covariance(self)

    # ------------------------------------------------------------ rows
    @cached_property
    def fittedvalues(self) -> FloatArray:
        """X beta + offset on the rows used, (n,)."""
        from .rows import fitted

        return fitted(self)

    @property
    def resid(self) -> FloatArray:
        """Response minus fitted values, (n,)."""
        return self.model.design.response - self.fittedvalues

    def residuals(self, type: str = "response") -> FloatArray:
        """Return residuals on the rows used, see `ranef.repeated.rows.residuals`."""
        from .rows import residuals

        return residuals(self, type)

    def predict(self, newdata: Any = None, conditional: bool = False) -> FloatArray:
        """Return means of rows, see `ranef.repeated.rows.predict`."""
        from .rows import predict

        return predict(self, newdata, conditional)

    def simulate(self, n: int = 1, seed: Any = None) -> FloatArray:
        """Return simulated responses, see `ranef.repeated.rows.simulate`."""
        from .rows import simulate

        return simulate(self, n, seed)

    # ------------------------------------------------------------ reports
    def lsmeans(self, specs: Any, by: Any = None, **options: Any) -> Any:
        """Return least-squares means, see `ranef.emmeans`, by the fit's own method unless given ``ddf=``."""
        from ..inference.means import emmeans

        return emmeans(self, specs, by, **{"ddf": self.method, **options})

    def summary(self, ddf: str | None = None) -> Any:
        """Return the summary."""
        from .summary import VisitSummary

        return VisitSummary(self, ddf or self.method)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return str(self.summary().to_html())
