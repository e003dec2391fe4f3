"""Every number printed in the lecture: our fits have it, and the tutorial in docs/lecture shows it.

The lecture's own fits stopped a little short of the optimum, so its printed digits are met to five in ten
thousand; the reference values, from tightly converged fits of the same models by lme4, to the digits.
"""

import re
from pathlib import Path

import lecture
import numpy as np
import pytest
import ranef
from reference_battery import load_data

PAGES = Path(__file__).parents[1] / "docs" / "lecture"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.(\d+))?(?:e([+-]?\d+))?(?![\w])")
SHOWN = 5  # decimals beyond these are in the table of all numbers, which is compared separately


def what(row):
    return row["what"]


def numbers_shown():
    """(value, decimals) of every number in the output of the tutorial's examples."""
    for page in sorted(PAGES.glob("*.md")):
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            output = [line for line in block.splitlines() if not line.startswith((">>>", "..."))]
            for match in NUMBER.finditer("\n".join(output)):
                yield float(match[0]), len(match[1] or "") - int(match[2] or 0)


NUMBERS = list(numbers_shown())


@pytest.mark.parametrize("row", lecture.printed(), ids=what)
def test_our_fit_has_the_number(row):
    ours, rounding = lecture.value(row["what"]), 0.5 * 10.0 ** -row["digits"]
    assert ours == pytest.approx(row["reference"], rel=1e-5)
    assert ours == pytest.approx(row["slide"], rel=5e-4, abs=rounding)


@pytest.mark.parametrize("row", lecture.printed(), ids=what)
def test_the_tutorial_shows_the_number(row):
    """Among what the examples print (which `test_docs.py` runs), with the decimals of the lecture."""
    digits = row["digits"] if abs(row["slide"]) < 1e-4 else min(row["digits"], SHOWN)
    near = 0.5001 * 10.0**-digits
    found = [v for v, decimals in NUMBERS if decimals >= digits and abs(v - row["reference"]) < near]
    assert found, f"{row['what']} = {row['reference']:.{digits}f} is in no output of docs/lecture"


def test_the_table_of_all_numbers():
    """docs/lecture/numbers.md, made by tools/make_docs_tables.py, has the lecture's digits and ours."""
    page = (PAGES / "numbers.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+) \| (\S+) \| (\S+) \|$", page, re.MULTILINE)
    table = {name: numbers for name, *numbers in rows}
    for row in lecture.printed():
        theirs, ours = map(float, table[row["what"]])
        assert theirs == row["slide"]
        rounding = 0.6 * 10.0 ** -row["digits"]
        assert ours == pytest.approx(lecture.value(row["what"]), abs=rounding), row["what"]


def test_a_variance_for_each_group_is_nlmes():
    """The problem case: nlme 3.1-162, varIdent(form = ~ 1 | group) and pdDiag(~ 0 + g1 + g2)."""
    data = load_data("slides_variance")
    second = data["group"].astype(str) == "2"
    data = data.assign(calm=1.0 - second, wild=1.0 * second)
    formula = "value ~ group + condition + (0 + calm | participant) + (0 + wild | participant)"
    ratio, criterion, estimate, error = 8.355127, 202.9541, 1.188842, 0.3820417

    def criterion_at(r):
        return ranef.lmer(formula, data, weights=np.where(second, r**-2.0, 1.0)).objective

    fit = ranef.lmer(formula, data, weights=np.where(second, ratio**-2.0, 1.0))
    assert fit.objective == pytest.approx(criterion, abs=1e-4)
    assert (fit.params["condition"], fit.bse["condition"]) == pytest.approx((estimate, error), rel=1e-5)
    assert fit.objective < min(criterion_at(0.999 * ratio), criterion_at(1.001 * ratio))


@pytest.mark.parametrize("row", lecture.printed(school=True), ids=what)
def test_the_school_numbers(row, school):
    """The lecture's own school data are not ours to ship: skipped, with the reason, where they are absent."""
    ours = lecture.value(row["what"])
    assert ours == pytest.approx(row["reference"], rel=1e-4)
    assert ours == pytest.approx(row["slide"], rel=6e-4, abs=0.5 * 10.0 ** -row["digits"])
