"""Responses drawn from a fitted model, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError
from ..fit import Fit
from ..memory import require_memory
from .prediction import own_rows, population, random_part


def simulate(fit: Fit, n: int = 1, seed: Any = None, use_u: bool = False) -> FloatArray:
    """Draw responses from a fitted model.

    Parameters
    ----------
    fit : Fit
    n : int
        How many.
    seed : int, SeedSequence or Generator, optional
        The same seed gives the same numbers; None draws one from the operating system.
    use_u : bool
        Keep the random effects at their conditional modes; by default they are drawn anew.

    Returns
    -------
    (n, nobs) float64
        On the scale of the model's response (after ``log`` and the like), offset included. The residual
        variance of a row is sigma^2 / weight.

    Raises
    ------
    ArgumentError
        For a bad `n` or `seed`.
    MemoryError
        If so many responses do not fit, before any is drawn.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> fit.simulate(3, seed=1).shape
    (3, 30)
    """
    generator = _generator(seed)
    count = _count(n)
    design = fit.model.design
    require_memory(
        8.0 * count * design.nobs,
        f"{count:,} responses of {design.nobs:,} rows",
        "simulate fewer at a time; fit.bootstrap() draws and refits without keeping them",
    )
    noise = fit.sigma if design.weights is None else fit.sigma / np.sqrt(design.weights)
    out = generator.standard_normal((count, design.nobs))
    out *= noise
    if use_u:
        out += np.asarray(fit.fittedvalues)
        return out
    for row in out:
        effects = drawn_effects(fit, generator)
        row += random_part(own_rows(design.terms), effects, design.nobs)
    out += population(fit)
    return out


def drawn_effects(fit: Fit, generator: np.random.Generator) -> list[FloatArray]:
    """Draw the random effects of each term, (levels, r)."""
    factors = fit.model.covariance_factors(fit.theta)
    return [
        fit.sigma * generator.standard_normal((term.factor.n_levels, len(term.columns))) @ factor.T
        for term, factor in zip(fit.model.design.terms, factors, strict=True)
    ]


def _count(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ArgumentError(f"n must be a positive whole number, such as 100; got {n!r}")
    return int(n)


def _generator(seed: Any) -> np.random.Generator:
    if isinstance(seed, bool):
        raise ArgumentError(f"seed must be a nonnegative whole number or None; got {seed!r}")
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ArgumentError(f"seed must be a nonnegative whole number or None; got {seed!r}") from None
