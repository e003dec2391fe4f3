"""The result: its table, counts, intervals and print-out, from records written by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from ranef.bootstrap import BootstrapResult
from ranef.bootstrap.replicates.intervals import percentile_interval
from ranef.errors import ArgumentError
from ranef.estimates.parameters import ParameterNames

CONVERGED, SINGULAR, FAILED = 1, 2, 4
# two coefficients kept of three, their standard errors, sigma, two theta, objective, evaluations | status
PLACES = {
    "coefficients": slice(0, 2),
    "se": slice(2, 4),
    "sigma": slice(4, 5),
    "theta": slice(5, 7),
    "objective": slice(7, 8),
    "evaluations": slice(8, 9),
}
NAMES = ParameterNames(("Intercept", "a", "b"), (0, 2), (("g", ("Intercept",)), ("g", ("b",))))
PARAMETERS = ["Intercept", "a", "b", "sigma", "theta1", "theta2", "sd[g.Intercept]", "sd[g.b]"]


def make_result(count=40, **changes):
    rng = np.random.default_rng(0)
    records = np.column_stack([rng.normal(size=(count, 8)), np.full(count, 7.0), np.full(count, CONVERGED)])
    records[1, -1] = CONVERGED | SINGULAR
    records[2, -1] = SINGULAR
    records[3, :-2], records[3, -1] = np.nan, FAILED
    values = {
        "formula": "y ~ a + b + (b || g)",
        "names": NAMES,
        "records": records,
        "places": PLACES,
        "requested": count,
        "seed": 11,
        "route": "gram",
        "route_reason": "the factor of the cross-products is smaller than the rows",
        "seconds": 0.02,
        "n_threads": 2,
    }
    return BootstrapResult(**(values | changes))


def test_table():
    result = make_result()
    frame = result.to_frame()
    assert list(frame.columns) == [
        *PARAMETERS,
        *("se[Intercept]", "se[a]", "se[b]"),
        *("objective", "evaluations", "singular", "converged", "failed"),
    ]
    assert frame.index.name == "replicate" and len(frame) == 40
    assert frame["a"].isna().all() and frame["se[a]"].isna().all()
    assert np.array_equal(frame["b"], result.records[:, 1], equal_nan=True)
    assert np.array_equal(frame["se[b]"], result.records[:, 3], equal_nan=True)
    assert np.array_equal(frame["theta2"], result.records[:, 6], equal_nan=True)
    product = abs(result.records[:, 4] * result.records[:, 6]) * np.sign(result.records[:, 4])
    assert np.allclose(frame["sd[g.b]"], product, equal_nan=True)
    assert np.array_equal(frame["objective"], result.records[:, 7], equal_nan=True)
    assert frame["evaluations"].dtype == np.int64
    assert list(frame["singular"][:5]) == [False, True, True, False, False]
    assert list(frame["converged"][:5]) == [True, True, False, False, True]
    assert list(frame["failed"][:5]) == [False, False, False, True, False]


def test_table_of_some_columns():
    result = make_result()
    places = {"sigma": slice(0, 1)}
    some = make_result(records=result.records[:, [4, 9]], places=places)
    assert list(some.to_frame().columns) == ["sigma", "singular", "converged", "failed"]
    assert list(some.conf_int().index) == ["sigma"]
    with pytest.raises(ArgumentError, match=r"'theta'.*columns="):
        some.part("theta")
    with pytest.raises(ArgumentError, match=r"'modes'.*columns="):
        _ = some.modes


def test_counts():
    result = make_result()
    assert (result.n_singular, result.n_unconverged, result.n_failed) == (2, 1, 1)


def test_intervals_leave_out_failures():
    result = make_result()
    assert list(result.conf_int().index) == [name for name in PARAMETERS if not name.startswith("theta")]
    intervals = result.conf_int(level=0.8, parameters="all")
    assert list(intervals.columns) == ["lower", "upper"]
    assert list(intervals.index) == PARAMETERS
    expected = percentile_interval(np.delete(result.records[:, 4], 3), 0.8)
    assert tuple(intervals.loc["sigma"]) == expected
    assert intervals.loc["a"].isna().all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -0.5, float("nan")])
def test_bad_level(level):
    with pytest.raises(ArgumentError, match="level must be between 0 and 1"):
        make_result().conf_int(level=level)


def test_bad_method():
    with pytest.raises(ArgumentError, match=r"kind must be one of 'percentile', 'basic', .*got 'quantile'"):
        make_result().conf_int(method="quantile")


def test_bad_parameter():
    with pytest.raises(ArgumentError, match=r"parameters= has 'days'.*'Intercept', 'a', 'b', 'sigma'"):
        make_result().conf_int(parameters="days")


def test_prints_itself():
    text = str(make_result())
    assert text.splitlines()[:3] == [
        "Parametric bootstrap of y ~ a + b + (b || g)",
        "  40 replicates in 0.02 s on 2 threads (2,000 refits a second)",
        "  singular 2, not converged 1, failed 1; seed 11",
    ]
    assert "sd[g.b]" in text and "lower" in text and "theta" not in text and "Gram" not in text
    assert repr(make_result()) == text
    assert max(map(len, text.splitlines())) <= 80


def test_prints_an_interrupted_run():
    result = make_result(requested=1000, n_threads=1, route="rows")
    assert result.interrupted and not make_result().interrupted
    assert "40 of 1,000 (interrupted)" in str(result)
    assert "1 thread " in str(result) and result.route == "rows"


def test_survives_pickling():
    result = make_result()
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(again.records, result.records, equal_nan=True)
    assert str(again) == str(result)


def test_both_spellings_of_studentized(fit_of):
    result = fit_of("ss_slope_reml").bootstrap(50, seed=1, progress=False)
    british, american = (result.conf_int(method=name) for name in ("studentised", "studentized"))
    pd.testing.assert_frame_equal(british, american)
