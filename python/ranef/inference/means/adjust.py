"""p-values and critical values for several comparisons at once.

References
----------
Tukey (1953), The problem of multiple comparisons; Kramer (1956), Biometrics 12, 307-310.
Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
65-70. Šidák (1967), Rectangular confidence regions for the means of multivariate normal distributions,
Journal of the American Statistical Association 62, 626-633.
Hothorn, Bretz & Westfall (2008), Simultaneous inference in general parametric models, Biometrical Journal 50,
346-363 (mvt).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaincinv, ndtri, stdtrit

from ...arrays import FloatArray
from ..pvalues import t_p_values

METHODS = ("none", "tukey", "holm", "bonferroni", "sidak", "mvt")

_DRAWS = 2**17


def adjusted(
    t: FloatArray,
    df: FloatArray,
    method: str,
    family: tuple[int, int],
    correlation: FloatArray,
    level: float,
    alternative: str = "two-sided",
) -> tuple[FloatArray, FloatArray]:
    """Return p-values and critical values of t statistics of one family.

    t, df: (m,).
    family, (int, int): how many comparisons were asked for, m or, where some cannot be estimated, more; and
        how many means they compare (for Tukey).
    correlation, (m, m): of the estimates (for mvt, whose family are those that can be estimated).
    level: joint coverage of the intervals.
    alternative: {"two-sided", "less", "greater"}, of every test; Tukey's has no sides.
    Returns (m,) float64, (m,) float64: p-values; critical values for the intervals, of abs(t) for two sides
        (Holm: those of Bonferroni).

    >>> t, df = np.array([2.5, 1.0]), np.array([10.0, 10.0])
    >>> adjusted(t, df, "bonferroni", (2, 2), np.eye(2), 0.95)[0].round(4).tolist()
    [0.0629, 0.6818]
    """
    m, means = family
    raw, sides = t_p_values(t, df, alternative), 2 if alternative == "two-sided" else 1
    if method == "tukey" and m > 1:
        return _tukey(t, df, means, level)
    if method == "mvt" and len(t) > 1:
        p, critical = _multivariate_t(t, df, correlation, level, alternative)
        return np.clip(p, raw, np.minimum(raw * m, 1.0)), critical  # Bonferroni's where no draw is as far
    if method == "holm":
        order = np.argsort(raw)
        steps = np.maximum.accumulate(raw[order] * (m - np.arange(len(t))))
        p = np.empty(len(t))
        p[order] = np.minimum(steps, 1.0)
        return p, critical_value(1 - (1 - level) / m, df, sides)
    if method == "bonferroni":
        return np.minimum(raw * m, 1.0), critical_value(1 - (1 - level) / m, df, sides)
    if method == "sidak":
        p = -np.expm1(m * np.log1p(-np.minimum(raw, 1 - 1e-16)))
        return p, critical_value(level ** (1 / m), df, sides)
    return raw, critical_value(level, df, sides)


def critical_value(level: float, df: FloatArray, sides: int) -> FloatArray:
    """Return critical values for one side or two; an infinite df means the normal distribution."""
    finite, below = np.where(np.isfinite(df), df, 1.0), 1 - (1 - level) / sides
    return np.where(np.isfinite(df), stdtrit(finite, below), ndtri(below))


def limits(estimate: FloatArray, width: FloatArray, alternative: str) -> tuple[FloatArray, FloatArray]:
    """Return the limits of intervals, without end on the side that the alternative does not ask about."""
    none = np.where(np.isnan(width), np.nan, np.inf)
    lower = -none if alternative == "less" else estimate - width
    return lower, none if alternative == "greater" else estimate + width


def tested_against(means: Any) -> list[str]:
    """Return the line that says what was tested; none for the usual two-sided tests against zero."""
    against = f"Tests against {means.null:g}"
    if means.alternative == "two-sided":
        return [against] if means.null else []
    if means.alternative == "equivalence":
        covered = f"{100 * (2 * means.level - 1):g} %"
        within = f"equivalence within {means.delta:g} (two one-sided tests)"
        return [f"{against}, {within}; intervals of {covered}"]
    return [f"{against}, alternative: {means.alternative}; intervals have one end"]


def _tukey(t: FloatArray, df: FloatArray, means: int, level: float) -> tuple[FloatArray, FloatArray]:
    """Return those of the studentized range; a critical value takes 0.2 s, so each df has one."""
    from scipy.stats import studentized_range

    at, place = np.unique(np.minimum(df, 1e5), return_inverse=True)
    p = studentized_range.sf(np.abs(t) * np.sqrt(2), means, at[place])
    critical = studentized_range.ppf(level, means, at) / np.sqrt(2)
    return np.clip(p, 0, 1), critical[place]


def _multivariate_t(
    t: FloatArray, df: FloatArray, correlation: FloatArray, level: float, alternative: str
) -> tuple[FloatArray, FloatArray]:
    """Single-step p-values: the largest of correlated t statistics, from quasi-random draws (three digits).

    The degrees of freedom are averaged over the family.
    """
    from scipy.stats import qmc

    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-10 * values[-1]
    root = vectors[:, kept] * np.sqrt(values[kept])
    uniform = qmc.Sobol(root.shape[1] + 1, seed=1).random(_DRAWS)
    uniform = np.clip(uniform, 1e-12, 1 - 1e-12)
    extreme = {"two-sided": np.abs, "less": np.negative, "greater": np.positive}[alternative]
    largest = extreme(ndtri(uniform[:, 1:]) @ root.T).max(axis=1)
    common = float(np.mean(df))
    if np.isfinite(common):
        largest = largest / np.sqrt(2 * gammaincinv(common / 2, uniform[:, 0]) / common)
    largest.sort()
    p = 1 - np.searchsorted(largest, extreme(t)) / (_DRAWS + 1)
    return p, np.full(len(t), np.quantile(largest, level))
