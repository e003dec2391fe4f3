"""Which of simulated studies reject that a coefficient, or all of a term, are zero."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import chdtri, fdtrc, ndtri, stdtr

from ...cached import cached_property
from ...fit import Fit
from ...inference.methods import method
from ...model import Model
from ..draws.true_parameters import TrueParameters
from ..loop.engine import run_whole
from ..loop.record import kept_columns, record_layout
from ..loop.single_blas import single_blas_thread
from ..loop.task import draws_task, refits_task, route_of, rows_task, sample_task
from ..loop.work import batches
from .pairs import Pair
from .submodel import pair_without, standing

TESTS = ("satterthwaite", "kenward-roger", "normal", "residual", "lrt", "bootstrap")
_COLUMNS = ("coefficients", "se", "theta", "objective")
_NULL_LANE = 1 << 40  # numbers of the draws under the null hypothesis: far from the studies' own
_FIRST_NULLS = 40


class Study:
    """A model, what its data are drawn from, and the test of one coefficient or of several together.

    beta, theta, sigma: drawn from: fitted coefficients, relative covariance factors, residual standard
        deviation.
    position: of the tested coefficients among the fitted ones.
    test: one of `TESTS`.
    n_null: replicates of each study's own bootstrap test.
    """

    def __init__(
        self,
        model: Model,
        beta: np.ndarray,
        theta: np.ndarray,
        sigma: float,
        position: int | np.ndarray,
        test: str,
        alpha: float,
        n_null: int = 199,
    ) -> None:
        route = route_of(model)
        if route.factor is None:
            model = model.with_all_rows()
        self.model, self.positions, self.test, self.alpha = model, np.atleast_1d(position), test, alpha
        self.n_null, self.factor = n_null, route.factor
        self.fit = standing(model, theta)
        self.truth = TrueParameters(beta, theta, sigma, self.fit.solution, given=True)

    @property
    def route(self) -> str:
        """How data are drawn: ``"gram"`` or ``"rows"``."""
        return "rows" if self.factor is None else "gram"

    def rejections(self, key: np.ndarray, first: int, n: int, threads: int) -> np.ndarray:
        """Whether each of the studies ``first``, ``first + 1``, ... rejects; NaN where it has no fit."""
        with single_blas_thread():  # once for the many short runs in it
            return self._rejections(key, first, n, threads)

    def _rejections(self, key: np.ndarray, first: int, n: int, threads: int) -> np.ndarray:
        if self.test in ("lrt", "bootstrap"):
            ratio, theta = self._pair.refits(key, n, threads, first=first)
            if self.test == "lrt":
                rejected = ratio >= chdtri(self.positions.size, self.alpha)
            else:
                rejected = self._bootstrap(ratio, theta, key, first, threads)
            return np.where(np.isnan(ratio), np.nan, rejected)
        parts = [
            self._wald(key, first + begin, count, threads) for begin, count in batches(n, self._draw_size)
        ]
        return np.concatenate(parts)

    # ------------------------------------------------------------ Wald
    def _wald(self, key: np.ndarray, first: int, n: int, threads: int) -> np.ndarray:
        table, response_of = self._refits(key, first, n, threads)
        columns, contrast = self._kept
        _, places = kept_columns(record_layout(self.model, df=contrast is not None), columns)
        if self.positions.size > 1:
            return self._joint(table, places, response_of)
        place = int(self.positions[0])
        with np.errstate(invalid="ignore"):
            t = table[:, places["coefficients"]][:, place] / table[:, places["se"]][:, place]
        df = np.full(n, np.inf)
        if self.test == "residual":
            df[:] = self.model.nobs - self.model.cross.rank
        elif self.test != "normal":
            t, df = self._approximate(t, table, places, response_of)
        p = 2.0 * stdtr(df, -abs(t))
        return np.where(np.isnan(t), np.nan, p < self.alpha)

    def _refits(
        self, key: np.ndarray, first: int, n: int, threads: int
    ) -> tuple[np.ndarray, Callable[[int], Any]]:
        """Records of the studies, and each one's response as cross-products."""
        if self.factor is not None:
            task = draws_task(self.fit, self.truth, self.factor)
            draws = run_whole(task, key, n, threads, first=first)
            task = refits_task(self.fit, draws, *self._kept)
            table = run_whole(task, key, n, threads)
            return table, lambda i: self.fit.response.with_values(draws[i])
        columns, contrast = self._kept
        task = rows_task(self.fit, self.truth, columns=columns, contrast=contrast)
        table = run_whole(task, key, n, threads, first=first)
        sample = sample_task(self.fit, self.truth)
        rows = run_whole(sample, key, n, threads, first=first)
        return table, lambda i: self.model.cross.response(rows[i])

    @property
    def _kept(self) -> tuple[tuple[str, ...], np.ndarray | None]:
        """Columns of the records, and the contrast whose degrees of freedom are among them."""
        one = self.test == "satterthwaite" and self.positions.size == 1
        return ((*_COLUMNS, "df"), self._contrasts[0]) if one else (_COLUMNS, None)

    @property
    def _contrasts(self) -> np.ndarray:
        return np.eye(self.model.cross.rank)[self.positions]

    @property
    def _draw_size(self) -> int:
        return self.model.nobs if self.factor is None else len(self.fit.response.values)

    def _approximate(
        self, t: np.ndarray, table: np.ndarray, places: dict[str, slice], response_of: Callable[[int], Any]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Statistics and degrees of freedom of the studies for which they decide."""
        t, df = t.copy(), np.full(len(t), np.inf)
        wanted = np.isfinite(t)
        if self.test == "satterthwaite":
            # No degrees of freedom reject what the normal does not; and the core knows most, all where its
            # Hessian is exact and the fit not singular.
            known = table[:, places["df"]][:, 0]
            df = np.where(np.isfinite(known), known, df)
            wanted &= ~np.isfinite(known) & (abs(t) > ndtri(1 - self.alpha / 2))
        contrasts = self._contrasts
        for i in np.flatnonzero(wanted).tolist():
            how = method(self._fit_of(table[i], places, response_of(i)), self.test)
            df[i] = how.df(contrasts[0])
            if self.test == "kenward-roger":
                variance = float(how.between(contrasts)[0, 0])
                t[i] = table[i][places["coefficients"]][self.positions[0]] / np.sqrt(variance)
        return t, df

    def _fit_of(self, row: np.ndarray, places: dict[str, slice], response: Any) -> Fit:
        value, theta = row[places["objective"]][0], row[places["theta"]].copy()
        optimum = replace(self.fit.optimum, theta=theta, value=value)
        return Fit(self.model, self.fit.y, response, optimum)

    def _joint(
        self, table: np.ndarray, places: dict[str, slice], response_of: Callable[[int], Any]
    ) -> np.ndarray:
        """F tests of several coefficients."""
        out, contrasts = np.full(len(table), np.nan), self._contrasts
        beta = table[:, places["coefficients"]][:, self.positions]
        for i in np.flatnonzero(np.isfinite(beta).all(axis=1)).tolist():
            how = method(self._fit_of(table[i], places, response_of(i)), self.test)
            found = how.f_statistic(contrasts, beta[i])
            if np.isinf(found.den_df):
                out[i] = found.value * found.num_df > chdtri(found.num_df, self.alpha)
            else:
                out[i] = fdtrc(found.num_df, found.den_df, found.value) < self.alpha
        return out

    # ------------------------------------------------------------ likelihood ratio
    @cached_property
    def _pair(self) -> Pair:
        """The model without the coefficients and with them, both by maximum likelihood."""
        return pair_without(self.model, self.positions, self.truth, self.factor)

    def _bootstrap(
        self, ratio: np.ndarray, theta: np.ndarray, key: np.ndarray, first: int, threads: int
    ) -> np.ndarray:
        """Whether each study's own parametric bootstrap rejects.

        Nulls are drawn at the study's refit without the coefficient. The ratio does not change when the
        response is scaled or anything in the span of the small model's X is added to it, so that theta is all
        that matters of that refit. A study is given up as soon as too many nulls are as large as its ratio.
        """
        fitted = np.flatnonzero(~np.isnan(ratio))
        out = np.zeros(len(ratio), bool)
        with ThreadPoolExecutor(threads) as pool:
            out[fitted] = list(
                pool.map(lambda i: self._own_test(float(ratio[i]), theta[i], key, first + i), fitted.tolist())
            )
        return out

    def _own_test(self, ratio: float, theta: np.ndarray, key: np.ndarray, number: int) -> bool:
        allowed = int(np.floor(self.alpha * (self.n_null + 1) + 1e-9)) - 1  # nulls that may be as large
        beta = self.truth.beta.copy()
        beta[self.positions] = 0.0
        at = standing(self._pair.large.model, theta).solution
        pair = self._pair.at(TrueParameters(beta, theta, self.truth.sigma, at, given=True))
        first, done, larger = _NULL_LANE + number * self.n_null, 0, 0
        while done < self.n_null and larger <= allowed:
            count = min(_FIRST_NULLS if done == 0 else self.n_null, self.n_null - done)
            nulls, _ = pair.refits(key, count, 1, first=first + done)
            larger += int(np.count_nonzero(~(nulls < ratio)))  # one without a fit counts as larger
            done += count
        return larger <= allowed
