"""Responses drawn from a fitted model: of its own rows, or of new ones with levels of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..design import DesignSpec
from ..design.used import require_number
from ..errors import ArgumentError, DataError, NewLevelError
from ..fit import Fit
from ..frame import FactorColumn, Table
from ..frame.factors import as_factor, one_factor
from ..guidance.unheard import require_heard
from ..machine.memory import require_memory
from .prediction import RandomRows, mean_of, own_rows, population, random_part

_AT_A_TIME = 1_000_000  # numbers drawn between two looks for Ctrl-C


@dataclass(frozen=True)
class Drawing:
    """What is asked of `simulate`: a generator, the number of responses, and its arguments."""

    generator: np.random.Generator
    n: int
    use_u: bool
    newdata: Any
    allow_new_levels: bool


def simulate(
    fit: Any,
    n: int = 1,
    seed: Any = None,
    use_u: bool = False,
    *,
    newdata: Any = None,
    allow_new_levels: bool = False,
) -> FloatArray:
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
    newdata : table, optional
        Other rows, of levels known or new: as all random effects are drawn, any level will do. Rows whose
        residuals correlate name subject and visit or time (and arm, or the columns of ``dispersion=``), as
        those of a trial that is planned. Trials are those of ``cbind()`` or ``weights=`` there, one where the
        model has none. By default the rows the model was fitted to.
    allow_new_levels : bool
        With `use_u`: draw the random effects of levels the fit has not seen.

    Returns
    -------
    (n, rows) float64
        One row per response, as ``fit.refit`` and ``model.fit`` take them. On the scale of the model's
        response (after ``log`` and the like), offset included; proportions where there are trials. The
        residual variance of a row is sigma^2 / weight. NaN in rows of `newdata` where a predictor or a group
        is missing, or that the fit cannot tell.

    Raises
    ------
    ArgumentError
        For a bad `n` or `seed`.
    UnknownColumnError, NewLevelError
        For `newdata`, as in `predict`.
    MemoryLimitError
        If so many responses do not fit, before any is drawn.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> fit.simulate(3, seed=1).shape
    (3, 30)
    >>> fit.simulate(2, seed=1, newdata={"Batch": ["A", "new", "new"]}).round()
    array([[1522., 1593., 1568.],
           [1478., 1585., 1562.]])

    Residuals that correlate in time:

    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.simulate(2, seed=1, newdata={"age": [8, 9, 10], "Subject": ["new"] * 3}).shape
    (2, 3)
    """
    require_heard(fit, simulate, {"use_u": use_u, "newdata": newdata, "allow_new_levels": allow_new_levels})
    return fit.drawn(Drawing(seeded(seed), n, use_u, newdata, allow_new_levels))


def drawn(fit: Fit, asked: Drawing) -> FloatArray:
    """Return responses of a linear mixed model, see `simulate`."""
    generator, newdata = asked.generator, asked.newdata
    rows = rows_of(fit, newdata, asked.use_u, asked.allow_new_levels)
    count = counted(asked.n, rows.mean.size)
    weights = _weights(fit, newdata)
    noise = fit.sigma if weights is None else fit.sigma / np.sqrt(weights)
    factors = [fit.sigma * factor for factor in fit.model.covariance_factors(fit.theta)]
    out = standard_normal(generator, count, rows.mean.size)
    for row in out:
        row *= noise
        row += rows.random_part(factors, generator)
        row += rows.mean
    return out


def standard_normal(generator: np.random.Generator, count: int, size: int) -> FloatArray:
    """Return normal numbers, (count, size), drawn in parts, between which Ctrl-C is heard."""
    out = np.empty((count, size))
    step = max(_AT_A_TIME // max(size, 1), 1)
    for first in range(0, count, step):
        generator.standard_normal(out=out[first : first + step])
    return out


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to draw responses for."""

    mean: FloatArray  # (m,): X beta + offset
    terms: list[RandomRows]  # codes and columns of every random term
    effects: list[FloatArray]  # list of (levels, r) float64: of every random term: NaN where they are drawn

    def random_part(self, factors: list[FloatArray], generator: np.random.Generator) -> FloatArray:
        """Return Z b, with random effects drawn where they are not kept."""
        return random_part(self.terms, drawn_effects(factors, self.effects, generator), self.mean.size)


def drawn_effects(
    factors: list[FloatArray], known: list[FloatArray], generator: np.random.Generator
) -> list[FloatArray]:
    """Return the random effects of each term, (levels, r): as known, and drawn where they are NaN.

    ``factors`` are those of the covariance matrices, (r, r) lower triangular.
    """
    effects = []
    for own, factor in zip(known, factors, strict=True):
        anew = np.isnan(own[:, 0])
        out = own.copy()
        out[anew] = generator.standard_normal((int(anew.sum()), own.shape[1])) @ factor.T
        effects.append(out)
    return effects


def to_draw(fit: Fit) -> list[FloatArray]:
    """Return NaN for the random effects of each term, (levels, r): all are drawn."""
    terms = fit.model.design.terms
    return [np.full((term.factor.n_levels, len(term.columns)), np.nan) for term in terms]


def rows_of(fit: Fit, newdata: Any, use_u: bool, allow_new_levels: bool) -> Rows:
    """Return the rows of the fit, or new ones."""
    design = fit.model.design
    if newdata is None:
        effects = list(fit.term_modes) if use_u else to_draw(fit)
        return Rows(population(fit), own_rows(design.terms), effects)
    table = Table(newdata, "the new data")
    new = design.spec.rows(newdata, allow_new_levels=True)
    mean = mean_of(fit, new)
    terms: list[RandomRows] = []
    effects = []
    for index, (known, basis) in enumerate(new.terms):
        factor = _levels_of(design.spec, index, table)
        if use_u and not allow_new_levels and (strange := known < 0).any():
            label = factor.levels[factor.codes[strange][0]] if factor.codes[strange][0] >= 0 else None
            name = design.spec.terms[index].group.name
            raise NewLevelError(
                f"the grouping factor '{name}' has levels that were not in the fit: {label!r}. "
                "Pass allow_new_levels=True to draw their random effects"
            )
        # a row without a level takes the effects of some level: there is one at least
        kept = np.full((max(factor.levels.shape[0], 1), basis.shape[1]), np.nan)
        if use_u:
            seen = known >= 0
            kept[factor.codes[seen]] = fit.term_modes[index][known[seen]]
        mean[factor.codes < 0] = np.nan
        terms.append((factor.codes, basis.T))
        effects.append(kept)
    return Rows(mean, terms, effects)


def _levels_of(spec: DesignSpec, index: int, table: Table) -> FactorColumn:
    """Return the grouping factor of a term in new data, with the levels there."""
    group = spec.terms[index].group
    parts = [as_factor(table.column(name)) for name in group.columns]
    return one_factor(parts)


def _weights(fit: Fit, newdata: Any) -> FloatArray | None:
    own = fit.model.design.weights
    return own if own is None or newdata is None else new_weights(fit, newdata)


def new_weights(fit: Fit, newdata: Any) -> FloatArray:
    """Return the column given as ``weights=`` in new data.

    Raises DataError: an array was given, or the weights there are not positive.
    """
    name = fit.model.weights_argument
    if name is None:
        raise DataError(
            "the model was fitted with an array as weights=, which is not known for new data: fit with "
            "weights='column'"
        )
    column = require_number(Table(newdata, "the new data").column(name, "weights="))
    weights = np.asarray(column.values, dtype=np.float64)
    if column.missing is not None or not (weights > 0).all():
        raise DataError(f"weights: '{name}' must be positive in each row of the new data")
    return weights


def counted(n: Any, rows: int) -> int:
    """Return the number of responses to draw.

    Raises ArgumentError: it is no positive whole number.
    Raises MemoryLimitError: so many do not fit.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ArgumentError(f"n must be a positive whole number, such as 100; got {n!r}")
    require_memory(
        8.0 * int(n) * rows,
        f"{n:,} responses of {rows:,} rows",
        "simulate fewer at a time; fit.bootstrap() draws and refits without keeping them",
    )
    return int(n)


def seeded(seed: Any) -> np.random.Generator:
    """Return the generator of a seed.

    Raises ArgumentError: it is none.
    """
    try:
        if isinstance(seed, bool):
            raise TypeError
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ArgumentError(f"seed must be a nonnegative whole number or None; got {seed!r}") from None
