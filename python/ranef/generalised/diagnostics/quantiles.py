"""Quantile residuals without simulation, and the tests that go with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtri

from ...arrays import FloatArray
from ...errors import ArgumentError
from ...frame.native import as_it_came
from ...show import Document, Printed, frame_table
from ..fit import GlmerFit
from .distribution import DISCRETE, counted, over_groups


def probability_transform(fit: GlmerFit, seed: Any = 0) -> FloatArray:
    """Return E F(y | eta + z'b) over the population of groups for every row, (n,): uniform if the model
    holds.

    Between F(y - 1) and F(y) of a discrete response a number is drawn.

    Dunn & Smyth (1996), Randomized quantile residuals, Journal of Computational and Graphical Statistics 5,
    236-244.
    """
    y, trials = counted(fit), fit.response.trials

    def both(mu: FloatArray) -> FloatArray:
        found = fit.response_distribution(mu, trials)
        return np.array([found.cdf(y - 1), found.cdf(y)]) if fit.family.name in DISCRETE else found.cdf(y)

    values = over_groups(fit, both)
    if fit.family.name in DISCRETE:
        low, high = values
        values = low + np.random.default_rng(seed).random(len(y)) * (high - low)
    return np.clip(values, 1e-15, 1 - 1e-15)


def quantile_residuals(fit: GlmerFit, seed: Any = 0) -> FloatArray:
    """Return normal quantiles of the probability transform, (n,)."""
    return ndtri(probability_transform(fit, seed))


@dataclass(frozen=True, eq=False, repr=False)
class ResidualChecks(Printed):
    """Tests of quantile residuals.

    Attributes
    ----------
    table : DataFrame
        A row per test: ``statistic``, ``expected``, ``p``.
    residuals : (n,) float64
        Uniform if the model holds.
    """

    table: pd.DataFrame
    residuals: FloatArray = field(repr=False)

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(self.table)]

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table


def check_residuals(fit: GlmerFit, n: int = 250, seed: Any = 0) -> ResidualChecks:
    """Test whether responses are distributed as the model says.

    Parameters
    ----------
    fit : GlmerFit
    n : int
        Simulated responses that dispersion, zeros and outliers are compared with.
    seed : int or None

    Returns
    -------
    ResidualChecks
        ``uniformity`` (Kolmogorov and Smirnov's distance of the quantile residuals), ``dispersion`` (variance
        of the response about the population's mean over that of simulated ones), ``zeros``, and ``outliers``
        (rows outside all simulated responses). Rows of a group are dependent: the p-value of uniformity takes
        them for independent. Those of dispersion and zeros come from the simulations: at least 2 / (n + 1).

    References
    ----------
    Hartig, DHARMa: residual diagnostics for hierarchical regression models, R package.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> list(fit.check_residuals().to_frame().index)
    ['uniformity', 'dispersion', 'zeros', 'outliers']
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 20:
        raise ArgumentError(f"n= must be a whole number of 20 or more simulated responses, not {n!r}")
    u = probability_transform(fit, seed)
    found = stats.kstest(u, "uniform")
    rows = {"uniformity": (found.statistic, 0.0, found.pvalue)}
    drawn = fit.simulate(int(n), seed=seed)
    mean = np.asarray(fit.predict(random=None, averaged=True))
    spread = ((drawn - mean) ** 2).mean(axis=1)
    rows["dispersion"] = _beside(float(((fit.y - mean) ** 2).mean()) / spread.mean(), spread / spread.mean())
    rows["zeros"] = _beside(float((fit.y == 0).sum()), (drawn == 0).sum(axis=1).astype(float))
    outside = (fit.y < drawn.min(axis=0)) | (fit.y > drawn.max(axis=0))
    rate = 2 / (n + 1)
    expected = rate * fit.nobs
    p = stats.binomtest(int(outside.sum()), fit.nobs, min(rate, 1.0)).pvalue
    if fit.family.name in DISCRETE:  # ties make the rate smaller: only too many count
        p = stats.binomtest(int(outside.sum()), fit.nobs, min(rate, 1.0), alternative="greater").pvalue
    rows["outliers"] = (float(outside.sum()), expected, p)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["statistic", "expected", "p"])
    return ResidualChecks(table, u)


def _beside(value: float, drawn: FloatArray) -> tuple[float, float, float]:
    """Return a statistic, its mean among simulated ones, and the two-sided p-value.

    The observed one counts as well (Davison and Hinkley 1997, section 4.2): at least 2 / (n + 1).
    """
    below, above = 1 + (drawn <= value).sum(), 1 + (drawn >= value).sum()
    return value, float(drawn.mean()), float(min(1.0, 2 * min(below, above) / (len(drawn) + 1)))


def zeros(fit: GlmerFit) -> pd.Series:
    """Return observed zeros beside those the model expects.

    Returns
    -------
    Series
        ``observed``, ``expected`` (averaged over the population of groups), ``ratio``; ``z`` takes rows for
        independent.

    Raises
    ------
    ArgumentError
        For a family whose responses are never zero.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.zeros().round(2).to_dict()
    {'observed': 22.0, 'expected': 18.87, 'ratio': 1.17, 'z': 1.03}
    """
    if fit.family.name not in DISCRETE or fit.family.kind.truncated:
        raise ArgumentError(
            f"zeros() is for counts and trials: a {fit.family.kind.label} response is never zero"
        )
    trials, none = fit.response.trials, np.zeros(fit.nobs)
    chance = over_groups(fit, lambda mu: fit.response_distribution(mu, trials).pmf(none))
    observed, expected = float((fit.y == 0).sum()), float(chance.sum())
    z = (observed - expected) / np.sqrt(float((chance * (1 - chance)).sum()))
    return pd.Series(
        {"observed": observed, "expected": expected, "ratio": observed / expected, "z": z}, name="zeros"
    )
