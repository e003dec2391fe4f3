"""What batches may look like: empty ones, levels that come late, missing values, types, sources."""

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError, FormulaError
from reference_battery import load_data
from stream.batching import by, cut

FORMULA = "Reaction ~ Days + (Days | Subject)"


def objective(formula, data, theta, **arguments):
    return ranef.Model(formula, data, **arguments).objective(theta)


@pytest.fixture
def data(sleepstudy):
    frame = sleepstudy.copy()
    frame["Subject"] = frame["Subject"].astype(str)
    frame["part"] = np.where(frame.Days < 5, "early", "late")
    return frame


def test_a_level_first_seen_in_the_last_batch(data):
    frame = pd.concat([data[data.Subject != "308"], data[data.Subject == "308"]])
    frame.loc[frame.index[-1], "part"] = "a new one"
    for edges in ([170], [170, 175, 179], [179]):
        formula = "Reaction ~ part + (1 | Subject)"
        streamed = ranef.Model(formula, cut(frame, edges))
        assert streamed.design.column_names[1:] == ("part[T.early]", "part[T.late]")
        assert_allclose(streamed.objective([0.9]), objective(formula, frame, [0.9]), rtol=1e-12)


def test_batches_without_rows_and_without_any_complete_row(data):
    frame = data.reset_index(drop=True)
    frame.loc[:20, "Days"] = np.nan
    frame.loc[60:79, "Reaction"] = np.nan
    source = cut(frame, [0, 0, 10, 20, 60, 60, 80, 180])
    streamed, whole = ranef.Model(FORMULA, source), ranef.Model(FORMULA, frame)
    theta = [0.9, 0.1, 0.2]
    assert_allclose(streamed.objective(theta), whole.objective(theta), rtol=1e-12)
    assert (streamed.nobs, streamed.design.n_dropped) == (whole.nobs, whole.design.n_dropped)
    assert streamed.design.missing == whole.design.missing


def test_a_batch_whose_text_column_is_missing_altogether(data):
    tables = [data[:50].assign(Subject=None), data[50:]]
    streamed = ranef.Model(FORMULA, ranef.batches(lambda: tables))
    assert_allclose(
        streamed.objective([0.9, 0.1, 0.2]), objective(FORMULA, data[50:], [0.9, 0.1, 0.2]), rtol=1e-12
    )


def test_weights_offset_and_columns_that_nobody_asked_for(data):
    data["w"], data["o"] = 1.0 + data.index % 3, 2.0 * data.Days
    arguments = {"weights": "w", "offset": "o"}
    formula = "Reaction ~ offset(Days) + (1 | Subject)"
    whole = objective(formula, data, [0.7], **arguments)
    assert_allclose(objective(formula, by(data, 11), [0.7], **arguments), whole, rtol=1e-12)
    assert_allclose(
        objective(formula, by(data[["Reaction", "Days", "Subject", "w", "o"]], 11), [0.7], **arguments), whole
    )


@pytest.mark.parametrize("dtype", ["category", "string", "int64", "float64", "datetime64[ns]", "Int64"])
def test_types_of_a_grouping_column(sleepstudy, dtype):
    number = sleepstudy["Subject"].astype(str).astype(int)
    column = pd.to_datetime(number, unit="D") if dtype.startswith("datetime") else number.astype(dtype)
    frame = sleepstudy.assign(Subject=column)
    whole, streamed = ranef.Model(FORMULA, frame), ranef.Model(FORMULA, by(frame, 17))
    assert_allclose(streamed.objective([1, 0, 0.2]), whole.objective([1, 0, 0.2]), rtol=1e-12)
    assert streamed.design.factors[0].levels.tolist() == whole.design.factors[0].levels.tolist()


def test_the_order_of_categories_is_kept_when_all_batches_have_the_same(data):
    ordered = pd.Categorical(data["part"], categories=["late", "early"])
    streamed = ranef.Model("Reaction ~ part + (1 | Subject)", by(data.assign(part=ordered), 7))
    assert streamed.design.column_names == ("Intercept", "part[T.early]")


DAYS = np.array(["2024-01-01", "9999-12-31", "0001-01-01", "1969-12-31"], dtype="datetime64[D]")
TIMES = {
    "days": DAYS,
    "seconds": DAYS.astype("datetime64[s]"),
    "microseconds": DAYS.astype("datetime64[us]") - np.timedelta64(1, "us"),
    "nanoseconds": DAYS[[0, 3, 3, 0]].astype("datetime64[ns]") + np.arange(4).astype("timedelta64[ns]"),
    "durations": np.array([-1, 2, 300_000_000, 4]).astype("timedelta64[s]"),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("categories", [None, [3, 1, 0, 2]])
def test_times_are_levels_whatever_their_unit_and_order(sleepstudy, kind, categories):
    """As nanoseconds of 64 bits, the last day of the year 9999 was one of 1816."""
    codes = np.arange(180) % 4
    when = pd.Series(TIMES[kind][codes])
    if categories is not None:
        when = pd.Series(pd.Categorical.from_codes(np.argsort(categories)[codes], TIMES[kind][categories]))
    frame = sleepstudy.assign(when=when.to_numpy() if categories is None else when.array, half=codes // 2)
    levels = ranef.Model("Reaction ~ Days + (1 | when)", frame).design.factors[0].levels.tolist()
    formulas = ("Reaction ~ Days + (1 | when)", "Reaction ~ scale(Days) + (1 | when)")
    for formula in formulas:  # one reading, three
        streamed, whole = ranef.lmer(formula, by(frame, 50)), ranef.lmer(formula, frame)
        assert_allclose(streamed.objective, whole.objective, rtol=1e-12)
        assert streamed.model.design.factors[0].levels.tolist() == levels
        assert_allclose(streamed.predict(frame), whole.predict(frame), rtol=1e-7)
    parts = [frame[frame.half == half] for half in (0, 1)]  # which have different levels
    made = [ranef.sums(formulas[0], part) for part in parts]
    total = ranef.merge([ranef.Sums.from_bytes(one.to_bytes()) for one in made])
    assert ranef.fit(total).model.design.factors[0].levels.tolist() == levels
    counts = [ranef.sums("Days ~ 1 + (1 | when)", part, family="poisson") for part in parts]
    assert ranef.fit(ranef.merge(counts)).model.design.factors[0].levels.tolist() == levels


@pytest.mark.parametrize(
    "formula",
    [
        "log(Reaction) ~ scale(Days) + (scale(Days) || Subject)",
        "Reaction ~ center(Days) + standardize(np.sqrt(Days)) + (1 | Subject)",
        "Reaction ~ C(Days) + (1 | Subject)",
        "Reaction ~ C(Days, contr.sum) + (1 | Subject)",
        "Reaction ~ part * Days + I(Days**2) + (0 + part | Subject)",
        "Reaction ~ 0 + part + part:Days + (1 | part:Subject) + (1 | Subject)",
        "Reaction ~ 0 + Days + (1 | Subject/part)",
        "Reaction ~ 1 + Days + I(2 * Days) + part + (1 | Subject)",
        "Reaction ~ Days + offset((part == 'early') * 9.0) + (Days | Subject)",
        "Reaction ~ 0 + part + offset((part == 'early') * 9.0) + (1 | Subject)",
    ],
)
def test_formulas_that_compute(data, formula):
    frame = data.copy()
    frame.loc[frame.index[5:9], "Reaction"] = np.nan  # scale() learns from rows that others drop
    whole, streamed = ranef.lmer(formula, frame), ranef.lmer(formula, by(frame, 13))
    assert streamed.model.design.column_names == whole.model.design.column_names
    assert_allclose(streamed.objective, whole.objective, rtol=1e-11)
    assert_allclose(streamed.params, whole.params, rtol=1e-7)
    new = data[40:60]
    assert_allclose(streamed.predict(new), whole.predict(new), rtol=1e-7)


def test_the_plan_says_how_often_rows_were_read(data):
    formulas = (FORMULA, "Reaction ~ scale(Days) + (1 | Subject)")
    plans = [str(ranef.Model(formula, by(data, 50)).plan) for formula in formulas]
    assert plans[0].endswith("read once")
    assert plans[1].endswith("read 3 times, as scale(Days) needs the mean of all rows")
    assert "read once" not in str(ranef.Model(FORMULA, data).plan)


def test_columns_before_the_constant_keep_their_origin():
    """Without an intercept dummies may add up to the constant: the rank is decided in one more reading."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"f": list("ab") * 30, "g": np.repeat(list("pqrstu"), 10), "y": rng.normal(size=60)})
    frame["a"] = (frame["f"] == "a").astype(float)
    formula = "y ~ 0 + a + f + (1 | g)"
    whole, streamed = ranef.Model(formula, frame), ranef.Model(formula, by(frame, 7))
    assert streamed.cross.columns.tolist() == whole.cross.columns.tolist() == [0, 2]
    assert_allclose(streamed.objective([0.5]), whole.objective([0.5]), rtol=1e-12)


# ---------------------------------------------------------------- sources
def test_arrow_datasets_read_the_columns_needed(data, tmp_path):
    pa, dataset = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.dataset")
    table = pa.Table.from_pandas(data.assign(idle=1.0), preserve_index=False)
    dataset.write_dataset(table, tmp_path, format="parquet", max_rows_per_file=50, max_rows_per_group=50)
    fit = ranef.lmer(FORMULA, dataset.dataset(tmp_path))
    assert_allclose(fit.objective, ranef.lmer(FORMULA, data).objective, rtol=1e-12)
    assert fit.nobs == 180
    assert_allclose(fit.predict(table.slice(0, 5)), ranef.lmer(FORMULA, data).predict(data[:5]), rtol=1e-9)


def test_record_batches_and_polars(data):
    pa = pytest.importorskip("pyarrow")
    expected = ranef.lmer(FORMULA, data).objective
    records = pa.Table.from_pandas(data).to_batches(max_chunksize=31)
    assert_allclose(ranef.lmer(FORMULA, ranef.batches(lambda: iter(records))).objective, expected)
    polars = pytest.importorskip("polars")
    lazy = polars.from_pandas(data).lazy()
    if hasattr(lazy, "collect_batches"):
        assert_allclose(ranef.lmer(FORMULA, lazy).objective, expected)


def test_a_dict_of_arrays_per_batch(data):
    parts = [{name: data[name].to_numpy()[k::3] for name in data} for k in range(3)]
    fit = ranef.lmer(FORMULA, ranef.batches(lambda: parts))
    assert_allclose(fit.objective, ranef.lmer(FORMULA, data).objective, rtol=1e-12)


# ---------------------------------------------------------------- errors
def readings(*tables):
    """A source whose readings differ: one list of batches after the other."""
    left = list(tables)
    return ranef.batches(lambda: left.pop(0) if len(left) > 1 else left[0])


def test_data_that_change_while_they_are_read(data):
    formula = "Reaction ~ scale(Days) + (Days | Subject)"  # which one reading is not enough for
    head = [data[:1]]  # the names of the columns are read first
    with pytest.raises(DataError, match=r"180 rows at first, 179 now"):
        ranef.Model(formula, readings(head, [data], [data[:179]]))
    other = data.assign(Subject=data.Subject.replace("308", "999"))
    with pytest.raises(DataError, match=r"'Subject' now has the level '999'"):
        ranef.Model(formula, readings(head, [data], [other]))
    holes = data.assign(Days=data.Days.where(data.index > 3))
    with pytest.raises(DataError, match=r"180 rows without missing values at first, 176 now"):
        ranef.Model(formula, readings(head, [data], [holes]))
    swapped = data.assign(part=np.where(data.Subject == "308", "early", data.part))
    with pytest.raises(DataError, match="combination that the first reading did not meet"):
        ranef.Model("Reaction ~ scale(Days) + (1 | Subject:part)", readings(head, [swapped], [data]))


@pytest.mark.parametrize(
    ("formula", "named"),
    [
        ("Reaction ~ poly(Days, 2) + (1 | Subject)", r"poly\(\)"),
        ("Reaction ~ bs(Days, 4) + (1 | Subject)", r"bs\(\)"),
        ("Reaction ~ I(Days - np.mean(Days)) + (1 | Subject)", r"np.mean\(\)"),
        ("Reaction ~ I(Days / Days.max()) + (1 | Subject)", r"Days.max\(\)"),
        ("Reaction ~ I(np.log(Days + 1).mean()) + (1 | Subject)", r"\.mean"),
        ("Reaction ~ I(Days - Days[0]) + (1 | Subject)", r"Days\[0\]"),
        ("Reaction ~ lag(Days) + (1 | Subject)", r"lag\(\)"),
        ("Reaction ~ scale(Days, center=False) + (1 | Subject)", r"scale\(Days, center=False\)"),
        ("Reaction ~ C(Days > 2) + (1 | Subject)", r"first argument of C\(\)"),
        ("scale(Reaction) ~ Days + (1 | Subject)", r"'scale\(Reaction\)' needs all rows"),
    ],
)
def test_code_that_needs_more_than_a_row(data, formula, named):
    with pytest.raises(FormulaError, match=named):
        ranef.Model(formula, by(data, 50))


def test_bad_values_are_named_by_their_row_in_the_data(data):
    frame = data.reset_index(drop=True)
    frame.loc[123, "Days"] = np.inf
    with pytest.raises(DataError, match=r"'Days' is inf in row 123"):
        ranef.Model(FORMULA, by(frame, 50))
    frame = data.reset_index(drop=True).assign(w=1.0)
    frame.loc[123, "w"] = -1.0
    with pytest.raises(DataError, match=r"weights= is negative \(-1\) in row 123"):
        ranef.Model(FORMULA, by(frame, 50), weights="w")
    frame.loc[123, "Reaction"] = np.inf
    with pytest.raises(DataError, match=r"'Reaction' is inf in row 123"):
        ranef.Model(FORMULA, by(frame, 50))
    with pytest.raises(DataError, match=r"'log\(Days\)' is -inf in row 0"):
        ranef.Model("Reaction ~ log(Days) + (1 | Subject)", by(data, 50))


def test_sources_that_cannot_be_used(data):
    with pytest.raises(DataError, match=r"not generator; .* ranef\.batches"):
        ranef.Model(FORMULA, (data for _ in range(2)))
    with pytest.raises(DataError, match="write batches"):
        ranef.batches(iter([data]))
    with pytest.raises(DataError, match="no rows"):
        ranef.Model(FORMULA, ranef.batches(lambda: []))
    with pytest.raises(DataError, match="no rows"):
        ranef.Model(FORMULA, by(data[:0], 5))
    with pytest.raises(DataError, match="tables one after the other"):
        ranef.Model(FORMULA, ranef.batches(lambda: 3))
    with pytest.raises(ArgumentError, match="weights= must be the name of a column"):
        ranef.Model(FORMULA, by(data, 50), weights=np.ones(180))
    with pytest.raises(ranef.UnknownColumnError, match="'Daze'"):
        ranef.Model("Reaction ~ Daze + (1 | Subject)", by(data, 50))
    with pytest.raises(ranef.UnknownColumnError, match="batch 1 of the data"):
        ranef.Model(FORMULA, ranef.batches(lambda: [data[:90], data[90:].drop(columns="Days")]))
    with pytest.raises(DataError, match=r"'Days' holds numbers at first and text .* begins with row 90"):
        ranef.Model(FORMULA, ranef.batches(lambda: [data[:90], data[90:].assign(Days="x")]))
    for first, second in (("numbers", "truth values"), ("truth values", "numbers")):  # 0 and 1 are not meant
        parts = {"numbers": data, "truth values": data.assign(Days=data.Days > 4)}
        mixed = ranef.batches(lambda parts=(parts[first][:90], parts[second][90:]): parts)
        for formula in (FORMULA, "Reaction ~ scale(Days) + (1 | Subject)"):
            with pytest.raises(DataError, match=f"'Days' holds {first} at first and {second} in .* row 90"):
                ranef.Model(formula, mixed)
    with pytest.raises(DataError, match="constant"):
        ranef.Model(FORMULA, by(data.assign(Reaction=1.0), 50))
    with pytest.raises(DataError, match="one level"):
        ranef.Model(FORMULA, by(data[data.Subject == "308"], 3))
    with pytest.raises(DataError, match="levels for 180 rows"):
        ranef.Model("Reaction ~ 1 + (1 | row)", by(data.assign(row=np.arange(180)), 50))
    with pytest.raises(DataError, match="no row is left"):
        ranef.Model(FORMULA, by(data.assign(Days=np.nan), 50))


def test_what_is_no_table_says_how_it_becomes_one(tmp_path):
    for given, said in (
        (str(tmp_path / "rows.parquet"), r"pyarrow\.dataset\.dataset\(path\)"),
        (tmp_path, r"pandas\.read_csv\(path\)"),
        ([{"y": [1.0]}, {"y": [2.0]}], r"ranef\.batches\(lambda: \[one, other\]\)"),
        ([lambda: None], r"ranef\.batches"),
        (lambda: None, r"ranef\.batches"),
    ):
        with pytest.raises(DataError, match=said):
            ranef.Model(FORMULA, given)
    duckdb = pytest.importorskip("duckdb")
    with pytest.raises(DataError, match=r"connection\.sql\('FROM rows'\)"):
        ranef.Model(FORMULA, duckdb.connect())


def test_errors_of_the_library_that_reads(data, tmp_path):
    """Files that do not go together: each library says so, in an error of ours."""
    pa = pytest.importorskip("pyarrow")
    pq, ds = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow.dataset")
    pq.write_table(pa.Table.from_pandas(data), tmp_path / "a.parquet")
    pq.write_table(pa.Table.from_pandas(data.assign(Days="much")), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="the rows cannot be read: ArrowInvalid"):
        ranef.Model(FORMULA, ds.dataset(tmp_path))
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    with pytest.raises(DataError, match=r"the rows cannot be read: .*'?Days"):
        ranef.Model(FORMULA, polars.scan_parquet(tmp_path / "*.parquet"))
    with pytest.raises(DataError, match="the rows cannot be read: ConversionException"):
        ranef.Model(FORMULA, duckdb.sql(f"FROM '{tmp_path}/*.parquet'"))


def test_a_reader_of_files_is_closed(data):
    """Also the one that is asked for the names of the columns alone."""
    open_now = []

    class Reader:
        def __init__(self):
            self.rows = iter([data[:90], data[90:]])
            open_now.append(self)

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.rows)

        def close(self):
            open_now.remove(self)

    for make in (Reader, lambda: [Reader]):  # the batches themselves, and a function that stands for them
        assert ranef.Model(FORMULA, ranef.batches(make)).nobs == 180
        assert not open_now


def test_a_battery_of_groups_in_pieces():
    """Nested and crossed factors, each cut so that a batch knows few levels."""
    frame = load_data("InstEval").sort_values(["dept", "d"])[:3000]
    formula = "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)"
    theta = [0.3, 0.4, 0.1]
    assert_allclose(objective(formula, by(frame, 37), theta), objective(formula, frame, theta), rtol=1e-10)
