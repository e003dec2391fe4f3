"""Code of formulas: arithmetic of doubles, functions apart from columns, a caller's own functions."""

import copy
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import ranef
from ranef.design import build_design
from ranef.errors import ArgumentError, DataError, FormulaError, UnknownColumnError

N = 40
RNG = np.random.default_rng(5)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N) + 6,
        "a": RNG.random(N) < 0.5,
        "b": RNG.random(N) < 0.5,
        "k": np.arange(N) % 7,
        "f": list("uvwu") * 10,
        "t": 1_577_836_800_000_000_000 + np.arange(N) * 86_400_000_000_000,
        "g": np.repeat(list("abcde"), 8),
    }
)


def column(code, data=DATA, **more):
    design = build_design(f"y ~ {code} + (1|g)", data, **more)
    assert design.X.shape[1] == 2
    return design.X[:, 1]


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("I(a + b)", lambda d: d.a.astype(float) + d.b.astype(float)),
        ("I(a - b)", lambda d: d.a.astype(float) - d.b.astype(float)),
        ("I(-a)", lambda d: -d.a.astype(float)),
        ("I(2 * a)", lambda d: 2.0 * d.a),
        ("I((x > 6) + (k > 2))", lambda d: (d.x > 6).astype(float) + (d.k > 2).astype(float)),
        ("t:k", lambda d: d.t.astype(float) * d.k.astype(float)),
        ("I(t * k)", lambda d: d.t.astype(float) * d.k.astype(float)),
        ("I(k ** 30)", lambda d: d.k.astype(float) ** 30),
        ("np.multiply(t, k)", lambda d: d.t.astype(float) * d.k.astype(float)),
        ("I(k // 2 + k % 3)", lambda d: d.k // 2 + d.k % 3),
        ("I(2 < k <= 5)", lambda d: (d.k > 2) & (d.k <= 5)),
        ("I(a and not b)", lambda d: d.a & ~d.b),
        ("I((a | b) & ~a)", lambda d: ~d.a & d.b),
        ("np.where(f == 'u', x, 0)", lambda d: np.where(d.f == "u", d.x, 0)),
        ("np.isin(f, ['u', 'v'])", lambda d: d.f.isin(["u", "v"])),
        ("np.maximum(x, k)", lambda d: np.maximum(d.x, d.k)),
        ("exp10(k)", lambda d: 10.0**d.k),
        ("pow(x, 2)", lambda d: d.x**2),
        ("poly(k, 1 + 0)", lambda d: (d.k - d.k.mean()) / np.sqrt(((d.k - d.k.mean()) ** 2).sum())),
    ],
)
def test_arithmetic_is_that_of_doubles(code, right):
    np.testing.assert_allclose(column(code), np.asarray(right(DATA), dtype=float), rtol=1e-13, atol=1e-13)


def test_a_power_of_zero_below_zero_is_infinite():
    with pytest.raises(DataError, match="inf in row 0"):
        column("I(k ** -1 * (k > 0) ** 0 + t ** 2)")


def test_a_time_stamp_times_a_dose_is_fitted_as_with_doubles():
    # as integers the product wraps around; R's model matrices are doubles
    formula = "y ~ t*k + (t:k|g)"
    whole, double = (ranef.lmer(formula, data) for data in (DATA, DATA.astype({"t": float, "k": float})))
    assert whole.objective == double.objective
    np.testing.assert_array_equal(whole.params, double.params)


def test_levels_keep_their_names():
    names = build_design("y ~ C(k) + C(a) + C(x > 6) + C(k + 1.0) + C(k * 0.5) + (1|g)", DATA).column_names
    assert names[1:7] == tuple(f"C(k)[T.{k}]" for k in range(1, 7))
    assert names[7:10] == ("C(a)[T.True]", "C(x > 6)[T.True]", "C(k + 1.0)[T.2]")
    assert names[15] == "C(k * 0.5)[T.0.5]"


@pytest.mark.parametrize(
    "code",
    ["C(f)", "C(f, contr.sum)", "log(x)", "scale(x)", "I(x**2)", "exp(x)", "center(x)", "poly(x, 2)",
     "np.log(x)", "Q('x')", "bs(x, df=4)", "np.where(a, x, 0)", "C(f, Treatment('v'))", "np.pi * k",
     "sqrt(x)", "C(f, Sum)"],
)  # fmt: skip
@pytest.mark.parametrize("used", [False, True])
def test_a_column_with_the_name_of_a_function_changes_nothing(code, used):
    text = f"{{{code}}}"
    right = build_design(f"y ~ {text} + (1|g)", DATA)
    names = ["C", "log", "scale", "I", "exp", "center", "poly", "np", "Q", "bs", "Treatment", "sqrt", "Sum",
             "contr", "Intercept", "where", "f_", "_0_"]  # fmt: skip
    odd = DATA.assign(**{name: RNG.normal(size=N) for name in names})
    more = " + " + " + ".join(names) if used else ""
    got = build_design(f"y ~ {text}{more} + (1|g)", odd, allow_saturated=True)
    where = [got.column_names.index(name) for name in right.column_names]
    np.testing.assert_array_equal(got.X[:, where], right.X)
    if used:
        for name in names:
            shown = "`Intercept`" if name == "Intercept" else name
            np.testing.assert_array_equal(got.X[:, got.column_names.index(shown)], odd[name])


@pytest.mark.parametrize(
    "name", ["°C", "€", "#", "1", "my col", "x$", "a:b", "log(x)", "class", "if", "ﬁ", "T", "f[T.v]", "x + "
    "1", "if (a)", "a`b", "`", "new\nline", "x" * 300, " x", "caf\u00e9", "cafe\u0301", "\u2126"]
)
def test_any_name_works_in_backticks_wherever_a_column_may_stand(name):
    odd = DATA.rename(columns={"x": name})
    for text in ("{0}*k", "{0}:f", "log({0})", "I({0}**2)*f", "{0} + f", "poly({0}, 2)", "{{{0} + 1}} + {0}"):
        x, quoted = text.format("x"), text.format("`" + name.replace("`", "``") + "`")
        plain = build_design(f"y ~ {x} + (1 + {x}||g)", DATA, allow_saturated=True)
        design = build_design(f"y ~ {quoted} + (1 + {quoted}||g)", odd, allow_saturated=True)
        np.testing.assert_array_equal(design.X, plain.X)
        np.testing.assert_array_equal(design.spec.rows(odd).X, plain.X)
        assert len(set(design.column_names)) == design.X.shape[1]


def test_a_column_called_intercept_is_only_a_column():
    odd = DATA.rename(columns={"x": "Intercept"})
    named, plain = (
        [ranef.lmer(text.format(name), data) for text in ("y ~ {0} + (1|g)", "y ~ 0 + {0} + (0 + {0}|g)")]
        for name, data in (("Intercept", odd), ("x", DATA))
    )
    for one, other in zip(named, plain, strict=True):
        assert one.objective == other.objective
        np.testing.assert_array_equal(one.params, other.params)
    assert named[0].params.index.tolist() == ["Intercept", "`Intercept`"]


def half(x):
    return x / 2


def first_letter(text):
    return text.str[0]


OWN = {"half": half, "first_letter": first_letter}


def test_functions_of_the_caller_are_called_by_name():
    fit = ranef.lmer("y ~ half(x) + first_letter(f) + (half(x)|g)", DATA, functions=OWN)
    right = ranef.lmer("y ~ I(x / 2) + f + (I(x / 2)|g)", DATA)
    assert fit.objective == right.objective
    names = ["Intercept", "half(x)", "first_letter(f)[T.v]", "first_letter(f)[T.w]"]
    assert fit.params.index.tolist() == names
    for again in (fit, pickle.loads(pickle.dumps(fit)), copy.deepcopy(fit)):
        np.testing.assert_allclose(again.predict(DATA), fit.fittedvalues, rtol=1e-12)

@pytest.mark.parametrize("kind", [dict, pd.DataFrame])
def test_a_function_that_writes_to_its_argument_changes_no_data(kind):
    def emptied(x):
        x.iloc[:] = 0.0
        return np.arange(x.size, dtype=float)

    data = kind({name: np.array(DATA[name]) for name in ("y", "x", "g")})
    before = np.array(data["x"])
    fit = ranef.lmer("y ~ x + emptied(x) + (1|g)", data, functions={"emptied": emptied})
    np.testing.assert_array_equal(data["x"], before)
    np.testing.assert_array_equal(fit.model.design.X[:, 1], before)



def test_every_verb_that_takes_a_formula_takes_functions():
    doubled = DATA.assign(h=DATA.x / 2, count=DATA.k)
    pairs = [
        (ranef.gls("y ~ half(x)", DATA, dispersion="~ half(k)", functions=OWN),
         ranef.gls("y ~ h", doubled.assign(k=DATA.k / 2), dispersion="~ k")),
        (ranef.glmer("k ~ half(x) + (1|g)", DATA, "poisson", functions=OWN),
         ranef.glmer("k ~ h + (1|g)", doubled, "poisson")),
    ]  # fmt: skip
    for one, other in pairs:
        np.testing.assert_allclose(one.params, other.params, rtol=1e-8)
    alone = ranef.lm_list("y ~ half(x) | g", DATA, functions=OWN)
    np.testing.assert_allclose(alone.coef, ranef.lm_list("y ~ h | g", doubled).coef)
    visits = DATA.assign(visit=np.tile(np.arange(4), 10), id=np.repeat(np.arange(10), 4))
    repeated = ranef.mmrm("y ~ half(x) + cs(visit | id)", visits, functions=OWN)
    assert repeated.objective == ranef.mmrm("y ~ I(x / 2) + cs(visit | id)", visits).objective
    streamed = ranef.lmer("y ~ half(x) + (1|g)", ranef.batches(lambda: [DATA[:20], DATA[20:]]), functions=OWN)
    np.testing.assert_allclose(streamed.params, ranef.lmer("y ~ I(x / 2) + (1|g)", DATA).params, rtol=1e-8)


@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ({"log": half}, "means something"),
        ({"np": half}, "means something"),
        ({"a b": half}, "not a name"),
        ({"class": half}, "not a name"),
        ({"half": 3}, "must be a function"),
        ([half], "must be a dict"),
    ],
)
def test_functions_that_cannot_be_called(functions, words):
    with pytest.raises(ArgumentError, match=words):
        ranef.lmer("y ~ x + (1|g)", DATA, functions=functions)


def test_what_goes_wrong_in_a_function_of_the_caller_is_said_of_the_code():
    for function in (lambda x: 1 / 0, lambda x: x[:3], lambda x: None, lambda x: {"a": 1}):
        with pytest.raises(DataError, match=r"'f\(x\)'"):
            ranef.lmer("y ~ f(x) + (1|g)", DATA, functions={"f": function})
    fit = ranef.lmer("y ~ f(x) + (1|g)", DATA, functions={"f": lambda x: x / 2})
    with pytest.raises(ArgumentError, match="'f' given as functions= cannot be pickled"):
        pickle.dumps(fit)


@pytest.mark.parametrize(
    "code",
    ["I(x - x.mean())", "x.rank()", "I(x - np.mean(x))", "I(x / np.std(x))", "I(x - mean(x))",
     "I(x / max(x))", "I(x.max() - x)", "np.cumsum(x)"],
)  # fmt: skip
def test_statistics_of_the_sample_are_refused_with_what_to_write(code):
    with pytest.raises(FormulaError, match=r"center\(x\).*scale\(x\)") as caught:
        ranef.lmer(f"y ~ {code} + (1|g)", DATA)
    assert caught.value.position is not None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("np.random.normal(x)", "not known"),
        ("x.clip(0)", r"np\.clip\(x\)"),
        ("sinh(x)", r"np\.sinh\(\)"),
        ("np.log(x, x)", "1 argument"),
        ("np.log(x, out=y)", "1 argument"),
        ("np.add(x, 1, x)", "2 arguments"),
        ("poly(x, 100000)", "100000 columns"),
        ("poly(k, 7)", "more distinct values"),
        ("bs(x, df=2000)", "2000 columns"),
        ("I(x**9**9**9)", "no finite value"),
        ("C(f, contr.sum, 3)", "a coding"),
        ("x.values", "attributes of a column"),
        ("np.random", "functions of single values"),
    ],
)
def test_code_that_is_not_to_be_called_is_refused_with_the_remedy(code, words):
    with pytest.raises(FormulaError, match=words):
        ranef.lmer(f"y ~ {code} + (1|g)", DATA)


def test_products_of_factors_with_more_columns_than_rows_can_have_are_refused():
    rows = np.arange(200)
    many = pd.DataFrame({"y": RNG.normal(size=200), "t": rows, "u": rows % 100, "g": rows % 4})
    with pytest.raises(FormulaError, match="columns for 200 rows"):
        ranef.lmer("y ~ C(t):C(u) + (1|g)", many)


def test_transforms_learn_once_and_are_pickled():
    fit = ranef.lmer("y ~ scale(x) + poly(k, 2):f + bs(x, df=4) + log(center(x) + 20) + (1|g)", DATA)
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_allclose(again.predict(DATA[3:9]), np.asarray(fit.fittedvalues)[3:9], atol=1e-8)


def test_names_that_only_look_alike():
    data = DATA.assign(**{"cafe\u0301": DATA["x"], " pad": DATA["x"]})
    assert build_design("y ~ cafe\u0301 + (1|g)", data).column_names == ("Intercept", "cafe\u0301")
    for name in ("caf\u00e9", "pad"):
        with pytest.raises(UnknownColumnError, match="only looks like it"):
            build_design(f"y ~ {name} + (1|g)", data)


def test_names_that_are_refused():
    with pytest.raises(FormulaError, match="a column without a name"):
        build_design("y ~ `` + (1|g)", DATA.assign(**{"": DATA["x"]}))
    with pytest.raises(FormulaError, match="a backtick within a name twice"):
        build_design("y ~ `a`b` + (1|g)", DATA)
    two = DATA[["y", "g"]].copy()
    two.columns = pd.MultiIndex.from_product([["a"], ["y", "g"]])
    with pytest.raises(DataError, match="names of 2 levels"):
        build_design("y ~ 1 + (1|g)", two)
    table = pa.table([DATA["y"], DATA["g"], DATA["x"], DATA["x"]], names=["y", "g", "x", "x"])
    build_design("y ~ 1 + (1|g)", table)
    with pytest.raises(DataError, match="2 columns named 'x'"):
        build_design("y ~ x + (1|g)", table)
