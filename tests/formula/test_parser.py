import pytest
from ranef.errors import FormulaError
from ranef.formula import parse_formula


def bars(text):
    return [str(bar) for bar in parse_formula(text).random]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ (1|g)", ["(1 | g)"]),
        ("y ~ (0+x|g)", ["(0 + x | g)"]),
        ("y ~ (x|g)", ["(x | g)"]),
        ("y ~ (1+x|g)", ["(1 + x | g)"]),
        ("y ~ (x||g)", ["(x || g)"]),
        ("y ~ (1|a) + (1|b)", ["(1 | a)", "(1 | b)"]),
        ("y ~ (1|a:b)", ["(1 | a:b)"]),
        ("y ~ (1|a:b:c)", ["(1 | a:b:c)"]),
        ("y ~ (0+f|g) + (x-1|g)", ["(0 + f | g)", "(x - 1 | g)"]),
        ("y ~ (log(x+1)|g)", ["(log(x+1) | g)"]),
        ("y ~ (I(x**2) + scale(x) || g)", ["(I(x**2) + scale(x) || g)"]),
        ("y ~ (factor(k)|`my group`)", ["(C(k) | my group)"]),
        # sapply(lme4::findbars(y ~ ...), deparse), lme4 1.1-31
        ("y ~ (1|a/b)", ["(1 | b:a)", "(1 | a)"]),
        ("y ~ (1|a/b/c)", ["(1 | c:(b:a))", "(1 | b:a)", "(1 | a)"]),
        ("y ~ (1|a/(b:c))", ["(1 | (b:c):a)", "(1 | a)"]),
        ("y ~ ((1|g) + (1|h))", ["(1 | g)", "(1 | h)"]),
        ("y ~ ar1(0 + visit|g)", ["ar1(0 + visit | g)"]),
        ("y ~ exp(0 + p|g) + exp(p)", ["exp(0 + p | g)"]),
        ("y ~ rr(f|g, d = 2, start='x')", ["rr(f | g, d=2, start=x)"]),
        ("y ~ us(visit | arm / id)", ["us(visit | id:arm)", "us(visit | arm)"]),
        ("y ~ (x|g) + cs(poly(x, 2)|g)", ["(x | g)", "cs(poly(x, 2) | g)"]),
    ],
)
def test_random_terms(text, expected):
    assert bars(text) == expected


def test_a_structure_has_its_options_by_type():
    bar = parse_formula("y ~ x + rr(0 + f | g, d=2, scaled=TRUE, rate=0.5, time=`day no`)").random[0]
    assert (bar.structure.name, bar.structure.position) == ("rr", 8)
    assert bar.structure.options == (("d", 2), ("scaled", True), ("rate", 0.5), ("time", "day no"))
    assert (bar.columns, bar.group, bar.correlated) == ("0 + f", "g", True)


def test_a_structure_needs_a_bar_and_code_may_have_one():
    formula = parse_formula("y ~ cs(x, df=3) + I((x > 1) | (z > 1)) + (1|g)")
    assert formula.fixed == "cs(x, df=3) + I((x > 1) | (z > 1))"
    assert [bar.structure for bar in formula.random] == [None]


@pytest.mark.parametrize(
    ("response", "parts"),
    [
        ("cbind(a, b)", ("a", "b")),
        ("cbind(a, size - a)", ("a", "size - a")),
        ("cbind(log(a), max(b, c), d)", ("log(a)", "max(b, c)", "d")),
        ("log(y)", ("log(y)",)),
        ("cbind", ("cbind",)),
    ],
)
def test_the_columns_of_cbind(response, parts):
    formula = parse_formula(f"{response} ~ x + (1|g)")
    assert (formula.response, formula.responses) == (response, parts)


def test_nested_columns_are_in_the_order_of_the_labels():
    assert [bar.group_columns for bar in parse_formula("y ~ (1|a/b/c)").random] == [
        ("c", "b", "a"),
        ("b", "a"),
        ("a",),
    ]


def test_terms_that_a_slash_gave_share_their_source():
    assert [bar.source for bar in parse_formula("y ~ (1|a/b) + (1|c)").random] == [0, 0, 1]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("y ~ (1|g)", "1"),
        ("y ~ x + (1|g) + z", "x + z"),
        ("y ~ 0 + x + (1|g)", "0 + x"),
        ("y ~ x + -1 + (1|g)", "x - 1"),
        ("y ~ -1 + x + (1|g)", "- 1 + x"),
        ("y ~ (a+b)^2 + (1|g)", "(a + b)**2"),
        ("y ~ a*(b+c:d)/e - a:b + (1|g)", "a * (b + c:d) / e - a:b"),
        ("y ~ factor(nitro) * Variety + (1|g)", "C(nitro) * Variety"),
        ("y ~ as.factor(k) + (1|g)", "C(k)"),
        ("y ~ poly(x, 2, raw = TRUE) + (1|g)", "poly(x, 2, raw = True)"),
        ("y ~ {x + 1} + (1|g)", "{x + 1}"),
        ("y ~ log (x) + (1|g)", "log(x)"),
        ("y ~ IQ.ver.cen + `my col` + (1|g)", "IQ.ver.cen + `my col`"),
        ("y ~ x %in% f + (1|g)", "x %in% f"),
        ("y ~\n x +\n (1|g)", "x"),
    ],
)
def test_fixed_part(text, fixed):
    assert parse_formula(text).fixed == fixed


@pytest.mark.parametrize("response", ["y", "log(y)", "log(IQ.ver + 1)", "`my y`*2", "y/10", "yield"])
def test_response(response):
    assert parse_formula(f"{response} ~ x + (1|g)").response == response


def test_offsets_leave_the_fixed_part():
    formula = parse_formula("y ~ offset(log(z)) + x + (1|g) + offset(w)")
    assert (formula.fixed, formula.offsets) == ("x", ("log(z)", "w"))


def test_a_formula_is_parsed_once():
    assert parse_formula("y ~ x + (1|g)") is parse_formula("y ~ x + (1|g)")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("~ x + (1|g)", 0, "no response"),
        ("x + (1|g)", None, "no '~'"),
        ("y ~ x ~ (1|g)", 6, "second '~'"),
        ("y ~ x", None, "no random term"),
        ("y ~ x + 1 | g", 10, "parentheses"),
        ("y ~ x + + ", 9, "missing after '+'"),
        ("y ~ x + *(1|g)", 8, "missing after '+'"),
        ("y ~ x z + (1|g)", 6, "operator is missing"),
        ("y ~ x + (1|g", 8, "never closed"),
        ("y ~ x + (1|g))", 13, "closes nothing"),
        ("y ~ x + (1|g|h)", 12, "one bar"),
        ("y ~ x + (|g)", 9, "missing after '('"),
        ("y ~ x + (1|)", 11, "missing after '|'"),
        ("y ~ x * (1|g)", 8, "only be added"),
        ("y ~ x - (1|g)", 8, "only be added"),
        ("y ~ x:offset(z) + (1|g)", 6, "only be added"),
        ("y ~ I(x^2) + (1|g)", 7, "'**'"),
        ("log(y^2) ~ x + (1|g)", 5, "'**'"),
        ("y ~ x + (I(x^2)|g)", 12, "'**'"),
        ("y ~ x^z + (1|g)", 5, "I(x**2)"),
        ("y ~ log(x+) + (1|g)", 10, "no Python expression"),
        ("y ~ 'x' + (1|g)", 4, "without quotes"),
        ("y ~ x + $ + (1|g)", 8, "no meaning"),
        ("y ~ `x + (1|g)", 4, "never closed"),
        ("y ~ . + (1|g)", 4, "name the columns"),
        ("y ~ (1|a+b)", 9, "':'"),
        ("y ~ (1|factor(a))", 7, "add a column"),
        ("(1|g) ~ x", 2, "right of '~'"),
        ("y ~ ar1(x||g)", 9, "one bar"),
        ("y ~ ar1(x|)", 10, "missing after '|'"),
        ("y ~ rr(x|g, 2)", 10, "d=2"),
        ("y ~ rr(x|g, d=2, d=3)", 17, "each once"),
        ("y ~ rr(x|g, d=a+b)", 15, "d=2"),
        ("y ~ x*cs(x|g)", 6, "only be added"),
        ("cbind(a, b)/2 ~ x + (1|g)", 0, "whole response"),
        ("cbind(a) ~ x + (1|g)", 0, "two columns"),
        ("cbind(a,) ~ x + (1|g)", 0, "two columns"),
    ],
)
def test_what_is_refused_and_where(text, position, words):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert words in str(caught.value)
    if position is not None:
        assert caught.value.position == position
        assert str(caught.value).endswith("^")


def test_only_text_is_a_formula():
    with pytest.raises(FormulaError, match="must be text"):
        parse_formula(3)
