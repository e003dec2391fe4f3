"""Response, weights and offsets."""

import numpy as np
import pandas as pd
import pytest
from ranef.design import build_design
from ranef.errors import DataError, FormulaError, UnknownColumnError

N = 12
DATA = pd.DataFrame(
    {
        "y": np.arange(1.0, N + 1),
        "x": np.tile([0.0, 1.0, 2.0], 4),
        "w": np.linspace(0.5, 2.0, N),
        "g": np.repeat(list("abc"), 4),
        "text": "p",
        "truth": np.arange(N) % 2 == 0,
        "one": 1.0,
    }
)


def design(formula="y ~ x + (1|g)", data=DATA, **arguments):
    return build_design(formula, data, **arguments)


@pytest.mark.parametrize(
    ("code", "function"),
    [
        ("y", np.array),
        ("log(y)", np.log),
        ("y/10", lambda y: y / 10),
        ("sqrt(y + 1)", lambda y: np.sqrt(y + 1)),
    ],
)
def test_response_expressions(code, function):
    found = design(f"{code} ~ x + (1|g)")
    assert found.response_name == code
    np.testing.assert_allclose(found.response, function(DATA["y"]), rtol=1e-15)


@pytest.mark.parametrize(
    ("formula", "changed", "words"),
    [
        ("text ~ x + (1|g)", {}, "'text' must be numeric.*'p'"),
        ("truth ~ x + (1|g)", {}, "'truth' must be numeric"),
        ("t ~ x + (1|g)", {"t": pd.Timestamp("2024-01-01")}, "'t' must be numeric"),
        ("one ~ x + (1|g)", {}, r"'one' is constant \(1 in each of the 12 rows"),
        ("y ~ x + (1|g)", {"y": np.r_[1, -np.inf, np.ones(N - 2)]}, "'y' is -inf in row 1"),
        ("log(y) ~ x + (1|g)", {"y": np.arange(N)}, r"'log\(y\)' is -inf in row 0"),
        ("poly(y, 2) ~ x + (1|g)", {}, "2 columns"),
    ],
)
def test_responses_no_model_can_have(formula, changed, words):
    with pytest.raises(DataError, match=words):
        design(formula, DATA.assign(**changed))


def test_unknown_functions_are_shown_in_the_formula():
    with pytest.raises(FormulaError, match=r"foo\(\)") as caught:
        design("foo(y, x) ~ 1 + (1|g)")
    assert caught.value.position == 0


@pytest.mark.parametrize(
    ("formula", "position", "words"),
    [
        ("cbind(y, x) ~ 1 + (1|g)", 0, "generalised"),
        ("y ~ x + ar1(0 + x|g)", 8, r"ar1\(\).*first-order"),
        ("y ~ x + diag(x|g)", 8, r"\(x \|\| g\) is the same"),
    ],
)
def test_what_the_language_has_and_this_model_has_not(formula, position, words):
    with pytest.raises(FormulaError, match=words) as caught:
        design(formula)
    assert caught.value.position == position


def test_a_constant_response_with_an_offset_that_varies_is_no_constant():
    assert design("one ~ x + offset(w) + (1|g)").nobs == N


@pytest.mark.parametrize("given", ["w", DATA["w"], DATA["w"].to_numpy(), DATA["w"].tolist()])
def test_weights_and_offset_by_name_or_as_an_array(given):
    found = design(weights=given, offset=given)
    np.testing.assert_array_equal(found.weights, DATA["w"])
    np.testing.assert_array_equal(found.offset, DATA["w"])


def test_offsets_add_up():
    found = design("y ~ x + offset(log(y)) + (1|g) + offset(w)", offset="x")
    np.testing.assert_allclose(found.offset, np.log(DATA["y"]) + DATA["w"] + DATA["x"], rtol=1e-15)


def test_no_weights_and_no_offset():
    assert design().weights is None and design().offset is None


def test_missing_values_of_a_weights_column_drop_the_row():
    found = design(data=DATA.assign(w=DATA["w"].where(DATA["x"] > 0)), weights="w")
    assert (found.nobs, found.n_dropped, dict(found.missing)) == (8, 4, {"w": 4})


def test_an_array_may_be_nan_only_where_the_row_is_dropped_anyway():
    data = DATA.assign(y=DATA["y"].where(DATA.index != 3))
    weights = np.where(np.arange(N) == 3, np.nan, 1.0)
    assert design(data=data, weights=weights).nobs == N - 1
    with pytest.raises(DataError, match="weights= is nan in row 3"):
        design(weights=weights)


@pytest.mark.parametrize("argument", ["weights", "offset"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.r_[1.0, 2.0], "2 values, the data have 12 rows"),
        (np.r_[np.ones(N - 1), np.inf], "is inf in row 11"),
        (3.0, "must be the name of a column or an array of 12 numbers"),
        (["a"] * N, "must hold numbers"),
        ("text", "'text' holds text"),
        (np.ones((N, 2)), "one dimension"),
    ],
)
def test_arguments_no_model_can_have(argument, given, words):
    with pytest.raises(DataError, match=words):
        design(**{argument: given})


@pytest.mark.parametrize("argument", ["weights", "offset"])
def test_an_unknown_column_as_argument(argument):
    with pytest.raises(UnknownColumnError, match=f"{argument}= uses the column 'ww'.*Did you mean 'w'"):
        design(**{argument: "ww"})


@pytest.mark.parametrize(("value", "word"), [(-1.0, "negative"), (0.0, "zero")])
def test_weights_must_be_positive(value, word):
    # lme4 1.1-31 refuses negative weights, and with a zero weight its log-likelihood is -Inf
    with pytest.raises(DataError, match=f"weights= is {word} .* in row 2"):
        design(weights=np.where(np.arange(N) == 2, value, 1.0))


def test_weights_must_have_squares():
    with pytest.raises(DataError, match=r"weights= is 1e\+200 in row 2 .* divide all weights by their mean"):
        design(weights=np.where(np.arange(N) == 2, 1e200, 1.0))
