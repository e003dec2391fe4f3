"""Which route draws take."""

import pytest
from ranef.bootstrap.draws.gram_factor import GramFactor
from ranef.bootstrap.draws.route import choose_route


def factor(certain):
    return lambda: GramFactor(leading=None, rest=None, rank=1, certain=certain)


@pytest.mark.parametrize(
    ("nobs", "levels", "widths", "rank", "expected"),
    [
        (180, [18], [2], 2, "gram"),
        (2_000_000, [2000], [2], 3, "gram"),
        (144, [24, 6], [1, 1], 1, "gram"),
        (73_421, [2972, 1128], [1, 1], 2, "gram"),  # InstEval: 0.6 million numbers against 0.7
        (73_421, [2972, 1128, 14], [1, 1, 1], 29, "gram"),
        (1_000_000, [100_000, 50_000], [1, 1], 3, "rows"),
        (400, [100, 90], [1, 1], 1, "rows"),
        (10**9, [50_000, 20_000], [1, 1], 3, "rows"),  # 1.6 GB a copy
    ],
)
def test_by_size(nobs, levels, widths, rank, expected):
    assert choose_route(nobs, levels, widths, rank, factor(certain=True)).name == expected


def test_the_factor_is_not_made_for_rows():
    def never():
        raise AssertionError

    assert choose_route(1_000_000, [100_000, 50_000], [1, 1], 3, never).factor is None


def test_rows_where_the_rank_is_in_doubt():
    route = choose_route(180, [18], [2], 2, factor(certain=False))
    assert route.name == "rows" and "collinear" in route.reason
