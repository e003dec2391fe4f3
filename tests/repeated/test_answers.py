"""Answers that a fit for repeated measures shares: means, comparisons, tidy tables, refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError

DATA = Path(__file__).parents[1] / "reference_visits" / "data" / "trial200.csv"
FORMULA = "y ~ base + region + arm * visit + {}(visit | id)"


def fitted(structure, **options):
    return ranef.mmrm(FORMULA.format(structure), pd.read_csv(DATA), **options)


def test_means_are_tested_by_the_fits_own_method():
    fit = fitted("us")
    means = ranef.emmeans(fit, "arm", by="visit").to_frame()
    pd.testing.assert_frame_equal(means, fit.lsmeans("arm", by="visit").to_frame())
    assert not np.allclose(means.se, ranef.emmeans(fit, "arm", by="visit", ddf="satterthwaite").to_frame().se)
    differences = ranef.emmeans(fit, "arm", by="visit", contrast="trt.vs.ctrl").to_frame()
    other = ranef.emmeans(fit, "arm", by="visit").contrast("trt.vs.ctrl").to_frame()
    pd.testing.assert_frame_equal(differences, other)
    assert len(ranef.emmeans(fit, "arm", contrast="pairwise").to_frame()) == 1


def test_structures_are_compared():
    """Criteria of mmrm 0.3.18: us 5208.119016, ar1h 5217.895502; 15 and 6 parameters."""
    us, ar1h = fitted("us"), fitted("ar1h")
    table = ranef.anova(us, ar1h, names=["us", "ar1h"])
    assert table.index.tolist() == ["ar1h", "us"]
    assert table.chisq["us"] == pytest.approx(5217.895502 - 5208.119016, abs=1e-5) and table.df["us"] == 9
    for name, fit in (("us", us), ("ar1h", ar1h)):
        assert table.aic[name] == pytest.approx(fit.aic) and table.bic[name] == pytest.approx(fit.bic)
    with pytest.raises(ArgumentError, match="by REML and by maximum likelihood"):
        ranef.anova(us, fitted("ar1h", reml=False))
    other = ranef.mmrm("y ~ base + us(visit | id)", pd.read_csv(DATA))
    with pytest.raises(ArgumentError, match="REML criteria of different fixed effects"):
        ranef.anova(us, other)
    with pytest.raises(DataError, match="different rows or responses"):
        ranef.anova(us, ranef.mmrm(FORMULA.format("ar1h"), pd.read_csv(DATA).iloc[:-5]))
    csh = fitted("csh")
    with pytest.raises(ArgumentError, match="same number of parameters"):
        ranef.anova(ar1h, csh)
    assert "chisq" not in ranef.anova(ar1h, csh, nested=False)


def test_residual_structures_are_tested_against_the_plain_model():
    data = ranef.datasets.load("Orthodont")
    formula = "distance ~ age * Sex + (1 | Subject)"
    plain, strata = ranef.lmer(formula, data), ranef.lmer(formula, data, dispersion="~ Sex")
    table = ranef.anova(plain, strata)
    assert table.chisq.iloc[1] == pytest.approx(plain.objective - strata.objective) and table.df.iloc[1] == 1


def test_tidy_and_glance():
    fit = fitted("ar1h")
    table = fit.tidy()
    fixed = table[table.effect == "fixed"]
    np.testing.assert_allclose(fixed.std_error, fit.coef_table().se)
    np.testing.assert_allclose(fixed[["conf_low", "conf_high"]], fit.conf_int().to_numpy())
    assert table.term.iloc[-1] == "correlation" and fit.glance().logLik[0] == fit.llf
    gls = ranef.gls("y ~ arm", pd.read_csv(DATA), dispersion="~ visit")
    assert len(gls.tidy()) == 2 + 1 + 4 and gls.simulate(2, seed=1).shape == (2, 874)


ORTHODONT = ranef.datasets.load("Orthodont")
GROWTH = "distance ~ age + (1 | Subject)"
TIDY = {
    "lmer": lambda: ranef.lmer(GROWTH, ORTHODONT),
    "mmrm": lambda: fitted("ar1h"),
    "gls": lambda: ranef.gls("distance ~ age", ORTHODONT, dispersion="~ Sex"),
    "residual": lambda: ranef.lmer(GROWTH, ORTHODONT, dispersion="~ Sex"),
    "structured": lambda: ranef.lmer("distance ~ age + cs(age | Subject)", ORTHODONT),
    "related": lambda: ranef.lmer(GROWTH, ORTHODONT, relationship={"Subject": np.eye(27)}),
}


@pytest.mark.parametrize("kind", TIDY)
def test_every_kind_of_fit_is_tidied_by_the_same_call(kind):
    fit = TIDY[kind]()
    both = fit.tidy(("fixed", "ran_pars"), 0.9)
    assert set(both["effect"]) == {"fixed", "ran_pars"}
    narrow = fit.tidy("fixed", level=0.5)
    assert (narrow["conf_low"] > both["conf_low"][: len(narrow)]).all()
    parameters = fit.tidy("ran_pars")
    assert parameters["estimate"].notna().all()
    if kind in ("residual", "gls"):
        assert "log sd Sex[T.Female]" in set(parameters["term"])
    with pytest.raises(ArgumentError, match=r"effects= takes names, .*coverage of intervals is level="):
        fit.tidy(0.9)
    with pytest.raises(ArgumentError, match="effects= must be one of"):
        fit.tidy("random")
