"""Tidy tables against broom.mixed's (tests/reference/tests/tidy.json)."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import ranef
from ranef.errors import ArgumentError
from reference_battery import REFERENCE, load_data, read_json

CASES = read_json(REFERENCE / "tests" / "tidy.json")
# What lme4 keeps for generalised models: nothing new here.
LEFT_OUT = {".mu", ".sqrtXwt", ".sqrtrwt"}


@pytest.fixture(params=CASES, ids=[case["formula"] for case in CASES])
def case(request):
    expected = request.param
    data = load_data(expected["data"])
    return ranef.lmer(expected["formula"], data), data, expected


def spelling(name):
    """Ours of R's column name: a dot inside becomes an underscore."""
    return name[0] + name[1:].replace(".", "_")


def term(name):
    return name.replace("(Intercept)", "Intercept")


def plain(name):
    return name.replace("[T.", "").replace("]", "")


def values(column):
    return np.array([np.nan if value is None else value for value in column], dtype=float)


def test_tidy(case):
    fit, _, expected = case
    ours, theirs = fit.tidy(), expected["tidy"]
    assert list(ours.columns) == [spelling(name) for name in theirs]
    assert list(ours["effect"]) == theirs["effect"]
    assert [None if pd.isna(group) else group for group in ours["group"]] == theirs["group"]
    assert [plain(name) for name in ours["term"]] == [term(name) for name in theirs["term"]]
    scale = {"estimate": 1e-4, "std_error": 1e-5, "statistic": 1e-4, "df": 1e-3, "p_value": 5e-3}
    for name in list(theirs)[3:]:
        ours_here = ours[spelling(name)].to_numpy()
        np.testing.assert_allclose(ours_here, values(theirs[name]), rtol=scale.get(spelling(name), 1e-4))


def test_glance(case):
    fit, _, expected = case
    ours = fit.glance()
    assert list(ours.columns) == [spelling(name) for name in expected["glance"]]
    for name, value in expected["glance"].items():
        np.testing.assert_allclose(ours[spelling(name)], value, rtol=1e-6)


def test_augment(case):
    fit, data, expected = case
    ours = fit.augment(data)
    head = expected["augment_head"]
    assert len(ours) == fit.nobs and list(ours.columns)[: data.shape[1]] == list(data.columns)
    for name in [name for name in head if name.startswith(".") and name not in LEFT_OUT]:
        np.testing.assert_allclose(ours[name].head(len(head[name])), head[name], rtol=1e-4, atol=1e-3)


def test_influence_may_be_left_out(case):
    fit = case[0]
    assert set(fit.augment().columns) - set(fit.augment(influence=False).columns) == {".hat", ".cooksd"}


def test_modes(case):
    fit, _, expected = case
    theirs = expected["ran_vals"]
    ours = fit.tidy("ran_vals").set_index(["group", "level", "term"])
    keys = zip(theirs["group"], theirs["level"], map(term, theirs["term"]), strict=True)
    rows = ours.loc[[(group.removesuffix(".1"), level, name) for group, level, name in keys]]
    np.testing.assert_allclose(rows["estimate"], theirs["estimate"], atol=1e-4 * fit.sigma)
    np.testing.assert_allclose(rows["std_error"], theirs["std.error"], rtol=1e-3)


def test_coefficients_of_each_level(case):
    fit, _, expected = case
    ours = fit.tidy("ran_coefs")
    for group, theirs in expected["coef"].items():
        wide = ours[ours["group"] == group].pivot(index="level", columns="term", values="estimate")
        wide.columns = [plain(name) for name in wide.columns]
        aligned = wide.loc[theirs["levels"], [term(name) for name in theirs["columns"]]]
        np.testing.assert_allclose(aligned, theirs["values"], atol=1e-4 * fit.sigma)


def test_deviance_takes_the_place_of_the_reml_criterion(fit_of):
    assert "deviance" in fit_of("ss_slope_ml").glance().columns


@pytest.mark.parametrize(
    ("make", "kind"), [(pl.from_pandas, pl.DataFrame), (pa.Table.from_pandas, pa.Table), (dict, pd.DataFrame)]
)
def test_tables_are_of_the_callers_library(sleepstudy, make, kind):
    data = make(sleepstudy)
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", data)
    for table in (fit.tidy(), fit.glance(), fit.augment(), fit.augment(data)):
        assert isinstance(table, kind)
    low = fit.tidy()["conf_low"].to_pylist() if kind is pa.Table else list(fit.tidy()["conf_low"])
    assert low[2] is None if kind is not pd.DataFrame else np.isnan(low[2])


def test_dropped_rows_are_left_out(sleepstudy):
    sleepstudy.loc[3, "Reaction"] = np.nan
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, weights=np.full(180, 4.0))
    table = fit.augment(sleepstudy)
    assert len(table) == 179 and list(table["Days"][:5]) == [0, 1, 2, 4, 5]
    np.testing.assert_allclose(table[".wtres"], 2 * table[".resid"])
    np.testing.assert_allclose(table[".fitted"] + table[".resid"], table["Reaction"])


def test_bad_arguments(fit_of, sleepstudy):
    fit = fit_of("ss_slope_reml")
    with pytest.raises(ArgumentError, match="effects= must be one of 'fixed', 'ran_pars', 'ran_vals'"):
        fit.tidy("random")
    with pytest.raises(ArgumentError, match="level must be between 0 and 1"):
        fit.tidy(level=95)
    with pytest.raises(ArgumentError, match="must be the 180 rows the model was fitted to; it has 7"):
        fit.augment(sleepstudy.head(7))


@pytest.mark.parametrize("library", [lambda data: data, pl.from_pandas], ids=["pandas", "polars"])
def test_a_regression_table_has_every_covariance_parameter(library):
    """One for each of a tidy table, where arms have matrices of their own and beside random effects too."""
    teeth, trial = (library(ranef.datasets.load(name)) for name in ("Orthodont", "asthma"))
    fits = [
        ranef.gls("distance ~ age", teeth, residual="ar1(age | Subject)", dispersion="~ Sex"),
        ranef.lmer("distance ~ age + (1 | Subject)", teeth, residual="ar1(age | Subject)"),
        ranef.mmrm("fev1 ~ arm * visit + us(visit | arm / id)", trial),
    ]
    for fit in fits:
        numbers = pd.DataFrame({name: np.asarray(fit.tidy()[name]) for name in ("effect", "estimate")})
        frame = ranef.modelsummary(fit).frame
        found = frame[frame["part"] == "random"]
        assert found["term"].is_unique
        expected = numbers["estimate"][numbers["effect"] == "ran_pars"]
        np.testing.assert_allclose(np.sort(found["estimate"]), np.sort(expected.astype(float)))
