"""Visits, subjects and arms of the rows used, and what must be true of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.not_kept import NOT_KEPT
from ..design.random_terms import GroupSpec, coded_group
from ..errors import DataError, quote_list
from ..formula.visit_term import ORDERED, SPATIAL, VisitTerm
from ..frame import FactorColumn, NumberColumn, Table, TimeColumn
from ..frame.factors import as_factor, label_texts, take
from ..pickles import Snapshot
from ..sufficient.finishing_visits import SummedVisits
from ..sufficient.patterns import MOST_VISITS, require_few_visits

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Visits(Snapshot):
    """Where each row used belongs."""

    # visit, subject, arm, (n,) int32: codes; ``arm`` is None where all subjects share a covariance matrix
    visit: Codes = field(repr=False)
    subject: Codes = field(repr=False)
    arm: Codes | None = field(repr=False)
    visit_levels: npt.NDArray[Any]  # visit_levels, subject_levels, arm_levels: labels in order
    subject_levels: npt.NDArray[Any] = field(repr=False)
    arm_levels: npt.NDArray[Any]
    times: FloatArray | None  # (T,): the visits as numbers, where they are
    subject_group: GroupSpec | None = field(default=None, repr=False)  # None where rows are not kept
    arm_group: GroupSpec | None = field(default=None, repr=False)
    remarks: tuple[str, ...] = ()  # what a reader of the summary must know

    def some(self, rows: npt.NDArray[np.bool_]) -> Visits:
        """Return those of some rows, with the same codes."""
        arm = None if self.arm is None else self.arm[rows]
        return replace(self, visit=self.visit[rows], subject=self.subject[rows], arm=arm)

    @property
    def labels(self) -> list[str]:
        """The visits as text."""
        return label_texts(self.visit_levels)

    @property
    def arms(self) -> list[str]:
        """The arms with a covariance matrix of their own; one empty text for one matrix."""
        return label_texts(self.arm_levels) if self.arm is not None else [""]


def find_visits(term: VisitTerm, data: Any, kept: npt.NDArray[np.intp] | None) -> Visits:
    """Code the columns of a term on the rows used.

    Raises DataError: fewer than two visits, too many, or visits whose order as text is not theirs.
    """
    table = Table(data)
    column = table.column(term.visit)
    visit = take(as_factor(column), kept)
    kind = "numbers" if isinstance(column, NumberColumn) and not column.boolean else "names"
    kind = "dates" if isinstance(column, TimeColumn) else kind
    subject, subject_group = _group(term.subject, table, kept)
    arm, arm_group = _group(term.by, table, kept) if term.by else (None, None)
    _require_places(term, *(0 if one is None else len(one.levels) for one in (visit, subject, arm)))
    times, remarks = _require_visits(
        term, visit.levels, kind, getattr(column, "categories", None) is not None
    )
    return Visits(
        visit=visit.codes,
        subject=subject.codes,
        arm=None if arm is None else arm.codes,
        visit_levels=visit.levels,
        subject_levels=subject.levels,
        arm_levels=np.array([]) if arm is None else arm.levels,
        times=times,
        subject_group=subject_group,
        arm_group=arm_group,
        remarks=remarks,
    )


def _require_places(term: VisitTerm, visits: int, subjects: int, arms: int) -> None:
    """Raise a DataError where subject and visit, or subject and arm, stand in each other's place."""
    visit, subject, arm = term.visit, ":".join(term.subject), ":".join(term.by)
    if visits > MOST_VISITS and visits > subjects:
        meant = f"{arm} / {visit}" if arm else visit
        raise DataError(
            f"'{visit}' has {visits} values; a covariance matrix over visits has at most {MOST_VISITS}: "
            f"round times to planned visits, or, if the {subjects} values of '{subject}' are visits, write "
            f"{term.structure}({subject} | {meant})"
        )
    if arms > subjects:
        raise DataError(
            f"{term} has {arms} arms, the values of '{arm}', and {subjects} subjects: the arm comes before "
            f"the subject, write {term.structure}({visit} | {subject} / {arm})"
        )


def summed_visits(term: VisitTerm, found: SummedVisits) -> Visits:
    """Return the visits, subjects and arms of sums, whose rows are not there.

    Raises DataError as `find_visits`.
    """
    own, kind = found.levels[term.visit], found.kinds[term.visit]
    kind = {"real": "numbers", "whole": "numbers", "time": "dates"}.get(kind, "names")
    times, remarks = _require_visits(term, own.values, kind, own.categories is not None)
    levels = tuple(found.levels[name].values for name in term.by)
    coded = [FactorColumn(*one) for one in zip(term.by, found.patterns.arms.T, levels, strict=True)]
    arms, arm_group = coded_group(":".join(term.by), coded) if term.by else (None, None)
    return Visits(
        visit=NOT_KEPT,
        subject=NOT_KEPT,
        arm=NOT_KEPT if term.by else None,
        visit_levels=own.values,
        subject_levels=NOT_KEPT,
        arm_levels=np.array([]) if arms is None else arms.levels,
        times=times,
        arm_group=arm_group,
        remarks=remarks,
    )


def _require_visits(
    term: VisitTerm, levels: npt.NDArray[Any], kind: str, ordered: bool
) -> tuple[FloatArray | None, tuple[str, ...]]:
    """Return the visits as numbers, where they are, and remarks; `ordered`: their order was given."""
    if kind == "dates":
        raise DataError(
            f"the visits '{term.visit}' are dates or times: give days since a start as numbers, or visit "
            "names"
        )
    count = levels.shape[0]
    if count < 2:
        raise DataError(f"'{term.visit}' has one value on the rows used: a covariance over visits needs two")
    require_few_visits(term.visit, count)
    times = None
    if kind == "numbers":
        times = np.asarray(levels, dtype=np.float64)
    elif term.structure in SPATIAL:
        raise DataError(
            f"{term.structure}() needs times as numbers, '{term.visit}' holds "
            f"{quote_list(label_texts(levels), 3)}: name the column with the times of the visits"
        )
    return times, _require_order(term, label_texts(levels), ordered, times)


def _group(
    names: tuple[str, ...], table: Table, kept: npt.NDArray[np.intp] | None
) -> tuple[FactorColumn, GroupSpec]:
    parts = [take(as_factor(table.column(name)), kept) for name in names]
    return coded_group(":".join(names), parts)


def _require_order(
    term: VisitTerm, labels: list[str], ordered: bool, times: FloatArray | None
) -> tuple[str, ...]:
    """Raise for an order that cannot be meant; return a remark on times that are not equally spaced."""
    if times is None:
        natural = sorted(labels, key=_natural)
        if term.structure in ORDERED and not ordered and natural != labels:
            raise DataError(
                f"the visits '{term.visit}' are text, and sorted as text "
                f"{_first_disorder(labels, natural)}, which {term.structure}() would take for their order: "
                "make the column categorical with its categories in order, "
                f"pandas.Categorical(data['{term.visit}'], {natural[:3]!r}...)"
            )
        return ()
    if term.structure not in ORDERED:
        return ()
    if not np.all(times == np.rint(times)):
        raise DataError(
            f"{term.structure}() counts visits, '{term.visit}' has times that are not whole numbers (such as "
            f"{times[times != np.rint(times)][0]:g}): use sp_exp({term.visit} | ...), whose correlation "
            "depends on the distance in time, or make them visits 1, 2, ..."
        )
    if np.ptp(np.diff(times)) > 0:
        return (
            f"{term.structure}() takes the {len(labels)} values of '{term.visit}' as equally spaced visits, "
            "which their numbers are not; sp_exp() takes distances in time",
        )
    return ()


def _natural(text: str) -> list[Any]:
    """Sort numbers within text by their value."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text)]


def _first_disorder(labels: list[str], natural: list[str]) -> str:
    place = {label: index for index, label in enumerate(natural)}
    for before, after in pairwise(labels):
        if place[before] > place[after]:
            return f"'{before}' comes before '{after}'"
    raise AssertionError


def require_single_rows(visits: Visits, sums: Any, term: VisitTerm, rows: npt.NDArray[np.intp]) -> None:
    """Raise a DataError for two rows of a subject at one visit, or a subject in two arms."""
    if sums.duplicate is not None:
        first, second = sums.duplicate
        raise DataError(
            f"subject '{visits.subject_levels[visits.subject[first]]}' has two rows at visit "
            f"'{visits.labels[visits.visit[first]]}' (rows {rows[first]} and {rows[second]}, counted from "
            "0): keep one, or take their mean"
        )
    if sums.divided is not None and visits.arm is not None:
        first, second = sums.divided
        arms = [visits.arms[visits.arm[row]] for row in (first, second)]
        raise DataError(
            f"subject '{visits.subject_levels[visits.subject[first]]}' is in two groups of "
            f"'{':'.join(term.by)}', {quote_list(arms)} (rows {rows[first]} and {rows[second]}, counted "
            "from 0): a covariance matrix per group needs every subject in one; if numbers of subjects "
            "repeat between groups, make them unique"
        )


def require_identified(visits: Visits, sums: Any, structure: str) -> None:
    """Raise a DataError for visits that were never observed (together) where the structure needs it."""
    problem = unidentified(visits, sums, structure)
    if problem:
        raise DataError(problem)


def unidentified(visits: Visits, sums: Any, structure: str) -> str:
    """Say which visits leave a parameter of the structure undetermined; empty when none does."""
    labels, needed = visits.labels, len(visits.labels)
    patterns = sums.patterns
    for group, arm in enumerate(visits.arms):
        own = [(seen, subjects) for of, seen, subjects in patterns if of == group]
        subjects_there = sum(subjects for _, subjects in own)
        if structure == "us" and subjects_there <= needed:
            return (
                f"{subjects_there} subjects{f' in {arm!r}' if arm else ''} cannot tell the "
                f"{needed * (needed + 1) // 2} variances and covariances of {needed} visits apart: us() "
                "needs more subjects than visits; use toeph(), ar1h() or csh(), or pool visits"
            )
        there = np.zeros((len(own), needed), dtype=np.int64)
        places = [row * needed + visit for row, (seen, _) in enumerate(own) for visit in seen]
        there.flat[places] = 1
        counts = np.array([subjects for _, subjects in own], dtype=np.int64)
        together = there.T @ (there * counts[:, None])
        where = f" in '{arm}'" if arm else ""
        alone = np.flatnonzero(np.diag(together) < 2)
        if alone.size and structure.endswith("h") | (structure == "us"):
            seen = int(np.diag(together)[alone[0]])
            return (
                f"visit '{labels[alone[0]]}' was observed in {seen} "
                f"subject{'s' if seen != 1 else ''}{where}: {structure}() cannot estimate its variance; "
                "leave the visit out, pool it with another, or use a structure with one variance"
            )
        if structure != "us":
            continue
        pairs = np.argwhere(np.tril(together == 0, -1))
        if len(pairs):
            later, earlier = pairs[0]
            return (
                f"visits '{labels[earlier]}' and '{labels[later]}' were never observed in the same "
                f"subject{where}: us() cannot estimate their covariance; use toeph(), ar1h() or csh(), or "
                "pool visits"
            )
    return ""
