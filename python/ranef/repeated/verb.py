"""``ranef.mmrm``: from a formula and data to a fit, with the fall-backs declared before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from ..design import Functions
from ..errors import ArgumentError, DataError, quote_list, require_positive
from ..formula.visit_term import STRUCTURES
from ..guidance.arguments import guided
from ..guidance.words_of_arguments import OF_A_SEARCH, OF_EVERY_MODEL
from .fit import Attempt, VisitFit
from .methods import method_name
from .model import VisitModel
from .start import checked_start
from .visits import unidentified

MAX_EVALUATIONS = 200


_ELSEWHERE = {
    "repeated": "it stands in the formula, us(visit | subject)",
    "residual": "it stands in the formula, us(visit | subject), ar1(visit | subject) and so on",
    "group": "it stands in the formula, us(visit | arm / subject): a covariance matrix for each arm",
    "empirical": "write vcov='CR0', the sandwich, or 'CR2' and 'CR3' for few subjects",
    "subject": "it stands in the formula's term, us(visit | subject)",
    "visit": "it stands in the formula's term, us(visit | subject)",
    "covariance": "it stands in the formula, us(visit | subject), ar1(visit | subject) and so on",
    "structure": "it stands in the formula, us(visit | subject), ar1(visit | subject) and so on",
    "time": "it stands in the formula's term, us(visit | subject)",
    "type": "it stands in the formula, us(visit | subject), ar1(visit | subject) and so on",
    "control": "use start=, max_evaluations= or tolerance=",
    "id": "it stands in the formula's term, us(visit | subject)",
    "estimation": "write reml=True or reml=False",
    "optimizer": "Newton's method is the only one; use start=, max_evaluations= or tolerance=",
    "accept_singular": "a singular fit is returned, and says so",
    "method": "use ddf= for the degrees of freedom, reml= for the likelihood",
}


@guided(**OF_EVERY_MODEL | OF_A_SEARCH | _ELSEWHERE)
def mmrm(
    formula: str,
    data: Any,
    reml: bool = True,
    weights: str | npt.ArrayLike | None = None,
    *,
    ddf: str = "kenward-roger",
    vcov: str | None = None,
    fallback: Sequence[str] = (),
    offset: str | npt.ArrayLike | None = None,
    start: npt.ArrayLike | None = None,
    max_evaluations: int | None = None,
    tolerance: float = 1e-14,
    functions: Functions | None = None,
) -> VisitFit:
    """Fit a model for repeated measures (MMRM): a linear model with a covariance matrix over visits.

    Subject i, observed at the visits O_i, has responses y_i ~ N(X_i beta, Sigma[O_i, O_i]). Missing visits
    are handled by the likelihood: nothing is imputed, and valid as long as they are missing at random.

    Parameters
    ----------
    formula : str
        The fixed part and one term for the covariance: ``"fev1 ~ baseline + arm * visit + us(visit |
        id)"``, or ``us(visit | arm / id)`` for a matrix in every arm. Structures: ``us`` unstructured;
        ``toep``, ``toeph`` Toeplitz; ``cs``, ``csh`` compound symmetry; ``ar1``, ``ar1h`` autoregressive;
        ``ad``, ``adh`` ante-dependence; ``sp_exp``, ``sp_gau`` exponential and Gaussian in the distance of
        times; ``diag``, ``diagh`` independent. Those that end in h have a variance for every visit.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per subject and visit. Visits that were missed are absent or have a missing response. The
        order of the visits is that of the categories, else sorted. Or data that do not fit in memory, as
        `lmer` takes them, the rows of a subject one after the other; or `ranef.sums` of the same formula,
        whatever its structure.
    reml : bool
        Restricted maximum likelihood (default), or maximum likelihood.
    weights : column name or array, optional
        The covariance of a subject is D^(-1/2) Sigma[O, O] D^(-1/2), D the weights: as in PROC MIXED.
    ddf : str
        Method of testing: ``"kenward-roger"`` with PROC MIXED's parameters (default),
        ``"kenward-roger-linear"``, ``"kenward-roger-mmrm"`` with the parameters of R's package mmrm,
        ``"satterthwaite"``, ``"residual"``, ``"normal"``. A fit by maximum likelihood has Satterthwaite's
        in place of Kenward and Roger's.
    vcov : str, optional
        Covariance of the coefficients where it is not that of `ddf`: ``"model"`` (not adjusted),
        ``"kenward-roger-linear"``, ``"kenward-roger-mmrm"``, or robust: ``"CR0"``, ``"CR2"``, ``"CR3"``.
    fallback : sequence of str
        Structures to try, in this order, when the one in the formula does not converge, is singular or is
        not identified. The one used and why is in ``fit.attempts`` and the summary.
    offset : column name or array, optional
        A known part of the mean. Of data in batches weights and offset are names of columns.
    start : (k,) array, optional
        Where to start, as ``fit.theta``; by default at moments of residuals, from several places when the
        structure has few parameters.
    max_evaluations : int, optional
        Limit on evaluations of the criterion from each start, 200 by default.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them, see `ranef.lmer`.

    Returns
    -------
    VisitFit

    Raises
    ------
    FormulaError
        The formula cannot be read, or has no or two terms for the covariance, or random terms.
    DataError
        Two rows of a subject at one visit, a subject in two arms, visits never observed together under
        ``us``, ...; the message names subject, visit and remedy.
    ArgumentError
        If an argument has an invalid value.

    References
    ----------
    Mallinckrodt, Lane, Schnell, Peng & Mancuso (2008), Recommendations for the primary analysis of continuous
    endpoints in longitudinal clinical trials, Drug Information Journal 42, 303-319.
    Kenward & Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("asthma")
    >>> formula = "fev1 ~ baseline + region + arm * visit + us(visit | id)"
    >>> fit = ranef.mmrm(formula, data, fallback=("toeph", "ar1h"))
    >>> fit.converged, len(fit.theta)
    (True, 10)
    """
    model = VisitModel(
        formula, data, reml=reml, weights=weights, offset=offset, check=not fallback, functions=functions
    )
    method = method_name(ddf, vcov, model.reml)
    order = _structures(model.term.structure, fallback)
    settings = {
        "tolerance": require_positive("tolerance", tolerance),
        "max_evaluations": _limit(max_evaluations),
    }
    attempts: list[Attempt] = []
    for structure in order:
        reason = unidentified(model.visits, model.sums, structure)
        if reason:
            attempts.append(Attempt(structure, float("nan"), reason))
            continue
        own_start = None
        if start is not None and structure == order[0]:
            own_start = checked_start(model, start, structure)
        found = fitted(model, structure, own_start, settings)
        fit = VisitFit(model, structure, found.pop("theta"), method, (), found)
        reason = "" if fit.converged and not fit.singular else fit.message
        last = structure == order[-1]
        attempts.append(Attempt(structure, fit.objective, "" if last else reason))
        if not reason or last:
            fit.attempts = tuple(attempts)
            return fit
    raise DataError(attempts[-1].reason)


def fitted(model: VisitModel, structure: str, start: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the core found: theta, and the certificate."""
    problem = model.measures(structure)
    point = problem.fit(start, **settings)
    names = (
        "theta",
        "value",
        "status",
        "evaluations",
        "gradient_norm",
        "eigenvalues",
        "reached",
        "singular",
        "converged",
    )
    return {name: getattr(point, name) for name in names}


def _structures(first: str, fallback: Sequence[str]) -> list[str]:
    if isinstance(fallback, str):
        fallback = (fallback,)
    if not isinstance(fallback, Sequence):
        raise ArgumentError(
            f"fallback= must be names of structures, such as ('toeph', 'ar1h'), not {fallback!r}"
        )
    unknown = [name for name in fallback if name not in STRUCTURES]
    if unknown:
        raise ArgumentError(
            f"fallback= names {quote_list(unknown)}, which are not structures: {quote_list(STRUCTURES, 20)}"
        )
    return list(dict.fromkeys((first, *fallback)))


def _limit(value: Any) -> int:
    if value is None:
        return MAX_EVALUATIONS
    number = require_positive("max_evaluations", value)
    if number != int(number):
        raise ArgumentError(f"max_evaluations= must be a whole number, not {value!r}")
    return int(number)
