"""From a model to a fitted state: everything the estimates are read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .errors import ArgumentError, FitError
from .model import Model
from .optimize import DEFAULT, Optimum, Settings, optimise

if TYPE_CHECKING:
    from .result import LmerResult


@dataclass(frozen=True, eq=False)
class FitState:
    """A model, a response, and where the optimiser ended. Everything else is derived from it when asked for.

    Attributes
    ----------
    model : Model
    y : (n,) float64
        The response on the used rows, offset included.
    response : _core.ResponseCross
        Its cross-products.
    optimum : Optimum
    settings : Settings
        With which it was found.
    """

    model: Model
    y: FloatArray = field(repr=False)
    response: Any = field(repr=False)
    optimum: Optimum = field(repr=False)
    settings: Settings = field(default=DEFAULT, repr=False)

    @property
    def theta(self) -> FloatArray:
        return self.optimum.theta

    # Cross-products stay behind when a fit is saved: they follow from model and response.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "response"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        own = self.y is self.model.design.response
        self.__dict__["response"] = self.model.response if own else self.model.response_of(self.y)

    @cached_property
    def solution(self) -> dict[str, Any]:
        """The core's answer at theta: beta, sigma, vcov over the kept columns, modes by factor.

        Raises
        ------
        FitError
            When the criterion has no value there, as the certificate says.
        """
        try:
            return self.model.problem.solve(self.response, self.theta)
        except RuntimeError:
            raise FitError(f"this fit has no estimates: {self.optimum.message}") from None

    @property
    def sigma(self) -> float:
        return self.solution["sigma"]

    @cached_property
    def beta(self) -> FloatArray:
        """Coefficients of every column of X, (p,), NaN where it was dropped."""
        return self.padded(self.solution["beta"])

    @cached_property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (p, p), NaN where a column was dropped."""
        return self.padded(self.solution["vcov"])

    def padded(self, values: FloatArray) -> FloatArray:
        """Spread values over the kept columns of X to all columns, NaN where one was dropped."""
        kept, p = self.model.cross.kept, self.model.design.matrix.shape[1]
        if len(kept) == p:
            return values
        out = np.full((p,) * values.ndim, np.nan)
        out[np.ix_(*[kept] * values.ndim)] = values
        return out

    @cached_property
    def term_modes(self) -> list[FloatArray]:
        """Conditional modes b of each random term, (levels, r), in the order of the terms."""
        out: dict[int, FloatArray] = {}
        for factor, modes in zip(self.model.cross.factors, self.solution["modes"], strict=True):
            out.update((term, modes[:, part]) for term, part in zip(factor.terms, factor.slices, strict=True))
        return [out[index] for index in range(len(out))]


def checked_settings(
    model: Model,
    start: npt.ArrayLike | None,
    optimizer: str,
    max_evaluations: int | None,
    tolerance: float,
) -> Settings:
    """Return the settings, or an ArgumentError that names the argument."""
    if optimizer != "newton":
        from .optimize.others import require_known

        require_known(optimizer)
    if max_evaluations is not None and (max_evaluations != int(max_evaluations) or max_evaluations < 1):
        raise ArgumentError(f"max_evaluations= must be a positive whole number, not {max_evaluations!r}")
    if not 0 < tolerance < np.inf:
        raise ArgumentError(f"tolerance= must be positive, not {tolerance!r}")
    if start is not None:
        start = model.checked_theta(start, "start=")
    return Settings(optimizer, start, max_evaluations, float(tolerance))


# Arguments of lme4 and statsmodels that people bring along, and what stands in their place.
_ELSEWHERE = {
    "REML": "it is called reml=",
    "method": "use reml=True or reml=False",
    "subset": "give the rows you want, data[condition]",
    "groups": "write a random term into the formula, (1 | group)",
    "re_formula": "write a random term into the formula, (x | group)",
    "family": "only linear models are fitted here",
    "control": "use optimizer=, start=, max_evaluations= or tolerance=",
    "na_action": "rows with missing values are dropped, and counted in the summary",
    "missing": "rows with missing values are dropped, and counted in the summary",
    "contrasts": "write the coding into the formula, C(x, contr.sum)",
    "devFunOnly": "use ranef.Model(formula, data).objective",
}


def _advice(name: str) -> str:
    text = f"lmer() has no argument {name}="
    return f"{text}: {_ELSEWHERE[name]}" if name in _ELSEWHERE else text


def fit_state(model: Model, y: npt.ArrayLike | None, settings: Settings) -> FitState:
    """Minimise the criterion for the model's own response, or for another one of the same rows."""
    if y is None:
        values, response = model.design.response, model.response
    else:
        values = model.checked_response(y)
        response = model.response_of(values)
    return FitState(model, values, response, optimise(model, response, settings), settings)


def lmer(
    formula: str,
    data: Any,
    reml: bool = True,
    weights: str | npt.ArrayLike | None = None,
    offset: str | npt.ArrayLike | None = None,
    start: npt.ArrayLike | None = None,
    optimizer: str = "newton",
    *,
    max_evaluations: int | None = None,
    tolerance: float = 1e-14,
    allow_saturated: bool = False,
    leading: str = "auto",
    schur: str = "auto",
    **unknown: Any,
) -> LmerResult:
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : str
        In the language of lme4: ``"y ~ x + (x | g)"`` random intercepts and slopes of x by g, ``(x || g)``
        without their correlation, ``(1 | a) + (1 | b)`` crossed, ``(1 | a/b)`` nested. The fixed part is
        formulaic's: ``a * b``, ``C(x, contr.sum)``, ``poly(x, 2)``, ``log(x)``, ``I(x**2)``, ``offset(x)``.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation. Rows with a missing value in a used column are dropped, and counted in the
        summary. Data that do not fit in memory: `ranef.batches`, a pyarrow Dataset, a polars LazyFrame.
    reml : bool
        Restricted maximum likelihood (default), or maximum likelihood.
    weights : column name or array, optional
        Prior weights, positive: the residual variance of a row is sigma^2 / weight.
    offset : column name or array, optional
        A known part of the mean, added to the offsets of the formula.
    start : (n_theta,) array, optional
        Where to start; by default from moments of the data.
    optimizer : str
        ``"newton"``; SciPy's ``"l-bfgs-b"``, ``"bfgs"``, ``"nelder-mead"``, ``"powell"``, ``"cobyqa"`` and
        NLopt's ``"nlopt-bobyqa"``, ``"nlopt-nelder-mead"`` are there for comparison.
    max_evaluations : int, optional
        Limit on evaluations of the criterion.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.
    allow_saturated : bool
        Accept a random term with as many random effects as rows.
    leading, schur : str
        See `Model`.

    Returns
    -------
    LmerResult

    Raises
    ------
    FormulaError
        The formula cannot be read; the message shows where.
    DataError
        The data cannot be used as the formula asks; the message names column and remedy.
    ArgumentError
        An argument has a value it cannot have.

    References
    ----------
    Bates, Mächler, Bolker & Walker (2015), Fitting linear mixed-effects models using lme4, Journal of
    Statistical Software 67(1).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> round(fit.objective, 4)
    1743.6283
    >>> fit.params.round(3)
    Intercept    251.405
    Days          10.467
    Name: estimate, dtype: float64
    """
    if unknown:
        raise TypeError(_advice(next(iter(unknown))))
    model = Model(
        formula,
        data,
        reml=reml,
        weights=weights,
        offset=offset,
        allow_saturated=allow_saturated,
        leading=leading,
        schur=schur,
    )
    return model.fit(
        start=start, optimizer=optimizer, max_evaluations=max_evaluations, tolerance=tolerance
    )
