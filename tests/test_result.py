"""The result is small: names, lazily computed, printed elsewhere."""

import dataclasses
import inspect
import pydoc

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted
from ranef.bootstrap.parametric import bootstrap
from reference_battery import load_data

# The contract of the public face; grow modules, not this list.
NAMES = """
    aic bic bootstrap bse coef conf_int converged cov_params df_model_total df_resid fittedvalues formula llf
    model ngroups nobs objective optimum params plan predict ranef refit reml resid sigma simulate singular
    summary theta tvalues varcorr
"""


def test_surface():
    public = {name for name in dir(fitted("ss_slope_reml")) if not name.startswith("_")}
    assert set(NAMES.split()) <= public
    # Verbs and estimates only: what a topic has to say lives in the object that the verb returns.
    assert len(public) <= 70


def test_a_verb_is_the_function():
    fit = fitted("ss_slope_reml")
    for found in (type(fit).bootstrap, fit.bootstrap.__func__):
        assert inspect.unwrap(found) is inspect.unwrap(bootstrap)
    assert list(inspect.signature(fit.bootstrap).parameters)[:2] == ["n", "seed"]
    assert "scheme" in inspect.signature(fit.bootstrap).parameters
    for shown in (pydoc.render_doc(fit.bootstrap), pydoc.render_doc(type(fit).bootstrap)):
        assert "use_u" in shown and "Parameters" in shown and "Examples" in shown
    assert "NaN for a column that was dropped" in pydoc.render_doc(type(fit).params)


def test_a_fit_is_frozen_and_says_what_it_lacks():
    fit = fitted("ss_slope_reml")
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.y = np.zeros(180)
    with pytest.raises(AttributeError, match=r"a fit has no 'stderr': use fit\.bse"):
        fit.stderr  # noqa: B018


def test_labels():
    fit = fitted("oats_f_reml")
    assert isinstance(fit.params, pd.Series)
    assert list(fit.bse.index) == list(fit.params.index) == list(fit.cov_params().columns)
    np.testing.assert_allclose(fit.tvalues, fit.params / fit.bse)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov_params())), fit.bse)


def test_dropped_coefficient_is_nan_everywhere():
    fit = fitted("ss_rankdef_reml")
    name = "I(2 * Days)"
    assert all(np.isnan(series[name]) for series in (fit.params, fit.bse, fit.tvalues))
    assert fit.cov_params()[name].isna().all() and fit.cov_params().loc[name].isna().all()
    assert fit.params.notna().sum() == 3


def test_nothing_is_computed_before_it_is_asked_for():
    fit = fitted("ss_slope_reml").model.fit()
    assert "solution" not in vars(fit)
    assert "params" not in vars(fit)


def test_residuals_are_those_of_the_data():
    frame = load_data("sleepstudy").assign(o=5.0)
    fit = ranef.lmer("Reaction ~ Days + offset(o) + (1 | Subject)", frame)
    np.testing.assert_allclose(fit.fittedvalues + fit.resid, frame["Reaction"])


def test_printed_at_a_glance():
    text = repr(fitted("ss_slope_reml"))
    for part in ("fit by REML", "1743.6283", "24.7405", "Number of obs: 180, groups:  Subject, 18", "251.41"):
        assert part in text
    assert "variance of the intercept is zero" in repr(fitted("dye2_reml"))


def test_old_names_work():
    fit = fitted("ss_slope_reml")
    assert str(fit.rePCA()) == str(fit.pca())
    pd.testing.assert_frame_equal(
        fit.influence(by="Subject").to_frame(), fit.influence(group="Subject").to_frame()
    )
    assert str(fit.robust(cluster="Subject")) == str(fit.robust(group="Subject"))
    result = fit.bootstrap(20, seed=1, scheme="cases", by="Subject", progress=False)
    pd.testing.assert_frame_equal(result.conf_int(method="basic"), result.conf_int(kind="basic"))
    with pytest.raises(TypeError, match=r"got group= twice, also as by="):
        fit.influence(by="Subject", group="Subject")
