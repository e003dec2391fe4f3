import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranef.frame import FactorColumn, Table
from ranef.frame.factors import as_factor, cell_numbers, combine, drop_unused, label_texts, recode, take

levels_of_any_type = st.one_of(
    st.lists(st.integers(-(2**62), 2**62), min_size=1),
    st.lists(st.integers(-5, 5), min_size=1),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
    st.lists(st.text(max_size=3), min_size=1),
    st.lists(st.booleans(), min_size=1),
)


def factor_of(values):
    return as_factor(Table({"g": values}).column("g"))


@given(levels_of_any_type)
def test_codes_and_levels_give_the_values_back_and_levels_are_sorted(values):
    factor = factor_of(values)
    assert [factor.levels[code] for code in factor.codes] == values
    assert factor.levels.tolist() == sorted(set(values))


@given(levels_of_any_type, st.data())
def test_a_part_of_the_rows_has_the_levels_of_that_part(values, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1)))
    part = take(factor_of(values), rows)
    assert part.levels.tolist() == sorted({values[row] for row in rows})
    assert [part.levels[code] for code in part.codes] == [values[row] for row in rows]


def test_combinations_are_labelled_and_ordered_as_in_r():
    # levels(droplevels(factor(c("b","a","b")):factor(c(2,10,1)))), R 4.2.2: the first factor varies slowest
    factor, cells = combine("f:k", [factor_of(["b", "a", "b"]), factor_of([2, 10, 1])])
    assert factor.levels.tolist() == ["a:10", "b:1", "b:2"]
    assert factor.codes.tolist() == [2, 0, 1]
    assert cells.tolist() == [2, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.sampled_from("xyz")), min_size=1))
def test_combining_any_columns(rows):
    columns = [factor_of(list(values)) for values in zip(*rows, strict=True)]
    factor, _ = combine("a:b:c", columns)
    assert [factor.levels[code] for code in factor.codes] == [":".join(map(str, row)) for row in rows]
    assert factor.levels.tolist() == [":".join(map(str, row)) for row in sorted(set(rows))]


def test_a_missing_part_makes_the_combination_missing():
    parts = [factor_of(["a", None, "b"]), factor_of([1, 2, 3])]
    assert cell_numbers(parts).tolist() == [0, -1, 5]
    assert combine("a:b", parts)[0].codes.tolist() == [0, -1, 1]


def test_whole_floats_are_labelled_as_whole_numbers():
    assert factor_of([1.0, np.nan, 2.0]).levels.dtype == np.int64
    assert factor_of([0.2, 0.4]).levels.tolist() == [0.2, 0.4]
    assert label_texts(np.array([0.2, 2.0, np.inf])) == ["0.2", "2", "inf"]


DAYS = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("learned", "asked", "codes", "new"),
    [
        ([308, 309], [309, 308, 310], [1, 0, -1], [310]),
        ([308, 309], ["309", "308", "new"], [1, 0, -1], ["new"]),
        (["308", "309"], [309, 308], [1, 0], []),
        (["308", "309"], [309.0, np.nan], [1, -1], []),
        ([False, True], [True], [1], []),
        (["a", "b"], ["b", None, "c"], [1, -1, -1], ["c"]),
        (DAYS.astype("datetime64[us]"), DAYS[::-1].astype("datetime64[ns]"), [1, 0], []),
        ([day.tolist() for day in DAYS], DAYS.astype("datetime64[ns]"), [0, 1], []),
        (np.array([1, "1", 2], object), np.array(["1", 1, "2", 3], object), [2, 0, 1, -1], [3]),
        ([0.5, np.inf], ["inf", "0.5"], [1, 0], []),
    ],
)
def test_new_data_are_coded_in_the_learned_levels(learned, asked, codes, new):
    found, unknown = recode(factor_of(asked), factor_of(learned).levels)
    assert found.tolist() == codes
    assert unknown == new


def test_unused_levels_go_and_missing_stays():
    factor = drop_unused(FactorColumn("f", np.array([2, -1, 0], dtype=np.int32), np.array(["a", "b", "c"])))
    assert factor.levels.tolist() == ["a", "c"]
    assert factor.codes.tolist() == [1, -1, 0]
