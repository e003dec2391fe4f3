"""Correlation along time within a subject: the rows of a subject joined one to the next.

Neighbours at gap g correlate by r = rho^g. With rows standardised, u, the whitened rows are u_1 and
(u_t - r u_{t-1}) / sqrt(1 - r^2), and log|R| is the sum of log(1 - r^2): gaps, missing rows and subjects
with one row need no case of their own.

References
----------
Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, Springer, section 5.3.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cached import cached_property
from ..design.random_terms import GroupSpec, coded_group
from ..errors import ArgumentError, DataError
from ..frame import FactorColumn, NumberColumn, Table
from ..frame.factors import as_factor, label_texts, take
from ..pickles import Snapshot

_CHAIN = re.compile(r"\s*(ar1|car1)\s*\(\s*(1|[\w.]+|`[^`]+`)\s*\|\s*((?:`[^`]+`|[\w.: ])+?)\s*\)\s*")
_NAMES = re.compile(r"`[^`]+`|[^:`]+")
EXAMPLE = (
    "'ar1(day | subject)', 'car1(time | subject)' for times that are not whole numbers, or 'ar1(1 | subject)'"
)


@dataclass(frozen=True, eq=False)
class Chain(Snapshot):
    """The rows of each subject in the order of time."""

    kind: str
    text: str  # as given
    # (n,): the row before in time of the same subject, -1 for its first
    previous: npt.NDArray[np.intp] = field(repr=False)
    gap: FloatArray = field(repr=False)  # (n,): time since that row, 0 for the first
    subject: npt.NDArray[np.int32] = field(repr=False)  # (n,) int32
    # (n,): rows such that each comes after the one before it in time
    order: npt.NDArray[np.intp] = field(repr=False)
    group: GroupSpec = field(repr=False)  # the subjects
    remarks: tuple[str, ...] = ()
    time: str = "1"  # the column of times, "1" for rows in their order
    when: FloatArray | None = field(default=None, repr=False)  # (n,): times

    @cached_property
    def unit(self) -> float:
        """The gap whose correlation the parameter is: one for ar1, the middle one for car1."""
        return 1.0 if self.kind == "ar1" else float(np.median(self.gap[self.previous >= 0]))

    def correlation(self, x: float) -> float:
        """Return rho, one unit of time apart, from the unbounded parameter: for car1 it is positive."""
        return float(np.tanh(x)) if self.kind == "ar1" else float(np.exp(self._log(x) / self.unit))

    def parameter(self, rho: float) -> float:
        """Return the unbounded parameter."""
        if self.kind == "ar1":
            return float(np.arctanh(rho))
        at_unit = self.unit * np.log(rho)
        return float(at_unit - np.log(-np.expm1(at_unit)))

    def some(self, rows: npt.NDArray[np.bool_]) -> Chain:
        """Return the chain of the rows of some subjects."""
        place = np.cumsum(rows) - 1
        before = self.previous[rows]
        return replace(
            self,
            previous=np.where(before >= 0, place[before], -1),
            gap=self.gap[rows],
            subject=self.subject[rows],
            order=place[self.order[rows[self.order]]],
            when=None if self.when is None else self.when[rows],
        )

    @property
    def least(self) -> float:
        """What every correlation is above."""
        return -1.0 if self.kind == "ar1" else 0.0

    def at_unit(self, x: float) -> float:
        """Return the correlation one `unit` apart."""
        return float(np.tanh(x)) if self.kind == "ar1" else float(np.exp(self._log(x)))

    def from_unit(self, r: float) -> float:
        """Return the unbounded parameter from it."""
        return float(np.arctanh(r)) if self.kind == "ar1" else float(np.log(r) - np.log1p(-r))

    @cached_property
    def times(self) -> FloatArray:
        """Times of the rows, whose differences count within a subject."""
        out = np.empty(len(self.gap))
        out[self.order] = np.cumsum(self.gap[self.order])
        return out

    def slope(self, x: float) -> float:
        """Return d rho / d x."""
        if self.kind == "ar1":
            return float(1 / np.cosh(x) ** 2)
        return self.correlation(x) / (1 + np.exp(x)) / self.unit

    def _log(self, x: float) -> float:
        """Return log of the size of the correlation one unit apart, exact also where that is nearly one."""
        if self.kind == "ar1":
            return float(np.log1p(-2 / (np.exp(2 * abs(x)) + 1))) if x else -np.inf
        return float(-np.logaddexp(0.0, -x))

    def at_gaps(self, gap: FloatArray, x: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return r at these gaps, dr / dx and 1 - r^2."""
        steps = gap / self.unit
        if x == 0 and self.kind == "ar1":
            return np.zeros(len(gap)), (steps == 1).astype(float), np.ones(len(gap))
        logs = self._log(x) * steps
        r, q = np.exp(logs), -np.expm1(2 * logs)
        if self.kind == "car1":
            return r, r * steps / (1 + np.exp(x)), q
        # d log tanh|x| = 2 / sinh 2|x|
        slope = r * steps * 2 / np.sinh(2 * abs(x))
        if x > 0:
            return r, slope, q
        odd = steps % 2 == 1
        return np.where(odd, -r, r), np.where(odd, slope, -slope), q

    def neighbours(self, x: float) -> tuple[FloatArray, FloatArray]:
        """Return each row's correlation r with the one before, 0 for the first of a subject, and 1 - r^2."""
        r, q = np.zeros(len(self.gap)), np.ones(len(self.gap))
        joined = self.previous >= 0
        r[joined], _, q[joined] = self.at_gaps(self.gap[joined], x)
        return r, q

    def whiten(self, values: FloatArray, x: float) -> FloatArray:
        """Return whitened rows, (n,) or (n, k)."""
        r, q = self.neighbours(x)
        scale = 1 / np.sqrt(q)
        if values.ndim == 2:
            r, scale = r[:, None], scale[:, None]
        return (values - r * values[self.previous]) * scale

    def whiten_transposed(self, values: FloatArray, x: float) -> FloatArray:
        """Return rows (n, k) times the transpose of what whitens them."""
        r, q = self.neighbours(x)
        out = values / np.sqrt(q)[:, None]
        later = np.flatnonzero(self.previous >= 0)
        taken = r[later, None] * out[later]
        out[self.previous[later]] -= taken  # each row comes before one
        return out

    def colour(self, noise: FloatArray, x: float) -> FloatArray:
        """Return rows with this correlation from independent ones, (n, k): the inverse of `whiten`."""
        r, q = self.neighbours(x)
        out = noise * np.sqrt(q)[:, None]
        for rows in self._steps:
            out[rows] += r[rows, None] * out[self.previous[rows]]
        return out

    @cached_property
    def _steps(self) -> list[npt.NDArray[np.intp]]:
        """The second rows of all subjects, the third, ..."""
        first = self.previous[self.order] < 0
        begin = np.flatnonzero(first)[np.cumsum(first) - 1]
        rank = np.arange(len(self.order)) - begin
        by_rank = np.argsort(rank, kind="stable")
        return np.split(self.order[by_rank], np.cumsum(np.bincount(rank))[:-1])[1:]

    def log_determinant(self, x: float) -> float:
        """Return log|R| of the correlation matrix."""
        return float(np.log(self.neighbours(x)[1]).sum())


def find_chain(text: str, data: Any, rows: npt.NDArray[np.intp]) -> Chain:
    """Read ``residual=`` and find the order of the rows.

    Raises ArgumentError: the text is no such term.
    Raises DataError: two rows of a subject at one time, times that are missing, or for ar1 no whole numbers.
    """
    kind, time, who = _read(text)
    table, timed = Table(data), time != "1"
    names = [name.strip().strip("`") for name in _NAMES.findall(who) if name.strip()]
    factors = [take(as_factor(_present(table, name, rows)), rows) for name in names]
    subject, group = coded_group(":".join(names), factors)
    when = _times(kind, time.strip("`"), table, rows) if timed else np.arange(len(rows), dtype=float)
    by_time = _by_time(subject.codes, when)
    codes, sorted_times = subject.codes[by_time], when[by_time]
    order = np.arange(len(rows))[by_time]
    same = codes[1:] == codes[:-1]
    if timed:
        twice = np.flatnonzero(same & (sorted_times[1:] == sorted_times[:-1]))
        if twice.size:
            raise _two_at_once(time, subject, when, rows, order[twice[0]], order[twice[0] + 1])
    if not same.any():
        raise DataError(
            f"residual='{text}': every {who} has one row, so nothing is known of a correlation in time"
        )
    steps = np.diff(sorted_times) if timed else np.ones(1)  # exact between whole numbers
    if kind == "car1":
        steps = _rounded(steps, when)
    previous, gap = np.empty(len(rows), dtype=np.intp), np.empty(len(rows))
    previous[by_time] = np.append(-1, np.where(same, order[:-1], -1))
    gap[by_time] = np.append(0.0, np.where(same, steps, 0.0))
    in_order = f"ar1(1 | {who}): the rows of each {who} are taken in their order, one step apart"
    return Chain(
        kind=kind,
        text=text.strip(),
        previous=previous,
        gap=gap,
        subject=subject.codes,
        order=order,
        remarks=() if timed else (in_order,),
        time=time.strip("`"),
        group=group,
        when=when,
    )


def _read(text: str) -> tuple[str, str, str]:
    """Return the kind, the time and the subject of ``residual=``."""
    match = _CHAIN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ArgumentError(f"residual= must be text such as {EXAMPLE}, not {text!r}")
    kind, time, group = match.groups()
    if kind == "car1" and time == "1":
        raise ArgumentError(
            "car1() needs times: residual='car1(time | subject)'; ar1(1 | subject) takes rows in order"
        )
    return kind, time, group


def _two_at_once(
    time: str, subject: FactorColumn, when: FloatArray, rows: npt.NDArray[np.intp], one: int, other: int
) -> DataError:
    who = label_texts(subject.levels)[subject.codes[one]]
    return DataError(
        f"subject '{who}' has two rows at {time} = {when[one]:g} (rows {rows[one]} and {rows[other]}, "
        "counted from 0): residuals in time need one; take their mean, or name the column that tells them "
        "apart"
    )


def _rounded(gaps: FloatArray, when: FloatArray) -> FloatArray:
    """Return gaps without the rounding of their difference, so that equal ones are equal."""
    digits = 13 - int(np.ceil(np.log10(max(float(np.abs(when).max()), 1e-300))))
    rounded = np.round(gaps, digits)
    return np.where(rounded > 0, rounded, gaps)


def _by_time(codes: npt.NDArray[np.int32], when: FloatArray) -> npt.NDArray[np.intp] | slice:
    """Return the rows by subject and time; where they are in that order a slice, which copies nothing."""
    ascending = (codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (when[1:] >= when[:-1]))
    return slice(None) if ascending.all() else np.lexsort((when, codes))


def _present(table: Table, name: str, rows: npt.NDArray[np.intp]) -> Any:
    column = table.column(name, "residual=")
    missing = column.missing
    if missing is not None and missing[rows].any():
        row = int(rows[np.argmax(missing[rows])])
        raise DataError(
            f"'{name}' of residual= is missing in row {row} (rows count from 0): drop the row, or fill it in"
        )
    return column


def _times(kind: str, name: str, table: Table, rows: npt.NDArray[np.intp]) -> FloatArray:
    column = _present(table, name, rows)
    if not isinstance(column, NumberColumn) or column.boolean:
        raise DataError(
            f"the times '{name}' of residual= must be numbers: a count of visits, days since a start"
        )
    when = np.asarray(column.values[rows], dtype=np.float64)
    if not np.isfinite(when).all():
        place = int(np.argmin(np.isfinite(when)))
        raise DataError(
            f"'{name}' of residual= is {when[place]:g} in row {rows[place]} (rows count from 0): "
            "drop the row, or correct the time"
        )
    if kind == "ar1" and not np.all(when == np.rint(when)):
        raise DataError(
            f"ar1() counts steps of time, and '{name}' has values that are not whole numbers (such as "
            f"{when[when != np.rint(when)][0]:g}): use car1({name} | ...), whose correlation is phi^distance"
        )
    return when
