"""Pedigrees: the numerator relationship matrix A of animals, as the sparse factors of its inverse.

With P the matrix that averages an animal's parents, A^-1 = (I - P)' D^-1 (I - P), and D has the variances of
what an animal does not have from its parents. A itself, which is dense, is made only for small pedigrees.

References
----------
Henderson (1976), A simple method for computing the inverse of a numerator relationship matrix used in
prediction of breeding values, Biometrics 32, 69-83. Quaas (1976), Computing the diagonal elements and inverse
of a large numerator relationship matrix, Biometrics 32, 949-953.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import DataError, quote_list

MOST_DENSE = 6000  # animals of a dense matrix, 288 MB
_CLONE = 1e-10  # variance of its own below which an animal is a copy
PARENTS = (("sire", "father"), ("dam", "mother"))


@dataclass(frozen=True, eq=False)
class Pedigree:
    """Animals, parents before their offspring."""

    name: str  # of the group, for messages
    labels: list[str]
    sire: npt.NDArray[np.int64]  # sire, dam, (m,) int64: places of the parents, -1 where unknown
    dam: npt.NDArray[np.int64]

    @cached_property
    def inbreeding(self) -> FloatArray:
        """Coefficient of inbreeding of every animal, (m,): the diagonal of A is one more."""
        return np.asarray(_core.inbreeding(self.sire, self.dam))

    @cached_property
    def mendelian(self) -> FloatArray:
        """Variances of what an animal does not have from its parents, (m,), over that of a founder."""
        parents = np.append(self.inbreeding, -1.0)  # the last is the unknown parent
        own = 0.5 - 0.25 * (parents[self.sire] + parents[self.dam])
        if own.min() < _CLONE:
            raise DataError(
                f"the pedigree of '{self.name}' makes '{self.labels[int(own.argmin())]}' a copy of its "
                "parents, after generations of inbreeding: let the copies be one level"
            )
        return own

    @cached_property
    def precision(self) -> Any:
        """A^-1, (m, m) sparse."""
        m = len(self.labels)
        child = np.arange(m)
        rows = np.concatenate([child, child[self.sire >= 0], child[self.dam >= 0]])
        columns = np.concatenate([child, self.sire[self.sire >= 0], self.dam[self.dam >= 0]])
        shares = np.where(np.arange(len(rows)) < m, 1.0, -0.5)
        own = sparse.csc_array((shares, (rows, columns)), shape=(m, m))  # I - P
        return (own.T @ sparse.diags_array(1 / self.mendelian) @ own).tocsc()

    @property
    def log_det(self) -> float:
        """Of A."""
        return float(np.log(self.mendelian).sum())

    def matrix(self) -> FloatArray:
        """Return A, (m, m): twice the coefficients of kinship.

        Raises DataError: too many animals for a dense matrix.
        """
        m = len(self.labels)
        if m > MOST_DENSE:
            raise DataError(
                f"the pedigree of '{self.name}' has {m:,} animals, of which a dense matrix would be made: at "
                f"most {MOST_DENSE:,}; leave out those without records and without offspring in the data"
            )
        A = np.zeros((m, m))
        for k, (sire, dam) in enumerate(zip(self.sire, self.dam, strict=True)):
            known = [parent for parent in (sire, dam) if parent >= 0]
            A[k, :k] = A[:k, k] = sum((A[parent, :k] for parent in known), np.zeros(k)) / 2
            A[k, k] = 1 + self.inbreeding[k]
        return A


def is_pedigree(columns: list[str]) -> bool:
    """Whether these are the columns of a pedigree: an animal, its sire and its dam."""
    return all(any(name.lower() in names for name in columns) for names in PARENTS)


def read_pedigree(name: str, table: Any) -> Pedigree:
    """Return the pedigree of a table (a pandas DataFrame), its animals in an order with parents first.

    Animals that occur as parents only are founders.

    Raises DataError: no column of animals, an animal twice or without a name, one that descends from itself.
    """
    columns = [str(column) for column in table.columns]
    parents = [next(c for c in columns if c.lower() in names) for names in PARENTS]
    own = [c for c in columns if c not in parents]
    animal = next((c for c in own if c.lower() in ("animal", "id", name.lower())), own[0] if own else "")
    if not animal:
        raise DataError(f"the pedigree of '{name}' needs a column of animals beside {quote_list(parents)}")
    texts = {c: [_label(value) for value in table[c].tolist()] for c in (animal, *parents)}
    ids = texts[animal]
    if len(set(ids)) < len(ids) or "" in ids:
        twice = next((one for one in ids if ids.count(one) > 1), "")
        raise DataError(
            f"the pedigree of '{name}' names "
            f"{'animal ' + repr(twice) + ' twice' if twice else 'no animal in a row'}: one row an animal"
        )
    of = {
        one: (sire, dam)
        for one, sire, dam in zip(ids, texts[parents[0]], texts[parents[1]], strict=True)
    }
    founders = dict.fromkeys(p for pair in of.values() for p in pair if p and p not in of)
    of = {**dict.fromkeys(founders, ("", "")), **of}
    order = _parents_first(name, of)
    place = {one: k for k, one in enumerate(order)} | {"": -1}
    sire, dam = (np.array([place[of[one][which]] for one in order], dtype=np.int64) for which in (0, 1))
    return Pedigree(name, order, sire, dam)


def _label(value: Any) -> str:
    """Return a label as text, empty for an unknown parent (missing, 0, or empty)."""
    if value is None or value != value or str(value) in ("", "0", "nan", "NA", "None", "<NA>"):
        return ""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _parents_first(name: str, of: dict[str, tuple[str, str]]) -> list[str]:
    """Return the animals in an order in which parents come first."""
    order: dict[str, None] = {}
    waiting = list(of)
    while waiting:
        ready = [one for one in waiting if all(not parent or parent in order for parent in of[one])]
        if not ready:
            raise DataError(
                f"the pedigree of '{name}' goes in a circle: {quote_list(waiting, 3)} descend from themselves"
            )
        order.update(dict.fromkeys(ready))
        waiting = [one for one in waiting if one not in order]
    return list(order)
