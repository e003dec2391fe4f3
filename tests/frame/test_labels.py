"""What has a row keeps its row: labels of pandas, positions elsewhere, Series put in order by their index."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ranef
from ranef.errors import DataError
from ranef.frame.labels import in_order_of

RNG = np.random.default_rng(3)
N = 90
BASE = pd.DataFrame(
    {
        "y": RNG.normal(size=N) + np.repeat(RNG.normal(size=15), 6),
        "x": RNG.normal(size=N),
        "f": np.tile(list("uvw"), 30),
        "g": np.repeat([f"s{k:02d}" for k in range(15)], 6),
        "visit": np.tile(np.arange(6), 15),
        "w": RNG.random(N) + 0.2,
    }
)
BASE["count"] = RNG.poisson(2, N)
HOLES = BASE.copy()
HOLES.loc[[3, 4, 50], "y"] = np.nan
HOLES.loc[[3, 4, 50], "count"] = None

INDEXES = {
    "default": lambda d: d,
    "shuffled": lambda d: d.sample(frac=1, random_state=1),
    "text": lambda d: d.set_axis([f"r{k}" for k in range(len(d))]),
    "dates": lambda d: d.set_axis(pd.date_range("2024-01-01", periods=len(d))),
    "several": lambda d: d.set_index(["g", "visit"], drop=False).rename_axis(["one", "two"]),
    "repeated": lambda d: d.set_axis(np.arange(len(d)) // 2),
}

VERBS = {
    "lmer": lambda d: ranef.lmer("y ~ x + f + (1|g)", d),
    "weights": lambda d: ranef.lmer("y ~ x + f + (1|g)", d, weights="w"),
    "glmer": lambda d: ranef.glmer("count ~ x + (1|g)", d, "poisson"),
    "gls": lambda d: ranef.gls("y ~ x + f", d, dispersion="~ f"),
    "mmrm": lambda d: ranef.mmrm("y ~ x + cs(visit | g)", d),
    "residual": lambda d: ranef.lmer("y ~ x + (1|g)", d, dispersion="~ f"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("index", ["shuffled", "text"])
def test_every_answer_per_row_has_the_labels_of_its_row(verb, index):
    data = INDEXES[index](HOLES)
    fit = VERBS[verb](data)
    used = data.dropna()
    plain = VERBS[verb](HOLES)  # the same rows in their first order
    back = pd.Index(HOLES.index) if index == "shuffled" else pd.Index([f"r{k}" for k in HOLES.index])
    for name in ("resid", "fittedvalues"):
        if verb == "glmer" and name == "resid":
            continue
        values = getattr(fit, name)
        assert values.index.equals(used.index)
        expected = pd.Series(np.asarray(getattr(plain, name)), back[HOLES.dropna().index])
        np.testing.assert_allclose(values.loc[expected.index], expected, atol=1e-5)
    assert fit.predict().index.equals(used.index)
    assert fit.predict(data).index.equals(data.index)
    np.testing.assert_allclose(fit.predict(data).loc[used.index], fit.predict(), atol=1e-10)
    if hasattr(fit, "residuals"):
        assert fit.residuals("pearson").index.equals(used.index)


@pytest.mark.parametrize("index", INDEXES)
def test_augment_keeps_the_index(index):
    data = INDEXES[index](HOLES)
    fit = ranef.lmer("y ~ x + f + (1|g)", data)
    for table in (fit.augment(data), fit.augment()):
        assert table.index.equals(data.index[data.y.notna()])
        np.testing.assert_allclose(table[".fitted"].to_numpy(), fit.fittedvalues.to_numpy())
    if data.index.is_unique:
        joined = data.join(fit.augment(data)[[".fitted"]])
        there = joined[".fitted"].notna()
        np.testing.assert_allclose(joined[".fitted"][there], fit.predict(data)[there])
    assert fit.influence().index.equals(data.index[data.y.notna()])
    assert fit.predict(data.head(4), se=True).index.equals(data.index[:4])
    assert fit.leverage().index.equals(data.index[data.y.notna()])


@pytest.mark.parametrize("verb", ["lmer", "glmer"])
def test_series_are_put_in_order_by_their_labels(verb):
    take = {
        "lmer": lambda d, **more: ranef.lmer("y ~ x + (1|g)", d, **more),
        "glmer": lambda d, **more: ranef.glmer("count ~ x + (1|g)", d, "poisson", **more),
    }[verb]
    w, o = BASE.w, BASE.w * 3
    right = take(BASE.assign(o=o), weights="w", offset="o")
    mixed = BASE.sort_values("x")
    for weights, offset in ((w, o), (w.sample(frac=1, random_state=2), o), (w[mixed.index].to_numpy(), o)):
        got = take(mixed, weights=weights, offset=offset).params
        np.testing.assert_allclose(got, right.params, rtol=1e-6)
    other = BASE["count"] + 1 if verb == "glmer" else BASE.y * 2 + BASE.x
    column = "count" if verb == "glmer" else "y"
    expected = take(BASE.assign(**{column: other})).params
    np.testing.assert_allclose(take(mixed).refit(other).params, expected, rtol=1e-5)


def test_a_response_may_have_the_labels_of_all_rows_or_of_those_used():
    fit = ranef.lmer("y ~ x + (1|g)", HOLES)
    other = BASE.y * 2 + BASE.x
    right = ranef.lmer("y ~ x + (1|g)", HOLES.assign(y=other.where(HOLES.y.notna()))).params
    used = other[HOLES.y.notna()]
    for values in (other, used, other.sample(frac=1, random_state=1), used.sample(frac=1, random_state=1)):
        np.testing.assert_allclose(fit.refit(values).params, right, rtol=1e-8)
        np.testing.assert_allclose(fit.model.fit(values).params, right, rtol=1e-8)
    many = pd.DataFrame({"one": other, "two": -other}).sample(frac=1, random_state=3)
    np.testing.assert_allclose(fit.model.fit(many)[["Intercept", "x"]].iloc[0], right, rtol=1e-8)


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(np.ones(N), index=np.arange(N) + 1),
        pd.Series(np.ones(N + 5)),
        pd.Series(np.ones(N), index=[f"r{k}" for k in range(N)]),
        pd.Series(np.ones(N), index=np.arange(N) // 2),
        pd.Series(np.ones(N - 1)),
    ],
)
def test_series_with_other_labels_are_refused(series):
    fit = ranef.lmer("y ~ x + (1|g)", BASE)
    series = series + np.arange(len(series)) / 100
    for call in (
        lambda: ranef.lmer("y ~ x + (1|g)", BASE, weights=series),
        lambda: ranef.lmer("y ~ x + (1|g)", BASE, offset=series),
        lambda: ranef.gls("y ~ x", BASE, weights=series),
        lambda: fit.refit(series),
        lambda: fit.predict(BASE, interval="prediction", weights=series),
        lambda: ranef.lmer("y ~ x + (1|g)", {"y": BASE.y, "x": series, "g": BASE.g}),
    ):
        with pytest.raises(DataError, match=r"index.*\.to_numpy\(\)"):
            call()


def test_series_of_a_dict_are_put_in_order_too():
    mixed = {"y": BASE.y, "x": BASE.x.sample(frac=1, random_state=1), "g": BASE.g}
    fit, right = (ranef.lmer("y ~ x + (1|g)", data) for data in (mixed, BASE))
    np.testing.assert_allclose(fit.params, right.params)
    assert fit.fittedvalues.index.equals(BASE.index)


def test_repeated_labels_in_the_same_order_are_in_order():
    labels = pd.Index([1, 1, 2])
    assert in_order_of(pd.Series([3, 4, 5], index=labels), "y", labels).tolist() == [3, 4, 5]


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas])
def test_tables_without_an_index_get_the_positions_of_the_rows(make):
    data = make(HOLES)
    fit = ranef.lmer("y ~ x + f + (1|g)", data)
    for table in (fit.augment(data), fit.augment()):
        rows = table[".row"].to_numpy() if hasattr(table[".row"], "to_numpy") else np.asarray(table[".row"])
        assert rows.tolist() == HOLES.index[HOLES.y.notna()].tolist()
        np.testing.assert_allclose(np.asarray(table[".fitted"]), np.asarray(fit.fittedvalues))
    assert isinstance(fit.resid, np.ndarray)


def test_tables_of_every_kind_are_augmented():
    right = ranef.lmer("y ~ x + f + (1|g)", BASE).augment(BASE)
    unrelated = BASE[["w"]].set_axis(["u"], axis=1)
    twice = pd.concat([BASE, unrelated, unrelated], axis=1)
    taken = BASE.assign(**{".fitted": 1.0, ".row": 2.0})
    for data in (twice, BASE.to_records(index=False), pl.from_pandas(BASE).lazy(), dict(BASE.items()),
                 {name: column.to_numpy() for name, column in BASE.items()}, taken):  # fmt: skip
        fit = ranef.lmer("y ~ x + f + (1|g)", data)
        table = fit.augment(data)
        for name in (".fitted", ".resid", ".cooksd"):
            np.testing.assert_allclose(np.asarray(table[name]), right[name], atol=1e-6)
        predicted = fit.predict(data)
        np.testing.assert_allclose(np.asarray(predicted), right[".fitted"], atol=1e-6)
