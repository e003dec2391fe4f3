"""`lmer` from data to estimates: against the oracle, over kinds of tables and formulas, NIST, bad input."""

import warnings

import nist
import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from oracle_design import oracle_design
from test_model import FORMULAS, PLANS, random_frame


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", FORMULAS)
def test_estimates_agree_with_the_oracle_at_our_theta(name, reml, weights):
    """And the oracle finds no descent from there: its gradient is zero in every feasible direction."""
    frame = random_frame(seed=3)
    design = oracle_design(FORMULAS[name], frame, weights=weights)
    fit = ranef.lmer(FORMULAS[name], frame, reml=reml, weights=weights)
    answer = oracle.solve(design, fit.theta, reml)
    assert fit.converged, fit.optimum.message
    assert fit.objective == pytest.approx(answer.criterion, rel=1e-11)
    assert fit.sigma == pytest.approx(answer.sigma, rel=1e-9)
    np.testing.assert_allclose(fit.params, answer.beta, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.cov_params(), answer.vcov, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(fit.fittedvalues, answer.fitted, atol=1e-7)
    for ours, theirs in zip(fit.term_modes, answer.modes, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-7)
    assert np.abs(oracle.gradient(design, fit.theta, reml)).max() < 1e-3


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", FORMULAS)
def test_every_plan_finds_the_same_optimum(name, reml):
    frame = random_frame(seed=4)
    fits = [ranef.lmer(FORMULAS[name], frame, reml=reml, leading=a, schur=b) for a, b in PLANS]
    for fit in fits[1:]:
        assert fit.objective == pytest.approx(fits[0].objective, rel=1e-10)
        assert fit.singular == fits[0].singular
        np.testing.assert_allclose(fit.sigma, fits[0].sigma, rtol=1e-5)


def test_optimum_is_that_of_another_optimiser_with_many_starts():
    frame = random_frame(seed=5)
    model = ranef.Model(FORMULAS["crossed vectors"], frame)
    rng = np.random.default_rng(1)
    fit = model.fit()
    for _ in range(5):
        other = model.fit(optimizer="l-bfgs-b", start=rng.normal(size=model.n_theta))
        assert fit.objective <= other.objective + 1e-7


# ---------------------------------------------------------------- scale
@pytest.mark.parametrize(("scale", "shift"), [(86_400.0, 0.0), (86_400.0, 1.6e9), (1e-6, 0.0)])
def test_badly_scaled_covariate_fits_as_well_as_a_centred_one(sleepstudy, scale, shift):
    plain = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    frame = sleepstudy.assign(t=sleepstudy["Days"] * scale + shift)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = ranef.lmer("Reaction ~ t + (t | Subject)", frame)
    # lengths of the other column change the REML criterion by 2 log(scale)
    assert fit.objective == pytest.approx(plain.objective + 2 * np.log(scale), abs=1e-6)
    assert fit.converged and not fit.singular
    assert fit.params["t"] * scale == pytest.approx(plain.params["Days"], rel=1e-6)
    assert fit.bse["t"] * scale == pytest.approx(plain.bse["Days"], rel=1e-6)
    assert fit.varcorr["Subject"].sd[1] * scale == pytest.approx(plain.varcorr["Subject"].sd[1], rel=1e-4)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("layout", nist.all_layouts(), ids=str)
def test_nist_one_way_layouts(layout, reml):
    """SmLs01..09 of NIST StRD against the exact answer for the numbers as stored, shifted or not."""
    fit = ranef.lmer("y ~ 1 + (1 | group)", layout.frame(), reml=reml)
    answer, digits = layout.stored(), 1e-9
    assert fit.converged
    assert fit.sigma == pytest.approx(answer.sigma(), rel=digits)
    assert fit.theta[0] == pytest.approx(answer.theta(reml), rel=digits)
    assert fit.bse["Intercept"] == pytest.approx(answer.se(reml), rel=digits)
    assert fit.params["Intercept"] == pytest.approx(answer.mean, rel=1e-14)
    assert fit.objective == pytest.approx(answer.criterion(reml), rel=digits)


# ---------------------------------------------------------------- tables
def test_any_table_gives_the_same_fit(sleepstudy):
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    plain = sleepstudy.assign(Subject=sleepstudy["Subject"].astype(str))
    tables = [plain, plain.to_dict("list"), {name: plain[name].to_numpy() for name in plain},
              polars.from_pandas(plain), pyarrow.Table.from_pandas(plain)]
    fits = [ranef.lmer("Reaction ~ Days + (Days | Subject)", table) for table in tables]
    assert {fit.objective for fit in fits} == {fits[0].objective}
    for name in ("coef_table", "component_table", "conf_int"):
        expected = getattr(fits[0], name)()
        for fit, kind in ((fits[3], polars.DataFrame), (fits[4], pyarrow.Table)):
            found = getattr(fit, name)()
            assert isinstance(found, kind)
            labelled = found.to_pandas().set_index("term")
            pd.testing.assert_frame_equal(expected, labelled, check_names=False)



def test_weights_as_column_or_array(sleepstudy):
    frame = sleepstudy.assign(w=np.linspace(0.5, 2, 180))
    by_name = ranef.lmer("Reaction ~ Days + (1 | Subject)", frame, weights="w")
    by_array = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, weights=frame["w"].to_numpy())
    assert by_name.objective == by_array.objective
    same = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, weights=np.ones(180))
    plain = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy)
    assert same.objective == pytest.approx(plain.objective)


def test_start_and_limits(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    again = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy, start=fit.theta)
    assert again.optimum.evaluations <= 2
    assert again.objective == pytest.approx(fit.objective, rel=1e-13)
    short = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy, max_evaluations=2)
    assert not short.converged
    assert "max_evaluations=" in short.optimum.message
    assert "not converged" in str(short.summary())


def test_refit_keeps_the_settings(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, optimizer="bfgs")
    assert fit.refit(fit.simulate(1, seed=1)[0]).optimum.optimizer == "bfgs"


# ---------------------------------------------------------------- bad input
BAD = {
    "no random term": ("Reaction ~ Days", {}, "random"),
    "unknown grouping column": ("Reaction ~ Days + (1 | Nobody)", {}, "'Nobody'"),
    "unknown column": ("Reaction ~ Dayz + (1 | Subject)", {}, "'Days'"),
    "as many levels as rows": ("Reaction ~ Days + (1 | row)", {}, "allow_saturated=True"),
    "as many effects as rows": ("Reaction ~ Days + (C(Days) | Subject)", {}, "allow_saturated=True"),
    "one level": ("Reaction ~ Days + (1 | one)", {}, "'one' has one level"),
    "bar without brackets": ("Reaction ~ Days + 1 | Subject", {}, "bracket|parenthes"),
    "no response": ("~ Days + (1 | Subject)", {}, "response"),
    "text as response": ("text ~ Days + (1 | Subject)", {}, "must be numeric"),
    "constant predictor": ("Reaction ~ only + (1 | Subject)", {}, "'only' has one level"),
    "constant response": ("one ~ Days + (1 | Subject)", {}, "'one' is constant"),
    "infinite predictor": ("Reaction ~ inf + (1 | Subject)", {}, "'inf' is inf in row 3"),
    "infinite response": ("inf ~ Days + (1 | Subject)", {}, "'inf' is inf in row 3"),
    "power in R": ("Reaction ~ I(Days^2) + (1 | Subject)", {}, r"\*\*"),
    "negative weights": ("Reaction ~ Days + (1 | Subject)", {"weights": -np.ones(180)}, "negative"),
    "infinite weights": ("Reaction ~ Days + (1 | Subject)", {"weights": np.full(180, np.inf)}, "weights="),
    "short weights": ("Reaction ~ Days + (1 | Subject)", {"weights": np.ones(3)}, "180 rows"),
    "unknown weights": ("Reaction ~ Days + (1 | Subject)", {"weights": "w"}, "weights="),
    "all rows missing": ("Reaction ~ empty + (1 | Subject)", {}, "no row is left"),
    "unknown optimiser": ("Reaction ~ Days + (1 | Subject)", {"optimizer": "bobyqa"}, "'newton', 'l-bfgs-b'"),
    "start too short": ("Reaction ~ Days + (Days | Subject)", {"start": [1]}, "start= must have 3 entries"),
    "start too large": (
        "Reaction ~ Days + (Days | Subject)",
        {"start": [1e9, 0.0, 1e9]},
        r"start= has entries up to 1e\+09: the criterion has no value",
    ),
    "bad limit": ("Reaction ~ Days + (1 | Subject)", {"max_evaluations": 0}, "max_evaluations="),
    "bad tolerance": ("Reaction ~ Days + (1 | Subject)", {"tolerance": -1.0}, "tolerance="),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_names_the_thing_and_the_remedy(name, sleepstudy):
    frame = sleepstudy.assign(
        row=np.arange(180), one=1.0, text="a", only=pd.Categorical(["k"] * 180), empty=np.nan,
        inf=np.where(np.arange(180) == 3, np.inf, np.arange(180.0)),
    )
    formula, arguments, message = BAD[name]
    with pytest.raises(ranef.RanefError, match=message):
        ranef.lmer(formula, frame, **arguments)


def test_saturated_model_on_demand(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (C(Days) | Subject)", sleepstudy, allow_saturated=True)
    assert np.isfinite(fit.objective)


def test_response_that_is_reproduced_exactly(sleepstudy):
    """A hopeless model reports through the certificate, not through NaN."""
    fit = ranef.lmer("exact ~ Days + (1 | Subject)", sleepstudy.assign(exact=2 * sleepstudy["Days"] + 1.0))
    assert not fit.converged
    assert "no residual variance is left" in fit.optimum.message
    with pytest.raises(ranef.FitError, match="no residual variance is left"):
        _ = fit.params
