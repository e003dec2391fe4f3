"""How public numbers answer to x -> a x + b and y -> c y + d: learned from mild changes, held to large ones.

A number v becomes c^i a^j v, or v + i log c + j log a (the criterion). What depends on the origin of x or
of y (an intercept, its variance, its p-value) is compared with the fit of data that have that origin, in
units of one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from public_numbers import numbers, size

ALIKE = 1e-5  # relative: what counts as the same while a rule is learned
NEAR = 10.0  # origins up to this many units away are reached by the fit of comparison


class Change(NamedTuple):
    """x -> a x + b and y -> c y + d."""

    a: float = 1.0
    b: float = 0.0
    c: float = 1.0
    d: float = 0.0

    def __str__(self) -> str:
        x = f"x -> {self.a:g} x" + (f" + {self.b:g}" if self.b else "")
        y = f"y -> {self.c:g} y" + (f" + {self.d:g}" if self.d else "")
        return f"{x}, {y}"


MILD = {
    "2y": Change(c=2.0),
    "3y": Change(c=3.0),
    "2x": Change(a=2.0),
    "3x": Change(a=3.0),
    "y": Change(d=1.0),
    "x": Change(b=1.0),
}


@dataclass(frozen=True)
class Rule:
    """What becomes of a number: powers of c and a (factors of their logarithms), factor of d, and by b."""

    y: float = 0.0
    x: float = 0.0
    level: float = 0.0
    origin: bool = False
    logarithm: bool = False
    zero: bool = False

    def __call__(self, value: float, change: Change) -> float:
        if self.logarithm:
            return value + self.y * math.log(change.c) + self.x * math.log(change.a)
        return value * change.c**self.y * change.a**self.x

    def __str__(self) -> str:
        if self.logarithm:
            return "v + k log"
        named = (("c", self.y), ("a", self.x))
        text = " ".join(n if power == 1 else f"{n}^{power:g}" for n, power in named if power)
        return (text or "invariant") + (" (origin)" if self.origin else "") + (" + d" if self.level else "")


def learn(base: float, mild: dict[str, float], unit: float) -> Rule | None:
    """Return the rule of a number from its values after the mild changes; None where none fits."""
    if not all(map(math.isfinite, (base, *mild.values()))):
        return Rule() if all(_same(base, v) for v in mild.values()) else None
    least = ALIKE * max(abs(base), 1e-6 * unit)
    origin = abs(mild["x"] - base) > least
    level = mild["y"] - base if abs(mild["y"] - base) > least else 0.0
    if abs(base) <= 1e-9 * unit:
        zero = all(abs(mild[name]) <= 1e-8 * unit for name in ("2y", "3y", "2x", "3x"))
        return Rule(0.0, 0.0, level, origin, zero=True) if zero else None
    powers = [_power(mild["2" + v] / base, mild["3" + v] / base) for v in "yx"]
    if None not in powers:
        return Rule(*powers, level, origin)  # type: ignore[arg-type]
    slopes = [((mild["2" + v] - base) / math.log(2), (mild["3" + v] - base) / math.log(3)) for v in "yx"]
    if all(abs(p - q) <= ALIKE * (1 + abs(p)) for p, q in slopes):
        return Rule(slopes[0][0], slopes[1][0], level, origin, True)
    return None


def _power(twice: float, thrice: float) -> float | None:
    if twice <= 0 or thrice <= 0:
        return None
    nearest = round(2 * math.log2(twice)) / 2
    agree = abs(math.log2(twice) - nearest) < ALIKE and abs(math.log(thrice, 3) - nearest) < ALIKE
    return nearest if agree else None


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@dataclass(frozen=True)
class Deviation:
    """How far a number is from where its rule puts it, in units of the numbers of its kind."""

    call: str
    path: str
    rule: Rule
    wanted: float
    found: float
    size: float

    def __str__(self) -> str:
        return f"{self.path}: {self.found!r} instead of {self.wanted!r} ({self.rule}; {self.size:.1e})"


class Study:
    """The rules of one model's numbers, learned once.

    Parameters
    ----------
    fit : callable
        ``fit(change)`` -> the fit of the changed data.
    only : callable, optional
        Name of a call -> whether it is made.
    """

    def __init__(self, fit: Callable[[Change], Any], only: Callable[[str], bool] | None = None) -> None:
        self.fit = fit
        self.only = only
        self.base = self.numbers(Change())
        mild = {name: self.numbers(change) for name, change in MILD.items()}
        self.rules: dict[tuple[str, str], Rule] = {}
        self.lawless: list[str] = []
        for call, values in self.base.items():
            units = _units(values)
            for path, value in values.items():
                seen = {name: found[call].get(path, math.nan) for name, found in mild.items()}
                rule = learn(value, seen, units[_kind(path)])
                if rule is None:
                    self.lawless.append(f"{path}: {value!r} -> {seen}")
                else:
                    self.rules[call, path] = rule

    def numbers(self, change: Change) -> dict[str, dict[str, float]]:
        """Return the numbers of the changed data; what a call raises is raised."""
        return numbers(self.fit(change), self.only)

    def deviations(self, change: Change) -> Iterator[Deviation]:
        """Yield every number that has a rule, with its distance from what the rule says."""
        found = self.numbers(change)
        same_origin = Change(b=change.b / change.a, d=change.d / change.c)
        near = max(abs(same_origin.b), abs(same_origin.d)) <= NEAR
        source = self.numbers(same_origin) if near and same_origin != Change() else self.base
        for call, values in found.items():
            assert source[call].keys() == values.keys(), f"{call}: other numbers after {change}"
            known = {}
            for path in values:
                rule = self.rules.get((call, path))
                if rule is None or (not near and ((rule.origin and change.b) or (rule.level and change.d))):
                    continue  # far from its old origin, where it is another number: not covered here
                known[path] = rule, rule(source[call][path], change)
            units: dict[tuple[Any, ...], float] = defaultdict(float)
            whole: dict[str, float] = defaultdict(float)
            for path, (rule, wanted) in known.items():
                place = (_kind(path), rule.y, rule.x)
                units[place] = max(units[place], size(wanted))
                whole[_kind(path)] = max(whole[_kind(path)], size(values[path]))
            for path, (rule, wanted) in known.items():
                unit = max(1.0, size(wanted)) if rule.logarithm else units[_kind(path), rule.y, rule.x]
                unit = max(whole[_kind(path)], 1e-300) if rule.zero else unit
                yield Deviation(call, path, rule, wanted, values[path], _distance(wanted, values[path], unit))


def table(study: Study, changes: list[Change]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(columns, rows): of every answer its numbers, what becomes of them, the largest deviation by change."""
    largest: dict[str, list[float]] = defaultdict(lambda: [math.nan] * len(changes))
    for place, change in enumerate(changes):
        for found in study.deviations(change):
            worst = largest[found.call][place]
            largest[found.call][place] = found.size if math.isnan(worst) else max(worst, found.size)
    rows = []
    for call, values in study.base.items():
        rules = [str(study.rules[call, path]) for path in values if not study.rules[call, path].zero]
        if rules:
            common = sorted(set(rules), key=lambda r: (-rules.count(r), r))
            more = f" and {len(common) - 5} more" if len(common) > 5 else ""
            found = ("" if math.isnan(v) else "0" if v < 5e-13 else f"{v:.0e}" for v in largest[call])
            rows.append((f"`{call}`", str(len(values)), "; ".join(common[:5]) + more, *found))
    return ("answer", "numbers", "what becomes of them", *map(str, changes)), rows


def _distance(wanted: float, found: float, unit: float) -> float:
    if _same(wanted, found):
        return 0.0
    distance = abs(wanted - found) / unit if unit > 0 else math.inf
    return distance if math.isfinite(distance) else math.inf


def _kind(path: str) -> str:
    """Numbers in one column of one answer have a common size."""
    return path.partition("[")[0]


def _units(values: dict[str, float]) -> dict[str, float]:
    out: dict[str, float] = defaultdict(float)
    for path, value in values.items():
        out[_kind(path)] = max(out[_kind(path)], size(value))
    return out
