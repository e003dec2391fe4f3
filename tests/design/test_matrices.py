"""Model matrices: against formulaic for what is built without it, against R for what goes through it."""

import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix
from hypothesis import assume, given
from hypothesis import strategies as st
from ranef.design import build_design
from ranef.errors import DataError

N = 24
DATA = pd.DataFrame(
    {
        "y": np.sin(np.arange(N)),
        "x": np.linspace(-2, 3, N),
        "k": np.arange(N) % 5,
        "f": list("uvw") * 8,
        "h": pd.Categorical(["lo", "hi"] * 12, categories=["never", "lo", "hi"]),
        "b": np.arange(N) % 2 == 0,
        "g": np.repeat(list("abcd"), 6),
    }
)
# formulaic would make a dummy of the unused category
FOR_FORMULAIC = DATA.assign(h=DATA["h"].cat.remove_unused_categories())

plain_texts = st.tuples(
    st.sampled_from(["", "1 + ", "0 + ", "-1 + "]),
    st.lists(st.sampled_from(["x", "k", "f", "h", "b"]), min_size=1, max_size=5).map(" + ".join),
    st.sampled_from(["", " - 1", " + 0", " + 1"]),
).map("".join)


@given(plain_texts)
def test_the_path_without_formulaic_gives_what_formulaic_gives(text):
    design = build_design(f"y ~ {text} + (1|g)", DATA)
    assume("b[False]" not in design.column_names)  # truth values are numbers to formulaic
    expected = model_matrix(text, FOR_FORMULAIC, output="numpy")
    assert design.column_names == tuple(expected.model_spec.column_names)
    np.testing.assert_array_equal(design.X, np.asarray(expected))
    assert design.X.flags.f_contiguous


@given(plain_texts)
def test_new_data_give_the_rows_they_gave_in_the_fit(text):
    design = build_design(f"y ~ {text} + ({text}|g)", DATA, allow_saturated=True)
    again = design.spec.rows(DATA)
    np.testing.assert_array_equal(again.X, design.X)
    np.testing.assert_array_equal(again.terms[0][1], design.terms[0].basis)
    np.testing.assert_array_equal(again.terms[0][0], design.terms[0].factor.codes)


@pytest.mark.parametrize(
    "text",
    ["x*f", "x:f", "0 + f:h", "(x + k + f)^2 - f:x", "C(k) + h", "C(f, contr.sum)*x", "I(x**2) + {x + 1}",
     "poly(x, 2):f", "bs(x, df=4)", "cr(x, df=3)", "scale(x)", "np.log(x + 3)", "f/x"],
)  # fmt: skip
def test_formulaic_matrices_and_their_replay(text):
    design = build_design(f"y ~ {text} + (1|g)", DATA)
    expected = model_matrix(text.replace("^", "**"), FOR_FORMULAIC, output="numpy")
    assert design.column_names == tuple(expected.model_spec.column_names)
    np.testing.assert_array_equal(design.X, np.asarray(expected))
    part = DATA.iloc[[3, 8, 13]]
    np.testing.assert_allclose(design.spec.rows(part).X, design.X[[3, 8, 13]], rtol=0, atol=1e-14)


def test_poly_on_new_data_as_in_r():
    # predict(poly(0:9, 2), c(0, 4.5, 12)), R 4.2.2
    data = {"y": np.sin(np.arange(10)), "x": np.arange(10), "g": list("aabbccddee")}
    spec = build_design("y ~ 0 + poly(x, 2) + (1|g)", data).spec
    expected = [
        [-0.4954336943068623, 0.5222329678670935],
        [0.0, -0.3590351654086267],
        [0.8257228238447705, 2.0889318714683731],
    ]
    X = spec.rows({"x": [0, 4.5, 12]}, random=False).X
    np.testing.assert_allclose(X, expected, rtol=1e-12, atol=1e-15)


def test_b_splines_as_in_r():
    # unclass(splines::bs(0:9, df = 4))[c(2, 6), ], R 4.2.2
    data = {"y": np.sin(np.arange(10)), "x": np.arange(10), "g": list("aabbccddee")}
    X = build_design("y ~ bs(x, df=4) + (1|g)", data).X[[1, 5], 1:]
    expected = [
        [0.4636488340192044, 0.06310013717421124, 0.002743484224965706, 0.0],
        [0.1755829903978052, 0.48285322359396432, 0.340192043895747531, 0.001371742112482853],
    ]
    np.testing.assert_allclose(X, expected, rtol=1e-12, atol=1e-15)


def test_a_transform_learns_also_from_rows_dropped_for_another_column_as_in_r():
    # model.matrix(y ~ scale(x) + f, model.frame(y ~ scale(x) + f, d, drop.unused.levels = TRUE)), R 4.2.2
    data = pd.DataFrame(
        {"y": [None, 2, 3, 5, 4, 7], "x": [1, 2, 4, 8, 16, None], "f": list("abcbcb"), "g": list("uuvvww")}
    )
    design = build_design("y ~ scale(x) + f + (1|g)", data)
    assert design.column_names == ("Intercept", "scale(x)", "f[T.c]")
    scaled = [-0.6886171275731506, -0.3607042096811741, 0.2951216261027788, 1.6067732976706848]
    np.testing.assert_allclose(design.X, np.column_stack([np.ones(4), scaled, [0, 1, 0, 1]]), rtol=1e-14)
    assert (design.nobs, design.n_dropped, dict(design.missing)) == (4, 2, {"y": 1, "x": 1})


def test_poly_learns_likewise():
    # model.matrix(y ~ poly(x, 2), model.frame(y ~ poly(x, 2), d)), R 4.2.2
    data = {"y": [np.nan, 2, 3, 5, 4], "x": [1, 2, 4, 8, 16], "g": list("uvuvu")}
    X = build_design("y ~ poly(x, 2) + (1|g)", data).X
    expected = [
        [-0.3443085637865754, 0.1694113034992666],
        [-0.1803521048405871, -0.2926195242260063],
        [0.1475608130513894, -0.7238482967695944],
        [0.8033866488353424, 0.3850256897710608],
    ]
    np.testing.assert_allclose(X[:, 1:], expected, rtol=1e-12)


def test_names_as_r_exports_them_come_back_under_that_name():
    data = DATA.rename(columns={"x": "IQ.ver.cen", "k": "my col", "f": "class"})
    text = "y ~ IQ.ver.cen*class + I(IQ.ver.cen**2) + `my col` + (IQ.ver.cen + I(IQ.ver.cen**2) || g)"
    design = build_design(text, data)
    assert design.column_names == (
        "Intercept", "IQ.ver.cen", "class[T.v]", "class[T.w]", "I(IQ.ver.cen ** 2)", "my col",
        "IQ.ver.cen:class[T.v]", "IQ.ver.cen:class[T.w]",
    )  # fmt: skip
    assert [term.columns for term in design.terms] == [
        ("Intercept",), ("IQ.ver.cen",), ("I(IQ.ver.cen ** 2)",)
    ]  # fmt: skip
    np.testing.assert_array_equal(design.X[:, 4], data["IQ.ver.cen"] ** 2)


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("x", [1, 0]),
        ("0 + f", [1, 1, 1]),
        ("0 + x + f + h", [0, 1, 1, 1, 0]),
        ("0 + f:h", [1] * 6),
        ("0 + f*h", [1, 1, 1, 0, 0, 0]),
        ("0 + x", None),
        ("0 + C(f, contr.sum)", [1, 1, 1]),
        ("0 + x:f", None),
    ],
)
def test_the_constant_is_found_and_exact(text, constant):
    design = build_design(f"y ~ {text} + (1|g)", DATA)
    if constant is None:
        assert design.constant is None
    else:
        assert design.constant.tolist() == constant
        assert np.all(design.X @ design.constant == 1.0)


def test_no_fixed_effects_at_all():
    design = build_design("y ~ 0 + (1|g)", DATA)
    assert design.X.shape == (N, 0) and design.column_names == () and design.constant is None


def test_columns_that_depend_on_others_stay():
    assert build_design("y ~ x + I(2*x) + (1|g)", DATA).X.shape[1] == 3


@pytest.mark.parametrize(
    ("formula", "changed", "words"),
    [
        ("y ~ x + (1|g)", {"x": np.r_[1.0, np.inf, np.ones(N - 2)]}, "'x' is inf in row 1"),
        ("y ~ log(k) + (1|g)", {}, r"'log\(k\)' is -inf in row 0"),
        ("y ~ f + (1|g)", {"f": "u"}, "'f' has one level"),
        ("y ~ C(k) + (1|g)", {"k": 3}, r"'C\(k\)' has one level"),
        ("y ~ x + (1|g)", {"x": pd.Timestamp("2024-01-01")}, "'x' holds dates"),
        ("y ~ log(f) + (1|g)", {}, r"'log\(f\)' cannot be evaluated"),
    ],
)
def test_predictors_no_model_can_use(formula, changed, words):
    with pytest.raises(DataError, match=words):
        build_design(formula, DATA.assign(**changed))


def test_the_row_named_is_that_of_the_data_not_of_the_used_rows():
    data = DATA.assign(x=np.r_[np.nan, 1.0, np.inf, np.ones(N - 3)])
    with pytest.raises(DataError, match="'x' is inf in row 2"):
        build_design("y ~ x + (1|g)", data)
