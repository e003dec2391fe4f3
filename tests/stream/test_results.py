"""A fit to rows that were read in batches: everything but answers per row, which say what to do instead."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError, RowsNotKeptError
from reference_battery import load_data
from stream.batching import by

SLOPES, INTERCEPTS = "Reaction ~ Days + (Days | Subject)", "Reaction ~ Days + (1 | Subject)"


def sleep():
    frame = load_data("sleepstudy")
    return frame.assign(w=1.0 + frame.index % 3, o=frame.index % 5 * 1.0)


@pytest.fixture(scope="module", params=[{}, {"weights": "w", "offset": "o"}], ids=["plain", "weighted"])
def pair(request):
    """The same model in memory and in batches."""
    frame = sleep()
    return ranef.lmer(SLOPES, frame, **request.param), ranef.lmer(SLOPES, by(frame, 7), **request.param)


IN_Q_SPACE = {
    "coef_table": lambda fit: fit.coef_table(),
    "kenward-roger": lambda fit: fit.coef_table(ddf="kenward-roger"),
    "components": lambda fit: fit.component_table(),
    "cov_theta": lambda fit: fit.cov_theta(),
    "anova 1": lambda fit: fit.anova(1),
    "anova 2": lambda fit: fit.anova(2),
    "anova 3": lambda fit: fit.anova(3),
    "drop1": lambda fit: fit.drop1(),
    "wald": lambda fit: fit.conf_int(),
    "profile": lambda fit: fit.conf_int(method="profile"),
    "bootstrap": lambda fit: fit.bootstrap(20, seed=1, progress=False).to_frame().astype(float),
    "ranef": lambda fit: fit.ranef["Subject"],
    "coef": lambda fit: fit.coef["Subject"],
    "predict": lambda fit: pd.Series(fit.predict(sleep()[30:50])),
    "r2": lambda fit: fit.r2(),
    "icc": lambda fit: fit.icc(),
    "glance": lambda fit: fit.glance().select_dtypes("number"),
    "emmeans": lambda fit: ranef.emmeans(fit, "Days", at={"Days": [0, 9]}).to_frame().astype(float),
    "criteria": lambda fit: pd.Series([fit.aic, fit.bic, fit.llf, fit.df_resid, fit.nobs]),
    "l-bfgs-b": lambda fit: pd.Series([fit.model.fit(optimizer="l-bfgs-b").objective]),
}


@pytest.mark.parametrize("name", IN_Q_SPACE)
def test_same_as_in_memory(pair, name):
    whole, streamed = (IN_Q_SPACE[name](fit) for fit in pair)
    assert_allclose(streamed.to_numpy(), whole.to_numpy(), rtol=1e-6, atol=1e-8)


def test_shares_of_variance_of_weighted_rows_that_are_read_twice():
    formula, frame = "Reaction ~ scale(Days) + (1 | Subject)", sleep()
    whole, streamed = (ranef.lmer(formula, data, weights="w") for data in (frame, by(frame, 7)))
    assert_allclose(streamed.r2(), whole.r2(), rtol=1e-6)


def test_summary(pair):
    """The same text without the quantiles of the residuals, which would need the rows."""
    whole, streamed = (str(fit.summary()).split("\n\n") for fit in pair)
    assert streamed == [part for part in whole if not part.startswith("Scaled residuals")]
    assert "Scaled residuals" not in pair[1].summary()._repr_html_()


PER_ROW = {
    "fittedvalues": lambda fit: fit.fittedvalues,
    "resid": lambda fit: fit.resid,
    "residuals": lambda fit: fit.residuals("pearson"),
    "leverage": lambda fit: fit.leverage(),
    "influence": lambda fit: fit.influence(),
    "predict": lambda fit: fit.predict(),
    "simulate": lambda fit: fit.simulate(2, seed=1),
    "augment": lambda fit: fit.augment(),
    "refit": lambda fit: fit.refit(np.arange(180.0)),
    "standard errors": lambda fit: fit.predict(sleep()[:5], se=True),
    "cases": lambda fit: fit.bootstrap(5, seed=1, scheme="cases", progress=False),
    "rows": lambda fit: fit.bootstrap(5, seed=1, route="rows", progress=False),
    "robust": lambda fit: fit.robust(),
    "ranova": lambda fit: fit.ranova(),
    "plot": lambda fit: fit.plot.residuals(),
    "getME": lambda fit: ranef.lme4.getME(fit, "X"),
    "array": lambda fit: np.asarray(fit.model.design.response),
    "sum": lambda fit: fit.model.design.response + 1,
}


@pytest.mark.parametrize("name", PER_ROW)
def test_answers_per_row_are_refused(pair, name):
    with pytest.raises(RowsNotKeptError, match="read in batches"):
        PER_ROW[name](pair[1])


def test_batch_by_batch_instead(pair):
    whole, streamed = pair
    frame = sleep()
    parts = [streamed.predict(frame[first : first + 50]) for first in range(0, 180, 50)]
    assert_allclose(np.concatenate(parts), whole.fittedvalues, rtol=1e-7)


def test_saved_and_loaded(pair):
    streamed = pair[1]
    again = pickle.loads(pickle.dumps(streamed))
    assert str(again.summary()) == str(streamed.summary())
    assert_allclose(again.model.fit().objective, streamed.objective, rtol=1e-14)
    with pytest.raises(RowsNotKeptError):
        _ = again.fittedvalues


def test_comparisons():
    frame = sleep()
    fits = [ranef.lmer(formula, frame) for formula in (INTERCEPTS, SLOPES)]
    streamed = [ranef.lmer(formula, by(frame, 31)) for formula in (INTERCEPTS, SLOPES)]
    expected = ranef.anova(*fits)
    for compared in (streamed, [fits[0], streamed[1]]):
        assert_allclose(ranef.anova(*compared).to_numpy(float), expected.to_numpy(float), rtol=1e-6)
    other = ranef.lmer(SLOPES, by(frame.assign(Reaction=frame.Reaction * 1.001), 31))
    with pytest.raises(DataError, match="different responses"):
        ranef.anova(streamed[0], other)
    by_part = ranef.lmer("Reaction ~ o + Days + (1 | Subject)", by(frame, 31), reml=False)
    with pytest.raises(ArgumentError, match="not nested"):
        ranef.anova(by_part, streamed[1])


def test_dropped_columns_of_x():
    """A test of a coefficient that is not estimable needs the dependence among the columns of X."""
    frame = sleep().assign(twice=lambda d: 2 * d.Days + 1)
    formula = "Reaction ~ Days + twice + (1 | Subject)"
    whole, streamed = ranef.lmer(formula, frame), ranef.lmer(formula, by(frame, 7))
    assert np.isnan(streamed.params["twice"])
    for kind in (1, 2, 3):
        assert_allclose(streamed.anova(kind).to_numpy(float), whole.anova(kind).to_numpy(float), rtol=1e-8)


def test_representations(pair):
    model = pair[1].model
    assert repr(model) == repr(pair[0].model)
    assert repr(model.design) == repr(pair[0].model.design)
    assert "not kept" in repr(model.design.response)
    assert model.streamed and not pair[0].model.streamed
