"""Design matrices for the oracle, the slow and obvious way.

Independent of ranef.formula and ranef.design on purpose, so that they can be checked against it::

    design = oracle_design(model.formula, model.frame(), weights="w")
    design = reference_design(model)     # a ReferenceModel; the columns lme4 drops are removed
    value = oracle.criterion(design, theta, reml=True)
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, replace

import formulaic
import numpy as np
import pandas as pd
from reference_battery import canonical, load_model


@dataclass(frozen=True)
class OracleTerm:
    """One random term: codes (n,), level labels, basis (n, r)."""

    group: str
    columns: tuple
    codes: np.ndarray
    labels: tuple
    basis: np.ndarray

    @property
    def levels(self):
        return len(self.labels)

    @property
    def width(self):
        return self.basis.shape[1]


@dataclass(frozen=True)
class OracleDesign:
    """y (offset already taken off), X with column names, terms in lme4's order, weights or None."""

    y: np.ndarray
    X: np.ndarray
    names: tuple
    terms: tuple
    weights: np.ndarray | None

    @property
    def n_theta(self):
        return sum(term.width * (term.width + 1) // 2 for term in self.terms)


def oracle_design(formula, frame, weights=None, offset=None):
    """The design of a formula (with offset() where it has one); weights and offset are column names."""
    response, _, right = formula.partition("~")
    bars = _bars(right)
    fixed = right
    for left, bar, group in bars:
        fixed = fixed.replace(f"({left}{bar}{group})", "")
    offsets = re.findall(r"offset\((\w+)\)", fixed)
    fixed = " + ".join(part for part in _summands(re.sub(r"offset\(\w+\)", "", fixed)) if part)
    extra = [*offsets, *([offset] if offset else []), *([weights] if weights else [])]

    frame = frame.loc[_complete_rows(formula, extra, frame)].reset_index(drop=True)
    X = formulaic.model_matrix(fixed, frame)
    y = frame[response.strip()].to_numpy(float)
    for name in [*offsets, *([offset] if offset else [])]:
        y = y - frame[name].to_numpy(float)
    terms = [term for left, bar, group in bars for term in _terms(left.strip(), bar, group.strip(), frame)]
    w = frame[weights].to_numpy(float) if weights else None
    return OracleDesign(y, X.to_numpy(float), tuple(X.columns), tuple(_lme4_order(terms)), w)


@functools.cache
def reference_design(name):
    """The design of a ReferenceModel or its name: our column order, without the columns lme4 drops."""
    model = load_model(str(name))
    design = oracle_design(model.formula, model.frame(), model.weights, model.offset)
    dropped = set(model.dropped_coefficients)
    keep = [i for i, column in enumerate(design.names) if canonical(column) not in dropped]
    return replace(design, X=design.X[:, keep], names=tuple(design.names[i] for i in keep))


def _bars(text):
    """[(left, "|" or "||", group)] of every pair of brackets with a bar in it."""
    found, opened = [], []
    for i, character in enumerate(text):
        if character == "(":
            opened.append(i)
        elif character == ")":
            inner = text[opened.pop() + 1 : i]
            if "|" in inner:
                bar = "||" if "||" in inner else "|"
                left, _, group = inner.partition(bar)
                found.append((left, bar, group))
    return found


def _summands(text):
    """Split at + outside brackets; the gaps that removed bars leave behind are gone."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "+" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _complete_rows(formula, extra, frame):
    used = [
        c
        for c in frame.columns
        if re.search(rf"(?<![\w.]){re.escape(str(c))}(?![\w.])", formula) or c in extra
    ]
    return frame[used].notna().all(axis=1)


def _terms(left, bar, group, frame):
    basis = formulaic.model_matrix(left, frame)
    blocks = [[column] for column in basis.columns] if bar == "||" else [list(basis.columns)]
    for factor in _nested(group):
        codes, labels = _codes(factor, frame)
        for block in blocks:
            yield OracleTerm(factor, tuple(block), codes, labels, basis[block].to_numpy(float))


def _nested(group):
    """a/b/c -> c:b:a, b:a, a, as lme4 writes them."""
    parts = [part.strip() for part in group.split("/")]
    return [":".join(reversed(parts[: i + 1])) for i in reversed(range(len(parts)))]


def _codes(factor, frame):
    """Codes and labels of "a" or "a:b"; levels in R's order (first factor slowest), unused ones dropped."""
    parts = [pd.Categorical(frame[name.strip()]).remove_unused_categories() for name in factor.split(":")]
    sizes = [len(part.categories) for part in parts]
    flat = np.ravel_multi_index([part.codes.astype(np.int64) for part in parts], sizes)
    used, codes = np.unique(flat, return_inverse=True)
    rows = zip(*np.unravel_index(used, sizes), strict=True)
    labels = tuple(
        ":".join(str(part.categories[i]) for part, i in zip(parts, row, strict=True)) for row in rows
    )
    return codes, labels


def _lme4_order(terms):
    """Unchanged if level counts already fall; otherwise R's rev(order(counts))."""
    counts = [term.levels for term in terms]
    if all(a >= b for a, b in itertools.pairwise(counts)):
        return terms
    return [terms[i] for i in np.argsort(counts, kind="stable")[::-1]]
