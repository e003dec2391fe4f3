"""The design of new data."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from ranef.design import build_design
from ranef.errors import DataError, NewLevelError, UnknownColumnError

N = 24
DATA = pd.DataFrame(
    {
        "y": np.cos(np.arange(N)),
        "x": np.arange(N) / 4.0,
        "k": np.arange(N) % 3,
        "f": list("uvw") * 8,
        "g": np.repeat([308, 309, 310, 330], 6),
        "a": np.tile(list("pq"), 12),
        "off": np.arange(N) * 0.1,
    }
)
NEW = {"x": [0.5, 9.0], "k": [2, 0], "f": ["w", "u"], "g": [309, 330], "a": ["q", "p"], "off": [1.0, 2.0]}


def rows(formula, new, **arguments):
    return build_design(formula, DATA).spec.rows({**NEW, **new}, **arguments)


def test_rows_of_a_plain_design():
    found = rows("y ~ x + f + (x | g) + (1 | g:a)", {})
    assert found.X.tolist() == [[1, 0.5, 0, 1], [1, 9.0, 0, 0]]
    by_width = {basis.shape[1]: (codes.tolist(), basis.tolist()) for codes, basis in found.terms}
    assert by_width[2] == ([1, 3], [[1, 0.5], [1, 9.0]])
    assert by_width[1] == ([3, 6], [[1], [1]])
    assert found.offset is None


@pytest.mark.parametrize("formula", ["y ~ f + (1 | g)", "y ~ x*f + (1 | g)", "y ~ C(f) + (1 | g)"])
def test_a_new_level_of_a_fixed_effect_is_always_refused(formula):
    with pytest.raises(NewLevelError, match=r"'z'.*Known: 'u', 'v', 'w'"):
        rows(formula, {"f": ["z", "u"]}, allow_new_levels=True)


def test_a_new_level_of_a_number_as_factor_is_refused():
    with pytest.raises(NewLevelError, match=r"'C\(k\)' has levels that were not in the fit: '9'"):
        rows("y ~ factor(k) + (1 | g)", {"k": [9, 1]})


def test_a_new_level_of_a_grouping_factor_on_request():
    with pytest.raises(NewLevelError, match=r"'g' has levels.*: '999', 'new'.*allow_new_levels=True"):
        rows("y ~ x + (1 | g)", {"x": [0, 0, 0], **{c: [None] * 3 for c in "kfa"}, "off": [0] * 3,
                                 "g": ["308", "999", "new"]})
    found = rows("y ~ x + (1 | g)", {"g": [308, 999]}, allow_new_levels=True)
    assert found.terms[0][0].tolist() == [0, -1]


def test_a_new_combination_of_known_levels_is_a_new_level():
    data = DATA[~((DATA["g"] == 309) & (DATA["a"] == "q"))]
    spec = build_design("y ~ x + (1 | g/a)", data).spec
    with pytest.raises(NewLevelError, match="'a:g' has levels that were not in the fit: 'q:309'"):
        spec.rows(NEW)
    (inner, _), (outer, _) = spec.rows(NEW, allow_new_levels=True).terms
    assert inner.tolist() == [-1, 3] and outer.tolist() == [1, 3]


def test_levels_are_known_whatever_type_they_have_now():
    assert rows("y ~ x + (1 | g)", {"g": ["309", "330"]}).terms[0][0].tolist() == [1, 3]
    assert rows("y ~ x + (1 | g)", {"g": [309.0, 330.0]}).terms[0][0].tolist() == [1, 3]
    assert rows("y ~ x + (1 | g)", {"g": pd.Categorical([309, 330])}).terms[0][0].tolist() == [1, 3]


@pytest.mark.parametrize("formula", ["y ~ x + f + (x | g)", "y ~ scale(x)*f + (scale(x) | g)"])
@pytest.mark.parametrize("missing", [{"x": [None, 9.0]}, {"f": [None, "u"]}])
def test_a_missing_predictor_gives_a_row_of_nan(formula, missing):
    found = rows(formula, missing)
    assert np.isnan(found.X[0]).all() and np.isfinite(found.X[1]).all()
    basis = found.terms[0][1]
    assert np.isnan(basis[0]).all() == ("x" in missing) and np.isfinite(basis[1]).all()


def test_a_missing_group_is_refused_or_a_new_level():
    # lme4 1.1-31: "NAs are not allowed in prediction data for grouping variables unless allow.new.levels"
    with pytest.raises(DataError, match="'g' is missing in row 1"):
        rows("y ~ x + (1 | g)", {"g": [308, None]})
    assert rows("y ~ x + (1 | g)", {"g": [308, None]}, allow_new_levels=True).terms[0][0].tolist() == [0, -1]


@pytest.mark.parametrize("gone", ["x", "g", "off"])
def test_a_missing_column(gone):
    new = {name: values for name, values in NEW.items() if name != gone}
    with pytest.raises(UnknownColumnError, match=f"'{gone}', which the new data do not have"):
        build_design("y ~ x + offset(off) + (1 | g)", DATA).spec.rows(new)


def test_without_random_terms_their_columns_may_be_absent():
    spec = build_design("y ~ x + (1 | g)", DATA).spec
    assert spec.rows({"x": [1.0]}, random=False).terms == ()


def test_offsets_of_new_data():
    spec = build_design("y ~ x + offset(off) + offset(log(x + 1)) + (1 | g)", DATA, offset="k").spec
    np.testing.assert_allclose(spec.rows(NEW).offset, np.add([1.0, 2.0], [2, 0]) + np.log([1.5, 10.0]))


def test_an_offset_given_as_an_array_is_not_known_for_new_data():
    spec = build_design("y ~ x + (1 | g)", DATA, offset=np.ones(N)).spec
    with pytest.raises(DataError, match="offset='column'"):
        spec.rows(NEW)


def test_any_table_and_no_rows_will_do():
    spec = build_design("y ~ scale(x) + f + (1 | g)", DATA).spec
    np.testing.assert_array_equal(spec.rows(pl.DataFrame(NEW)).X, spec.rows(NEW).X)
    empty = spec.rows(pd.DataFrame(NEW).head(0))
    assert empty.X.shape == (0, 4) and empty.terms[0][0].shape == (0,)


def test_a_number_that_became_text_is_refused():
    with pytest.raises(DataError, match="'x' holds text"):
        rows("y ~ x + (1 | g)", {"x": ["a", "b"]})
