"""docs/accuracy.md says what our fits have: its tables are made anew and compared."""

import re
from pathlib import Path

import accuracy
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"


def published(name):
    """The rows of a table as lists of cells."""
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(rf"<!-- table:{name} -->\n(.*?)<!-- /table", text, re.DOTALL)[1]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_digits():
    _, rows = accuracy.digits()
    for there, here in zip(published("digits"), rows, strict=True):
        assert there[:2] == [cell.strip() for cell in here[:2]]
        numbers = [float(cell) for cell in here[2:]]
        assert [float(cell) for cell in there[2:]] == pytest.approx(numbers, rel=1e-6)


def test_summary_is_not_flattering():
    """Rounding differs between machines; what is published may be ten times too small at most."""
    _, rows = accuracy.summary()
    for there, here in zip(published("summary"), rows, strict=True):
        assert there[:2] == list(here[:2])
        assert float(here[3]) <= 10 * max(float(there[3]), 1e-9)


def test_every_model_is_there():
    _, rows = accuracy.deviations()
    assert [row[0] for row in published("deviations")] == [row[0] for row in rows]
