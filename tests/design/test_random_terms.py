import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.design import build_design
from ranef.design.random_terms import lme4_order
from ranef.errors import DataError

N = 48
# expand.grid(a = 1:3, b = 1:4, r = 1:4) of R
DATA = pd.DataFrame(
    {
        "a": np.tile([1, 2, 3], 16),
        "b": np.tile(np.repeat([1, 2, 3, 4], 3), 4),
        "k": np.tile(np.arange(1, 7), 8),
        "x": np.sin(np.arange(N)),
        "y": np.cos(np.arange(N) ** 2),
        "f": list("uvw") * 16,
    }
)


def terms(text, data=DATA, **arguments):
    design = build_design(f"y ~ x + {text}", data, **arguments)
    return [(term.group, term.columns, term.intercept) for term in design.terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(1|a)", [("a", ("Intercept",), 0)]),
        ("(0+x|a)", [("a", ("x",), -1)]),
        ("(x|a)", [("a", ("Intercept", "x"), 0)]),
        ("(1+x|a)", [("a", ("Intercept", "x"), 0)]),
        ("(x||a)", [("a", ("Intercept",), 0), ("a", ("x",), -1)]),
        ("(f||b)", [("b", ("Intercept",), 0), ("b", ("f[T.v]",), -1), ("b", ("f[T.w]",), -1)]),
        ("(0+f||b)", [("b", ("f[u]",), -1), ("b", ("f[v]",), -1), ("b", ("f[w]",), -1)]),
        ("(f|b)", [("b", ("Intercept", "f[T.v]", "f[T.w]"), 0)]),
        ("(0+f|b)", [("b", ("f[u]", "f[v]", "f[w]"), -1)]),
        ("(1|a) + (1|b)", [("b", ("Intercept",), 0), ("a", ("Intercept",), 0)]),
        ("(1|a/b)", [("b:a", ("Intercept",), 0), ("a", ("Intercept",), 0)]),
        ("(1|a:b)", [("a:b", ("Intercept",), 0)]),
        ("(0+x|a) + (1|a)", [("a", ("x",), -1), ("a", ("Intercept",), 0)]),
        ("(log(x+2)|a)", [("a", ("Intercept", "log(x + 2)"), 0)]),
        # names(getME(m, "theta")) of lme4 1.1-31 on the same levels
        (
            "(x||a/b)",
            [("b:a", ("x",), -1), ("b:a", ("Intercept",), 0), ("a", ("x",), -1), ("a", ("Intercept",), 0)],
        ),
        ("(1|a) + (0+x|k) + (1|k)", [("k", ("Intercept",), 0), ("k", ("x",), -1), ("a", ("Intercept",), 0)]),
    ],
)
def test_terms_and_their_order(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("counts", "order"),  # rev(order(counts)) in R when any(diff(counts) > 0)
    [([5], [0]), ([5, 5], [0, 1]), ([9, 5, 5], [0, 1, 2]), ([5, 9], [1, 0]), ([5, 5, 9, 5], [2, 3, 1, 0])],
)
def test_lme4_order(counts, order):
    assert lme4_order(counts) == order


def test_bases_hold_the_columns_of_the_term():
    design = build_design("y ~ x + (f + x | b) + (x || a)", DATA)
    by_columns = {term.columns: term.basis for term in design.terms}
    expected = np.column_stack([np.ones(N), DATA["f"] == "v", DATA["f"] == "w", DATA["x"]])
    np.testing.assert_array_equal(by_columns["Intercept", "f[T.v]", "f[T.w]", "x"], expected)
    np.testing.assert_array_equal(by_columns[("x",)][:, 0], DATA["x"])
    assert all(basis.flags.f_contiguous for basis in by_columns.values())


def test_a_basis_that_stands_in_the_fixed_part_is_not_copied():
    design = build_design("y ~ x + (x | a) + (0 + x | b)", DATA)
    assert all(np.shares_memory(term.basis, design.X) for term in design.terms)


def test_a_basis_with_the_terms_of_the_fixed_part_is_the_fixed_part():
    design = build_design("y ~ f * x + (1 + f + x + f:x | a) + (f:x | b) + (x * f | k)", DATA)
    bases = design.spec.bases
    assert bases[0] is design.spec.fixed and bases[0] is not bases[1] and bases[0] is not bases[2]
    same = next(term for term in design.terms if term.group == "a")
    np.testing.assert_array_equal(same.basis, design.X)
    alone = build_design("y ~ x + (1 + f + x + f:x | a)", DATA).terms[0]
    assert alone.columns == same.columns
    np.testing.assert_array_equal(alone.basis, same.basis)


def test_terms_of_one_group_share_the_factor():
    first, second = build_design("y ~ x + (x || a)", DATA).terms
    assert first.factor is second.factor


def test_nested_levels_are_labelled_as_in_r():
    # levels(getME(m, "flist")[["c:(b:a)"]]) starts 1:1:1, 1:1:2 in lme4 1.1-31: c first, then b, then a
    data = DATA.assign(c=np.repeat([1, 2], 24))
    design = build_design("y ~ (1|a/b/c)", data)
    assert [factor.name for factor in design.factors] == ["c:(b:a)", "b:a", "a"]
    assert design.factors[0].levels[:4].tolist() == ["1:1:1", "1:1:2", "1:1:3", "1:2:1"]
    assert design.factors[1].levels[:4].tolist() == ["1:1", "1:2", "1:3", "2:1"]
    row = 17
    label = design.factors[0].levels[design.factors[0].codes[row]]
    assert label == f"{data['c'][row]}:{data['b'][row]}:{data['a'][row]}"


@pytest.mark.parametrize(
    ("group", "levels"),
    [
        (np.tile([2, 10, 1], 16), [1, 2, 10]),
        (np.tile([2.0, 10.0, 1.0], 16), [1, 2, 10]),
        (["b", "a", "c"] * 16, ["a", "b", "c"]),
        (np.tile([True, False], 24), [False, True]),
        (pd.Categorical(["b", "a", "c"] * 16, categories=["z", "c", "b", "a"]), ["c", "b", "a"]),
    ],
)
def test_groups_of_any_type(group, levels):
    factor = build_design("y ~ x + (1|g)", DATA.assign(g=group)).terms[0].factor
    assert factor.levels.tolist() == levels
    assert factor.codes.dtype == np.int32
    assert [factor.levels[code] for code in factor.codes] == list(group)


def test_levels_of_dropped_rows_are_gone():
    data = DATA.assign(y=DATA["y"].where(DATA["a"] != 2))
    factor = build_design("y ~ x + (1|a)", data).terms[0].factor
    assert factor.levels.tolist() == [1, 3]
    assert set(factor.codes.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("text", "changed", "words"),
    [
        ("(1|a)", {"a": 7}, r"'a' has one level \(7\)"),
        ("(1|row)", {"row": np.arange(N)}, "'row' has 48 levels for 48 rows"),
        ("(x|g)", {"g": np.arange(N) // 2}, r"24 levels x 2 columns = 48 random effects for 48 rows"),
        ("(0|a)", {}, r"\(0 \| a\) has no columns"),
    ],
)
def test_what_lme4_refuses(text, changed, words):
    with pytest.raises(DataError, match=words):
        build_design(f"y ~ x + {text}", DATA.assign(**changed))


def test_saturated_terms_on_request():
    assert terms("(x|g)", DATA.assign(g=np.arange(N) // 2), allow_saturated=True)
    assert terms("(1|g)", DATA.assign(g=np.arange(N)), allow_saturated=True)
    with pytest.raises(DataError, match="one level"):
        terms("(1|g)", DATA.assign(g=1), allow_saturated=True)


def test_combinations_with_the_same_joined_label_are_told_apart():
    rng = np.random.default_rng(1)
    pairs = [("a:b", "c"), ("a", "b:c"), *[(f"s{k}", "p") for k in range(8)]]
    one, other = zip(*pairs, strict=True)
    data = pd.DataFrame({"one": np.repeat(one, 6), "other": np.repeat(other, 6)})
    data["y"] = np.repeat(np.arange(10.0), 6) + rng.normal(size=60)
    fit = ranef.lmer("y ~ 1 + (1 | one:other)", data)
    alone = ranef.lmer("y ~ 1 + (1 | g)", data.assign(g=np.repeat(np.arange(10), 6)))
    table = fit.ranef["one:other"]["Intercept"]
    assert table.index.is_unique
    names = ["`a:b`:c", "a:`b:c`", *[f"s{k}:p" for k in range(8)]]
    np.testing.assert_allclose(table[names], alone.ranef["g"]["Intercept"], rtol=1e-6)
    np.testing.assert_allclose(fit.predict(data), alone.fittedvalues, rtol=1e-8)
