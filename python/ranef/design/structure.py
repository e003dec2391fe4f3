"""The fixed part as terms: which columns are whose, and how each column is a product of variables."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .matrices import MatrixSpec, PlainMatrix
from .names import shown


@dataclass(frozen=True, eq=False)
class Variable:
    """A factor of the formula, such as ``days``, ``recipe`` or ``poly(x, 2)``."""

    name: str
    size: int  # levels of a categorical variable, columns of a numeric one
    # (levels, levels - 1): coding of a categorical variable where it is not spelt out level by level; None
    # for a numeric one
    contrasts: FloatArray | None

    @property
    def numeric(self) -> bool:
        return self.contrasts is None


@dataclass(frozen=True)
class Entry:
    """What one variable contributes to a column: a numeric column, a level (full) or a contrast."""

    variable: str
    index: int
    full: bool


@dataclass(frozen=True)
class Column:
    """A column of X: `scale` times the product of its entries (1 without any)."""

    entries: tuple[Entry, ...]
    scale: float = 1.0


Key = tuple[frozenset[Entry], float]


@dataclass(frozen=True, eq=False)
class Term:
    """A term of the fixed part."""

    name: str
    variables: tuple[str, ...]
    first: int  # first, last: its columns of X are first .. last - 1.
    last: int
    columns: tuple[Column, ...]  # what each of them is


@dataclass(frozen=True, eq=False)
class Structure:
    """Terms and variables of a fixed part; the intercept is the term without variables."""

    terms: tuple[Term, ...]
    variables: dict[str, Variable]

    def contains(self, outer: Term, inner: Term) -> bool:
        """Whether `outer` is `inner` times further categorical variables."""
        one, other = set(inner.variables), set(outer.variables)
        return one < other and all(not self.variables[name].numeric for name in other - one)


def column_keys(spec: MatrixSpec) -> tuple[Key, ...]:
    """Return what each column is, however it is spelt: that of ``a:b`` is that of ``b:a``."""
    columns = [column for term in structure(spec).terms for column in term.columns]
    return tuple((frozenset(column.entries), column.scale) for column in columns)


def structure(spec: MatrixSpec) -> Structure:
    """Read the structure of a learned fixed-effects matrix."""
    return _plain(spec) if isinstance(spec, PlainMatrix) else _formulaic(spec)


def _plain(spec: PlainMatrix) -> Structure:
    terms = [Term("Intercept", (), 0, 1, (Column(()),))] if spec.intercept else []
    variables = {}
    for name, (first, last) in zip(spec.columns, spec.terms[spec.intercept :], strict=True):
        levels, full = len(spec.levels[name]) if name in spec.levels else 0, name == spec.full
        truth, name = name in spec.booleans, shown(name)
        plain = Variable(name, levels or 1, treatment(levels) if levels else None)
        variables[name] = _two_valued(name) if truth else plain
        full = full or not (levels or truth)
        columns = tuple(Column((Entry(name, index, full),)) for index in range(last - first))
        terms.append(Term(name, (name,), first, last, columns))
    return Structure(tuple(terms), variables)


def _two_valued(name: str) -> Variable:
    """A column of truth values: a factor with the levels False and True."""
    return Variable(name, 2, treatment(2))


def _formulaic(spec: Any) -> Structure:
    learned = spec.spec
    truths = spec.two_valued
    variables: dict[str, Variable] = {}
    terms = []
    for encoded, (first, last) in zip(learned.structure, spec.terms, strict=True):
        parts = [_parts(name) for name in encoded.columns]
        own = [factor.expr for factor in encoded.term.factors if factor.expr in learned.encoder_state]
        for expression in own:
            if expression not in variables:
                truth = expression in truths
                variables[expression] = (
                    _two_valued(expression) if truth else _variable(expression, learned, parts)
                )
        coded = {expression for expression in own if _always_coded(expression, learned)}
        scopes = encoded.scoped_terms
        columns = [column for scoped in scopes for column in _columns(scoped, variables, coded)]
        names = tuple(own)
        terms.append(Term(":".join(names) or "Intercept", names, first, last, tuple(columns)))
    return Structure(tuple(terms), {variable.name: variable for variable in variables.values()})


def _always_coded(expression: str, learned: Any) -> bool:
    """Whether a factor has its contrasts everywhere: contrasts of the user's own never span the constant."""
    state = learned.encoder_state[expression][1]
    if "categories" not in state:
        return False
    coding = state["contrasts"]
    return not coding.contrasts.get_spans_intercept(coding.levels, False)


def _variable(expression: str, learned: Any, parts: Sequence[Sequence[str]]) -> Variable:
    state = learned.encoder_state[expression][1]
    name = expression
    if "categories" in state:
        coding = state["contrasts"].get_coding_matrix(reduced_rank=True, sparse=False)
        return Variable(name, len(state["categories"]), np.asarray(coding, dtype=np.float64))
    first = f"{expression}["
    own = {part for column in parts for part in column if part == expression or part.startswith(first)}
    return Variable(name, max(len(own), 1), None)


def _columns(scoped: Any, variables: dict[str, Variable], coded: Set[str]) -> list[Column]:
    """Return the columns of one scoped term of formulaic, its first factor running fastest."""
    choices = []
    for factor in scoped.factors:
        variable = variables.get(factor.factor.expr)
        if variable is None:  # a constant
            continue
        reduced = variable.name in coded or (factor.reduced and not variable.numeric)
        count = variable.contrasts.shape[1] if reduced and variable.contrasts is not None else variable.size
        choices.append([Entry(variable.name, i, not reduced) for i in range(count)])
    scale = 1.0 if scoped.scale is None else float(scoped.scale)
    return [Column(entries[::-1], scale) for entries in product(*reversed(choices))]


def _parts(name: str) -> list[str]:
    """Split a column's name at the colons outside brackets and quotes."""
    out, depth, quote = [""], 0, ""
    for character in name:
        if quote:
            quote = "" if character == quote else quote
        elif character in "`'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == ":" and depth == 0:
            out.append("")
            continue
        out[-1] += character
    return out


def treatment(levels: int) -> FloatArray:
    """Return the coding by treatment contrasts, the first level being the base."""
    return np.eye(levels)[:, 1:]
