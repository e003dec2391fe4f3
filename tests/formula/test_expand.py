"""The algebra of terms: against formulaic where both follow R, against R where formulaic does not."""

import pytest
from formulaic import Formula
from hypothesis import given, reject
from hypothesis import strategies as st
from ranef.errors import FormulaError
from ranef.formula import parse_formula
from ranef.formula.expand import terms_of

names = st.sampled_from(["a", "b", "c", "log(x)"])
texts = st.recursive(
    names,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", "*", ":", "/"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("({})**2".format),
        st.tuples(inner, inner).map("({0[0]}) - ({0[1]})".format),
    ),
    max_leaves=6,
)


def terms(text):
    return [":".join(variable.name for variable in term) for term in terms_of(text).terms]


@given(texts)
def test_terms_are_those_of_formulaic_in_its_order(text):
    try:
        theirs = [str(term) for term in Formula(text)]
    except TypeError:  # it cannot divide by nothing, as in (a - a)/b
        reject()
    assert ["1", *terms(text)] == theirs


# attr(terms(~ ...), "term.labels") and "intercept", R 4.2.2
@pytest.mark.parametrize(
    ("text", "labels", "intercept"),
    [
        ("(1+x):f", ["x:f"], True),
        ("(0+x)*f", ["x", "f", "x:f"], False),
        ("a %in% b", ["a:b"], True),
        ("(0+x)", ["x"], False),
        ("a:b + b:a", ["a:b"], True),
        ("a*b-(a+b)", ["a:b"], True),
        ("f:(x+0)", ["f:x"], False),
    ],
)
def test_terms_as_in_r(text, labels, intercept):
    assert (terms(text), terms_of(text).intercept) == (labels, intercept)


def test_odd_names_are_variables_like_others():
    assert terms("`°C`*`a:b` + `1`") == ["°C", "a:b", "1", "°C:a:b"]


@pytest.mark.parametrize(
    ("fixed", "words"),
    [
        ("*".join(f"x{k}" for k in range(12)), "more than 2,000 terms"),
        ("(" + "+".join(f"x{k}" for k in range(20)) + ")^12", "more than 2,000 terms"),
        ("x**9**9**9", "whole number up to 99"),
        ("(a + b)^100", "whole number up to 99"),
        ("(a + b)^x", "whole number up to 99"),
        (":".join(["x"] * 1000), "multiplied"),
        ("(" * 60 + "x" + ")" * 60, "50 deep"),
        ("x + 2", "the number 2 is not a term"),
        ("2:x", "the number 2 is not a term"),
    ],
)
def test_what_would_be_too_many_terms_is_refused_before_it_is_built(fixed, words):
    with pytest.raises(FormulaError, match=words) as caught:
        parse_formula(f"y ~ {fixed} + (1 | g)")
    assert caught.value.position is not None
