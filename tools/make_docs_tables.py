"""Write the tables of docs/ that hold results: python tools/make_docs_tables.py

Each stands between two marks, `<!-- table:NAME -->` and `<!-- /table:NAME -->`. The lecture's numbers and the
accuracy against lme4, lmerTest and pbkrtest are computed from `tests/reference`, never typed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import accuracy  # noqa: E402
import invariance  # noqa: E402
import lecture  # noqa: E402
import test_invariance  # noqa: E402


def in_table(columns, rows):
    """Markdown; the first column to the left, numbers to the right."""
    head = f"| {' | '.join(columns)} |"
    rule = f"|{'|'.join(['---', *['--:'] * (len(columns) - 1)])}|"
    return "\n".join([head, rule, *(f"| {' | '.join(row)} |" for row in rows)])


def decimals(row):
    """The format of a number with the decimals of the lecture."""
    return ".2e" if abs(row["slide"]) < 1e-4 else f".{row['digits']}f"


def lecture_numbers():
    """The lecture's printed numbers beside ours."""
    rows = [(row, lecture.value(row["what"])) for row in lecture.printed()]
    return in_table(("number", "lecture", "ranef"), [beside(row, value) for row, value in rows])


def school_numbers():
    """Those of the school data beside lme4's at the optimum (the data need not be here)."""
    rows = [beside(row, row["reference"]) for row in lecture.printed(school=True)]
    return in_table(("number", "lecture", "lme4"), rows)


def beside(row, value):
    """One line of a table: name, the lecture's number, another one."""
    return row["what"], format(row["slide"], decimals(row)), format(value, decimals(row))


TABLES = {
    "docs/lecture/numbers.md": {"lecture": lecture_numbers, "school": school_numbers},
    "docs/accuracy.md": {
        "digits": lambda: in_table(*accuracy.digits()),
        "summary": lambda: in_table(*accuracy.summary()),
        "deviations": lambda: in_table(*accuracy.deviations()),
        "invariance": lambda: in_table(*invariance.table(*test_invariance.shown())),
    },
}


def write(path, name, table):
    """Replace what stands between the marks."""
    text = path.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- table:{name} -->\n).*?(<!-- /table:{name} -->)", re.DOTALL)
    if not marks.search(text):
        raise SystemExit(f"{path.name} has no marks for {name}")
    path.write_text(marks.sub(lambda m: f"{m[1]}\n{table}\n\n{m[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    for page, tables in TABLES.items():
        for name, table in tables.items():
            write(ROOT / page, name, table())
            print(f"{page}: {name}")
