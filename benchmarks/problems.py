"""The one registry of benchmark problems, tagged by structure, each with seeded data.

    from benchmarks.problems import PROBLEMS, problem
    p = problem("crossed_ratings")
    p.frame(), p.formula, p.expected()      # data (cached), formula for both programs, lme4's answer

`expected()` is what lme4 found (benchmarks/expected.json, written by `python -m benchmarks.rivals.expect`),
never our own output.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from reference_battery import load_data

EXPECTED = Path(__file__).with_name("expected.json")


@dataclass(frozen=True)
class Problem:
    """Data and formula. `slow` ones take lme4 more than some 20 seconds and are left out unless asked for."""

    name: str
    formula: str
    build: Callable[[], pd.DataFrame]
    structure: tuple[str, ...]
    slow: bool = False

    def __str__(self):
        return self.name

    def frame(self):
        """The data, made once per process; do not change them."""
        return _frame(self.name)

    @property
    def columns(self):
        """The columns the formula uses, for the rivals' CSV."""
        return [column for column in self.frame().columns if column in self.formula]

    def expected(self):
        """lme4's REML criterion and theta: {"criterion", "theta", "evaluations"}."""
        return json.loads(EXPECTED.read_text(encoding="utf-8"))[self.name]


@functools.cache
def _frame(name):
    return problem(name).build()


# ---------------------------------------------------------------- simulated data
def labels(prefix, codes):
    """Integer codes as strings, the way identifiers arrive in practice."""
    width = len(str(codes.max()))
    names = np.array([f"{prefix}{i:0{width}d}" for i in range(codes.max() + 1)], dtype=object)
    return names[codes]


def irregular_sleep():
    """200 subjects, 5 to 15 days each at real-valued times: no two subjects share a G_j, so no classes."""
    rng = np.random.default_rng(20260101)
    subject = np.repeat(np.arange(200), rng.integers(5, 16, 200))
    days = rng.uniform(0, 10, subject.size)
    b = rng.normal(size=(200, 2)) @ np.array([[24.0, 0.4], [0.0, 5.9]])
    mean = 251 + 10.5 * days + b[subject, 0] + b[subject, 1] * days
    reaction = mean + rng.normal(0, 25.6, subject.size)
    return pd.DataFrame({"reaction": reaction, "days": days, "subject": labels("s", subject)})


def one_factor(n=1_000_000, groups=50_000):
    """A million rows in 50,000 string-labelled groups, intercept and slope."""
    rng = np.random.default_rng(20260102)
    g = rng.integers(0, groups, n)
    x, w = rng.normal(size=(2, n))
    b = rng.normal(size=(groups, 2)) @ np.array([[0.5, 0.1], [0.0, 0.3]])
    y = 1 + 0.5 * x - 0.2 * w + b[g, 0] + b[g, 1] * x + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "w": w, "g": labels("g", g)})


def crossed_ratings(n=1_000_000, users=40_000, items=4_000):
    """A million ratings, users uniform, items by popularity 1/(rank + 20): a large dense Schur complement."""
    rng = np.random.default_rng(20260103)
    popularity = 1 / (np.arange(items) + 20)
    user = rng.integers(0, users, n)
    item = rng.choice(items, n, p=popularity / popularity.sum())
    x = rng.normal(size=n)
    u, i = 0.45 * rng.normal(size=users), 0.5 * rng.normal(size=items)
    y = 3.5 + 0.2 * x + u[user] + i[item] + 0.9 * rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "user": labels("u", user), "item": labels("i", item)})


def nested(districts=100, schools=20, classes=10, pupils=10):
    """Pupils in classes in schools in districts, 200,000 rows: a sparse Schur complement without fill."""
    rng = np.random.default_rng(20260104)
    n = districts * schools * classes * pupils
    row = np.arange(n)
    klass = row // pupils
    school, district = klass // classes, klass // (classes * schools)
    x = rng.normal(size=n)
    scales = ((0.4, klass), (0.5, school), (0.3, district))
    effects = sum(scale * rng.normal(size=code.max() + 1)[code] for scale, code in scales)
    y = 1 + 0.5 * x + effects + rng.normal(size=n)
    codes = {"district": labels("d", district), "school": labels("s", school), "klass": labels("c", klass)}
    return pd.DataFrame({"y": y, "x": x} | codes)


def maximal(subjects=60, items=40):
    """A psychologist's maximal model: 2 x 2 within subjects and items, each pair once, conditions by Latin
    square."""
    rng = np.random.default_rng(20260105)
    subject, item = np.divmod(np.arange(subjects * items), items)
    condition = (subject + item) % 4
    a, b = np.where(condition % 2, 0.5, -0.5), np.where(condition // 2, 0.5, -0.5)
    basis = np.column_stack([np.ones(a.size), a, b, a * b])
    by_subject = rng.normal(size=(subjects, 4)) * [60, 25, 20, 15]
    by_item = rng.normal(size=(items, 4)) * [40, 15, 15, 10]
    mean = basis @ [400, 30, 20, 15] + (basis * (by_subject[subject] + by_item[item])).sum(axis=1)
    rt = mean + rng.normal(0, 90, a.size)
    return pd.DataFrame(
        {"rt": rt, "a": a, "b": b, "subject": labels("s", subject), "item": labels("i", item)}
    )


def reference(name):
    return functools.partial(load_data, name)


# ---------------------------------------------------------------- the registry
PROBLEMS = [
    Problem(
        "sleepstudy", "Reaction ~ Days + (Days | Subject)", reference("sleepstudy"), ("vector", "one class")
    ),
    Problem(
        "sleepstudy_irregular",
        "reaction ~ days + (days | subject)",
        irregular_sleep,
        ("vector", "no classes"),
    ),
    Problem(
        "penicillin",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        reference("Penicillin"),
        ("crossed", "small"),
    ),
    Problem("pastes", "strength ~ 1 + (1 | batch) + (1 | sample)", reference("Pastes"), ("nested", "small")),
    Problem("insteval_2", "y ~ service + (1 | s) + (1 | d)", reference("InstEval"), ("crossed", "large")),
    Problem(
        "insteval_3",
        "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        reference("InstEval"),
        ("crossed", "large"),
    ),
    Problem(
        "nested", "y ~ x + (1 | klass) + (1 | school) + (1 | district)", nested, ("nested", "large", "sparse")
    ),
    Problem(
        "maximal", "rt ~ a * b + (a * b | subject) + (a * b | item)", maximal, ("crossed", "vector", "dim4")
    ),
    Problem(
        "one_factor", "y ~ x + w + (1 + x | g)", one_factor, ("vector", "no classes", "large"), slow=True
    ),
    Problem(
        "crossed_ratings", "y ~ x + (1 | user) + (1 | item)", crossed_ratings, ("crossed", "huge"), slow=True
    ),
]
_BY_NAME = {p.name: p for p in PROBLEMS}


def problem(name):
    """A problem by name."""
    return _BY_NAME[name]


def problems(*structure, slow=False):
    """Problems that have all the tags; the slow ones only on request."""
    return [p for p in PROBLEMS if set(structure) <= set(p.structure) and (slow or not p.slow)]
