"""lme4's words: what getME says in R (tests/reference/tests/getME.json), and what every word names."""

import pickle

import numpy as np
import pytest
import ranef
from ranef import lme4
from ranef.errors import ArgumentError
from ranef.lme4.getme import COMPONENTS
from reference_battery import REFERENCE, load_data, read_json

GETME = read_json(REFERENCE / "tests" / "getME.json")
COUNTS = ("n", "p", "q", "n_rtrms", "n_rfacs", "k", "m", "REML", "is_REML")
SIZES = ("p_i", "l_i", "q_i", "m_i", "Gp")


@pytest.fixture(params=GETME)
def pair(request):
    expected = GETME[request.param]
    fit = ranef.lmer(expected["formula"], load_data(request.param), reml=expected["is_REML"])
    return fit, expected


def test_counts(pair):
    fit, expected = pair
    assert lme4.getME(fit, list(COUNTS)) == {name: expected[name] for name in COUNTS}
    for name in SIZES:
        assert list(lme4.getME(fit, name)) == np.atleast_1d(expected[name]).tolist()
    bounds = np.where(np.atleast_1d(expected["lower"]) == 0, 0.0, -np.inf)
    np.testing.assert_array_equal(lme4.getME(fit, "lower"), bounds)
    assert list(lme4.getME(fit, "flist")) == list(np.atleast_1d(expected["flist"]))
    assert list(lme4.getME(fit, "cnms")) == list(expected["cnms"])


def test_arrays(pair):
    """Of the nested model R may order the levels of the combination otherwise: compared sorted."""
    fit, expected = pair
    order = np.asarray if len(fit.model.design.terms) == 1 else np.sort
    np.testing.assert_allclose(lme4.getME(fit, "theta"), expected["theta"], atol=1e-3)
    for name in ("b", "u"):
        np.testing.assert_allclose(order(lme4.getME(fit, name)), order(expected[name]), atol=1e-3 * fit.sigma)
    Z, Lambda = lme4.getME(fit, "Z"), lme4.getME(fit, "Lambda")
    np.testing.assert_array_equal(order(Z.sum(axis=0)), order(expected["Z_sums"]))
    np.testing.assert_allclose(order(Lambda.diagonal()), order(expected["Lambda_diag"]), atol=1e-3)
    assert Lambda.sum() == pytest.approx(expected["Lambda_sum"], abs=0.05)


def test_components_fit_together(fit_of):
    for name in ("mach_slash_reml", "ss_offset_reml", "ss_rankdef_reml", "cake_slope_c_reml"):
        fit = fit_of(name)
        got = lme4.getME(fit, list(COMPONENTS))
        mean = got["X"] @ got["beta"] + got["Z"] @ got["b"] + got["offset"]
        np.testing.assert_allclose(mean, got["mu"], rtol=1e-9)
        np.testing.assert_allclose(got["Lambda"] @ got["u"], got["b"], atol=1e-7 * fit.sigma)
        assert (got["Zt"] != got["Z"].T).nnz == 0
        assert got["devfun"](got["theta"]) == pytest.approx(fit.objective, rel=1e-13)
        assert got["Gp"][-1] == got["q"] and got["Tp"][-1] == got["m"] == len(got["lower"])


def test_words_are_what_they_name(fit_of):
    fit = fit_of("ss_rankdef_reml")
    assert list(lme4.fixef(fit).index) == list(lme4.vcov(fit).index) == list(fit.params.dropna().index)
    assert len(lme4.fixef(fit)) == len(fit.params) - 1
    assert lme4.ranef(fit) is fit.ranef and lme4.coef(fit) is fit.coef and lme4.VarCorr(fit) is fit.varcorr
    assert (lme4.logLik(fit), lme4.AIC(fit), lme4.BIC(fit)) == (fit.llf, fit.aic, fit.bic)
    assert (lme4.sigma(fit), lme4.REMLcrit(fit), lme4.isREML(fit)) == (fit.sigma, fit.objective, True)
    assert (lme4.nobs(fit), lme4.ngrps(fit), lme4.df_residual(fit)) == (180, {"Subject": 18}, fit.df_resid)
    assert lme4.formula(fit) == fit.formula and str(lme4.summary(fit)) == str(fit.summary())
    np.testing.assert_array_equal(lme4.fitted(fit), fit.fittedvalues)
    np.testing.assert_allclose(lme4.residuals(fit, scaled=True) * fit.sigma, lme4.residuals(fit))
    np.testing.assert_array_equal(lme4.predict(fit, re_form=None), fit.predict(random="all"))
    np.testing.assert_array_equal(lme4.simulate(fit, 2, seed=1), fit.simulate(2, seed=1))
    assert lme4.weights(fit).sum() == 180 and lme4.isSingular(fit) == fit.singular
    assert lme4.refit(fit, fit.y).objective == pytest.approx(fit.objective)
    assert lme4.lmList is ranef.lm_list


def test_criteria_are_not_mixed_up(fit_of):
    reml, ml = fit_of("ss_slope_reml"), fit_of("ss_slope_ml")
    with pytest.raises(ArgumentError, match="use REMLcrit"):
        lme4.deviance(reml)
    with pytest.raises(ArgumentError, match="use deviance"):
        lme4.REMLcrit(ml)
    assert lme4.deviance(lme4.refitML(reml)) == pytest.approx(lme4.deviance(ml), abs=1e-6)


def test_intervals_and_bootstrap(fit_of):
    fit = fit_of("dye_reml")
    assert lme4.confint(fit, method="Wald").equals(fit.conf_int(ddf="normal"))
    boot = lme4.bootMer(fit, nsim=20, seed=3, progress=False)
    assert len(boot.to_frame()) == 20
    twice = lme4.bootMer(fit, lambda refit: {"twice": 2 * refit.sigma}, nsim=5, seed=3, progress=False)
    own = twice.to_frame()
    np.testing.assert_allclose(own["twice"], 2 * own["sigma"])
    limits = lme4.confint(fit, "sigma", method="boot", nsim=50, seed=1, progress=False)
    assert list(limits.index) == ["sigma"]
    with pytest.raises(ArgumentError, match="'profile', 'Wald', 'boot', not 'wald'"):
        lme4.confint(fit, method="wald")


def test_profile_intervals_are_the_default(fit_of):
    limits = lme4.confint(fit_of("dye_ml"), "sigma")
    assert limits.loc["sigma"].round(1).tolist() == [38.2, 67.7]  # lme4: 38.22998, 67.65770


def test_unknown_component(fit_of):
    with pytest.raises(ArgumentError, match=r"getME has no 'Zz'; it has 'X', 'Z'"):
        lme4.getME(fit_of("dye_reml"), "Zz")


# ---------------------------------------------------------------- a ported script; values by lme4 1.1-31
def test_fits_in_lme4s_arguments(sleepstudy):
    fit = lme4.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, REML=False, subset=sleepstudy["Days"] > 1)
    np.testing.assert_allclose(lme4.fixef(fit), [245.0965616, 11.4354287], rtol=1e-7)
    assert lme4.logLik(fit) == pytest.approx(-719.245103, abs=1e-6) and fit.nobs == 144
    with pytest.raises(ranef.DataError, match="subset= must be True or False for each of the 180 rows"):
        lme4.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, subset=[1, 2, 3])
    weighted = lme4.lmer(
        "Reaction ~ 1 + (1 | Subject)", sleepstudy, subset=sleepstudy["Days"] > 1, weights="Days"
    )
    assert lme4.weights(weighted).min() == 2


def test_update(sleepstudy):
    fit = lme4.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, REML=False)
    more = lme4.update(fit, ". ~ . + I(Days**2)", sleepstudy)
    assert list(more.params.index) == ["Intercept", "Days", "I(Days ** 2)"] and not more.reml
    assert list(lme4.update(fit, "log(.) ~ . - Days", sleepstudy).params.index) == ["Intercept"]
    slopes = lme4.update(fit, ". ~ . - (1|Subject) + (Days | Subject)", sleepstudy, REML=True)
    assert slopes.objective == pytest.approx(1743.6283, abs=1e-4)
    assert list(lme4.update(fit, ". ~ . - Days").params.index) == ["Intercept"]
    assert list(lme4.update(lme4.refitML(slopes), ". ~ . - Days").params.index) == ["Intercept"]
    alone = lme4.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy.copy())
    for gone in (alone, pickle.loads(pickle.dumps(fit))):
        with pytest.raises(ArgumentError, match="a fit keeps no table"):
            lme4.update(gone, ". ~ . - Days")
    weighted = lme4.lmer("Reaction ~ Days + (1 | Subject)", sleepstudy, weights=np.arange(1.0, 181.0))
    with pytest.raises(ArgumentError, match="give weights="):
        lme4.update(weighted, ". ~ . - Days")
    with pytest.raises(ranef.FormulaError, match=r"no random term .* there is '\(1 \| Subject\)'"):
        lme4.update(fit, ". ~ . - (1 | Item)", sleepstudy)


def test_residuals_of_each_type(sleepstudy):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy, weights=np.tile([1.0, 2.0], 90))
    plain, weighted = [-6.08563236, -16.00937255, -42.98191274], [-6.08563236, -22.64067179, -42.98191274]
    for type, expected in {
        "response": plain,
        "working": plain,
        "pearson": weighted,
        "deviance": weighted,
    }.items():
        np.testing.assert_allclose(lme4.residuals(fit, type)[:3], expected, rtol=1e-4)
    scaled = [-0.197088246, -0.518476794, -1.392004856]
    np.testing.assert_allclose(lme4.residuals(fit, scaled=True)[:3], scaled, rtol=1e-4)
    with pytest.raises(ArgumentError, match="'response', 'working', 'pearson', 'deviance', not 'partial'"):
        lme4.residuals(fit, "partial")


def test_comparisons_and_diagnostics(fit_of):
    fit = fit_of("ss_int_reml")
    assert lme4.logLik(fit, REML=False) == pytest.approx(-897.0497, abs=1e-4)
    np.testing.assert_allclose(lme4.hatvalues(fit)[:2], [0.10748331, 0.10209611], rtol=1e-5)
    np.testing.assert_allclose(lme4.cooks_distance(fit)[:2], [0.12764598, 0.12734655], rtol=1e-4)
    assert lme4.drop1(fit)["aic"].round(1).tolist() == [1802.1, 1916.5]
    assert lme4.drop1(fit, test="Chisq")["chisq"].iloc[1] == pytest.approx(116.46, abs=0.005)
    np.testing.assert_allclose(lme4.predict(fit, re_form="~ 0")[:2], [251.4051, 261.8724], rtol=1e-6)
    np.testing.assert_array_equal(lme4.predict(fit, re_form=float("nan")), lme4.predict(fit, re_form="NA"))
    limits = lme4.confint(fit, "beta_")
    np.testing.assert_allclose(limits, [[231.992326, 270.81788], [8.886551, 12.04802]], rtol=1e-4)
    assert lme4.terms(fit) == ["Days"] and lme4.model_matrix(fit).shape == (180, 2)
    assert lme4.model_matrix(fit, "random").shape == (180, 18)
    assert list(lme4.anova(fit).index) == ["Days"] and len(lme4.anova(fit, fit_of("ss_slope_reml"))) == 2
    assert lme4.profile(fit, "sigma").conf_int().shape == (1, 2)
    assert lme4.allFit(fit, optimizers=["newton", "l-bfgs-b"]).agree
    np.testing.assert_allclose(
        lme4.rePCA(fit_of("ss_slope_reml"))["Subject"].sdev, [0.9668, 0.2309], atol=1e-4
    )


def test_what_is_predicted_along_is_r_s(sleepstudy):
    """By predict(m, sleepstudy[1:2, ], re.form = ...) of lme4 1.1-31."""
    fit = lme4.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy)
    values = {
        None: [253.6637, 273.3299],
        "NULL": [253.6637, 273.3299],
        "NA": [251.4051, 261.8724],
        "~0": [251.4051, 261.8724],
        "~(1 | Subject)": [253.6637, 264.1309],
        "~(0 + Days | Subject)": [251.4051, 271.0714],
        "~(1|Subject) + (0 + Days|Subject)": [253.6637, 273.3299],
    }
    for re_form, expected in values.items():
        np.testing.assert_allclose(lme4.predict(fit, sleepstudy.iloc[:2], re_form), expected, atol=2e-3)


def test_words_under_the_star(fit_of):
    """The word for the modes hides the package and still answers for it."""
    scope = {}
    exec("import ranef\nfrom ranef.lme4 import *", scope)
    fit = fit_of("ss_slope_reml")
    assert scope["ranef"](fit) is fit.ranef
    assert scope["ranef"].lmer is ranef.lmer and scope["ranef"].datasets is ranef.datasets
    with pytest.raises(AttributeError, match="ranef has no 'nothing'"):
        scope["ranef"].nothing  # noqa: B018


def test_r_s_spellings(fit_of):
    fit, small = fit_of("ss_slope_reml"), fit_of("ss_int_reml")
    assert str(lme4.summary(fit, "Kenward-Roger")) == str(fit.summary("kenward-roger"))
    assert str(lme4.summary(fit, "lme4")) == str(fit.summary("lme4"))
    assert lme4.anova(fit, type="II", ddf="Kenward-Roger").equals(fit.anova(2, "kenward-roger"))
    assert lme4.anova(small, fit, test="Chisq").equals(ranef.anova(small, fit))
    assert lme4.drop1(fit, test="F", ddf="Satterthwaite").equals(fit.drop1(test="F"))
    with pytest.raises(ArgumentError, match="test= must be one of 'Chisq'"):
        lme4.anova(small, fit, test="LRT")
    boot = lme4.bootMer(fit, nsim=30, seed=3, progress=False)
    assert lme4.confint(boot).equals(boot.conf_int())
    assert lme4.confint(boot, "beta_", 0.9, type="norm").equals(boot.conf_int("normal", "fixed", level=0.9))
    direct = lme4.confint(fit, "beta_", method="boot", nsim=30, seed=3, boot_type="basic", progress=False)
    assert direct.equals(boot.conf_int("basic", "fixed"))


def test_more_components(fit_of):
    fit = fit_of("ss_slope_reml")
    assert lme4.getME(fit, "Lind")[:6] == [1, 2, 3, 1, 2, 3]
    assert lme4.getME(fit_of("mach_int_reml"), "Lind")[:2] == [1, 1]
    assert lme4.getME(fit_of("ss_quad_re_reml"), "Lind")[:6] == [1, 2, 4, 3, 5, 6]
    np.testing.assert_allclose(lme4.getME(fit, "RX"), [[3.7859, 2.2991], [0, 16.5558]], atol=1e-3)
    assert [part.shape for part in lme4.getME(fit, "Ztlist")] == [(36, 180)]
    assert set(lme4.getME(fit, "ALL")) == set(COMPONENTS)
    theta, Lambdat = np.asarray(fit.theta), lme4.getME(fit, "Lambdat")
    np.testing.assert_array_equal(Lambdat.data, theta[np.array(lme4.getME(fit, "Lind")) - 1])
    A = lme4.getME(fit, "A").toarray()
    inner = A @ A.T + np.eye(36)
    X = lme4.getME(fit, "X")
    rest = X.T @ X - X.T @ A.T @ np.linalg.solve(inner, A @ X)
    np.testing.assert_allclose(lme4.getME(fit, "RX").T @ lme4.getME(fit, "RX"), rest, rtol=1e-8)


def test_arguments_of_lme4_are_heard(fit_of):
    fit = fit_of("ss_slope_reml")
    drawn = {"nsim": 20, "seed": 3, "progress": False}
    kept = lme4.bootMer(fit, use_u=True, type="semiparametric", **drawn)
    assert (
        kept.scheme == "semiparametric"
        and lme4.bootMer(fit, type="parametric", **drawn).scheme == "parametric"
    )
    with pytest.raises(ArgumentError, match="write use_u=True"):
        lme4.bootMer(fit, type="semiparametric", **drawn)
    assert lme4.ranef(fit, condVar=False)["Subject"].equals(fit.ranef["Subject"])
    assert list(lme4.profile(fit, "beta_").conf_int().index) == ["Intercept", "Days"]
    for verb in (lme4.lmer, lme4.glmer):
        with pytest.raises(TypeError, match=r"no argument control=: .*max_evaluations="):
            verb("Reaction ~ Days + (1 | Subject)", ranef.datasets.load("sleepstudy"), control={})
