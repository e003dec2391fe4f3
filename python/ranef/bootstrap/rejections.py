"""Which of simulated studies reject that a coefficient is zero."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtr

from .. import _core
from ..fit import FitState
from ..optimize import Optimum
from .engine import run
from .record import FAILED, kept_columns
from .task import make_task, record_layout, rows_task, sample_task
from .truth import Truth

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["TESTS", "Study"]

TESTS = ("satterthwaite", "kenward-roger", "normal", "residual", "lrt", "bootstrap")
_COLUMNS = ("coefficients", "se", "theta", "objective")
_ROWS_AT_A_TIME = 2_000_000
_CRITICAL = 4000  # null draws behind the critical value of test="bootstrap"
_NULL_LANE = 1 << 40  # numbers of those draws: far from the others


class Study:
    """A model, what its data are drawn from, and the test of one coefficient.

    Parameters
    ----------
    model : Model
    beta, theta, sigma
        Drawn from: fitted coefficients, relative covariance factors, residual standard deviation.
    position : int
        Of the tested coefficient among the fitted ones.
    test : str
        One of `TESTS`.
    alpha : float
    """

    def __init__(
        self,
        model: Model,
        beta: np.ndarray,
        theta: np.ndarray,
        sigma: float,
        position: int,
        test: str,
        alpha: float,
    ) -> None:
        self.model, self.position, self.test, self.alpha = model, position, test, alpha
        self.state = _state(model, theta)
        self.truth = Truth(beta, theta, sigma, self.state.solution, given=True)

    def rejections(self, key: np.ndarray, first: int, n: int, threads: int) -> np.ndarray:
        """Whether each of the studies ``first``, ``first + 1``, ... rejects; NaN where it has no fit."""
        if self.test in ("lrt", "bootstrap"):
            ratio = self._likelihood_ratios(self.truth, key, first, n, threads)
            critical = ndtri(1 - self.alpha / 2) ** 2 if self.test == "lrt" else self._critical(key, threads)
            return np.where(np.isnan(ratio), np.nan, ratio >= critical)
        route = None if self.test in ("normal", "residual") else "rows"
        task, _ = make_task(self.state, self.truth, route, _COLUMNS)
        table = run(task, key, n, threads, progress=False, origin=first).table
        _, places = kept_columns(record_layout(self.model), _COLUMNS)
        with np.errstate(invalid="ignore"):
            t = table[:, places["coefficients"]][:, self.position] / table[:, places["se"]][:, self.position]
        df = np.full(n, np.inf)
        if self.test == "residual":
            df[:] = self.model.design.nobs - len(self.model.cross.kept)
        elif self.test != "normal":
            t, df = self._approximate(t, table, places, key, first)
        p = 2.0 * stdtr(df, -abs(t))
        return np.where(np.isnan(t), np.nan, p < self.alpha)

    # ------------------------------------------------------------ Satterthwaite, Kenward-Roger
    def _approximate(
        self, t: np.ndarray, table: np.ndarray, places: dict[str, slice], key: np.ndarray, first: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Statistics and degrees of freedom of the studies for which they decide."""
        from ..inference.methods import method  # a peer, which may want our names in turn

        t, df = t.copy(), np.full(len(t), np.inf)
        wanted = np.isfinite(t)
        if self.test == "satterthwaite":
            # No degrees of freedom reject what the normal does not.
            wanted &= abs(t) > ndtri(1 - self.alpha / 2)
        contrast = np.zeros(len(self.model.cross.kept))
        contrast[self.position] = 1.0
        sample = sample_task(self.state, self.truth)
        batch = max(_ROWS_AT_A_TIME // self.model.design.nobs, 1)
        for begin in range(0, len(t), batch):
            count = min(batch, len(t) - begin)
            chosen = np.flatnonzero(wanted[begin : begin + count])
            if not len(chosen):
                continue
            rows = run(sample, key, count, 1, progress=False, origin=first + begin).table
            for i in chosen:
                row = table[begin + i]
                state = self._refitted(rows[i], row[places["theta"]], row[places["objective"]][0])
                how = method(state, self.test)
                df[begin + i] = how.df(contrast)
                if self.test == "kenward-roger":
                    variance = contrast @ how.covariance @ contrast
                    t[begin + i] = row[places["coefficients"]][self.position] / np.sqrt(variance)
        return t, df

    def _refitted(self, y: np.ndarray, theta: np.ndarray, value: float) -> FitState:
        optimum = replace(self.state.optimum, theta=theta.copy(), value=value)
        return FitState(self.model, y, self.model.cross.response(y), optimum)

    # ------------------------------------------------------------ likelihood ratio
    @cached_property
    def _pair(self) -> tuple[FitState, FitState]:
        """The model without the coefficient and with it, both by maximum likelihood."""
        with_it = _by_maximum_likelihood(self.model, np.ones(len(self.model.cross.kept), bool))
        keep = np.ones(len(self.model.cross.kept), bool)
        keep[self.position] = False
        return _state(_by_maximum_likelihood(self.model, keep), self.truth.theta), _state(
            with_it, self.truth.theta
        )

    def _likelihood_ratios(
        self, truth: Truth, key: np.ndarray, first: int, n: int, threads: int
    ) -> np.ndarray:
        criteria = []
        for state in self._pair:
            task = rows_task(self.state, truth, refitted=state, columns=("objective",))
            table = run(task, key, n, threads, progress=False, origin=first).table
            criteria.append(np.where(table[:, -1].astype(int) & FAILED, np.nan, table[:, 0]))
        return criteria[0] - criteria[1]

    def _critical(self, key: np.ndarray, threads: int) -> float:
        if self._critical_value is None:
            beta = self.truth.beta.copy()
            beta[self.position] = 0.0
            null = replace(self.truth, beta=beta)
            ratio = self._likelihood_ratios(null, key, _NULL_LANE, _CRITICAL, threads)
            self._critical_value = float(np.nanquantile(ratio, 1.0 - self.alpha, method="higher"))
        return self._critical_value

    _critical_value: float | None = None


def _state(model: Model, theta: np.ndarray) -> FitState:
    """A state that stands at theta, not optimised: only what depends on theta is read off it."""
    optimum = Optimum(
        theta=theta, value=np.nan, optimizer="none", evaluations=0, certificate_evaluations=0,
        gradient_norm=np.nan, eigenvalues=np.zeros(0), boundary=(), singular=False, converged=True,
        status="ok", model=model,
    )  # fmt: skip
    return FitState(model, model.design.response, model.response, optimum)


def _by_maximum_likelihood(model: Model, keep: np.ndarray) -> Model:
    """The model with some of its fitted coefficients, by maximum likelihood."""
    from copy import copy

    from ..cross_products import cross_products

    other = copy(model)
    other.__dict__.pop("plan", None)
    other.reml = False
    if keep.all():
        other.problem = _core.Problem(model.cross.design, False)
        return other
    columns = model.cross.kept[keep]
    constant = model.design.constant
    if constant is not None:
        dropped = np.setdiff1d(np.arange(len(constant)), columns)
        constant = None if constant[dropped].any() else np.ascontiguousarray(constant[columns])
    other.design = replace(
        model.design,
        matrix=model.design.matrix.take(columns),
        column_names=tuple(model.design.column_names[i] for i in columns),
        constant=constant,
    )
    other.cross = cross_products(other.design)
    other.problem = _core.Problem(other.cross.design, False)
    offset = 0.0 if model.design.offset is None else model.design.offset
    other.response = other.cross.response(np.ascontiguousarray(model.design.response - offset))
    return other
