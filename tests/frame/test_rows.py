import numpy as np
import pytest
from ranef.errors import DataError
from ranef.frame import NumberColumn, Table, complete_rows


def columns(**data):
    table = Table(data)
    return [table.column(name) for name in table.names], table.n_rows


def test_all_rows_without_an_index_when_nothing_is_missing():
    rows = complete_rows(*columns(x=[1.0, 2.0], g=["a", "b"]))
    assert (rows.n, rows.kept, rows.missing) == (2, None, {})


def test_rows_with_any_missing_value_go_and_are_counted_by_column():
    rows = complete_rows(*columns(x=[1.0, None, 3.0, 4.0], g=["a", None, None, "b"]))
    assert rows.kept.tolist() == [0, 3]
    assert rows.missing == {"x": 1, "g": 2}
    assert rows.original(1) == 3


def test_no_row_left_lists_the_columns():
    with pytest.raises(DataError, match=r"no row is left.*'x' 1, 'g' 1"):
        complete_rows(*columns(x=[1.0, None], g=[None, "b"]))


def test_no_rows_at_all():
    with pytest.raises(DataError, match="no rows"):
        complete_rows([], 0)


def test_infinity_is_not_missing_and_huge_sums_are_not_taken_for_it():
    assert NumberColumn("x", np.array([np.inf, 1.0])).missing is None
    huge = NumberColumn("x", np.array([1e308, 1e308]))
    assert huge.all_finite and huge.missing is None
