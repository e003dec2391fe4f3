"""Which random effects a prediction is to use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..design import Design
from ..design.names import shown
from ..design.structure import column_keys
from ..errors import ArgumentError, FormulaError, quote_list
from ..formula import RandomBar, parse_formula
from ..formula.expand import terms_of

Chosen = list[npt.NDArray[np.intp]]


def chosen_columns(design: Design, random: str | Sequence[str] | None) -> Chosen:
    """Return for each random term the columns that are wanted.

    random: "all", None, str or sequence of str, grouping factors, or random terms as text.
    Raises ArgumentError: something asked for is not in the model.
    """
    if random is None:
        return [np.empty(0, dtype=np.intp) for _ in design.terms]
    if isinstance(random, str) and random == "all":
        return [np.arange(len(term.columns)) for term in design.terms]
    if isinstance(random, bool):
        raise ArgumentError(f"random= must be 'all', None for none, or terms as text, not {random!r}")
    wanted: list[set[int]] = [set() for _ in design.terms]
    for text in [random] if isinstance(random, str) else random:
        for index, columns in _matches(design, text).items():
            wanted[index] |= columns
    return [np.array(sorted(columns), dtype=np.intp) for columns in wanted]


def _matches(design: Design, text: str) -> dict[int, set[int]]:
    """Return term -> columns for one grouping factor or one random term given as text."""
    if not isinstance(text, str):
        raise ArgumentError(f"random= must be 'all', None, or a list of terms as text; it has {text!r}")
    whole = {
        index: set(range(len(term.columns))) for index, term in enumerate(design.terms) if term.group == text
    }
    if whole:
        return whole
    found: dict[int, set[int]] = {}
    for bar in _bars(text):
        for name, variables in _variables_of_terms(bar):
            hits = _positions(design, bar.group, variables)
            if not hits:
                raise _unknown(design, text, f"{name} by {bar.group}")
            for index, column in hits:
                found.setdefault(index, set()).add(column)
    if not found:
        raise _unknown(design, text, text)
    return found


def _bars(text: str) -> tuple[RandomBar, ...]:
    inner = text.strip()
    if "|" not in inner:
        return ()
    try:
        return parse_formula(f"y ~ 1 + {inner if inner.startswith('(') else f'({inner})'}").random
    except FormulaError as error:
        raise ArgumentError(f"random= cannot be read: {error.message}") from None


def _variables_of_terms(bar: RandomBar) -> list[tuple[str, frozenset[str]]]:
    """Return name and variables of every term left of a bar; the intercept has none."""
    asked = terms_of(bar.columns)
    found = [("Intercept", frozenset[str]())] if asked.intercept else []
    for term in asked.terms:
        names = [variable.name if variable.code else shown(variable.name) for variable in term]
        found.append((":".join(names), frozenset(names)))
    return found


def _positions(design: Design, group: str, variables: frozenset[str]) -> list[tuple[int, int]]:
    """Return the (term, column) pairs of a group that are products of these variables."""
    own: dict[str, frozenset[str]] = {}
    for spec in design.spec.bases:
        for name, (entries, _) in zip(spec.names, column_keys(spec), strict=True):
            own[name] = frozenset(entry.variable for entry in entries)
    return [
        (index, column)
        for index, term in enumerate(design.terms)
        if term.group == group
        for column, label in enumerate(term.columns)
        if own.get(label) == variables
    ]


def _unknown(design: Design, text: str, what: str) -> ArgumentError:
    terms = quote_list(str(term) for term in design.terms)
    return ArgumentError(f"random={text!r}: the model has no random effects of {what}. Its terms: {terms}.")


def choose_group(groups: Sequence[str], group: str | None, what: str) -> str:
    """Return the grouping factor asked for, or the only one there is.

    Raises ArgumentError for an unknown name, or when several leave the choice open.
    """
    names = ", ".join(f"'{name}'" for name in groups)
    if group is None:
        if len(groups) > 1:
            raise ArgumentError(f"this model has several grouping factors: give {what} group= one of {names}")
        return groups[0]
    if group not in groups:
        raise ArgumentError(f"group='{group}' is not a grouping factor of this model; there is {names}")
    return group
