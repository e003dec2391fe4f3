import pickle

from ranef.errors import DataError, FormulaError, RanefError, unknown_column


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
