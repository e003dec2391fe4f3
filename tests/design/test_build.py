"""Rows, and tables of every kind."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from ranef.design import build_design
from ranef.errors import DataError, UnknownColumnError

# the first two subjects of lme4's sleepstudy and three of their days (Belenky et al. 2003)
SLEEP = {
    "reaction": [249.56, 258.70, 250.80, 222.73, 205.27, 202.98],
    "days": [0, 1, 2, 0, 1, 2],
    "subject": ["308", "308", "308", "309", "309", "309"],
}
FORMULA = "reaction ~ days + (days | subject)"


@pytest.mark.parametrize(
    "table",
    [
        SLEEP,
        {name: np.array(values) for name, values in SLEEP.items()},
        pd.DataFrame(SLEEP),
        pd.DataFrame(SLEEP, index=[9, 9, 8, 8, 7, 7]),
        pd.DataFrame(SLEEP).convert_dtypes(),
        pd.DataFrame(SLEEP).astype({"subject": "category"}),
        pl.DataFrame(SLEEP),
        pa.table(SLEEP),
    ],
)
@pytest.mark.parametrize("formula", [FORMULA, "reaction ~ I(days*1) + (I(days*1) | subject)"])
def test_every_kind_of_table_gives_the_same_design(table, formula):
    design = build_design(formula, table)
    assert design.response.tolist() == SLEEP["reaction"]
    assert design.X.tolist() == [[1, day] for day in SLEEP["days"]]
    (term,) = design.terms
    assert term.basis.tolist() == design.X.tolist()
    assert term.factor.levels.tolist() == ["308", "309"]
    assert term.factor.codes.tolist() == [0, 0, 0, 1, 1, 1]
    assert (design.nobs, design.n_dropped, design.rows.tolist()) == (6, 0, [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize("column", ["reaction", "days", "subject"])
def test_a_missing_value_in_any_used_column_drops_its_row(column):
    data = {name: list(values) for name, values in SLEEP.items()}
    data[column][1] = None
    for table in (data, pd.DataFrame(data), pl.DataFrame(data), pa.table(data)):
        design = build_design("reaction ~ days + (1 | subject)", table)
        assert design.rows.tolist() == [0, 2, 3, 4, 5]
        assert (design.nobs, design.n_dropped, dict(design.missing)) == (5, 1, {column: 1})
        assert design.X[:, 1].tolist() == [0, 2, 0, 1, 2]


def test_a_missing_value_in_another_column_does_not():
    assert build_design(FORMULA, {**SLEEP, "other": [None] * 6}).n_dropped == 0


def test_all_rows_dropped_lists_the_columns():
    with pytest.raises(DataError, match=r"no row is left: each of the 6 rows.*'days' 6"):
        build_design(FORMULA, {**SLEEP, "days": [None] * 6})


@pytest.mark.parametrize("rest", ["Days", "log(Days)", "(Days|subject)", "offset(Days)", "(1|Days)"])
def test_an_unknown_column_anywhere(rest):
    with pytest.raises(UnknownColumnError, match=r"'Days'.*Did you mean 'days'\?.*Columns: 'reaction', "):
        build_design(f"reaction ~ {rest} + (1|subject)", SLEEP)


def test_an_unknown_name_is_no_builtin():
    with pytest.raises(UnknownColumnError, match="'id'"):
        build_design("reaction ~ id + (1|subject)", SLEEP)


def test_a_column_may_bear_the_name_of_a_function():
    data = {**SLEEP, "log": SLEEP["days"], "C": [1, 0, 0, 1, 1, 0], "scale": SLEEP["subject"]}
    design = build_design("reaction ~ log + C + (1|scale)", data)
    assert design.column_names == ("Intercept", "log", "C")


def test_columns_may_have_the_name_of_a_python_keyword():
    data = {"yield": SLEEP["reaction"], "class": SLEEP["days"], "g": SLEEP["subject"]}
    assert build_design("yield ~ class + (1|g)", data).response.tolist() == SLEEP["reaction"]
    design = build_design("log(yield) ~ class + I(class**2) + (1|g)", data)
    np.testing.assert_allclose(design.response, np.log(SLEEP["reaction"]))
    assert design.column_names == ("Intercept", "class", "I(class ** 2)")
    np.testing.assert_array_equal(design.spec.rows(data).X, design.X)


def test_the_data_are_not_changed():
    frame = pd.DataFrame(SLEEP)
    build_design(FORMULA, frame)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(SLEEP))


@pytest.mark.parametrize(
    "formula", [FORMULA, "log(reaction) ~ scale(days) + offset(log(days+1)) + (1|subject)"]
)
def test_the_specification_can_be_pickled(formula):
    design = build_design(formula, SLEEP)
    again = pickle.loads(pickle.dumps(design.spec)).rows(SLEEP)
    np.testing.assert_array_equal(again.X, design.X)
