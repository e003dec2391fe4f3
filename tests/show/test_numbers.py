"""Numbers as R prints them: expected texts are R's own (tests/reference/report)."""

import numpy as np
import pytest
from ranef.report.abbreviate import abbreviate_all
from ranef.show.numbers import (
    format_common,
    format_estimates,
    format_p_values,
    format_statistics,
    round_to,
    significance_stars,
    zap_small,
)
from ranef.show.text import columns_of_text
from reference_battery import REFERENCE, read_json

R = read_json(REFERENCE / "report" / "r_formats.json")


def numbers(values):
    return [np.nan if value is None else float(value) for value in values]


@pytest.mark.parametrize("case", R["format"], ids=lambda case: str(case["values"])[:40])
def test_common_format_is_that_of_r(case):
    texts = format_common(numbers(case["values"]), case["digits"], case["nsmall"])
    assert [text.strip() for text in texts] == [text.strip().replace("NA", "NaN") for text in case["text"]]
    assert len({len(text) for text in texts}) == 1


@pytest.mark.parametrize("case", R["format"], ids=lambda case: str(case["values"])[:40])
def test_zapping_is_that_of_r(case):
    ours = zap_small(numbers(case["values"]), case["digits"])
    np.testing.assert_allclose(ours, numbers(case["zapped"]), rtol=1e-9)


@pytest.mark.parametrize("case", R["p_values"], ids=lambda case: str(case["values"])[:40])
def test_p_values_are_those_of_r(case):
    ours = format_p_values(case["values"])
    assert [text.strip() for text in ours] == [text.strip() for text in case["text"]]


@pytest.mark.parametrize("case", R["abbreviate"], ids=lambda case: case["names"][0])
def test_abbreviations_are_those_of_r(case):
    assert abbreviate_all(case["names"], 6) == case["six"]
    assert abbreviate_all(case["names"], 11) == case["eleven"]


def test_estimates_share_their_decimals():
    estimates, errors = format_estimates([[252.54255, 10.45212], [6.43302, 1.54197]], 4)
    assert [text.strip() for text in (*estimates, *errors)] == ["252.543", "10.452", "6.433", "1.542"]


def test_an_estimate_that_rounds_to_zero_keeps_its_digits():
    estimates, _ = format_estimates([[1000.0, 1e-9], [10.0, 10.0]], 3)
    assert float(estimates[1]) == 1e-9


def test_statistics_have_at_most_digits_less_one_decimals():
    assert format_statistics([39.25724, 6.7784], 4) == ["39.257", " 6.778"]


def test_rounding_leaves_what_is_not_finite():
    assert np.isnan(round_to([np.nan], 2)[0])
    assert round_to([np.inf, 1.005], 1).tolist() == [np.inf, 1.0]
    assert format_common([np.inf, -np.inf, np.nan, 1.0]) == [" Inf", "-Inf", " NaN", "   1"]


def test_stars():
    assert significance_stars([0.0005, 0.005, 0.04, 0.09, 0.5]) == ["***", "**", "*", ".", ""]


def test_columns_of_text():
    lines = columns_of_text(["a", "bb"], [["x", "yyy"], ["1", "22"]], [False, True])
    assert lines == ["a   bb", "x    1", "yyy 22"]
