"""The power of a study: how often its test rejects, by simulation from a fitted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ...errors import ArgumentError, is_share, quote_list
from ...fit import Fit
from ...guidance.arguments import guided
from ...guidance.old_names import also_called
from ..checks import checked_seed, checked_threads, require_alpha, whole_number
from ..draws.streams import stream_key
from ..draws.true_parameters import true_parameters
from ..schemes.extend import model_of_size
from .power_summary import Power, half_width
from .rejections import TESTS, Study
from .remote import RemoteStudy
from .tested import checked_effect, positions_of, power_of_studies

STUDIES = 1000  # unless asked otherwise
_BATCH, _SILENT_BATCH = 200, 2000


@guided()
@also_called(along="group")
def power(
    fit: Fit,
    coefficient: str,
    effect: float | Sequence[float] | None = None,
    n: int = STUDIES,
    *,
    test: str = "satterthwaite",
    alpha: float = 0.05,
    groups: int | None = None,
    per_group: int | None = None,
    group: str | None = None,
    params: Mapping[str, float] | Any = None,
    theta: Any = None,
    sigma: float | None = None,
    precision: float | None = None,
    n_null: int = 199,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    executor: Any = None,
    progress: bool = True,
) -> Power:
    """Simulate studies from a fitted model and count how often a coefficient is found to differ from zero.

    Parameters
    ----------
    fit : Fit
        Gives design and parameters.
    coefficient : str
        The tested one, or a term, such as a factor: all its coefficients are tested together.
    effect : float, or sequence of them, optional
        Its true value, or one for each coefficient of the term; by default the estimates.
    n : int
        Studies, at most.
    test : {"satterthwaite", "kenward-roger", "normal", "residual", "lrt", "bootstrap"}
        Wald t (of a term F) with those degrees of freedom, or normal; likelihood ratio (by maximum
        likelihood) against chi-square; or by the parametric bootstrap, done anew in each study: ``n_null``
        responses are drawn from the study's own fit without the effect, and it rejects when at most
        ``alpha (n_null + 1) - 1`` of their likelihood ratios are as large as its own.
    alpha : float
        Level of the test.
    groups, per_group, group
        A different size of the study, see `ranef.bootstrap.schemes.extend.model_of_size`.
    params, theta, sigma
        Different true values, as in `ranef.bootstrap.bootstrap`.
    precision : float, optional
        Stop as soon as the Monte Carlo 95 % interval of the power extends at most this far to either side.
    n_null : int
        Replicates of each study's test with ``test="bootstrap"``; ``alpha (n_null + 1)`` should be whole.
    seed : int, numpy.random.SeedSequence or None
    n_threads : int, optional
        With ``executor=``: of each worker, one unless given.
    executor : optional
        A ``concurrent.futures`` executor or a dask client that simulates the studies, as in
        `ranef.bootstrap.bootstrap`: the same numbers wherever they are made.
    progress : bool

    Returns
    -------
    Power
        After Ctrl-C, the result of the studies done so far.

    Raises
    ------
    ArgumentError
        For an unknown coefficient, test or factor, or an impossible number.

    References
    ----------
    Green & MacLeod (2016), SIMR: an R package for power analysis of generalized linear mixed models by
    simulation, Methods in Ecology and Evolution 7.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> found = ranef.power(fit, "Days", effect=4.0, n=400, seed=1, progress=False)
    >>> 0.55 < found.power < 0.8
    True
    """
    own = getattr(fit, "power_of", None)  # a kind of fit that is refitted in another way
    if own is not None:
        sizes = {"groups": groups, "per_group": per_group, "group": group, "theta": theta, "sigma": sigma}
        sizes["precision"] = precision
        if executor is not None:
            raise ArgumentError(
                "power(executor=) is for linear fits: studies of this kind of fit run in threads of this "
                "process. Leave it out"
            )
        options = {"test": test, "alpha": alpha, "params": params, "seed": seed, "n_threads": n_threads}
        return own(coefficient, effect, n, **options, **sizes)
    count = whole_number(n, "n", "the number of simulated studies")
    key, threads = stream_key(checked_seed(seed))[0], checked_threads(n_threads)
    arguments = _study(
        fit, coefficient, effect, test, alpha, groups, per_group, group, params, theta, sigma, n_null
    )
    study = Study(**arguments)
    away = None
    if executor is not None:
        away = RemoteStudy(executor, arguments, 1 if n_threads is None else threads, progress)
        progress = False  # the executor's chunks have a bar of their own
    if precision is not None and not is_share(precision):
        raise ArgumentError(f"precision= is a share between 0 and 1, such as 0.02; got {precision!r}")
    rejected: list[np.ndarray] = []
    batch = _BATCH if progress or precision is not None else _SILENT_BATCH
    with tqdm(total=count, desc=f"power of {coefficient}", unit=" studies", disable=not progress) as bar:
        for first in range(0, count, batch):
            size = min(batch, count - first)
            try:
                rejected.append(
                    away.rejections(key, first, size) if away else study.rejections(key, first, size, threads)
                )
            except KeyboardInterrupt:
                if not rejected:
                    raise
                break
            bar.update(len(rejected[-1]))
            found = _summary(study, coefficient, np.concatenate(rejected))
            cut_short = len(rejected[-1]) < size
            if cut_short or (precision is not None and half_width(found) <= precision):
                break
    return found


def _study(
    fit: Fit, coefficient: str, effect: Any, test: str, alpha: float, groups: Any, per_group: Any,
    group: str | None, params: Any, theta: Any, sigma: Any, n_null: Any,
) -> dict[str, Any]:  # fmt: skip
    """What `Study` is made of, checked."""
    positions = positions_of(fit, coefficient)
    if test not in TESTS:
        raise ArgumentError(f"test= must be one of {quote_list(TESTS)}; got {test!r}")
    require_alpha(alpha)
    at = true_parameters(fit, params, theta, sigma)
    beta = at.beta.copy()
    if effect is not None:
        beta[positions] = checked_effect(effect, positions.size)
    model = fit.model
    if not (groups is None and per_group is None):
        counts = (
            ("groups=", "the number of groups (of the factor group=)", groups),
            ("per_group=", "the number of rows in each group", per_group),
        )
        for argument, meaning, value in counts:
            if value is not None:
                whole_number(value, argument, meaning)
        model = model_of_size(model, groups, per_group, group)
    nulls = whole_number(n_null, "n_null=", "the number of replicates of a bootstrap test")
    if test == "bootstrap" and alpha * (nulls + 1) < 1.0 - 1e-9:
        raise ArgumentError(
            f"n_null={nulls} replicates cannot reject at alpha={alpha:g}: "
            f"take at least {int(np.ceil(1 / alpha)) - 1}"
        )
    return {
        "model": model,
        "beta": beta,
        "theta": at.theta,
        "sigma": at.sigma,
        "position": positions,
        "test": test,
        "alpha": alpha,
        "n_null": nulls,
    }


def _summary(study: Any, coefficient: str, rejected: np.ndarray) -> Power:
    size = {"groups": _groups(study.model), "nobs": study.model.nobs}
    tested = coefficient, study.truth.beta, study.positions, rejected
    return power_of_studies(*tested, test=study.test, alpha=study.alpha, **size)


def _groups(model: Any) -> dict[str, int]:
    """Levels of the grouping factors that have rows."""
    known = getattr(model, "ngroups", None)
    if known or model.streamed:
        return known or {factor.name: factor.n_levels for factor in model.design.factors}
    return {factor.name: int(np.unique(factor.codes).size) for factor in model.design.factors}
