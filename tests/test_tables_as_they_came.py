"""Tables come in the library of the data: whatever a call returns, of a fit or of a result of one."""

import warnings

import pandas as pd
import polars as pl
import public_numbers
import pyarrow as pa
import pytest
import ranef
from public_numbers import answers, calls
from ranef import lme4
from test_invariance import DATA

ROWS = DATA.assign(v=[str(k % 6) for k in range(len(DATA))], x=DATA.x / 20, n=(DATA.y > 2).astype(int))
ROWS = {name: list(ROWS[name]) for name in ROWS}
FITS = {
    "lmer": lambda data: ranef.lmer("y ~ x + f + (x | g)", data),
    "dispersion": lambda data: ranef.lmer("y ~ x + f + (1 | g)", data, dispersion="~ f"),
    "glmer": lambda data: ranef.glmer("n ~ x + f + (1 | g)", data),
    "gls": lambda data: ranef.gls("y ~ x + f", data, dispersion="~ f"),
    "mmrm": lambda data: ranef.mmrm("y ~ x + f + cs(v | g)", data),
}
DEAR = ("profile", "ranova", "conf_int(method='profile'", "influence(group", "allfit", "diagnose")


def tables(value, path, deep=True):
    """Yield path and type of what a call returned, and of what the calls of a result return."""
    yield path, type(value)
    apart = ranef.Fit | ranef.Model | pd.DataFrame | pd.Series
    own = type(value).__module__.startswith("ranef.") and not isinstance(value, apart)
    if deep and own:
        for name, item in answers(value):
            yield from tables(item, f"{path}.{name}", False)


def returned(fit, dear):
    for name, call in calls(fit):
        if dear or not name.startswith(DEAR):
            try:
                found = call()
            except (ranef.RanefError, AttributeError):
                continue
            if name.endswith(")"):  # an attribute is pandas', with labels
                yield from tables(found, name)
            else:
                yield from (entry for entry in tables(found, name) if "." in entry[0])


@pytest.mark.parametrize("name", FITS)
def test_no_call_returns_a_table_of_another_library(name, monkeypatch):
    monkeypatch.setattr(public_numbers, "OWN_WAY", public_numbers.OWN_WAY - {"pca", "rePCA"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(returned(FITS[name](pl.DataFrame(ROWS)), name == "lmer"))
    other = [path for path, kind in found if issubclass(kind, pd.DataFrame | pd.Series)]
    assert not other
    assert sum(issubclass(kind, pl.DataFrame) for _, kind in found) >= 10


def test_tables_of_arrow_and_of_no_library():
    fit = FITS["lmer"](pa.table(ROWS))
    assert fit.anova().column_names == ["term", "sum_sq", "mean_sq", "num_df", "den_df", "F", "p"]
    assert fit.anova().column("term").to_pylist() == ["x", "f"]
    for found in (fit.cov_params(), fit.test("x = 0").to_frame(), ranef.emmeans(fit, "f").pairs().to_frame()):
        assert isinstance(found, pa.Table)
    for data in (ROWS, pd.DataFrame(ROWS)):
        other = FITS["lmer"](data)
        assert isinstance(other.anova(), pd.DataFrame) and isinstance(other.r2(), pd.Series)
        assert other.anova()["F"].tolist() == pytest.approx(fit.anova().column("F").to_pylist())


def test_results_keep_the_library_of_their_data(tmp_path):
    data = pl.DataFrame(ROWS)
    fit, small = FITS["lmer"](data), ranef.lmer("y ~ x + (x | g)", data)
    draws = fit.bootstrap(30, seed=1, progress=False)
    curve = ranef.power_curve(fit, "x", effects=[0.1], n=20, seed=1, progress=False)
    test = ranef.pbtest(small, fit, n=20, seed=1, progress=False)
    tables = [draws.to_frame(), draws.conf_int(), draws.append(5, progress=False).to_frame(), curve]
    tables += [test.to_frame(), ranef.anova(small, fit), ranef.pooling(small).wide()]
    tables += [ranef.modelsummary(fit, small).to_frame(), ranef.lm_list("y ~ x | g", data).conf_int()]
    tables += [lme4.anova(fit), lme4.drop1(fit), lme4.vcov(fit), lme4.confint(fit, method="Wald")]
    assert [type(table) for table in tables] == [pl.DataFrame] * len(tables)
    assert draws.to_frame()["converged"].dtype == pl.Boolean
    assert isinstance(fit.params, pd.Series) and isinstance(fit.ranef["g"], pd.DataFrame)
    for result in (fit.summary(), draws, test, ranef.emmeans(fit, "f"), ranef.pooling(small)):
        assert str(result)
