"""Generalised least squares: residuals with a covariance of their own, and no random effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..design import Functions
from ..guidance.arguments import guided
from ..guidance.called import attribute
from ..guidance.words_of_arguments import OF_EVERY_MODEL
from ..tested_fit import TestedFit
from ..verbs import Answer, Verb
from .correlated_fit import NoiseFit
from .gls_model import GlsModel
from .optimum import OuterOptimum
from .unknown_errors import known_covariance


@dataclass(eq=False, repr=False)
class GlsFit(NoiseFit, TestedFit, kind="gls"):
    """A fit by generalised least squares.

    Attributes
    ----------
    model : GlsModel
    outer : OuterOptimum
        Over the parameters of the residuals.
    method : str
        The method of testing when a verb is given no other: ``"residual"``, as nlme.
    """

    model: GlsModel
    outer: OuterOptimum = field(repr=False)
    method: str = "residual"

    drawn = Verb("residual.rows:drawn", shown=False)
    moved = Verb("residual.gls_methods:moved", shown=False)
    test_methods = Answer[Any]("residual.gls_methods:test_methods", shown=False)
    component_columns = Verb("residual.gls_report:component_columns", shown=False)
    summary_of = Verb("residual.gls_report:GlsSummary", shown=False)
    predicted = Verb("residual.rows:predicted", shown=False)
    plot = Answer[Any]("plots.tested:TestedPlots")
    refitted = Verb("residual.refits:refitted_gls", shown=False)
    constrained = Verb("residual.gls_deviance:GlsDeviance", shown=False)

    @cached_property
    def solution(self) -> dict[str, Any]:
        """``beta``, ``vcov`` over the kept columns, ``internal_vcov`` in those of the sums, ``sigma``."""
        found = self.model.sums.solve(self.outer.phi)
        return self.model.solution(found["beta"], found["inner"], found["squares"])

    @attribute
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients by the model, (p, p), NaN where dropped or without an estimate."""
        return self.padded(known_covariance(self))

    @attribute
    def objective(self) -> float:
        """REML criterion or deviance at the optimum, with lmer's constants."""
        return self.outer.value

    @property
    def converged(self) -> bool:
        """Whether the gradient is zero and the curvature positive."""
        return self.outer.converged

    @property
    def singular(self) -> bool:
        """Whether the residuals of a stratum have no variance, or a correlation is at its limit."""
        return bool(self.outer.boundary)

    @attribute
    def sigma(self) -> float:
        """Residual standard deviation of the reference stratum, for weight one."""
        return float(self.solution["sigma"])

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: coefficients, sigma and those of the residuals."""
        return self.model.cross.rank + 1 + len(self.outer.phi)


_ELSEWHERE = {
    "groups": "write residual='ar1(time | group)'",
    "method": "use reml=True or reml=False",
    "cov_type": "use ranef.lmer() with a random intercept, whose fit.robust() takes clusters",
    "sigma": "use residual='ar1(time | group)', dispersion='~ stratum' or weights=",
}


@guided(**OF_EVERY_MODEL | _ELSEWHERE)
def gls(
    formula: str,
    data: Any,
    reml: bool = True,
    weights: str | npt.ArrayLike | None = None,
    *,
    residual: str | None = None,
    dispersion: str | None = None,
    functions: Functions | None = None,
) -> GlsFit:
    """Fit a linear model by generalised least squares: without random effects.

    Parameters
    ----------
    formula : str
        ``"y ~ x"``, without random terms.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation.
    reml : bool
        Restricted maximum likelihood (default), or maximum likelihood.
    weights : column name or array, optional
        Prior weights: the residual variance of a row is sigma^2 / weight.
    residual, dispersion : str, optional
        As in `lmer`: ``"ar1(t | id)"``, ``"car1(t | id)"``; ``"~ stratum"``, ``"~ x"``.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them, see `ranef.lmer`.

    Returns
    -------
    GlsFit

    Raises
    ------
    FormulaError, DataError, ArgumentError
        The message names the column, subject or argument and the remedy.

    References
    ----------
    Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, Springer, section 5.4.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.converged, len(fit.residual.parameters)
    (True, 1)
    """
    model = GlsModel(formula, data, reml, weights, residual, dispersion, functions)
    return GlsFit(model, model.optimum())
