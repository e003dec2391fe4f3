"""What a run writes and the tables are made of: plain CSV files and machine.json in one folder."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

HERE = Path(__file__).parent
LATEST = HERE.parent / "build" / "bench"  # what `make bench` writes
PUBLISHED = HERE / "results"  # the run behind the tables of README and docs


@dataclass(frozen=True)
class Measurement:
    """One program on one workload. Seconds per fit, refit or replicate; memory in bytes."""

    number: str
    problem: str
    task: str
    program: str
    status: str  # ok, over cap, failed, skipped
    reason: str = ""
    seconds: float | None = None
    fastest: float | None = None
    slowest: float | None = None
    first: float | None = None
    repeats: int | None = None
    growth: int | None = None
    input: int | None = None
    evaluations: int | None = None
    criterion: float | None = None
    excess: float | None = None  # criterion above ours (the same method, REML or ML)
    verdict: str = ""
    others: float | None = None  # share of all cores that other processes used meanwhile


@dataclass(frozen=True)
class Point:
    """One size on a growth curve."""

    series: str  # rows, groups
    rows: int
    groups: int
    seconds: float
    evaluations: int
    per_evaluation: float


@dataclass(frozen=True)
class Stage:
    """One stage of one workload, with its floor."""

    number: str
    problem: str
    stage: str
    seconds: float
    count: int = 1
    gflop: float | None = None
    gbyte: float | None = None
    floor: float | None = None
    floor_is: str = ""


@dataclass(frozen=True)
class Giant:
    """A fit by iterations (benchmarks/giants.py). CPU seconds, bytes."""

    series: str  # rows, levels, both: twice as many each time; sizes
    rows: int
    leading: int
    rest: int
    clock: float
    seconds: float
    memory: int
    evaluations: int
    iterations: int
    chance: float  # largest Monte Carlo error in standard errors
    converged: int


@dataclass(frozen=True)
class Agreement:
    """A fit by iterations beside the exact one; the last three are at equal theta."""

    problem: str
    rows: int
    levels: str
    probes: int
    off: float  # largest difference of a covariance parameter in Monte Carlo errors
    chance: float  # largest Monte Carlo error in standard errors
    component_se: float | None  # largest relative difference of a standard error of a covariance parameter
    se: float  # likewise of a coefficient
    modes: float  # largest difference of a conditional mode over sigma
    seconds: float
    exact_seconds: float


@dataclass(frozen=True)
class Beside:
    """A program on the same ratings, by maximum likelihood."""

    program: str
    rows: int
    clock: float
    seconds: float
    memory: int
    user: float
    item: float
    sigma: float
    slope: float
    slope_se: float


def write(folder, name, rows):
    """Dataclass instances as folder/name.csv; numbers with six digits, nothing where None."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(rows[0])], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: text(key, value) for key, value in asdict(row).items()} for row in rows)


def text(key, value):
    if isinstance(value, float):
        return f"{value:.12g}" if key == "criterion" else f"{value:.6g}"
    return "" if value is None else value


def read(folder, name, kind):
    """The rows of folder/name.csv as instances of a dataclass; none where there is no file."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [
            kind(**{f.name: value(f.type, row[f.name]) for f in fields(kind)})
            for row in csv.DictReader(stream)
        ]


def value(kind, cell):
    """A cell as the type its field is declared with."""
    if "str" in kind:
        return cell
    if cell == "":
        return None
    return int(cell) if "int" in kind else float(cell)


def write_machine(folder, record):
    """The record of a run, or a list of them where a folder has the measurements of several."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "machine.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_machines(folder):
    """The records of the runs in a folder, oldest first."""
    path = folder / "machine.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return found if isinstance(found, list) else [found]
