"""What people do in their first hour: tables of all kinds, habits of other packages, slips."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ranef
from ranef.errors import ArgumentError, FormulaError

FORMULA = "`reaction time` ~ größe * cond + flag + (größe || `sub ject`)"


def table():
    """Column names with blanks and accents, text, booleans, categories, a missing value."""
    random, n = np.random.default_rng(5), 120
    size, subject = random.normal(size=n), np.repeat(np.arange(12), 10)
    return pd.DataFrame(
        {
            "reaction time": 300
            + 10 * size
            + random.normal(size=12)[subject] * 20
            + random.normal(size=n) * 5,
            "größe": np.where(np.arange(n) == 7, np.nan, size),
            "cond": np.tile(["früh", "spät"], n // 2),
            "flag": random.random(n) > 0.5,
            "sub ject": [f"VP {i}" for i in subject],
        }
    )


KINDS = {
    "pandas": lambda d: d,
    "categories": lambda d: d.astype({"cond": "category", "sub ject": "category"}),
    "nullable": lambda d: d.convert_dtypes(),
    "arrow-backed": lambda d: d.convert_dtypes(dtype_backend="pyarrow"),
    "sparse": lambda d: d.assign(**{"größe": pd.arrays.SparseArray(d["größe"].to_numpy())}),
    "polars": pl.from_pandas,
    "arrow": pa.Table.from_pandas,
    "dict": lambda d: {name: d[name].to_numpy() for name in d},
    "lists": lambda d: {name: d[name].tolist() for name in d},
    "records": lambda d: d.to_records(index=False),
    "enums": lambda d: pl.from_pandas(d).with_columns(pl.col("cond").cast(pl.Enum(["früh", "spät", "nie"]))),
    "dictionaries": lambda d: _column(d, "cond", lambda column: column.dictionary_encode()),
    "views": lambda d: _column(d, "cond", lambda column: column.cast(pa.string_view())),
    "big-endian": lambda d: {**d, "größe": d["größe"].to_numpy().astype(">f8")},
    "every second": lambda d: {name: np.repeat(d[name].to_numpy(), 2)[::2] for name in d},
}


def _column(data, name, change):
    found = pa.Table.from_pandas(data, preserve_index=False)
    place = found.column_names.index(name)
    return found.set_column(place, name, change(found.column(place).combine_chunks()))


@pytest.fixture(scope="module")
def fit():
    return ranef.lmer(FORMULA, table())


@pytest.mark.parametrize("kind", KINDS)
def test_any_table_gives_the_same_fit(kind, fit):
    other = ranef.lmer(FORMULA, KINDS[kind](table()))
    assert other.nobs == 119 and other.objective == pytest.approx(fit.objective, rel=1e-12)
    np.testing.assert_allclose(other.params, fit.params, rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_any_table_has_sums_and_is_augmented(kind):
    data, formula = table(), "größe ~ cond + flag + (1 | `sub ject`)"
    plain = ranef.lmer(formula, data)
    given = KINDS[kind](data)
    assert ranef.fit(ranef.sums(formula, given)).objective == pytest.approx(plain.objective, rel=1e-10)
    fitted = np.asarray(ranef.lmer(formula, given).augment(given)[".fitted"])
    np.testing.assert_allclose(fitted, np.asarray(plain.fittedvalues), rtol=1e-8)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "dict"])
def test_new_rows_of_any_kind(kind, fit):
    new = table().head(5)
    np.testing.assert_allclose(fit.predict(KINDS[kind](new)), fit.fittedvalues[:5])


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ({"REML": False}, "it is called reml="),
        ({"subset": [True]}, r"data\[condition\]"),
        ({"groups": "id"}, r"\(1 \| group\)"),
        ({"family": "binomial"}, "use ranef.glmer"),
        ({"control": None}, "optimizer="),
        ({"nonsense": 1}, "lmer.. has no argument nonsense=: it takes formula=, data=, reml="),
    ],
)
def test_habits_of_other_packages(argument, advice):
    with pytest.raises(TypeError, match=advice):
        ranef.lmer(FORMULA, table(), **argument)


def test_reml_is_true_or_false():
    with pytest.raises(ArgumentError, match="reml= must be True or False, not 'no'"):
        ranef.lmer(FORMULA, table(), reml="no")


def test_unknown_function_names_the_known():
    with pytest.raises(FormulaError, match=r"rcsp\(\) is not known here: add its result .* bs\(\), cr\(\)"):
        ranef.lmer("`reaction time` ~ rcsp(größe, 3) + (1 | `sub ject`)", table())
    with pytest.raises(FormulaError, match=r"numpy's as np.arctan\(\)"):
        ranef.lmer("`reaction time` ~ arctan(größe) + (1 | `sub ject`)", table())


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ns(größe, 3)", r"ns\(\) .* cr\(x, df=3, constraints='center'\)"),
        ("s(größe)", r"s\(\) is a smooth term"),
        ("lag(größe)", r"lag\(\) is the value of another row.*groupby"),
        ("cut(größe, 3)", r"cut\(\) .* pandas.cut"),
        ("ifelse(größe > 170, 1, 0)", r"ifelse\(\) .* np.where"),
        ("(größe > 170)", r"a comparison is code: write I\(x > 5\)"),
        ("größe == 170", r"a comparison is code: write I\(x == 5\)"),
    ],
)
def test_code_of_other_programs_says_what_to_write(code, advice):
    with pytest.raises(FormulaError, match=advice):
        ranef.lmer(f"`reaction time` ~ {code} + (1 | `sub ject`)", table())


@pytest.mark.parametrize(
    ("family", "advice"),
    [
        ("quasipoisson", "no likelihood: 'nbinom1' has variance"),
        ("lognormal", r"ranef.lmer\('log\(y\)"),
        ("zero-inflated Poisson", "zero='~ 1' beside family='poisson'"),
        ("hurdle_poisson", "family='truncated_poisson'"),
        ("ordinal", "three or more categories"),
        ("tweedie", "glmmTMB has it"),
    ],
)
def test_families_of_other_programs_say_what_to_write(family, advice):
    with pytest.raises(ArgumentError, match=advice):
        ranef.glmer("`reaction time` ~ größe + (1 | `sub ject`)", table(), family=family)


def test_a_list_of_fits_or_a_dict_by_headers_is_summarised(fit):
    """As R's modelsummary() takes list(one = fit, other = fit)."""
    assert str(ranef.modelsummary([fit, fit])) == str(ranef.modelsummary(fit, fit))
    named = str(ranef.modelsummary(fit, fit, names=["one", "other"]))
    assert str(ranef.modelsummary({"one": fit, "other": fit})) == named
    assert str(ranef.modelsummary({"a": fit, "b": fit}, names=["one", "other"])) == named
    for none in ([], {}):
        with pytest.raises(ArgumentError, match="needs at least one fit"):
            ranef.modelsummary(none)
    with pytest.raises(ArgumentError, match="number 2 has type int"):
        ranef.modelsummary([fit, 1])


def test_grid_value_of_a_number(fit):
    with pytest.raises(ArgumentError, match="'größe' is a number; it cannot be 'big'"):
        ranef.emmeans(fit, "cond", at={"größe": "big"})
