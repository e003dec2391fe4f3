"""Sums form a commutative monoid under merging; what cannot be added up is named."""

import numpy as np
import pandas as pd
import pytest
import ranef
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError, FormulaError, RowsNotKeptError

FORMULA = "y ~ x + f + (x | g) + (0 + f | h) + (1 | g:h)"


def rows(seed, n, far=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n) + far,
            "x": rng.normal(size=n) + far,
            "f": rng.choice(["a", "b", "c"], n),
            "g": rng.integers(0, 6, n),
            "h": rng.choice([f"h{k}" for k in range(5)], n),
            "w": rng.uniform(0.5, 2, n),
        }
    )


def numbers(sums):
    """Everything additive in sums, levels by name, about one origin for all."""
    made = ranef.Model(sums.formula, sums, allow_saturated=True)
    return np.array([made.objective(np.full(made.n_theta, t)) for t in (0.3, 1.0)])


PARTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 30)), min_size=3, max_size=5)


@given(PARTS, st.sampled_from([None, "w"]), st.randoms())
@settings(max_examples=15, deadline=None)
def test_commutative_and_associative(sizes, weights, random):
    frames = [rows(0, 60), *(rows(seed, n) for seed, n in sizes)]
    parts = [ranef.sums(FORMULA, frame, weights=weights) for frame in frames]
    whole = ranef.Model(FORMULA, pd.concat(frames), weights=weights, allow_saturated=True)
    expected = [whole.objective(np.full(whole.n_theta, t)) for t in (0.3, 1.0)]
    a, b, *rest = parts
    shuffled = random.sample(parts, len(parts))
    for made in (
        ranef.merge(parts),
        ranef.merge(shuffled),
        (a + b) + ranef.merge(rest),
        a + (b + ranef.merge(rest)),
        ranef.merge(rest) + b + a,
    ):
        assert made.n == whole.nobs
        assert_allclose(numbers(made), expected, rtol=1e-12)


def test_a_part_without_rows_changes_nothing_but_the_counts():
    frame = rows(1, 80)
    nothing = ranef.sums(FORMULA, frame[:0])
    absent = ranef.sums(FORMULA, frame[:7].assign(y=np.nan, f=None))
    alone = ranef.sums(FORMULA, frame)
    for made in (nothing + alone + absent, ranef.merge([absent, alone, nothing])):
        assert (made.n, made.n_total, made.missing) == (80, 87, {"y": 7, "f": 7})
        assert_allclose(numbers(made), numbers(alone), rtol=1e-15)
    assert (nothing + nothing).n == 0
    with pytest.raises(DataError, match="no rows"):
        ranef.fit(nothing)
    with pytest.raises(DataError, match=r"no row is left.*'y' 7"):
        ranef.fit(absent)


def test_the_size_of_sums_is_that_of_their_numbers():
    """Of y ~ 1 + (1 | g): products of 1 and y, and of ones with both in every level."""
    frame = rows(3, 40)
    assert ranef.sums("y ~ 1 + (1 | g)", frame[:0]).nbytes == 0
    assert ranef.sums("y ~ 1 + (1 | g)", frame).nbytes == 8 * (2 * 2 + 2 * frame["g"].nunique())


def test_time_stamps_each_part_with_its_own_origin():
    """Sorted by time, so that no part knows the mean: without origins two digits would be left."""
    rng = np.random.default_rng(3)
    n = 4000
    frame = pd.DataFrame({"t": 1.6e9 + np.sort(rng.uniform(0, 3e7, n)), "g": rng.integers(0, 20, n)})
    frame["y"] = 1e6 + 1e-7 * (frame.t - 1.6e9) + rng.normal(size=20)[frame.g] + rng.normal(size=n)
    formula = "y ~ t + (t | g)"
    made = ranef.merge([ranef.sums(formula, frame[k : k + 250]) for k in range(0, n, 250)])
    hours = frame.assign(t=(frame.t - 1.615e9) / 3600, y=frame.y - 1e6)
    one, other = ranef.fit(made, reml=False), ranef.lmer(formula, hours, reml=False)
    assert_allclose(one.objective, other.objective, rtol=1e-11)
    assert_allclose(one.params["t"] * 3600, other.params["t"], rtol=1e-8)


def test_levels_of_one_part_only_and_of_every_type():
    frame = rows(5, 200)
    frame["d"] = pd.to_datetime("2024-01-01") + pd.to_timedelta(frame.g, unit="D")
    frame["q"] = pd.Categorical(frame.f, categories=["c", "a", "b"])
    for group in ("g", "h", "d", "f"):
        formula = f"y ~ q + (1 | {group})"
        own = [ranef.sums(formula, part) for _, part in frame.groupby(group)]
        made, whole = ranef.Model(formula, ranef.merge(own[::-1])), ranef.Model(formula, frame)
        assert made.design.column_names == whole.design.column_names == ("Intercept", "q[T.a]", "q[T.b]")
        assert made.design.factors[0].levels.tolist() == whole.design.factors[0].levels.tolist()
        assert_allclose(made.objective([0.5]), whole.objective([0.5]), rtol=1e-12)


def test_add_today_to_last_month_and_fit_again():
    frame = rows(8, 300)
    formula = "y ~ x + (1 | g)"
    fit = ranef.fit(ranef.sums(formula, frame[:250]) + ranef.sums(formula, frame[250:]))
    whole = ranef.lmer(formula, frame)
    assert_allclose(fit.objective, whole.objective, rtol=1e-12)
    assert_allclose(fit.vcov, whole.vcov, rtol=1e-6)
    assert_allclose(fit.anova().to_numpy(float), whole.anova().to_numpy(float), rtol=1e-6)
    assert_allclose(fit.predict(frame[:9]), whole.predict(frame[:9]), rtol=1e-6)
    assert_allclose(fit.icc(), whole.icc(), rtol=1e-6)
    with pytest.raises(RowsNotKeptError, match=r"fit\.predict"):
        _ = fit.resid


# ---------------------------------------------------------------- what cannot be added up
def test_what_differs_is_named():
    frame = rows(2, 50)
    a, coded = ranef.sums("y ~ x + f + (1 | g)", frame), pd.Categorical(frame.f, ["b", "a", "c"])
    for other, named in (
        (ranef.sums("y ~ x + (1 | g)", frame), r"formula of part 1 is 'y ~ x \+ \(1 \| g\)'"),
        (ranef.sums(a.formula, frame, weights="w"), "weights= of part 1 is 'w'"),
        (ranef.sums(a.formula, frame, offset="w"), "offset= of part 1 is 'w'"),
        (ranef.sums(a.formula, frame.assign(x=frame.f)), "'x' holds numbers in part 0 and text"),
        (ranef.sums(a.formula, frame.assign(x=frame.x > 0)), "'x' holds numbers in part 0 and truth values"),
        (ranef.sums(a.formula, frame.assign(g=frame.h)), "'g' holds numbers in part 0 and text"),
        (ranef.sums(a.formula, frame.assign(f=coded)), "'f' are in another order in part 1"),
    ):
        with pytest.raises(DataError, match=named):
            a + other
        with pytest.raises(DataError):
            ranef.merge([other, a])
    with pytest.raises(ArgumentError, match="part 1 is DataFrame"):
        ranef.merge([a, frame])
    with pytest.raises(ArgumentError, match="at least one part"):
        ranef.merge([])
    with pytest.raises(TypeError):
        a + 1
    with pytest.raises(ArgumentError, match="not DataFrame"):
        ranef.fit(frame)
    with pytest.raises(DataError, match="formula of the sums"):
        ranef.Model("y ~ x + (1 | g)", a)


@pytest.mark.parametrize(
    ("formula", "named"),
    [
        ("y ~ scale(x) + (1 | g)", r"scale\(x\) needs the mean of all rows"),
        ("y ~ poly(x, 2) + (1 | g)", r"poly\(\)"),
        ("y ~ I(f == 'a') + (1 | g)", "computes with the levels"),
        ("y ~ x + offset((f == 'a') * 1.0) + (1 | g)", r"offset\(.*\) computes with a factor"),
        ("y ~ x + offset((f == 'a') * 1.0) + us(h | g)", r"offset\(.*\) computes with a factor"),
        ("y ~ x + ar1(0 + f | g)", "unstructured"),
    ],
)
def test_what_a_part_cannot_know(formula, named):
    with pytest.raises(FormulaError, match=named):
        ranef.sums(formula, rows(2, 50))
