"""The one registry of benchmark problems, tagged by structure, each with seeded data.

    from benchmarks.problems import PROBLEMS, problem, workloads
    p = problem("crossed_ratings")
    p.frame(), p.formula, p.expected()      # data (cached), formula for all programs, lme4's answer

The *workloads* of the comparison with other programs are problems too; `number` is their place in its
table. `expected()` is what lme4 found (benchmarks/expected.json, written by `python -m
benchmarks.rivals.expect`), never our own output. Where lme4 is out of reach it is None, and the answer is
judged by what was put into the simulation (`truth`). Those with a `family` are generalised: their answers
are judged against each other and, in the tests, against the battery's. Imports no ranef: other programs'
processes use it too.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from glmm_battery import load_data as load_generalised
from reference_battery import load_data

from benchmarks import simulated

EXPECTED = Path(__file__).with_name("expected.json")


@dataclass(frozen=True)
class Problem:
    """Data and formula.

    `slow` ones take lme4 more than some 20 seconds, `huge` ones much more than a minute; both are left out
    unless asked for. `number` is the place in the table of workloads, `truth` the name of the simulation when
    it is not the problem's, `spelled` the formula for programs that know no interactions between the bars.
    `family` is that of a generalised model. `further` are the tasks beside the fit, each with its number:
    "refit" is another response on the same design, "replicate" one of a parametric bootstrap.
    """

    name: str
    formula: str
    build: Callable[[], pd.DataFrame]
    structure: tuple[str, ...]
    number: str = ""
    slow: bool = False
    huge: bool = False
    truth: str = ""
    spelled: str = ""
    family: str = ""
    further: tuple[tuple[str, str], ...] = ()

    def __str__(self):
        return self.name

    def frame(self):
        """The data, made once per process; do not change them."""
        return _frame(self.name)

    @property
    def columns(self):
        """The columns the formula uses, for the rivals."""
        words = set(re.findall(r"\w+", self.formula))
        return [column for column in self.frame().columns if column in words]

    def expected(self):
        """lme4's REML criterion and theta: {"criterion", "theta", "evaluations"}; None where it has none."""
        return json.loads(EXPECTED.read_text(encoding="utf-8")).get(self.name)

    def put_in(self):
        """What the simulation used: {"beta", "sigma", "sd"}; None for data that are not simulated."""
        return simulated.TRUTH.get(self.truth or self.name)


@functools.cache
def _frame(name):
    return problem(name).build()


# ---------------------------------------------------------------- data sets
def reference(name):
    return functools.partial(load_data, name)


def insteval():
    """Lecturers' evaluations with identifiers as strings; service as a factor and as a number."""
    data = load_data("InstEval")
    keys = {name: data[name].astype(str) for name in ("s", "d", "dept", "service")}
    return pd.DataFrame({"y": data["y"].astype(float)} | keys | {"visit": keys["service"].astype(float)})


def generalised_reference(name):
    return functools.partial(load_generalised, name)


def herds():
    """Sick and healthy cows of 15 herds."""
    data = load_generalised("cbpp")
    return data.assign(healthy=data["size"] - data["incidence"])


# ---------------------------------------------------------------- the registry
PROBLEMS = [
    Problem(
        "sleepstudy",
        "Reaction ~ Days + (Days | Subject)",
        reference("sleepstudy"),
        ("vector", "one class"),
        number="1",
        further=(("refit", "2a"), ("replicate", "2b")),
    ),
    Problem(
        "sleepstudy_irregular",
        "reaction ~ days + (days | subject)",
        simulated.irregular_sleep,
        ("vector", "no classes"),
    ),
    Problem(
        "penicillin",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        reference("Penicillin"),
        ("crossed", "small"),
    ),
    Problem("pastes", "strength ~ 1 + (1 | batch) + (1 | sample)", reference("Pastes"), ("nested", "small")),
    Problem("insteval_2", "y ~ service + (1 | s) + (1 | d)", insteval, ("crossed", "large")),
    Problem(
        "insteval_3",
        "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
        insteval,
        ("crossed", "large"),
        number="3",
    ),
    Problem(
        "insteval_4",
        "y ~ visit + (1 | s) + (1 | d) + (1 | dept) + (0 + visit | dept)",
        insteval,
        ("crossed", "large", "two terms on a factor"),
        number="4a",
    ),
    Problem(
        "insteval_fixed",
        "y ~ service * dept + (1 | s) + (1 | d)",
        insteval,
        ("crossed", "large", "many fixed effects"),
        number="4b",
    ),
    Problem(
        "nested",
        "y ~ x + (1 | klass) + (1 | school) + (1 | district)",
        simulated.nested,
        ("nested", "large", "sparse"),
    ),
    Problem(
        "one_factor",
        "y ~ x + w + (1 + x | g)",
        simulated.one_factor,
        ("vector", "no classes", "large"),
        number="5",
        slow=True,
    ),
    Problem(
        "one_factor_10m",
        "y ~ x + w + (1 + x | g)",
        functools.partial(simulated.one_factor, 10_000_000, 200_000, strings=False),
        ("vector", "no classes", "rows"),
        number="6",
        slow=True,
        huge=True,
        truth="one_factor",
    ),
    Problem(
        "crossed_ratings",
        "y ~ x + (1 | user) + (1 | item)",
        simulated.crossed_ratings,
        ("crossed", "dense"),
        number="7",
        slow=True,
    ),
    Problem(
        "crossed_ratings_10m",
        "y ~ x + (1 | user) + (1 | item)",
        functools.partial(simulated.crossed_ratings, 10_000_000, 70_000, 10_000),
        ("crossed", "dense", "rows"),
        number="8",
        slow=True,
        huge=True,
        truth="crossed_ratings",
    ),
    Problem(
        "moving_pupils",
        "y ~ x + (1 | pupil) + (1 | klass) + (1 | school)",
        simulated.moving_pupils,
        ("partly nested", "sparse", "large"),
        number="9",
        slow=True,
    ),
    Problem(
        "maximal",
        "rt ~ 1 + a + b + a:b + (1 + a + b + a:b | subject) + (1 + a + b + a:b | item)",
        simulated.maximal,
        ("crossed", "vector", "dim4"),
        number="10",
        spelled="rt ~ 1 + a + b + ab + (1 + a + b + ab | subject) + (1 + a + b + ab | item)",
    ),
    Problem(
        "cbpp",
        "cbind(incidence, healthy) ~ period + (1 | herd)",
        herds,
        ("generalised", "vector"),
        number="11a",
        family="binomial",
        further=(("replicate", "11b"),),
    ),
    Problem(
        "verbagg",
        "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        generalised_reference("VerbAgg"),
        ("generalised", "crossed"),
        number="12",
        family="binomial",
    ),
    Problem(
        "grouseticks",
        "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        generalised_reference("grouseticks"),
        ("generalised", "nested"),
        number="13",
        family="poisson",
    ),
    Problem(
        "yes_or_no",
        "y ~ x + w + (1 | g)",
        simulated.yes_or_no,
        ("generalised", "one factor"),
        number="14",
        slow=True,
        family="binomial",
    ),
    Problem(
        "yes_or_no_crossed",
        "y ~ x + w + (1 | a) + (1 | b)",
        functools.partial(simulated.yes_or_no, crossed=True),
        ("generalised", "crossed"),
        number="15",
        slow=True,
        family="binomial",
    ),
    Problem(
        "counts_in_cells",
        "y ~ dose + sex + (1 | site)",
        simulated.counts_in_cells,
        ("generalised", "one factor", "rows"),
        number="16",
        slow=True,
        family="poisson",
    ),
]
_BY_NAME = {p.name: p for p in PROBLEMS}


def problem(name):
    """A problem by name."""
    return _BY_NAME[name]


def problems(*structure, slow=False, huge=False):
    """Problems that have all the tags; slow, huge and generalised ones only on request."""
    kind = [p for p in PROBLEMS if bool(p.family) == ("generalised" in structure)]
    wanted = [p for p in kind if set(structure) <= set(p.structure)]
    return [p for p in wanted if (slow or not p.slow) and (huge or not p.huge)]


def workloads():
    """The problems of the comparison, in the order of its table."""
    return [p for p in PROBLEMS if p.number]
