"""What code in a formula may contain, where a caret points otherwise, and which names it refers to."""

import pytest
from ranef.errors import FormulaError
from ranef.formula import parse_formula
from ranef.formula.python_code import as_source, function_name, read_code


def names(text):
    return list(read_code(text).names)


def test_functions_keyword_arguments_and_words_of_python_are_no_columns():
    assert names("bs(x, df=4) + np.log(z) + f(True) + (a and not b)") == ["x", "z", "a", "b"]


def test_names_with_dots_in_backticks_and_keywords_are_columns():
    text = "IQ.ver.cen + log(a.b) + `my col` + Q('odd one') + class + `if` + np.pi"
    assert names(text) == ["IQ.ver.cen", "a.b", "my col", "odd one", "class", "if", "np.pi"]


def test_code_is_written_as_formulaic_writes_it_and_can_be_read_again():
    code = read_code("I( `my col`**2+IQ.ver )*np.log( x )")
    assert code.label == "I(my col ** 2 + IQ.ver) * np.log(x)"
    assert as_source(code.tree) == "I(`my col` ** 2 + IQ.ver) * np.log(x)"
    assert read_code(as_source(code.tree)).label == code.label
    assert [function_name(call) for call in code.calls] == ["I", "np.log"]


@pytest.mark.parametrize(
    ("code", "words", "pointed"),
    [
        ("I(log(x).mean())", "center", ".mean"),
        ("I(x[0] + 1)", "parts of a column", "x[0]"),
        ("I((lambda: x)())", "functions=", "lambda"),
        ("I(x if z else 1)", "np.where", "x if"),
        ("I(x in [1, 2])", "np.isin", "x in"),
        ("I([v for v in x])", "no ListComp", "[v"),
        ("I({1, 2})", "no Set", "{1"),
        ("log(*x)", "written out", "*x"),
        ("log(**x)", "written out", None),
        ("log(x, _state=1)", "written out", None),
        ("I(x @ z)", "no MatMult", None),
        ("I(x + 'a'.upper())", "methods and attributes", ".upper"),
        ("I((f(x))(z))", "function", None),
        ("I(x^2)", r"\*\*", "^"),
        ("I(x z)", "no Python", None),
        ("I(" + "-" * 300 + "x)", "deep", None),
    ],
)
def test_what_code_may_not_contain_is_refused_where_it_stands(code, words, pointed):
    text = f"y ~ 1 + {code} + (1 | g)"
    with pytest.raises(FormulaError, match=words) as caught:
        parse_formula(text)
    if pointed is not None:
        assert text[caught.value.position :].startswith(pointed)
