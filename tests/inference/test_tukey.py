"""The studentized range: exactly Student's t for two means, R's and scipy's numbers for more, far tails."""

import numpy as np
import pytest
from ranef.inference.means.tukey import range_tail, studentized_quantile, studentized_tail
from scipy.stats import norm, studentized_range, t


@pytest.mark.parametrize("df", [1, 2, 5.5, 20, 210, 1e4, 1e6, np.inf])
def test_of_two_means_it_is_students_t(df):
    for q in (1e-3, 0.5, 2, 4, 8, 20):  # tails down to 1e-45
        assert studentized_tail(q, 2, df) == pytest.approx(2 * t.sf(q / np.sqrt(2), df), rel=1e-10)


def test_numbers_of_r():
    """qtukey() and ptukey() of R 4.2.2, which have six digits."""
    assert studentized_quantile(0.95, 3, 20) == pytest.approx(3.577934581525569, rel=1e-6)
    assert studentized_quantile(0.95, 6, 210) == pytest.approx(4.067590427971504, rel=1e-6)
    assert studentized_quantile(0.99, 4, 5.5) == pytest.approx(7.370904504367809, rel=1e-6)
    assert studentized_tail(8, 5, 12) == pytest.approx(0.000820452833419, rel=1e-6)


@pytest.mark.parametrize(("q", "k", "df"), [(3, 3, 5.5), (5, 8, 40), (4, 30, 3), (4, 100, np.inf)])
def test_numbers_of_scipy(q, k, df):
    assert studentized_tail(q, k, df) == pytest.approx(studentized_range.sf(q, k, df), rel=1e-9)


def test_far_tails_are_those_of_the_farthest_pair():
    """P(range > w) -> k (k - 1) P(N(0, 2) > w): no two pairs are that far apart at once."""
    assert range_tail(18.0, 5)[0] == pytest.approx(20 * norm.sf(18 / np.sqrt(2)), rel=1e-6)
    assert range_tail(0.0, 5)[0] == pytest.approx(1.0, rel=1e-12) and studentized_tail(0.0, 5, 3.0) == 1.0


@pytest.mark.parametrize("df", [3.0, 7.3, 1e5, np.inf])
def test_quantiles_are_where_the_tail_is(df):
    for level in (0.5, 0.95, 0.999):
        q = studentized_quantile(level, 4, df)
        assert studentized_tail(q, 4, df) == pytest.approx(1 - level, rel=1e-9)
