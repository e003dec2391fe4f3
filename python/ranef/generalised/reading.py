"""Formula and data -> the design of a generalised model and its response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design import Design
from ..design.build import assemble, response_name
from ..design.used import UsedColumns
from ..design.vectors import bare_name, learn_vector, response
from ..errors import DataError
from ..formula import Formula
from ..frame import FactorColumn, NumberColumn
from .families import Family
from .responses import Original, Response, make_response

_LARGEST_OFFSET = 200.0  # from the median, on the scale of the linear predictor


@dataclass
class Reader:
    """Reads the response while the design is put together: its forms differ by family."""

    family: Family
    trials: FloatArray | None = None
    original: Any = field(default=None)

    def __call__(
        self, parsed: Formula, used: UsedColumns, needed: Mapping[str, tuple[str, ...]]
    ) -> FloatArray:
        self.original = used.rows.original
        if len(parsed.responses) == 2:
            return self._successes_and_failures(parsed, used, needed)
        code = parsed.response
        name = bare_name(code)
        column = used.columns.get(name) if name else None
        if self.family.kind.trials and column is not None:
            if isinstance(column, FactorColumn):
                return _two_levels(used.factor(column.name), self.family)
            if isinstance(column, NumberColumn) and column.boolean:
                return used.values(column.name).astype(np.float64)
        return response(code, used, needed[code])

    def _successes_and_failures(
        self, parsed: Formula, used: UsedColumns, needed: Mapping[str, tuple[str, ...]]
    ) -> FloatArray:
        if not self.family.kind.trials:
            raise DataError(
                f"cbind() counts successes and failures, which the {self.family.kind.label} family does not "
                f"have: its response must be {self.family.kind.response}"
            )
        first, second = (learn_vector(code, used, needed[code])[1] for code in parsed.responses)
        for code, values in zip(parsed.responses, (first, second), strict=True):
            bad = np.flatnonzero(~(values >= 0))
            if bad.size:
                raise DataError(
                    f"'{code}' in cbind() is {values[bad[0]]:g} in row {used.rows.original(bad[0])} (rows "
                    "count from 0): successes and failures are whole numbers of zero or more"
                )
        self.trials = first + second
        return first


def read_design(
    parsed: Formula,
    data: Any,
    family: Family,
    weights: str | npt.ArrayLike | None,
    offset: str | npt.ArrayLike | None,
    also: Sequence[str] = (),
) -> tuple[Design, Response]:
    """Return design and response, of the rows where the columns `also` are there too.

    ``design.response`` is on the scale of the mean (a proportion where there are trials), ``design.weights``
    are the prior weights of a family without trials.

    Raises DataError when the response is none of the family; the message names rows and remedy.
    """
    reader = Reader(family)
    design = assemble(parsed, data, weights, offset, True, reader, also)
    found, given = summed(design.response, design.weights, parsed, family, reader)
    require_variation(found, family, response_name(parsed))
    require_moderate_offset(design, family, reader.original)
    return replace(design, response=found.y, weights=given), found


def summed(
    y: FloatArray, weights: FloatArray | None, parsed: Formula, family: Family, reader: Reader
) -> tuple[Response, FloatArray | None]:
    """Return a response that `reader` has read as the family sums it, and its prior weights."""
    trials, given, name = reader.trials, weights, response_name(parsed)
    if family.kind.trials:
        if trials is not None and given is not None:
            raise DataError(
                "cbind() has the trials of each row: weights= would be their number again; leave it out"
            )
        if trials is None:
            y, trials = _with_trials(y, given, name, family, reader)
        given = None
    return make_response(family, y, trials, given, name, reader.original), given


def _with_trials(
    y: FloatArray, weights: FloatArray | None, name: str, family: Family, reader: Reader
) -> tuple[FloatArray, FloatArray]:
    """Return successes and trials of a response of one column."""
    if weights is None:
        other = np.flatnonzero((y != 0) & (y != 1))
        if other.size:
            value, row = y[other[0]], reader.original(other[0])
            raise DataError(
                f"the response '{name}' is {value:g} in row {row} (rows count from 0): without trials a "
                f"{family.kind.label} response is 0 or 1. Give the trials of a proportion as weights=, or "
                "write cbind(successes, failures); for counts without an upper limit use family='poisson' or "
                "'nbinom2'"
            )
        return y, np.ones_like(y)
    outside = np.flatnonzero((y < 0) | (y > 1))
    if outside.size:
        value, row = y[outside[0]], reader.original(outside[0])
        raise DataError(
            f"the response '{name}' is {value:g} in row {row} (rows count from 0): with weights= it is the "
            "proportion of successes, between 0 and 1; counts are cbind(successes, failures)"
        )
    return y * weights, weights


def _two_levels(factor: FactorColumn, family: Family) -> FloatArray:
    """Return 0 for the first level and 1 for the second, as glm does."""
    if len(factor.levels) != 2:
        levels = ", ".join(repr(str(level)) for level in factor.levels[:5])
        raise DataError(
            f"the response '{factor.name}' of {family.kind.model} must have two levels, it has "
            f"{len(factor.levels)} ({levels}{', ...' if len(factor.levels) > 5 else ''}): merge them, or "
            f"compare one with the rest, as in I({factor.name} == {str(factor.levels[0])!r})"
        )
    return factor.codes.astype(np.float64)


def require_moderate_offset(design: Design, family: Family, original: Original) -> None:
    """Raise a DataError for offsets no mean can stand; mostly an exposure that was not logged."""
    if design.offset is None or family.link.name in ("identity", "sqrt", "inverse", "1/mu^2"):
        return
    far = np.flatnonzero(np.abs(design.offset - np.median(design.offset)) > _LARGEST_OFFSET)
    if far.size:
        value, row = design.offset[far[0]], original(far[0])
        raise DataError(
            f"the offset is {value:g} in row {row} (rows count from 0), on the scale of the "
            f"{family.link.name} link: means so far apart overflow. The offset of an exposure is its "
            "logarithm, offset(log(exposure))"
        )


def require_variation(found: Response, family: Family, name: str, rows: int | None = None) -> None:
    """Raise a DataError for a response that is the same in all rows, or cannot vary as the family has it."""
    y = found.y
    if family.name == "betabinomial" and found.trials.max() <= 1:
        raise DataError(
            f"the trials of '{name}' are one in each row: single trials cannot vary more than the binomial "
            "family lets them, use family='binomial'"
        )
    if y.min() < y.max():
        return
    if family.kind.trials and 0 < y[0] < 1:
        return
    if family.kind.least is not None and y[0] > family.kind.least:
        return
    raise DataError(
        f"the response '{name}' is {y[0]:g} in each of the {rows or y.size} rows used: there is no variation "
        "to model; check the column"
    )
