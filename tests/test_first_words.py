"""First guesses of people from other packages: each works, or its error names what it is called here."""

import pickle
import runpy
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import fitted

WORDS = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "first_words.py"))


def test_every_first_guess_is_answered(capsys):
    import matplotlib.pyplot as plt

    known, alone = WORDS["objects"](), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _, code, named in WORDS["guesses"]():
            outcome = WORDS["tried"](code, named, known)
            if not outcome.helped:
                alone.append(f"{code}: {outcome.text}")
    plt.close("all")
    assert len(WORDS["guesses"]()) >= 1000 and not alone, "\n".join(alone)


ATTRIBUTES = {
    **dict.fromkeys(("sigma", "aic", "bic", "llf", "objective"), float),
    **dict.fromkeys(("nobs", "df_resid", "df_model_total"), int),
    **dict.fromkeys(("theta", "beta", "vcov"), np.ndarray),
    **dict.fromkeys(("params", "bse", "tvalues", "pvalues", "df", "fittedvalues", "resid"), pd.Series),
    "ngroups": dict,
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_that_is_called_says_so_and_is_else_of_its_kind(name):
    kind = ATTRIBUTES[name]
    fit = fitted("ss_slope_reml")
    value = getattr(fit, name)
    with pytest.raises(TypeError, match=rf"fit\.{name} is an attribute: write fit\.{name}, without"):
        value()
    assert isinstance(value, kind) and type(pickle.loads(pickle.dumps(value))) is kind
    assert value("any argument") is value
    if kind is not dict:
        assert type(value * 2) is kind


def test_a_series_of_a_fit_passes_for_one_of_pandas():
    fit = fitted("ss_slope_reml")
    plain = pd.Series(fit.params.to_dict(), name="estimate")
    pd.testing.assert_series_equal(fit.params, plain)
    pd.testing.assert_series_equal(plain, fit.params)
    rows = pd.DataFrame({"x": fit.resid}).assign(sd=fit.sigma, resid=fit.resid)
    assert (rows["sd"] == fit.sigma).all() and rows["resid"].equals(rows["x"])
    assert rows[fit.resid > 0].equals(rows.loc[lambda table: table.x > 0])
    assert repr(fit.vcov) == repr(np.array(fit.vcov)) and bool(fit)


def test_python_adds_no_guess_of_its_own():
    fit = fitted("ss_slope_reml")
    for owner, name in ((fit, "fixef"), (fit.model, "X"), (type(fit), "from_formula")):
        with pytest.raises(AttributeError) as caught:
            getattr(owner, name)
        assert caught.value.obj is None
