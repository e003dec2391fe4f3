"""Writing a parsed fixed part out and reading it again gives the same tree."""

from hypothesis import given
from hypothesis import strategies as st
from ranef.formula.grammar import Grammar
from ranef.formula.nodes import Leaf, Operation, Sum, render
from ranef.formula.tokens import tokenize

names = st.sampled_from(["a", "b.c", "`d e`", "log(x + 1)", "1"])
texts = st.recursive(
    names,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", "*", ":", "/", " %in% "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("({})^2".format),
    ),
    max_leaves=8,
)


def shape(node):
    """The tree without positions and without parentheses that change nothing."""
    if isinstance(node, Leaf):
        return node.text
    if isinstance(node, Operation):
        return (node.op, shape(node.left), shape(node.right))
    assert isinstance(node, Sum)
    if len(node.items) == 1 and node.items[0][0] == "+":
        return shape(node.items[0][1])
    return tuple((sign, shape(item)) for sign, item in node.items)


@given(texts)
def test_rendering_keeps_the_meaning(text):
    tree = Grammar(text, tokenize(text)).whole_sum()
    again = render(tree)
    assert shape(Grammar(again, tokenize(again)).whole_sum()) == shape(tree)


@given(st.text(alphabet="yxg~+-*/:|()^ 1.`{}[]'", max_size=25))
def test_any_text_is_read_or_refused_with_a_position(text):
    from ranef.errors import FormulaError
    from ranef.formula import parse_formula

    try:
        parse_formula(text)
    except FormulaError as error:
        assert error.position is None or 0 <= error.position <= len(text)
