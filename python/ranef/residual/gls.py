"""Generalised least squares: residuals with a covariance of their own, and no random effects."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arguments import guided
from ..arrays import FloatArray
from ..cached import cached_property
from ..called import attribute
from ..coordinates import Orthonormal
from ..cross_products import EstimatedColumns
from ..design import Functions, build_design, with_functions
from ..design.subset import columns_of, rows_of
from ..errors import ArgumentError, DataError
from ..estimates.simulation import counted, seeded
from ..formula import parse_fixed
from ..frame import labelled
from ..frame.native import library_name
from ..refitted_fit import RefittedFit
from ..tested_fit import TestedFit
from ..verbs import Answer, RowVerb, Verb
from ..words_of_arguments import OF_EVERY_MODEL
from .chain import find_chain
from .dispersion import find_dispersion
from .new_rows import draws
from .noise import Noise
from .optimum import OuterOptimum, minimum
from .starts import starts
from .structure import ResidualStructure
from .sums import PlainSums

_RANK = 1e-9


class GlsModel:
    """A linear model whose residuals have a covariance of their own, not yet fitted."""

    streamed = False
    whitened = True

    def __init__(
        self,
        formula: str,
        data: Any,
        reml: bool,
        weights: Any,
        residual: str | None,
        dispersion: str | None,
        functions: Functions | None = None,
    ) -> None:
        if not isinstance(reml, bool | np.bool_):
            raise ArgumentError(f"reml= must be True or False, not {reml!r}")
        self.data_library = library_name(data)
        self.formula, self.reml = with_functions(parse_fixed(formula), functions), bool(reml)
        self.design = build_design(self.formula, data, weights)
        rows = self.design.rows
        self.noise = Noise(
            self.design.weights,
            None if residual is None else find_chain(residual, data, rows),
            None if dispersion is None else find_dispersion(dispersion, data, rows, self.formula.functions),
        )
        self.cross = EstimatedColumns(independent(self.design.X))
        if self.nobs <= self.cross.rank:
            raise DataError(
                f"the {self.cross.rank} coefficients reproduce the {self.nobs} rows used exactly: nothing "
                "is left for variances; use fewer predictors"
            )

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.design.nobs

    @cached_property
    def X(self) -> FloatArray:
        """The kept columns, (n, rank)."""
        return np.asarray(self.design.X[:, self.cross.columns])

    @property
    def y(self) -> FloatArray:
        """The response without the offset."""
        return self.design.without_offset(self.design.response)

    @property
    def nu(self) -> int:
        """Degrees of freedom of sigma: rows, for REML less the coefficients."""
        return self.nobs - (self.cross.rank if self.reml else 0)

    @cached_property
    def sums(self) -> PlainSums:
        """What the criterion is made of."""
        noise = self.noise
        return PlainSums(self.X, self.y, noise.weights, self.reml, noise.chain, noise.dispersion)

    @property
    def coordinates(self) -> Orthonormal:
        """Those of the sums, in which quadratic forms are made."""
        return self.sums.coordinates

    def criterion(self, phi: FloatArray) -> float:
        """Return the REML criterion or deviance, profiled over beta and sigma."""
        return self.sums.criterion(phi)[0]

    def optimum(self, found: list[FloatArray] | None = None) -> OuterOptimum:
        """Return the minimum of the criterion, from starts or from moments of residuals."""
        size, sums = self.noise.size, self.sums
        if size == 0:
            value = self.criterion(np.zeros(0))
            return OuterOptimum(np.zeros(0), value, np.zeros((0, 0)), 0.0, (value,), False, True)
        return minimum(
            sums.criterion, found or starts(sums.cells, sums.squares(np.zeros(size))), sums.cells
        )

    def with_response(self, y: FloatArray) -> GlsModel:
        """Return the model of another response."""
        out = copy(self)
        out.design = replace(self.design, response=y)
        return out

    def with_rows(self, rows: npt.NDArray[np.bool_]) -> GlsModel:
        """Return the model of some subjects."""
        out = copy(self)
        out.design, out.noise = rows_of(self.design, rows), self.noise.some(rows)
        out.cross = EstimatedColumns(independent(out.design.X))
        return out

    def with_columns(self, columns: Sequence[int]) -> GlsModel:
        """Return the model of some columns of X."""
        out = copy(self)
        out.design = columns_of(self.design, columns)
        out.cross = EstimatedColumns(independent(out.design.X))
        return out

    def with_criterion(self, reml: bool) -> GlsModel:
        """Return the model by REML or maximum likelihood."""
        out = copy(self)
        out.reml = reml
        return out

    # The sums follow from the rows.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("sums", "X")}


def independent(X: FloatArray) -> npt.NDArray[np.intp]:
    """Return the columns that are no combinations of earlier ones."""
    kept: list[int] = []
    basis = np.zeros((len(X), 0))
    for k, column in enumerate(X.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > _RANK * max(float(np.linalg.norm(column)), 1e-300):
            kept.append(k)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return np.array(kept, dtype=np.intp)


@dataclass(eq=False, repr=False)
class GlsFit(RefittedFit, TestedFit, kind="gls"):
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

    test_methods = Answer[Any]("residual.gls_methods:test_methods", shown=False)
    component_columns = Verb("repeated.tables:component_columns", shown=False)
    summary = Verb("residual.gls_report:summary")
    __repr__ = Verb("report.brief:whole")
    _repr_html_ = Verb("report.brief:whole_html")
    residuals = RowVerb("residual.rows:residuals")
    predict = RowVerb("residual.rows:predict")
    acf = Verb("residual.lags:acf")
    spread = Verb("residual.lags:spread")
    residual_intervals = Verb("residual.intervals:residual_intervals")
    plot = Answer[Any]("plots.tested:TestedPlots")
    refit = Verb("residual.refits:refit_gls")
    further_parameters = Verb("residual.refits:further_parameters", shown=False)
    refit_rows = Verb("residual.refits:refit_rows_gls", shown=False)
    again = Verb("residual.refits:again_gls", shown=False)
    profile = Verb("residual.profile:profile_gls")

    @cached_property
    def solution(self) -> dict[str, Any]:
        """``beta``, ``vcov`` over the kept columns, ``internal_vcov`` in those of the sums, ``sigma``."""
        found = self.model.sums.solve(self.outer.phi)
        variance = found["squares"] / self.model.nu
        inner = variance * found["inner"]
        vcov = self.model.coordinates.covariance(inner)
        return {"beta": found["beta"], "vcov": vcov, "internal_vcov": inner, "sigma": float(variance**0.5)}

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

    @property
    def residual(self) -> ResidualStructure:
        """Standard deviations and correlations of the residuals, with standard errors."""
        outer = self.outer
        return ResidualStructure(self.model.noise, outer.phi, self.sigma, outer.covariance, outer.held)

    @property
    def fittedvalues(self) -> Any:
        """X beta + offset on the rows used, (n,); a Series with the labels of pandas."""
        design, mean = self.model.design, self.model.X @ self.solution["beta"]
        return labelled(mean if design.offset is None else mean + design.offset, design.labels)

    @attribute
    def resid(self) -> Any:
        """Response minus fitted values, (n,)."""
        design = self.model.design
        return labelled(design.response - np.asarray(self.fittedvalues), design.labels)

    def simulate(self, n: int = 1, seed: Any = None, *, newdata: Any = None) -> FloatArray:
        """Return responses drawn from the fitted model, (n, rows).

        Parameters
        ----------
        n : int
            Number of responses.
        seed : int or numpy.random.Generator, optional
        newdata : table, optional
            Other rows, which name what ``residual=`` and ``dispersion=`` name: rows of a subject correlate,
            whoever it is; weights are one. By default the rows used.

        Examples
        --------
        >>> import ranef
        >>> data = ranef.datasets.load("Orthodont")
        >>> fit = ranef.gls("distance ~ age", data, residual="car1(age | Subject)")
        >>> fit.simulate(2, seed=1, newdata={"age": [8, 9, 10], "Subject": ["new"] * 3}).shape
        (2, 3)
        """
        if newdata is not None:
            mean = np.asarray(self.predict(newdata))
            noise = draws(self, newdata, counted(n, mean.size), seeded(seed))
            return np.asarray(self.sigma * noise.T + mean)
        drawn = seeded(seed).standard_normal((self.nobs, counted(n, self.nobs)))
        coloured = self.model.noise.colour(drawn, self.outer.phi)
        return np.asarray(self.sigma * coloured.T + np.asarray(self.fittedvalues))


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
