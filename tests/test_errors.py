import pickle

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, FormulaError, RanefError, require_level, unknown_column


def test_every_error_is_a_ranef_error_and_a_value_error():
    assert issubclass(FormulaError, RanefError) and issubclass(FormulaError, ValueError)
    assert issubclass(DataError, RanefError) and issubclass(DataError, ValueError)


def test_the_caret_stands_below_the_position_also_on_a_later_line():
    assert str(FormulaError("bad", "y ~ a +\n\tb c", 11)) == "bad\n  \tb c\n  \t  ^"


def test_a_formula_error_survives_pickling():
    error = pickle.loads(pickle.dumps(FormulaError("bad", "y ~ x +", 6)))
    assert (error.message, error.text, error.position) == ("bad", "y ~ x +", 6)


def test_an_unknown_column_suggests_the_closest_whatever_its_case():
    text = str(unknown_column("Dayz", ["reaction", "days", "subject"], "the formula"))
    assert "'Dayz'" in text and "Did you mean 'days'?" in text and "'subject'" in text


@pytest.mark.parametrize("level", [0, 1, 95, True, np.nan, "0.95", None, [0.95]], ids=repr)
def test_a_level_is_a_share(level):
    with pytest.raises(ArgumentError, match=r"level must be between 0 and 1, such as 0\.95; got"):
        require_level(level)


@pytest.mark.parametrize("level", [0.95, np.float32(0.5), np.float64(0.999)])
def test_numpy_numbers_are_levels(level):
    require_level(level)


def test_a_column_whose_squares_overflow_is_named_where_an_earlier_one_is_dropped():
    data = ranef.datasets.load("sleepstudy")
    data = data.assign(twice=2.0 * data["Days"], huge=1e80 * (data["Days"] % 3))
    with pytest.raises(DataError, match="the column 'huge'"):
        ranef.lmer("Reaction ~ Days + twice + huge + (1 | Subject)", data)
