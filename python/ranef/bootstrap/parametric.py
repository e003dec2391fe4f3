"""The parametric bootstrap of a fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..fit import Fit
from ..guidance.old_names import also_called
from ..guidance.unheard import require_heard
from .asked import Asked
from .checks import checked_seed, whole_number
from .loop.statistic import is_compiled
from .one_run import one_run
from .replicates.result import BootstrapResult
from .resume import resumed
from .slices import in_slices


@also_called(by="group")
def bootstrap(
    fit: Any,
    n: int,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    *,
    scheme: str = "parametric",
    group: str | None = None,
    params: Mapping[str, float] | npt.ArrayLike | None = None,
    theta: npt.ArrayLike | None = None,
    sigma: float | None = None,
    use_u: bool = False,
    statistic: Any = None,
    columns: str | Iterable[str] | None = None,
    route: str | None = None,
    first: int | None = None,
    resume: Any = None,
    executor: Any = None,
) -> BootstrapResult:
    """Draw responses from a fitted model and refit the model to each.

    Parameters
    ----------
    fit : Fit
        Replicates are drawn from its parameters (with new random effects), and refits start there.
    n : int
        Number of replicates.
    seed : int, numpy.random.SeedSequence or None
        The same seed gives the same replicates, for any number of threads. With None, a seed is taken from
        the operating system and reported in the result.
    n_threads : int, optional
        Threads; by default as many as `ranef.get_num_threads` says.
    progress : bool
        Show a progress bar with the rate and the time left. Ctrl-C stops and keeps what is done.
    scheme : {"parametric", "residual", "wild", "cases", "semiparametric"}
        How replicates are made; see Notes. Only the parametric one draws from given parameters.
    group : str, optional
        The grouping factor whose groups ``scheme="cases"`` draws; by default the one that all others are
        nested in, for crossed factors the one with the most levels.
    params : mapping or array, optional
        Draw with these coefficients (a mapping may name some of them) in place of the estimates.
    theta : (n_theta,) array, optional
        Draw with these relative covariance factors, in the order of ``fit.theta``.
    sigma : float, optional
        Draw with this residual standard deviation.
    use_u : bool
        Keep the random effects at their conditional modes and draw residuals only (lme4's ``use.u=TRUE``).
    statistic : callable, optional
        Your own statistic of a refit, added to the columns of the result. A function compiled by
        ``numba.njit`` runs in the loop without the GIL; it names as arguments what it wants of
        ``coefficients``, ``se``, ``theta``, ``modes`` (arrays; dropped coefficients left out), ``sigma``,
        ``objective`` (numbers), and returns a number, a tuple or an array. Any other callable gets each
        refit as an `Fit`, one after the other (the refits still run in parallel, drawn by rows), and
        may return a number, an array, or a dict or Series of numbers by name. Where it raises, returns NaN
        or another shape, the result's ``messages`` say at which replicate; the rest is kept.
    columns : str or iterable of str, optional
        What to keep of ``"coefficients"``, ``"se"``, ``"sigma"``, ``"theta"``, ``"modes"``, ``"objective"``,
        ``"evaluations"``: everything but the conditional modes unless said otherwise. A table that would not
        fit in memory is refused before anything is drawn.
    route : {None, "gram", "rows"}
        How replicates are drawn; None takes the cheaper way (`ranef.bootstrap.draws.route.choose_route`).
    first : int, optional
        Number of the first replicate, 0 unless said: with the same seed, replicates ``first``,
        ``first + 1``, ... of a longer run.
    resume : path or BootstrapResult, optional
        Continue up to ``n`` replicates in all: exactly those of one run. A file is read if it exists and
        written every few seconds and at the end, also after Ctrl-C: whole or not at all, so that neither a
        full disk nor the end of the process loses what was there. Refused if it comes from another fit,
        seed, statistic (its code and its value at the fit) or first replicate.
    executor : optional
        Runs the replicates elsewhere: anything with the ``submit`` of ``concurrent.futures``, such as a
        ``ProcessPoolExecutor`` or ``dask.distributed.Client``; ``n_threads`` is then that of each worker, 1
        by default. The replicates are those of a local run; chunks of lost workers are done again. For
        ``scheme="parametric"`` and ``"cases"``, of which a worker reads the rows once.

    Returns
    -------
    BootstrapResult
        Coefficients, sigma, standard deviations and correlations of random effects, the parameters of
        structures and of a zero part. Of a generalised model ``objective`` leaves out what depends on the
        response alone, and standard errors of replicates are by the average information; ``zero[...]`` is
        minus infinity where a replicate has no zeros beyond the counts'. Of a fit by iterations there is no
        criterion, which would be an estimate.

    Raises
    ------
    ArgumentError
        If an argument has a value it cannot have, or no meaning for this kind of fit.
    RowsNotKeptError
        If rows are to be drawn that were read in batches.
    DataError
        If the file of ``resume=`` is damaged or cannot be written: before any replicate is made, where that
        can be known. What had been made is in the error's ``replicates``.
    MemoryLimitError
        If there is not enough memory for the requested columns, or for the threads' workspaces.

    Notes
    -----
    In place of n rows a replicate's cross-products are drawn, from a factor of those of the design, so
    that its cost does not depend on the number of rows. Fits whose covariance has a structure (`mmrm`,
    `gls`, ``residual=``, ``dispersion=``, ``relationship=``, structured terms) are refitted to responses of
    all rows, a fit each; generalised models are drawn and refitted by cells. A fit by iterations solves again
    for every replicate, in about half the time of the fit, with the same probes, whose error cancels from
    differences: ask for dozens or hundreds. The other schemes, of linear mixed models:

    * ``"residual"``: random effects and residuals resampled, each first centred and reflated to the
      estimated variances (Carpenter, Goldstein & Rasbash 2003, JRSS C 52);
    * ``"semiparametric"``: residuals resampled around the fitted values, random effects kept, as
      ``bootMer(type = "semiparametric", use.u = TRUE)``;
    * ``"wild"``: every independent group's residuals from the fixed part, divided by sqrt(1 - leverage),
      times one draw of Mammen's two-point variable (Modugno & Giannerini 2015, Communications in
      Statistics 44);
    * ``"cases"``: groups of the factor ``group`` drawn with replacement, with all that is nested in them,
      each copy a group of its own. A factor that is itself nested in another is drawn within the other's
      levels; factors crossed with it keep their levels. The rows are read once: a replicate adds up the
      cross-products of its groups.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> result = fit.bootstrap(1000, seed=1, progress=False)
    >>> result.conf_int().loc["Days"].round(0).tolist()
    [7.0, 13.0]
    >>> result.to_frame().shape
    (1000, 16)

    Your own statistic, compiled into the loop:

    >>> from numba import njit
    >>> @njit
    ... def slope_in_sd(coefficients, sigma):
    ...     return coefficients[1] / sigma
    >>> result = fit.bootstrap(1000, seed=1, statistic=slope_in_sd, progress=False)
    >>> result.conf_int(parameters="slope_in_sd").round(1)
                 lower  upper
    slope_in_sd    0.3    0.5
    """
    count = whole_number(n, "n", "the number of replicates")
    if first is not None:
        first = whole_number(first, "first", "the number of the first replicate", 0)
    asked = Asked(
        *(count, checked_seed(seed), n_threads, bool(progress), scheme, group, params, theta, sigma, use_u),
        *(statistic, columns, route, first, resume, executor),
    )
    require_heard(fit, bootstrap, vars(asked))
    return fit.replicated(asked)  # type: ignore[no-any-return]


def replicated(fit: Fit, asked: Asked) -> BootstrapResult:
    """Return replicates of a linear mixed model, see `bootstrap`."""
    if asked.resume is not None:
        return resumed(fit, asked)
    if asked.statistic is None or is_compiled(asked.statistic):
        return one_run(fit, asked)
    return in_slices(fit, asked)
