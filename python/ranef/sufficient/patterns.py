"""Sums of products of the rows of subjects, by the set of visits at which a subject was seen.

Of the columns c of a subject's rows (the first one of ones, all times the root of the prior weight) and two
of its visits s > t the sum over subjects of c_s c_t' + c_t c_s', of one visit that of c_s c_s': the lower
triangle column by column, pair after pair of the rising visits. Combinations of columns are combinations of
these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray, IntArray
from ..errors import DataError, quote_list
from ..frame.factors import label_texts
from ..machine.memory import size_text
from .products import Cells
from .table import is_identity

Visits = tuple[int, ...]
MOST_VISITS = 60  # a pattern is a set of bits
MOST_SUMS = 2**27  # numbers (1 GB)


@dataclass(frozen=True, eq=False)
class Pattern:
    """Subjects of one arm that were seen at the same visits."""

    subjects: int
    pairs: FloatArray  # (pairs, size)


Found = Mapping[tuple[int, Visits], Pattern]  # by arm and rising codes of visits


@dataclass(frozen=True, eq=False)
class Patterns:
    """Sums of a part of the data by pattern."""

    visit: str
    # subject, by: columns whose combinations are the subjects, and those with a covariance matrix of their
    # own
    subject: tuple[str, ...]
    by: tuple[str, ...]
    subjects: Cells  # subjects, arms (count, columns) int32: codes of the levels of each
    arms: Cells
    found: Found  # (arm, rising codes of visits) -> `Pattern`

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        return sum(pattern.pairs.nbytes for pattern in self.found.values())

    def combined(self, columns: FloatArray) -> Patterns:
        """Return the sums of linear combinations of the columns, (m, new)."""
        return replace(self, found=combined(self.found, columns))

    def renamed(self, visits: IntArray, arms: IntArray) -> Patterns:
        """Return the sums with other codes of visits and arms; `subjects` and `arms` stay as they are."""
        found = {}
        for (arm, seen), one in self.found.items():
            place = visits[list(seen)]
            order = np.argsort(place)
            key = int(arms[arm]), tuple(place[order].tolist())
            found[key] = (
                one if np.all(np.diff(place) > 0) else replace(one, pairs=_reordered(one.pairs, order))
            )
        return replace(self, found=found)

    def total(self, width: int) -> FloatArray:
        """Return the products of the columns over all rows, (width, width)."""
        out = np.zeros(packed_size(width))
        for (_, seen), one in self.found.items():
            out += one.pairs[diagonal(len(seen))].sum(axis=0)
        return unpacked(out, width)


def packed_size(width: int) -> int:
    """Return the numbers of a triangle."""
    return width * (width + 1) // 2


@lru_cache(maxsize=32)
def places(width: int) -> IntArray:
    """Return where each entry of a symmetric matrix is in its lower triangle by columns, (width, width)."""
    out = np.empty((width, width), dtype=np.int64)
    row, column = np.triu_indices(width)  # column by column of the lower triangle
    out[row, column] = out[column, row] = np.arange(row.size)
    return out


def diagonal(visits: int) -> IntArray:
    """Return where the pairs of a visit with itself are."""
    return np.asarray(places(visits).diagonal())


def unpacked(packed: FloatArray, width: int) -> FloatArray:
    """Return both triangles, (..., width, width)."""
    return np.asarray(packed[..., places(width)])


def combined(found: Found, columns: FloatArray) -> Found:
    """Return the sums of linear combinations of the columns, (m, new)."""
    if is_identity(columns):
        return found
    return {key: replace(one, pairs=_combined(one.pairs, columns)) for key, one in found.items()}


def _combined(pairs: FloatArray, columns: FloatArray) -> FloatArray:
    width, new = columns.shape
    full = columns.T @ unpacked(pairs, width) @ columns
    row, column = np.triu_indices(new)
    return np.ascontiguousarray(full[:, column, row])


def _reordered(pairs: FloatArray, order: IntArray) -> FloatArray:
    """Return the pairs of visits in another order."""
    row, column = np.triu_indices(order.size)
    return pairs[places(order.size)[order[row], order[column]]]


def added(parts: Sequence[Found]) -> Found:
    """Return the sums of parts with the same columns, visits and arms."""
    out: dict[tuple[int, Visits], Pattern] = {}
    for part in parts:
        for key, one in part.items():
            known = out.get(key)
            if known is not None:
                with np.errstate(invalid="ignore"):  # of infinite sums, which are refused by their columns
                    one = Pattern(known.subjects + one.subjects, known.pairs + one.pairs)
            out[key] = one
    return out


def require_few_visits(name: str, count: int) -> None:
    """Raise a DataError for more visits than a covariance matrix may have."""
    if count > MOST_VISITS:
        raise DataError(
            f"'{name}' has {count} values; a covariance matrix over visits has at most {MOST_VISITS}: "
            "round times to planned visits"
        )


def require_small(found: Sequence[Found], width: int) -> None:
    """Raise a DataError for sums that are too large to be kept."""
    numbers = sum(one.pairs.size for part in found for one in part.values())
    if numbers > MOST_SUMS:
        count = sum(len(part) for part in found)
        raise DataError(
            f"the sums of {count:,} patterns of missing visits and {width} columns take more than "
            f"{size_text(8 * MOST_SUMS)}: fit a table in memory, whose rows are kept, or take fewer visits "
            "or levels"
        )


def subject_name(levels: Sequence[npt.NDArray], codes: Sequence[int]) -> str:
    """Return what messages call a subject."""
    return ":".join(label_texts(own[[code]])[0] for own, code in zip(levels, codes, strict=True))


def require_whole_subjects(
    names: Sequence[str], places: Sequence[IntArray], label: Sequence[npt.NDArray], cells: Cells
) -> None:
    """Raise a DataError for a subject with rows in two parts.

    names: of the parts.
    places: of each part: its subjects among all.
    """
    owner = np.full(cells.shape[0], -1)
    for part, own in enumerate(places):
        again = own[owner[own] >= 0]
        if again.size:
            who = subject_name(label, cells[again[0]])
            raise DataError(
                f"subject '{who}' has rows in {quote_list([names[owner[again[0]]], names[part]])}: all rows "
                "of a subject must be in one part, as products of its visits are summed; divide the data by "
                "subject"
            )
        owner[own] = part
