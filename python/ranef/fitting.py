"""Fitting: a formula and data, or a model, become a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from .design import Functions, with_functions
from .errors import ArgumentError, require_evaluations, require_positive, require_progress
from .fit import Fit, fit_response
from .formula import Formula, has_structures, parse_formula, without_structures
from .guidance.arguments import guided
from .guidance.without_meaning import require_taken
from .guidance.words_of_arguments import OF_LINEAR_MODELS
from .model import Model
from .optimize import DEFAULT, Settings
from .optimize.others import require_known
from .sufficient.cells import CellSums
from .sufficient.sums import Sums

if TYPE_CHECKING:
    import pandas as pd

    from .iterative import Iterations


@guided(**OF_LINEAR_MODELS)
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
    residual: str | None = None,
    dispersion: str | None = None,
    relationship: Any = None,
    functions: Functions | None = None,
    iterations: Iterations | None = None,
    progress: bool | None = None,
) -> Fit:
    """Fit a linear mixed model.

    Parameters
    ----------
    formula : str
        In the language of lme4: ``"y ~ x + (x | g)"`` random intercepts and slopes of x by g, ``(x || g)``
        without their correlation, ``(1 | a) + (1 | b)`` crossed, ``(1 | a/b)`` nested. The fixed part is
        formulaic's: ``a * b``, ``C(x, contr.sum)``, ``poly(x, 2)``, ``log(x)``, ``I(x**2)``, ``offset(x)``.
        Terms with a structured covariance, names and defaults as in lme4 2.0 and glmmTMB: ``diag(x | g)``,
        ``cs(0 + f | g)``, ``ar1(0 + visit | g)``, ``toep(0 + visit | g)``, ``rr(0 + visit | g, d=2)``;
        ``hom=True`` for one variance.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation. Rows with a missing value in a used column are dropped, and counted in the
        summary. Data that do not fit in memory: `ranef.batches`, a pyarrow Dataset, a polars
        LazyFrame, a dask or Spark DataFrame, a Ray dataset, a DuckDB relation.
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
        NLopt's ``"nlopt-bobyqa"``, ``"nlopt-nelder-mead"`` are available for comparison.
    max_evaluations : int, optional
        Limit on evaluations of the criterion.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.
    allow_saturated : bool
        Accept a random term with as many random effects as rows.
    leading, schur : str
        See `Model`. ``schur="auto"``: exactly, or by iterations where crossed factors have so many levels
        that an exact fit would not fit into memory or take long; ``fit.plan`` says which.
    residual : str, optional
        Residuals correlated in time within a subject: ``"ar1(day | subject)"`` for whole numbers, with gaps;
        ``"car1(time | subject)"`` for any times; ``"ar1(1 | subject)"`` for rows in their order. (nlme:
        ``corAR1``, ``corCAR1``.) The subject must lie within a level of every random term.
    dispersion : str, optional
        A residual standard deviation that differs: ``"~ stratum"`` one for every level (nlme: ``varIdent``),
        ``"~ x"`` log-linear in a number; sigma is that of the reference. (glmmTMB: ``dispformula``.)
    relationship : dict of str to matrix or pedigree, optional
        ``{"animal": A}``: the random effects of that group correlate as the matrix says, a DataFrame whose
        rows and columns are levels; or a pedigree, a DataFrame with columns animal, sire and dam. Every
        random term has then one column; the fit has a heritability, and its components and modes are on the
        scale of the matrix.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them: ``functions={"half": lambda x: x / 2}`` for
        ``half(x)``. They get the columns of the rows as pandas Series, and give one value per row.
    iterations : Iterations, optional
        How a fit by iterations is made, if it comes to that: `ranef.Iterations`.
    progress : bool, optional
        Whether to show how far the reading of batches or partitions is; by default in a terminal, when it
        takes more than a second.

    Returns
    -------
    Fit

    Raises
    ------
    FormulaError
        If the formula cannot be read; the message shows where.
    DataError
        If the data cannot be used as the formula asks; the message names the column and the remedy.
    ArgumentError
        If an argument has an invalid value.

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
    given = locals()
    parsed = with_functions(parse_formula(formula), functions)
    structured, noisy = has_structures(parsed), residual is not None or dispersion is not None
    require_progress(progress)
    if relationship is not None:
        if structured:
            raise ArgumentError("relationship= does not go with a structured term yet: leave one of them out")
        require_taken("relationship", given)
        from .related import fit_related  # loads pandas and scipy

        return fit_related(parsed, data, reml, weights, offset, relationship)  # type: ignore[return-value]
    if structured or noisy:
        require_taken("structured" if structured else "residual", given)
    exact_only = structured or noisy or optimizer != "newton"
    _require_one_way(exact_only, schur, iterations)
    model = Model(
        without_structures(parsed) if structured else parsed,
        data,
        reml=reml,
        weights=weights,
        offset=offset,
        allow_saturated=allow_saturated or structured,
        leading=leading,
        schur="any" if schur == "auto" and not exact_only else schur,
        progress=progress,
    )
    if structured or noisy:
        return _fit_with_covariance(model, parsed, data, residual, dispersion)
    settings = checked_settings(model, start, optimizer, max_evaluations, tolerance)
    return _fit_planned(model, None, settings, iterations)


def _require_one_way(exact_only: bool, schur: str, iterations: Any) -> None:
    """Raise an ArgumentError where iterations are asked for and cannot be, or will not be, used."""
    if exact_only and schur == "iterative":
        raise ArgumentError(
            "schur='iterative' does not go with structured terms, residual=, dispersion= and optimizer= yet: "
            "leave one of them out"
        )
    if iterations is None:
        return
    from .iterative import Iterations  # loads the fit by iterations, which most fits are not

    if not isinstance(iterations, Iterations):
        raise ArgumentError(f"iterations= must be ranef.Iterations(...), not {type(iterations).__name__}")
    if exact_only or schur not in ("auto", "any", "iterative"):
        raise ArgumentError("iterations= is of fits by iterations, and this one is exact: leave it out")


def _fit_with_covariance(
    model: Model, formula: Formula, data: Any, residual: str | None, dispersion: str | None
) -> Fit:
    """Fit structured terms, unstructured in `model`, residuals with a covariance of their own, or both."""
    if not has_structures(formula):
        from .residual import fit_residual  # loads pandas and scipy

        return fit_residual(model, data, residual, dispersion)
    from .structured import fit_both, fit_structured  # loads pandas and scipy

    if residual is None and dispersion is None:
        return fit_structured(model, formula)
    return fit_both(model, formula, data, residual, dispersion)


def _fit_planned(
    model: Model, y: npt.ArrayLike | None, settings: Settings, iterations: Iterations | None = None
) -> Fit:
    """Fit as the model's plan says: exactly, or by iterations."""
    if not model.by_iterations:
        return fit_response(model, y, settings)
    require_taken("iterations", {"tolerance": settings.tolerance, "optimizer": settings.optimizer})
    from .iterative import fit_by_iterations  # loads pandas

    return fit_by_iterations(model, y, settings, iterations)


@guided(**OF_LINEAR_MODELS)
def fit(
    model: Model,
    y: npt.ArrayLike | None = None,
    *,
    start: npt.ArrayLike | None = None,
    optimizer: str = "newton",
    max_evaluations: int | None = None,
    tolerance: float = 1e-14,
) -> Fit | pd.DataFrame:
    """Fit the model, to its own response, to another one of the same rows, or to many of them.

    Parameters
    ----------
    model : Model
    y : (n,) array, optional
        Another response, on the scale of the model's (after ``log`` and the like, offset included): one
        value per used row, or one per row of the data, of which the dropped rows are ignored. A matrix
        (m, n), as `Fit.simulate` gives it, or (n, m), or a DataFrame with one response per column: all are
        fitted, in threads.
    start : (n_theta,) array, optional
        By default from moments of the data.
    optimizer : str
        ``"newton"``, or for comparison ``"l-bfgs-b"``, ``"bfgs"``, ``"nelder-mead"``, ``"powell"``,
        ``"cobyqa"`` of SciPy, ``"nlopt-bobyqa"``, ``"nlopt-nelder-mead"`` of NLopt on the same criterion.
    max_evaluations : int, optional
        Limit on evaluations of the criterion.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.

    Returns
    -------
    Fit
        For a matrix a DataFrame with one row per response, see `ranef.bootstrap.responses`.
    """
    if getattr(y, "ndim", 1) == 2:
        require_taken("many", locals())
        from .bootstrap.responses import fit_responses  # loads pandas

        return fit_responses(model, y)
    return _fit_planned(model, y, checked_settings(model, start, optimizer, max_evaluations, tolerance))


@guided(**OF_LINEAR_MODELS)
def fit_sums(
    sums: Sums | CellSums,
    reml: bool | None = None,
    start: npt.ArrayLike | None = None,
    optimizer: str = "newton",
    *,
    max_evaluations: int | None = None,
    tolerance: float = 1e-14,
    allow_saturated: bool = False,
    leading: str = "auto",
    schur: str = "auto",
    agq: int | None = None,
) -> Fit:
    """Fit the model of sums: the same numbers as from the rows they were made of.

    Parameters
    ----------
    sums : Sums or CellSums
        From `ranef.sums`, `ranef.merge`, `ranef.load_sums`.
    reml, start, optimizer, max_evaluations, tolerance, allow_saturated, leading, schur
        As for `ranef.lmer`, REML by default; a generalised model, which is fitted by maximum likelihood,
        takes ``max_evaluations=`` and ``tolerance=`` of them.
    agq : int, optional
        Of a generalised model, as for `ranef.glmer`.

    Returns
    -------
    Fit
        Of sums for repeated measures that of `ranef.mmrm`, which takes sums too and has more options.
        A `GlmerFit` of sums that were made with ``family=``.
        What needs the rows (residuals, leverage) raises a `RowsNotKeptError`; ``fit.predict`` takes any rows.

    Raises
    ------
    DataError
        The data cannot be used as the formula asks.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> sums = ranef.sums("Reaction ~ Days + (Days | Subject)", data)
    >>> round(ranef.fit(sums).objective, 4)
    1743.6283
    """
    given = locals()
    if isinstance(sums, CellSums):
        require_taken("cells", given)
        require_positive("tolerance", tolerance)
        options = {name: given[name] for name in ("agq", "max_evaluations") if given[name] is not None}
        return sums._fitted(tolerance=max(tolerance, 1e-8), **options)
    if not isinstance(sums, Sums):
        raise ArgumentError(
            f"fit() takes sums, from ranef.sums(formula, data), not {type(sums).__name__}: fit data with "
            "ranef.lmer(formula, data), a model with model.fit()"
        )
    reml = True if reml is None else reml
    if sums.contents is not None and sums.contents.patterns is not None:
        require_taken("visits", given)
        from .repeated import mmrm  # loads pandas and scipy

        return mmrm(  # type: ignore[return-value]
            sums.formula, sums, reml, start=start, max_evaluations=max_evaluations, tolerance=tolerance
        )
    require_taken("sums", given)
    model = Model(
        sums.formula, sums, reml=reml, allow_saturated=allow_saturated, leading=leading, schur=schur
    )
    return _fit_planned(model, None, checked_settings(model, start, optimizer, max_evaluations, tolerance))


def checked_settings(
    model: Model,
    start: npt.ArrayLike | None,
    optimizer: str,
    max_evaluations: int | None,
    tolerance: float,
) -> Settings:
    """Return the settings, or an ArgumentError that names the argument."""
    if start is None and optimizer == "newton" and max_evaluations is None and tolerance == DEFAULT.tolerance:
        return DEFAULT
    require_known(optimizer)
    if max_evaluations is not None:
        require_evaluations(max_evaluations)
    require_positive("tolerance", tolerance)
    if start is not None:
        start = model.checked_theta(start, "start=")
    return Settings(optimizer, start, max_evaluations, float(tolerance))
