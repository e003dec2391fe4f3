"""When a case counts as slower, from the timings of base and head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RELATIVE = 0.15


@dataclass(frozen=True)
class Change:
    """A case's best seconds on base and on head, and what follows.

    The fastest of the interleaved timings stands for a build: noise on a shared machine only adds time.
    """

    name: str
    base: float
    head: float
    absolute: float
    relative: float = RELATIVE

    @property
    def ratio(self):
        return self.head / self.base

    @property
    def slower(self):
        """By more than the relative and more than the absolute threshold."""
        return self.ratio > 1 + self.relative and self.head - self.base > self.absolute

    @property
    def faster(self):
        """By the same thresholds."""
        return self.base / self.head > 1 + self.relative and self.base - self.head > self.absolute

    @property
    def word(self):
        return "SLOWER" if self.slower else "faster" if self.faster else "same"


def changes(
    base: Mapping[str, Sequence[float]],
    head: Mapping[str, Sequence[float]],
    absolute: Mapping[str, float],
    relative: float = RELATIVE,
):
    """Compare timings case by case.

    Parameters
    ----------
    base, head : mapping case -> seconds
        Of every round. A case that base cannot run (no such function then) is absent there and not compared.
    absolute : mapping case -> seconds
    relative : float

    Returns
    -------
    list of Change, list of str
        Compared cases, and the names of those only head could run.

    Raises
    ------
    ValueError
        When head cannot run a case that base could: that is worse than slow.
    """
    lost = sorted(set(base) - set(head))
    if lost:
        raise ValueError(f"head cannot run what base could: {', '.join(lost)}")
    compared = [
        Change(name, min(base[name]), min(head[name]), absolute[name], relative)
        for name in head
        if name in base
    ]
    return compared, [name for name in head if name not in base]


def passes(compared):
    """Whether no case is slower."""
    return not any(change.slower for change in compared)


def table(compared, new=()):
    """The comparison as text, slowest ratio first."""
    width = max([len(change.name) for change in compared] + [4])
    lines = [f"{'case':<{width}} {'base':>11} {'head':>11} {'ratio':>6}"]
    for change in sorted(compared, key=lambda change: -change.ratio):
        times = f"{1e3 * change.base:>8.3f} ms {1e3 * change.head:>8.3f} ms {change.ratio:>6.2f}"
        lines.append(f"{change.name:<{width}} {times}  {change.word}")
    lines += [f"{name:<{width}} only head can run it" for name in new]
    return "\n".join(lines)
