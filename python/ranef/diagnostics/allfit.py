"""The same model by every optimiser there is, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from ..guidance.arguments import guided
from ..optimize import Settings, optimise
from ..optimize.others import OPTIMIZERS, require_known
from ..optimize.scaling import row_scales, theta_scale
from ..show import Document, Line, Printed, frame_table
from ..theta import pack

_SIZES = {"small": 0.1, "unit": 1.0, "large": 10.0}  # of a random effect at the start, the residual being 1
AGREE = 1e-3  # of the criterion: optimisers closer than this have found the same optimum


@dataclass(frozen=True, eq=False, repr=False)
class AllFit(Printed):
    """What each optimiser found; prints the three tables of lme4's ``summary(allFit(...))``.

    Attributes
    ----------
    fixef : DataFrame
        Fixed effects, a row per optimiser.
    llik : DataFrame
        ``start``, ``llf``, ``behind`` (how far below the best log-likelihood), ``evaluations``, ``seconds``,
        ``converged``.
    sdcor : DataFrame
        Standard deviations, correlations, sigma.
    theta : DataFrame
    messages : Series
        What each certificate says.
    skipped : dict
        Optimiser -> why it was not run.
    """

    fixef: pd.DataFrame
    llik: pd.DataFrame
    sdcor: pd.DataFrame
    theta: pd.DataFrame = field(repr=False)
    messages: pd.Series = field(repr=False)
    skipped: dict[str, str] = field(repr=False)

    @property
    def agree(self) -> bool:
        """Whether all optimisers found the same optimum, to 0.0005 of the log-likelihood."""
        return bool((self.llik["behind"] <= AGREE / 2).all())

    @property
    def best(self) -> str:
        """The optimiser with the largest log-likelihood."""
        return str(self.llik["llf"].idxmax())

    def document(self) -> Document:
        """Return the parts."""
        return [
            frame_table(self.fixef, "Fixed effects", digits=6),
            frame_table(self._llik_texts(), "Log-likelihood"),
            frame_table(self.sdcor, "Standard deviations and correlations", digits=6),
            *map(Line, self._verdict()),
        ]

    def _llik_texts(self) -> pd.DataFrame:
        return self.llik.assign(
            llf=self.llik["llf"].map(lambda x: f"{x:.4f}"),
            behind=self.llik["behind"].map(lambda x: f"{x:.1e}"),
            seconds=self.llik["seconds"].map(lambda x: f"{x:.4f}"),
        )

    def _verdict(self) -> list[str]:
        behind = self.llik.index[self.llik["behind"] > AGREE / 2]
        verdict = (
            "All optimisers agree."
            if self.agree
            else f"Not at the best optimum: {', '.join(behind)}; the best is that of {self.best}."
        )
        skipped = [f"{name} was not run: {why}" for name, why in self.skipped.items()]
        return [verdict, *skipped]


@guided()
def allfit(fit: Any, optimizers: Iterable[str] | None = None, max_evaluations: int | None = None) -> AllFit:
    """Refit a model with every optimiser, each from a start of its own.

    Optimisers that start at the same point can agree on a local minimum. So ranef's own searches from
    several starts
    (``fit.optimum.search``), and the others begin in turn at lme4's identity, at small, unit and large
    variances, and at moments of the data.

    Parameters
    ----------
    fit : Fit
    optimizers : iterable of str, optional
        By default all there are: the built-in ``"newton"``; SciPy's ``"l-bfgs-b"``, ``"bfgs"``,
        ``"nelder-mead"``, ``"powell"`` and ``"cobyqa"`` (the successor of Powell's BOBYQA and COBYLA by the
        authors of PRIMA); with ``pip install nlopt`` also NLopt's ``"nlopt-bobyqa"`` and
        ``"nlopt-nelder-mead"``, which lme4 uses. Those that are not installed are skipped, with a note.
    max_evaluations : int, optional
        Limit for each of them.

    Returns
    -------
    AllFit

    Raises
    ------
    ArgumentError
        An unknown optimiser.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> found = ranef.allfit(fit)
    >>> found.agree
    True
    >>> found.fixef.head(6).round(2)
                 Intercept   Days
    newton          251.41  10.47
    l-bfgs-b        251.41  10.47
    bfgs            251.41  10.47
    nelder-mead     251.41  10.47
    powell          251.41  10.47
    cobyqa          251.41  10.47
    """
    own = getattr(fit, "other_runs", None)  # a kind of fit that is searched in another way
    if own is not None:
        return _tables(fit, own(optimizers, max_evaluations), {})
    names = list(
        OPTIMIZERS if optimizers is None else [optimizers] if isinstance(optimizers, str) else optimizers
    )
    for name in names:
        require_known(name)
    runs, skipped, begun = {}, {}, _starts(fit, names)
    for name in names:
        start = None if name == "newton" else begun[name][1]
        settings = Settings(optimizer=name, start=start, max_evaluations=max_evaluations)
        began = perf_counter()
        try:
            optimum = optimise(fit.model, fit.response, settings)
        except ArgumentError as error:  # an optimiser that is not installed
            skipped[name] = str(error)
            continue
        seconds = perf_counter() - began
        runs[name] = (Fit(fit.model, fit.y, fit.response, optimum, settings), seconds)
    return _tables(fit, runs, skipped, [begun[name][0] for name in runs])


def _starts(fit: Fit, names: list[str]) -> dict[str, tuple[str, FloatArray | None]]:
    """Return where each optimiser begins: the word and the theta, None for moments.

    At lme4's identity, at uncorrelated effects of three sizes, and at moments. Starts without a criterion are
    left out: lme4's identity, in the units of a predictor in nanometres.
    """
    sizes = row_scales(fit.model, theta_scale(fit.model))
    starts = {"identity": pack([np.eye(size.size) for size in sizes])}
    starts |= {word: pack([np.diag(value / size) for size in sizes]) for word, value in _SIZES.items()}
    turns: list[tuple[str, FloatArray | None]] = [one for one in starts.items() if _has_value(fit, one[1])]
    turns.append(("moments", None))
    local = [name for name in names if name != "newton"]
    return {"newton": ("several", None), **{name: turns[i % len(turns)] for i, name in enumerate(local)}}


def _has_value(fit: Fit, theta: FloatArray) -> bool:
    try:
        fit.model.problem.value(fit.response, theta)
    except RuntimeError:
        return False
    return True


def _tables(
    fit: Fit, runs: dict[str, tuple[Fit, float]], skipped: dict[str, str], starts: list[str] | None = None
) -> AllFit:
    names = ParameterNames.of(fit.model)
    found = [run for run, _ in runs.values()]
    theta = np.array([run.theta for run in found])
    sigma = np.array([run.sigma for run in found])
    llf = np.array([-run.optimum.value / 2 for run in found])
    components = names.components(sigma, theta)
    index = list(runs)
    return AllFit(
        fixef=pd.DataFrame([run.beta for run in found], index=index, columns=list(names.coefficients)),
        llik=pd.DataFrame(
            {
                **({} if starts is None else {"start": starts}),
                "llf": llf,
                "behind": llf.max() - llf,
                "evaluations": [run.optimum.evaluations for run in found],
                "seconds": [seconds for _, seconds in runs.values()],
                "converged": [run.optimum.converged for run in found],
            },
            index=index,
        ),
        sdcor=pd.DataFrame(
            np.column_stack([components, sigma]),
            index=index,
            columns=[*names.sd, *names.corr, names.residual],
        ),
        theta=pd.DataFrame(theta, index=index, columns=list(names.theta)),
        messages=pd.Series([run.optimum.message for run in found], index=index, name="message"),
        skipped=skipped,
    )
