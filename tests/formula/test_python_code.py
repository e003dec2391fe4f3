from ranef.formula.python_code import references, spell


def names(text):
    return [reference.name for reference in references(text) if not reference.called]


def test_functions_keywords_and_attributes_are_no_columns():
    assert names("bs(x, df=4) + np.log(z) + f(x).mean") == ["x", "z"]


def test_names_with_dots_and_in_backticks_are_columns():
    text = "IQ.ver.cen + log(a.b) + `my col` + Q('odd one')"
    assert names(text) == ["IQ.ver.cen", "a.b", "my col", "odd one"]


def test_constants_are_no_columns_and_python_keywords_may_be():
    assert names("poly(x, 2, raw=True) + class + I(a if b else c)") == ["x", "class", "a", "b", "c"]


def test_only_columns_python_cannot_read_are_spelled_otherwise():
    columns = {"x", "a.b", "yield", "my col", "log", "if"}
    text = "log(x) + a.b + np.log(a.b) + log(yield) + I(`my col` if x else `if`)"
    spelled = "log(x) + `a.b` + np.log(`a.b`) + log(yield__column) + I(`my col` if x else if__column)"
    assert spell(text, columns.__contains__) == spelled
