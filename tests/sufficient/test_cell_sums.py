"""Sums of generalised models: cells that merge, travel, and fit as the rows they were made of."""

import numpy as np
import pandas as pd
import pytest
import ranef
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from public_numbers import numbers
from ranef.errors import ArgumentError, DataError, FormulaError, RowsNotKeptError
from ranef.generalised.cells.sums import model_of_cells
from ranef.generalised.model import GlmerModel

FORMULA = "y ~ x + f + (x | g) + (1 | h)"
FAMILIES = {
    "binomial": lambda rng, mu: rng.binomial(1, mu / (1 + mu)),
    "poisson": lambda rng, mu: rng.poisson(mu),
    "nbinom2": lambda rng, mu: rng.poisson(mu * rng.gamma(2, 0.5, mu.size)),
    "gamma": lambda rng, mu: rng.gamma(2, mu / 2),
    "inverse_gaussian": lambda rng, mu: rng.wald(mu, 3.0),
    "beta": lambda rng, mu: rng.beta(1 + mu, 2.0),
}


def rows(seed, n, family="poisson"):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.integers(0, 3, n),
            "f": rng.choice(["a", "b", "c"], n),
            "g": rng.integers(0, 6, n),
            "h": rng.choice([f"h{k}" for k in range(4)], n),
            "w": rng.integers(1, 3, n).astype(float),
            "t": rng.choice([0.5, 1.0], n),
        }
    )
    return frame.assign(y=FAMILIES[family](rng, np.exp(0.3 * frame.x + 0.2 * frame.g - 0.5).to_numpy()))


def at_a_point(model):
    theta = np.full(model.n_theta, 0.4)
    dispersion = 1.7 if model.family.dispersed else None
    return model.objective(theta, np.linspace(-0.3, 0.3, len(model.cross.columns)), dispersion)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_criterion_is_that_of_the_rows(family):
    frame = rows(1, 400, family)
    rng = np.random.default_rng(2)
    of = rng.integers(0, 5, len(frame))
    weights = None if family == "binomial" else "w"
    parts = [ranef.sums(FORMULA, frame[of == k], family, weights=weights, offset="t") for k in range(5)]
    total = ranef.merge(parts[::-1])
    whole = GlmerModel(FORMULA, frame, family, weights=weights, offset="t")
    assert (total.n, total.n_cells <= whole.n_cells + 1) == (400, True)
    assert_allclose(at_a_point(model_of_cells(total)), at_a_point(whole), rtol=1e-12)


def test_successes_of_trials():
    frame = rows(3, 300)
    frame["m"] = frame.y + frame.x + 1
    for formula, family, weights in (
        ("cbind(y, m - y) ~ x + (1 | g)", "binomial", None),
        ("I(y / m) ~ x + (1 | g)", "binomial", "m"),
        ("cbind(y, m - y) ~ x + (1 | g)", "betabinomial", None),
    ):
        total = sum(
            (ranef.sums(formula, frame[k::3], family, weights=weights) for k in range(1, 3)),
            ranef.sums(formula, frame[::3], family, weights=weights),
        )
        whole = GlmerModel(formula, frame, family, weights=weights)
        assert_allclose(at_a_point(model_of_cells(total)), at_a_point(whole), rtol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 30)), min_size=3, max_size=4), st.randoms())
@settings(max_examples=15, deadline=None)
def test_commutative_and_associative(sizes, random):
    """The same cells, bit by bit: counts are whole numbers, and cells have an order of their own."""
    a, b, *rest = [ranef.sums(FORMULA, rows(seed, n), "poisson") for seed, n in [(0, 40), *sizes]]
    shuffled = random.sample([a, b, *rest], len(rest) + 2)
    first = ranef.merge([a, b, *rest])
    for other in (ranef.merge(shuffled), (a + b) + ranef.merge(rest), ranef.merge(rest) + (b + a)):
        assert (other.n, other.missing) == (first.n, first.missing)
        assert_allclose(other.constant, first.constant, rtol=1e-13)
        assert_array_equal(other.table.totals, first.table.totals)
        for name, codes in first.table.codes.items():
            own = (first.table.levels[name].values[codes], other.table.levels[name].values)
            assert_array_equal(own[0], own[1][other.table.codes[name]])


@pytest.fixture(scope="module")
def fitted():
    frame = rows(7, 500)
    total = ranef.sums(FORMULA, frame[:200], "poisson") + ranef.sums(FORMULA, frame[200:], "poisson")
    return frame, total, ranef.fit(total), ranef.glmer(FORMULA, frame, "poisson")


def test_the_fit(fitted):
    frame, total, fit, whole = fitted
    assert total.n_cells <= 3 * 3 * 6 * 4 < fit.nobs == 500
    assert_allclose(fit.objective, whole.objective, rtol=1e-11)
    assert_allclose(fit.params, whole.params, atol=1e-5)
    assert_allclose(fit.bse, whole.bse, rtol=1e-4)
    assert_allclose((fit.aic, fit.bic), (whole.aic, whole.bic), rtol=1e-9)
    assert_allclose(fit.predict(frame[:5]), whole.predict(frame[:5]), rtol=1e-4)
    assert "500" in str(fit.summary()) and "Scaled residuals" not in str(fit.summary())
    for asked in (lambda: fit.fittedvalues, fit.predict, lambda: fit.resid, lambda: fit.model.fit(frame.y)):
        with pytest.raises(RowsNotKeptError):
            asked()
    with pytest.raises(ArgumentError, match="rows are not kept"):
        fit.simulate(1)


# by row, or in coordinates that depend on how rows are merged
OF_ROWS = (
    *("fittedvalues", "linear_predictor", "location", "predict()", "resid", "response_variance"),
    *("solution", "padded"),
)
DEAR = ("profile", "conf_int(method='profile'", "influence", "missing_terms", "drop1", "ranova")


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("cbind(y, m - y) ~ x + f + (1 | g)", "binomial"),
        ("y ~ x * f + offset(t) + (1 | g)", "poisson"),
        ("cbind(y, m - y) ~ x + f + (1 | g)", "betabinomial"),
    ],
)
def test_every_public_number_is_that_of_the_rows(formula, family):
    """Averages over the data weigh a cell by its rows: means of covariates, variances, types I and II."""
    frame = rows(11, 400)
    frame["m"] = frame.y + frame.x + 1

    def asked(call):
        return not call.startswith((*OF_ROWS, *DEAR))

    whole = numbers(ranef.glmer(formula, frame, family), asked)
    found = numbers(ranef.fit(ranef.sums(formula, frame, family=family)), asked)
    answered = [call for call in whole if found.get(call)]
    assert {"emmeans(specs='f')", "slopes()", "comparisons()", "anova(type=1)", "r2()"} <= set(answered)
    assert {"coef_table(ddf='kenward-roger')"} <= set(answered)
    for call in answered:
        theirs = np.array([whole[call][path] for path in found[call]])
        assert_allclose(list(found[call].values()), theirs, rtol=2e-4, atol=1e-5, err_msg=call)


def test_frequencies_are_of_rows():
    frame = rows(12, 300, "binomial")
    whole = ranef.glmer("y ~ x + f + (1 | g)", frame)
    fit = ranef.fit(ranef.sums("y ~ x + f + (1 | g)", frame, family="binomial"))
    assert fit.model.design.repeats.sum() == 300
    for ask in (
        lambda fit: ranef.emmeans(fit, "x", at={"x": [0]}, weights="proportional"),
        lambda fit: fit.slopes("x", averaged=True),
        lambda fit: fit.comparisons("f", by="x"),
    ):
        one, other = (ask(which).to_frame().select_dtypes("number") for which in (whole, fit))
        assert_allclose(other, one, rtol=1e-4, atol=1e-6)


def test_batches_are_cells_too(fitted):
    frame, _, fit, _ = fitted
    source = ranef.batches(lambda: (frame[k : k + 90] for k in range(0, 500, 90)))
    assert_allclose(ranef.glmer(FORMULA, source, "poisson").objective, fit.objective, rtol=1e-13)


def test_files(fitted, tmp_path):
    _, total, _, _ = fitted
    path = tmp_path / "cells.sums"
    total.save(path)
    again = ranef.load_sums(path)
    assert_array_equal(again.table.totals, total.table.totals)
    assert (again.n, again.family, again.constant) == (total.n, total.family, total.constant)
    for wrong in (path.read_bytes()[:-9], path.read_bytes()[:-40] + b"0" * 40):
        with pytest.raises(DataError, match="truncated or altered"):
            ranef.CellSums.from_bytes(wrong)


def test_what_cannot_be_added_up_or_made(fitted):
    frame, total, _, _ = fitted
    for other, named in (
        (ranef.sums("y ~ x + (1 | g)", frame, "poisson"), "formula of part 1"),
        (ranef.sums(FORMULA, frame, "nbinom1"), "family= of part 1 is 'nbinom1'"),
        (ranef.sums(FORMULA, frame, "poisson", "sqrt"), "link= of part 1"),
        (ranef.sums(FORMULA, frame, "poisson", weights="w"), "weights= of part 1"),
        (ranef.sums(FORMULA, frame.assign(x=frame.f), "poisson"), "'x' holds numbers in part 0 and text"),
    ):
        with pytest.raises(DataError, match=named):
            total + other
    with pytest.raises(ArgumentError, match="part 1 is Sums"):
        ranef.merge([total, ranef.sums(FORMULA, frame)])
    for reml in (True, False):
        with pytest.raises(ArgumentError, match=r"reml= does not go with .* maximum likelihood"):
            ranef.fit(total, reml=reml)
    with pytest.raises(ArgumentError, match="gaussian"):
        ranef.sums(FORMULA, frame, "gaussian")
    with pytest.raises(FormulaError, match=r"scale\(x\) needs the mean of all rows"):
        ranef.sums("y ~ scale(x) + (1 | g)", frame, "poisson")
    with pytest.raises(DataError, match=r"'y' of a Poisson model must not be negative; it is -1 in row 3"):
        ranef.sums(FORMULA, frame.assign(y=np.where(frame.index == 3, -1, 2)), "poisson")
    with pytest.raises(DataError, match="text or categories"):
        ranef.sums("f ~ x + (1 | g)", frame, "binomial")
    with pytest.raises(DataError, match="no rows"):
        ranef.fit(ranef.sums(FORMULA, frame[:0], "poisson"))


@pytest.fixture(scope="module", params=["poisson", "nbinom2"])
def compared(request):
    """Fits of rows and of cells; those of the smaller formula have fewer cells."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"g": rng.integers(0, 12, 200), "year": rng.integers(0, 3, 200).astype(str)})
    frame["y"] = rng.poisson(2 * np.exp(0.4 * rng.normal(size=12)[frame.g]))
    formulas = ("y ~ 1 + (1 | g)", "y ~ year + (1 | g)")

    def of_cells(formula, data):
        parts = [ranef.sums(formula, part, family=request.param) for part in (data[:70], data[70:])]
        return ranef.fit(parts[1] + parts[0])

    rows = [ranef.glmer(formula, frame, request.param) for formula in formulas]
    other = of_cells(formulas[0], frame.assign(y=frame.y[::-1].to_numpy() + (frame.g == 3)))
    return rows, [of_cells(formula, frame) for formula in formulas], other


def test_fits_of_different_cells_are_compared_as_those_of_their_rows(compared):
    rows, cells, _ = compared
    expected = ranef.anova(*rows)
    for pair in (cells, (rows[0], cells[1]), (cells[0], rows[1])):
        found = ranef.anova(*pair)
        np.testing.assert_allclose(found["chisq"], expected["chisq"], rtol=1e-6)
        np.testing.assert_allclose(found["p_boundary"], expected["p_boundary"], rtol=1e-6)


def test_other_responses_are_not_compared_and_rows_not_drawn(compared):
    _, cells, other = compared
    with pytest.raises(DataError, match="different responses"):
        ranef.anova(other, cells[1])
    with pytest.raises(RowsNotKeptError, match=r"pbtest draws .* ranef.anova\(\)"):
        ranef.pbtest(cells[0], cells[1], 10)


def test_pbtest_of_linear_sums_says_that_it_needs_rows():
    sleep = ranef.datasets.load("sleepstudy")
    fits = [
        ranef.fit(ranef.sums(f"Reaction ~ Days + ({x} | Subject)", sleep, progress=False))
        for x in ("1", "Days")
    ]
    with pytest.raises(RowsNotKeptError, match=r"pbtest draws .* ranef.anova\(\)"):
        ranef.pbtest(*fits, 10)
