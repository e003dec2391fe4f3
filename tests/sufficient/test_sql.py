"""Sums made by a database: those of the same rows in memory."""

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError, FormulaError

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(7)
    n = 400
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "t": 1.6e9 + rng.uniform(0, 3e7, n),
            "x": rng.integers(0, 9, n),
            "b": rng.random(n) > 0.4,
            "w": rng.uniform(1, 2, n),
            "o": rng.normal(size=n),
            "f": pd.Categorical(rng.choice(["lo", "mid", "hi"], n), categories=["lo", "mid", "hi"]),
            "g": rng.integers(0, 12, n),
            "h": rng.choice(["u", "v", "w x"], n),
            'odd "name"': rng.choice(["p", "q"], n),
        }
    )
    frame.loc[:9, "t"] = np.nan
    frame.loc[5:20, "h"] = None
    return frame


@pytest.fixture(scope="module")
def relation(frame):
    connection = duckdb.connect()
    return connection.from_df(frame)


@pytest.mark.parametrize(
    ("formula", "arguments"),
    [
        ("y ~ t + x + (x | g) + (1 | h)", {}),
        ("y ~ f * x + b + (0 + f | g) + (1 | h) + (1 | g:h)", {"weights": "w"}),
        ("y ~ 0 + f + t:f + offset(o) + (x || g)", {"weights": "w", "offset": "x"}),
        ("y ~ C(x, contr.sum) + t:x + (1 | h/g)", {}),
        ('y ~ 1 + (1 | `odd "name"`) + (b | g)', {}),
        ("y ~ log(t) + I(x**2) + (1 | g)", {}),  # computed: read in batches
    ],
)
def test_same_criterion_as_in_memory(formula, arguments, frame, relation):
    whole = ranef.Model(formula, frame, **arguments)
    made = ranef.Model(formula, relation, **arguments)
    assert made.design.column_names == whole.design.column_names
    for factor, other in zip(made.design.factors, whole.design.factors, strict=True):
        assert factor.levels.tolist() == other.levels.tolist()
    assert (made.nobs, made.design.n_dropped) == (whole.nobs, whole.design.n_dropped)
    assert made.design.missing == whole.design.missing
    theta = np.full(whole.n_theta, 0.6)
    assert_allclose(made.objective(theta), whole.objective(theta), rtol=1e-12)
    moments = made.design.moments
    assert_allclose(moments.mean, whole.design.X.mean(axis=0), rtol=1e-12, atol=1e-14)


def test_sums_of_a_database_and_of_a_table_are_added_up(frame, relation):
    formula = "y ~ f + x + (x | g) + (1 | h)"
    whole = ranef.Model(formula, frame)
    made = ranef.sums(formula, relation.filter("g < 6")) + ranef.sums(formula, frame[frame.g >= 6])
    theta = [0.5, 0.1, 0.3, 0.7]
    assert_allclose(ranef.Model(formula, made).objective(theta), whole.objective(theta), rtol=1e-12)


def test_any_way_to_run_it(frame):
    connection = duckdb.connect()
    connection.register("measurements", frame)
    sql = ranef.sums_sql("y ~ x + (1 | g) + (1 | h)", frame, table="measurements")
    made = sql.run(lambda text: connection.sql(text).df())
    whole = ranef.Model("y ~ x + (1 | g) + (1 | h)", frame)
    assert_allclose(ranef.Model(made.formula, made).objective([1, 1]), whole.objective([1, 1]), rtol=1e-12)
    assert str(sql).count("GROUP BY") == 3 and "FROM measurements" in str(sql)


def test_no_rows(relation):
    nothing = ranef.sums("y ~ x + (1 | g)", relation.filter("g > 99"))
    assert (nothing.n, nothing.n_total) == (0, 0)
    with pytest.raises(DataError, match="no rows"):
        ranef.lmer("y ~ x + (1 | g)", relation.filter("g > 99"))


def test_what_sql_cannot_do(frame, relation):
    with pytest.raises(FormulaError, match=r"'log\(t\)' is computed, which SQL does not"):
        ranef.sums_sql("y ~ log(t) + (1 | g)", frame)
    with pytest.raises(DataError, match=r"'x' has the type BLOB"):
        ranef.sums_sql("y ~ x + (1 | g)", {"y": "DOUBLE", "x": "BLOB", "g": "INTEGER"})
    with pytest.raises(DataError, match="weights= is zero or negative"):
        ranef.lmer("y ~ x + (1 | g)", relation.project("y, x, g, w - 2 AS w"), weights="w")
    with pytest.raises(DataError, match="'x' is not finite"):
        ranef.lmer("y ~ x + (1 | g)", relation.project("y, g, 1e300 * 1e300 * x AS x"))
    with pytest.raises(DataError, match="'y' must be numeric, it holds text or categories"):
        ranef.lmer("y ~ x + (1 | g)", relation.project("h AS y, g, x"))
    with pytest.raises(DataError, match="'y' must be numeric, it is boolean"):
        ranef.lmer("y ~ x + (1 | g)", relation.project("b AS y, g, x"))
    with pytest.raises(DataError, match="'x' holds dates or times"):
        ranef.lmer("y ~ x + (1 | g)", relation.project("y, g, DATE '2024-01-01' + g::INTEGER AS x"))
    with pytest.raises(DataError, match="'g' is not a number in some row: correct it, or make it NULL"):
        groups = "CASE g WHEN 3 THEN 'nan'::DOUBLE ELSE g END AS g"
        ranef.lmer("y ~ x + (1 | g)", relation.project(f"y, x, {groups}"))


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ log(x + 1) + (1 | g)"])
def test_large_identifiers_stay_apart(formula, frame, relation):
    pytest.importorskip("pyarrow")
    large = relation.project("y, x, 170141183460469231731687303715884105000::HUGEINT + g AS g")
    made = ranef.Model(formula, large)
    whole = ranef.Model(formula, frame)
    assert made.design.factors[0].n_levels == 12
    assert_allclose(made.objective([0.5]), whole.objective([0.5]), rtol=1e-12)


@pytest.fixture(scope="module")
def counts(frame):
    rng = np.random.default_rng(8)
    counts = frame[["x", "b", "h", "g"]].assign(
        events=rng.poisson(2, len(frame)), m=rng.integers(1, 4, len(frame))
    )
    return counts.assign(hits=rng.binomial(counts.m, 0.4))


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("events ~ log(x + 1) + h + offset(log(m)) + (1 | g)", "poisson"),
        ("events ~ x + b + (1 | g) + (1 | h)", "nbinom2"),
        ("b ~ x + h + (x | g)", "binomial"),
        ("cbind(hits, m - hits) ~ x + (1 | g)", "binomial"),
        ("cbind(hits, m - hits) ~ b + (1 | g)", "betabinomial"),
    ],
)
def test_cells_made_by_a_database(formula, family, counts):
    whole = ranef.glmer(formula, counts, family)
    connection = duckdb.connect()
    relation = connection.from_df(counts)
    connection.register("events_of", counts)
    sql = ranef.sums_sql(formula, counts, family, table="events_of")
    for made in (ranef.sums(formula, relation, family), sql.run(lambda text: connection.sql(text).df())):
        assert (made.n, made.n_total, made.missing) == (whole.nobs, 400, whole.model.design.missing)
        assert_allclose(ranef.fit(made).objective, whole.objective, rtol=1e-11)
    part = ranef.sums(formula, relation.filter("g < 6"), family) + ranef.sums(
        formula, counts[counts.g >= 6], family
    )
    assert_allclose(ranef.fit(part).objective, whole.objective, rtol=1e-11)


def test_what_cells_in_sql_refuse(counts):
    relation = duckdb.connect().from_df(counts)
    with pytest.raises(FormulaError, match=r"scale\(x\) needs the mean of all rows"):
        ranef.sums_sql("events ~ scale(x) + (1 | g)", counts, "poisson")
    with pytest.raises(ArgumentError, match="family='gaussian' has no sums by cells"):
        ranef.sums_sql("events ~ x + (1 | g)", counts, "gaussian", "log")
    with pytest.raises(ArgumentError, match="link= goes with family="):
        ranef.sums_sql("events ~ x + (1 | g)", counts, link="log")
    with pytest.raises(DataError, match="'x' is not a number in some row: correct it, or make it NULL"):
        ranef.sums("events ~ x + (1 | g)", relation.project("events, g, 'nan'::DOUBLE * x AS x"), "poisson")
    with pytest.raises(DataError, match="negative"):
        ranef.sums("events ~ x + (1 | g)", relation.project("events - 9 AS events, g, x"), "poisson")
    nothing = ranef.sums("events ~ x + (1 | g)", relation.filter("g > 99"), "poisson")
    assert (nothing.n, nothing.n_total, nothing.n_cells) == (0, 0, 0)
