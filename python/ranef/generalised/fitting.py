"""Fitting generalised linear mixed models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design import Functions
from ..errors import (
    ArgumentError,
    DataError,
    RowsNotKeptError,
    require_evaluations,
    require_positive,
    require_progress,
)
from ..guidance.arguments import guided
from ..guidance.words_of_arguments import OF_A_SEARCH, OF_EVERY_MODEL
from ..optimize import Optimum
from ..optimize.optimum import Multiplier
from ..stream import source_of
from .dispersed.model import DispersedModel
from .fit import GlmerFit
from .inflated.model import ZeroInflatedModel
from .limits import limits
from .many import fit_responses
from .model import GlmerModel
from .settling import settled
from .several_starts import lowest

_EXACT = 1e-4  # of the size of the response: residuals that leave no dispersion to estimate
_ZEROS = "zero inflation is zero='~ 1' or zero='~ x', the log-odds of a zero that is no count"
_ELSEWHERE = OF_EVERY_MODEL | OF_A_SEARCH | {
    "nAGQ": "it is called agq=",
    "reml": "a generalised model is fitted by maximum likelihood",
    "REML": "a generalised model is fitted by maximum likelihood",
    "control": "use max_evaluations= or tolerance=",
    "trials": "write cbind(successes, failures), or a proportion with weights=, the trials",
    "exposure": "put its logarithm into the formula, offset(log(exposure))",
    "ziformula": _ZEROS,
    "zi": _ZEROS,
    "ddf": "it belongs to the tests: fit.coef_table(ddf='kenward-roger')",
    "start": "the search begins at the model without random effects",
    "optimizer": "there is one; ranef.allfit(fit) compares others",
    "dispformula": "use dispersion='~ x', the formula of its logarithm",
}


@guided(**_ELSEWHERE)
def glmer(
    formula: str,
    data: Any,
    family: str = "binomial",
    link: str | None = None,
    weights: str | npt.ArrayLike | None = None,
    offset: str | npt.ArrayLike | None = None,
    agq: int = 1,
    *,
    zero: str | None = None,
    dispersion: str | None = None,
    information: str = "observed",
    functions: Functions | None = None,
    prior: float | Mapping[str, float] | None = None,
    max_evaluations: int = 200,
    tolerance: float = 1e-8,
    progress: bool | None = None,
) -> GlmerFit:
    """Fit a generalised linear mixed model by maximum likelihood, with Laplace's approximation.

    Parameters
    ----------
    formula : str
        In the language of lme4, see `ranef.lmer`. The response: for the binomial family
        ``cbind(successes, failures)``, a proportion with the trials as ``weights=``, 0 and 1, booleans, or a
        factor with two levels (the second counts as success); for Poisson and negative binomial counts; for
        Gamma and inverse Gaussian positive numbers; for beta numbers between 0 and 1.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation. Rows with a missing value in a used column are dropped, and counted. Data
        that do not fit in memory, as for `ranef.lmer`: what is kept of them are their different rows.
    family : str
        ``"binomial"``, ``"poisson"``, ``"gamma"``, ``"inverse_gaussian"``, ``"gaussian"``, ``"nbinom1"``,
        ``"nbinom2"``, ``"beta"`` or ``"betabinomial"``; counts without zeros, the second part of a hurdle
        model: ``"truncated_poisson"``, ``"truncated_nbinom1"``, ``"truncated_nbinom2"``.
    link : str, optional
        By default ``"logit"`` for binomial, beta and beta-binomial, else ``"log"``. Also, where they belong,
        ``"probit"``, ``"cloglog"``, ``"cauchit"``, ``"sqrt"``, ``"identity"``, ``"inverse"``, ``"1/mu^2"``.
    weights : column name or array, optional
        The trials of a proportion; for families without trials prior weights, which multiply a row's
        log-likelihood.
    offset : column name or array, optional
        A known part of the linear predictor, added to the offsets of the formula.
    agq : int
        1: Laplace's approximation. More: nodes of adaptive Gauss-Hermite quadrature in each direction, for
        one grouping factor with up to three random effects a level. 0: lme4's fast approximation, the fixed
        effects found with the modes.
    zero : str, optional
        For counts with more zeros than their family has, a one-sided formula such as ``"~ 1"`` or ``"~ x"``:
        a row is zero for certain with probability p, log(p / (1 - p)) its linear predictor (fixed effects),
        else a count of the family. Families ``"poisson"``, ``"nbinom1"``, ``"nbinom2"``. The fit is a
        `ZeroInflatedFit`, whose ``zero`` has these coefficients.
    dispersion : str, optional
        A dispersion that differs by row: a one-sided formula of its logarithm, such as ``"~ x"`` (glmmTMB's
        ``dispformula``); for families with a dispersion, not truncated. The fit is a `DispersedFit`, whose
        ``dispersion_model`` has these coefficients.
    information : {"observed", "expected"}
        Weights in the determinant: the observed ones are Laplace's approximation (as in glmmTMB), the
        expected ones
        give lme4's criterion where the link is not canonical.
    prior : float or mapping, optional
        Standard deviation of a normal prior with mean zero for every coefficient but the intercept, or for
        the columns named: keeps estimates finite where the response is separated. ``fit.objective`` is then
        -2 log L at the maximum of the penalised likelihood.
    max_evaluations : int
        Limit on evaluations of the criterion.
    tolerance : float
        Stop when -2 log L is expected to fall by less than this.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them, see `ranef.lmer`.
    progress : bool, optional
        Whether to show how far the reading of batches or partitions is, see `ranef.lmer`.

    Returns
    -------
    GlmerFit
        ``fit.objective`` is -2 log L, constants included; ``fit.bse`` are from the exact Hessian in all
        parameters.

    Raises
    ------
    FormulaError
        If the formula cannot be read; the message shows where.
    DataError
        If the response does not suit the family, or the data cannot be used as the formula asks.
    ArgumentError
        If an argument has an invalid value.

    References
    ----------
    Breslow & Clayton (1993), Approximate inference in generalized linear mixed models, JASA 88, 9-25.
    Brooks et al. (2017), glmmTMB balances speed and flexibility among packages for zero-inflated generalized
    linear
    mixed modeling, The R Journal 9, 378-400.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.varcorr
     Groups Name      Std.Dev.
     herd   Intercept 0.64226
    """
    require_progress(progress)
    search: Any = {"max_evaluations": max_evaluations, "tolerance": tolerance}
    options: Any = {"agq": agq, "functions": functions, "prior": prior}
    rows: Any = {"weights": weights, "offset": offset}
    if zero is not None:
        _require_alone(information, dispersion)
        return ZeroInflatedModel(formula, data, family, link, zero=zero, **rows, **options).fit(**search)
    if dispersion is not None:
        _require_alone(information)
        model = DispersedModel(formula, data, family, link, dispersion=dispersion, **rows, **options)
        return model.fit(**search)
    options["information"] = information
    if source_of(data) is not None:
        from .cells.sums import cell_sums, fit_cells

        if not all(isinstance(given, str | None) for given in (weights, offset)):
            raise ArgumentError("weights= and offset= must be names of columns when the data come in batches")
        cells = cell_sums(formula, data, family, link, weights, offset, functions, progress)  # type: ignore[arg-type]
        return fit_cells(cells, **options, **search)
    return GlmerModel(formula, data, family, link, **rows, **options).fit(**search)


def _require_alone(information: str, dispersion: str | None = None) -> None:
    if information != "observed":
        raise ArgumentError(
            "information='expected' is lme4's criterion, without zero= and dispersion=: leave it out"
        )
    if dispersion is not None:
        raise ArgumentError(
            "zero= and dispersion= do not go together yet: rows have one linear predictor beside that of the "
            "mean; leave one of the two out (glmmTMB has both)"
        )


def fit_model(
    model: GlmerModel,
    y: Any = None,
    *,
    start: npt.ArrayLike | None = None,
    max_evaluations: int = 200,
    tolerance: float = 1e-8,
) -> Any:
    """Minimise -2 log L over theta, beta and the dispersion.

    Parameters
    ----------
    model : GlmerModel
    y : array or DataFrame, optional
        Another response, as of `GlmerFit.refit`: a `GlmerFit`. Or many, one a row as `GlmerFit.simulate`
        gives them, or one a column: a table with a row for each, as of `ranef.Model.fit`.
    start : (k + p,) array, optional
        In the core's coordinates; by default the linear model without random effects.
    max_evaluations : int
        Limit on evaluations of the criterion.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.

    Raises
    ------
    ArgumentError
        If an argument has an invalid value.
    DataError
        When the link leaves the family's range for every start tried.
    """
    max_evaluations = require_evaluations(max_evaluations)
    require_positive("tolerance", tolerance)
    given = None if start is None else _checked_start(model, start)
    if y is not None:
        if model.by_cells:
            raise RowsNotKeptError("another response has an entry for every row, and these rows are not kept")
        options: Any = {"start": given, "max_evaluations": max_evaluations, "tolerance": tolerance}
        if np.ndim(y) == 2:
            return fit_responses(model, y, lambda one: fit_model(model.with_values(one), **options))
        return fit_model(model.with_values(y), **options)
    try:
        begin = model.start() if given is None else given
        found = model.core.fit(begin, float(tolerance), int(max_evaluations))
    except RuntimeError:
        raise model.without_start() from None
    if given is None:
        found = lowest(model, found, float(tolerance), int(max_evaluations))
    found = settled(model, found)
    if not found["converged"]:
        _require_noise(model)
    return model.fitted(model.sums.y, model.sums, _optimum(model, found), found=found)


def _checked_start(model: GlmerModel, start: npt.ArrayLike) -> FloatArray:
    values = np.asarray(start, dtype=np.float64)
    if values.shape != (model.core.n_parameters,) or not np.isfinite(values).all():
        raise ArgumentError(
            f"start= must be {model.core.n_parameters} finite numbers, theta and the coefficients in the "
            f"core's coordinates, as fit.model.start() and fit.model.internal(...) give them: not {start!r}"
        )
    return values


def _require_noise(model: GlmerModel) -> None:
    """Raise a DataError where the fixed part alone fits a continuous response exactly."""
    if model.family.name not in ("gamma", "inverse_gaussian", "gaussian"):
        return
    y = model.sums.y
    point = model.core.point(model.start_without_effects())
    mu = model.family.link.inverse(np.asarray(point["eta"])[model.core.cell_of])
    if np.sqrt(np.mean((y - mu) ** 2)) < _EXACT * np.sqrt(np.mean(y**2)):
        raise DataError(
            f"the response '{model.design.response_name}' follows the fixed part exactly: its variance runs "
            "to zero and the likelihood to infinity; look for a predictor that was computed from the response"
        )


def refit(fit: GlmerFit, y: npt.ArrayLike) -> GlmerFit:
    """Fit a model to another response, from where this fit ended."""
    found: GlmerFit = fit_model(fit.model.with_values(y), start=fit.found.get("internal"))
    return found


def _optimum(model: GlmerModel, found: dict[str, Any]) -> Optimum:
    factors = model.cross.factors
    boundary = tuple(
        Multiplier(factors[factor].terms[block], value, np.asarray(direction))
        for factor, block, value, direction in found["multipliers"]
    )
    return Optimum(
        theta=np.asarray(found["theta"]),
        value=found["value"] - found.get("penalty", 0.0) - 2 * model.constant,
        optimizer="newton",
        evaluations=found["evaluations"],
        certificate_evaluations=found["certificate_evaluations"],
        gradient_norm=found["gradient_norm"],
        eigenvalues=np.asarray(found["eigenvalues"]),
        boundary=boundary,
        singular=found["singular"],
        converged=found["converged"],
        status=found["status"],
        model=model,
        search=found.get("search"),
        flat=found.get("flat"),
        limit=limits(model, found),
    )
