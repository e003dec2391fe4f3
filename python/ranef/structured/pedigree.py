"""Pedigrees: the numerator relationship matrix of animals from their parents.

References
----------
Henderson (1976), A simple method for computing the inverse of a numerator relationship matrix used in
prediction of breeding values, Biometrics 32, 69-83: the recursion, a_ij = (a_i,sire(j) + a_i,dam(j)) / 2 and
a_jj = 1 + a_sire(j),dam(j) / 2, in an order in which parents stand before their offspring.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import DataError, quote_list

MOST = 6000  # animals of a dense matrix, 288 MB
PARENTS = (("sire", "father"), ("dam", "mother"))


def is_pedigree(columns: list[str]) -> bool:
    """Whether these are the columns of a pedigree: an animal, its sire and its dam."""
    return all(any(name.lower() in names for name in columns) for names in PARENTS)


def numerator_relationship(name: str, table: Any) -> tuple[list[str], FloatArray]:
    """Return animals and their relationship matrix A from a pedigree (a pandas DataFrame).

    Animals that occur as parents only are founders. Twice the coefficient of kinship; a diagonal above one is
    inbreeding.
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
    if len(of) > MOST:
        raise DataError(
            f"the pedigree of '{name}' has {len(of):,} animals, of which a dense matrix is made: at most "
            f"{MOST:,}; leave out those without records and without offspring in the data"
        )
    order = _parents_first(name, of)
    place = {one: k for k, one in enumerate(order)}
    A = np.zeros((len(order), len(order)))
    for k, one in enumerate(order):
        known = [place[parent] for parent in of[one] if parent]
        A[k, :k] = A[:k, k] = sum((A[parent, :k] for parent in known), np.zeros(k)) / 2
        A[k, k] = 1 + (A[known[0], known[1]] / 2 if len(known) == 2 else 0)
    return order, A


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
