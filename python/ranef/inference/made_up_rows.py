"""Made-up rows on which the algebra of a fixed part shows: what holds on them holds on every data set.

The relations between codings of a model are identities in the variables, so rows with every combination of
levels that a term meets, and arbitrary numbers for numeric variables, determine them. No row of the data is
needed.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.structure import Column, Entry, Structure, Variable, treatment

Values = dict[str, FloatArray]

_SEED = 20251
_REPEATS = 2


def made_up_values(structure: Structure, columns: int) -> Values:
    """Return rows that tell every column of every coding from the others.

    columns: number of columns of X: there are more rows than that.
    Returns variable -> (m, levels) indicators, or (m, size) numbers.
    """
    random = np.random.default_rng(_SEED)
    codes: dict[str, list[npt.NDArray[np.intp]]] = {name: [] for name in structure.variables}
    for term in structure.terms:
        own = [structure.variables[name] for name in term.variables if not structure.variables[name].numeric]
        cells = list(product(*(range(variable.size) for variable in own)))
        grid = np.array(cells, dtype=np.intp).reshape(len(cells), len(own))
        met = [structure.variables[name] for name in term.variables]
        numeric = sum(variable.size for variable in met if variable.numeric) + 2
        grid = np.tile(grid, (max(_REPEATS, numeric), 1))
        for name, variable in structure.variables.items():
            names = [known.name for known in own]
            free = random.integers(0, variable.size, len(grid))
            codes[name].append(grid[:, names.index(name)] if name in names else free)
    stacked = {name: np.concatenate(parts) for name, parts in codes.items()}
    rows = sum(len(part) for part in next(iter(codes.values()), []))
    short = max(0, 2 * columns + 8 - rows)
    out: Values = {}
    for name, variable in structure.variables.items():
        more = np.concatenate([stacked[name], random.integers(0, variable.size, short)])
        numbers = random.uniform(0.5, 1.5, (len(more), variable.size))
        out[name] = numbers if variable.numeric else np.eye(variable.size)[more]
    return out


def coded(structure: Structure, values: Values, treated: bool = False) -> FloatArray:
    """Return X on made-up rows, with its own contrasts or with treatment contrasts in their place."""
    columns = [column for term in structure.terms for column in term.columns]
    return _matrix(columns, structure, values, treated)


def spelt_out(structure: Structure, values: Values) -> FloatArray:
    """Return the matrix with a column for every combination of levels of each term."""
    columns = [
        Column(tuple(map(_full, term.variables, indices)))
        for term in structure.terms
        for indices in product(*(range(structure.variables[name].size) for name in term.variables))
    ]
    return _matrix(columns, structure, values, False)


def _full(name: str, index: int) -> Entry:
    return Entry(name, index, True)


def _matrix(columns: list[Column], structure: Structure, values: Values, treated: bool) -> FloatArray:
    rows = len(next(iter(values.values()))) if values else 1
    own = {name: np.asfortranarray(values[name]) for name in structure.variables}
    contrasts = {name: _contrasts(known, values, treated) for name, known in structure.variables.items()}
    out = np.empty((rows, len(columns)), order="F")
    for position, column in enumerate(columns):
        out[:, position] = column.scale
        for entry in column.entries:
            from_ = own if entry.full else contrasts
            out[:, position] *= from_[entry.variable][:, entry.index]
    return out


def _contrasts(variable: Variable, values: Values, treated: bool) -> FloatArray:
    """Return what the variable contributes to columns where it is not spelt out level by level."""
    own = values[variable.name]
    if variable.contrasts is None:
        return np.asfortranarray(own)
    return np.asfortranarray(own @ (treatment(variable.size) if treated else variable.contrasts))
