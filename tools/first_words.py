"""First guesses of people who come from other packages: each works, or the error says what it is called here.

    python tools/first_words.py        # one line per guess: what happened
    python tools/first_words.py -f     # only those that leave a reader alone

A line is code; after ``=>`` stands what the message of its error has to name.
`tests/test_first_words.py` runs them.
"""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any, NamedTuple

LME4 = """
ranef.lmer("Reaction ~ 1 + Days + (1 + Days | Subject)", data=df)
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, REML=False) => reml=
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, control=None) => optimizer=
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, na_action="na.omit") => dropped
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, subset="Days > 2") => data[condition]
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, contrasts={}) => C(x, contr.sum)
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, verbose=2) => fit.optimum
ranef.glmer("I(Reaction > 300) ~ Days + (1 | Subject)", df, nAGQ=0) => agq=
ranef.glmer("Reaction ~ Days + (1 | Subject)", df, family=binomial) => NameError
ranef.lme("Reaction ~ Days", random="~Days|Subject", data=df) => ranef.lmer(
ranef.nlmer => linear
ranef.lmList("Reaction ~ Days | Subject", df) => ranef.lm_list
ranef.summary(fit) => fit.summary()
from ranef.lme4 import *; summary(fit)
from ranef import fixef => fit.params
from ranef import VarCorr => fit.varcorr
fit.summary()
fit.summary(ddf="Kenward-Roger") => 'kenward-roger'
fit.coefficients() => fit.params
ranef.fixef(fit) => fit.params
fit.fixef() => fit.params
ranef.ranef(fit) => fit.ranef
fit.ranef() => fit.ranef
fit.ranef["Subject"]
fit.ranef.Subject => fit.ranef['Subject']
fit.coef() => fit.coef
ranef.VarCorr(fit) => fit.varcorr
fit.VarCorr() => fit.varcorr
fit.varcorr() => fit.varcorr
fit.varcorr["Subject"].stddev => sd
fit.varcorr["Subject"].correlation => corr
fit.sigma() => fit.sigma
ranef.sigma(fit) => fit.sigma
fit.nobs() => fit.nobs
ranef.nobs(fit) => fit.nobs
ranef.ngrps(fit) => fit.ngroups
fit.ngrps() => fit.ngroups
ranef.vcov(fit) => fit.vcov
fit.vcov() => fit.vcov
fit.aic() => fit.aic
fit.AIC() => fit.aic
ranef.AIC(fit) => fit.aic
ranef.logLik(fit) => fit.llf
fit.logLik() => fit.llf
fit.deviance() => fit.objective
fit.df_residual() => fit.df_resid
ranef.formula(fit) => fit.formula
ranef.bootstrap(fit, 100) => fit.bootstrap(n)
ranef.datasets("sleepstudy") => load(name)
ranef.fitted(fit) => fit.fittedvalues
fit.fitted() => fit.fittedvalues
ranef.resid(fit) => fit.resid
fit.resid() => fit.resid
fit.residuals(type="pearson")
fit.rstudent() => fit.residuals
ranef.predict(fit, df) => fit.predict()
fit.predict(df, re_form=None) => random=
fit.predict(newdata=df, allow_new_levels=True)
fit.predict(type="response") => interval=
ranef.simulate(fit, nsim=3) => fit.simulate()
fit.simulate(nsim=3) => n=
ranef.refit(fit, df["Reaction"]) => fit.refit(y)
fit.refit(df["Reaction"])
ranef.update(fit, ". ~ . - Days") => ranef.lme4.update(
fit.update(". ~ . - Days") => ranef.lme4.update(
ranef.confint(fit) => fit.conf_int()
fit.confint(method="boot", nsim=200) => fit.conf_int()
fit.conf_int(method="boot") => 'bootstrap'
fit.conf_int(method="Wald") => 'wald'
fit.conf_int(parm="Days") => parameters=
ranef.profile(fit) => fit.profile()
ranef.bootMer(fit, ranef.lme4.fixef, nsim=100) => fit.bootstrap(
fit.bootstrap(nsim=10) => n=
fit.bootstrap(10, FUN=ranef.lme4.fixef) => statistic=
fit.bootstrap(10, type="parametric") => scheme=
fit.bootstrap(10, parallel="multicore") => n_threads=
ranef.anova(fit) => fit.anova()
ranef.anova(small, fit, refit=False)
fit.anova(ddf="Kenward-Roger") => 'kenward-roger'
fit.anova(type="III")
fit.anova(test="F") => it takes
fit.anova(small) => ranef.anova(
ranef.drop1(fit, test="Chisq") => fit.drop1()
fit.drop1(test="Chisq") => 'chisq'
ranef.rand(fit) => fit.ranova()
ranef.step(fit) => fit.drop1()
fit.step() => fit.drop1()
ranef.isSingular(fit) => fit.singular
fit.isSingular() => fit.singular
ranef.allFit(fit) => ranef.allfit(fit)
ranef.getME(fit, "Z") => ranef.lme4.getME(fit, name)
fit.getME("theta") => ranef.lme4.getME(fit, name)
ranef.rePCA(fit) => fit.pca()
fit.model_matrix() => ranef.lme4.model_matrix(fit)
fit.terms() => fit.formula
ranef.hatvalues(fit) => fit.leverage()
ranef.cooks_distance(fit) => fit.influence()
ranef.influence(fit) => fit.influence()
ranef.dotplot(fit.ranef) => fit.plot.caterpillar()
ranef.qqmath(fit) => fit.plot.qq()
ranef.plot(fit) => fit.plot()
ranef.emmeans(fit, specs="Days")
ranef.emmeans(fit, "~ Days") => specs=
ranef.emmeans(fit, "pairwise ~ Days") => .pairs()
ranef.emmeans(fit, variables="Days") => specs=
fit.emmeans("Days") => ranef.emmeans(fit
ranef.contrast(means, "pairwise") => .contrast(
ranef.pairs(means) => .pairs()
ranef.contest(fit, [0, 1]) => fit.test
ranef.contestMD(fit, [0, 1]) => fit.test
ranef.glht(fit) => fit.test
ranef.KRmodcomp(fit, small) => kenward-roger
ranef.PBmodcomp(fit, small) => ranef.pbtest(
ranef.exactRLRT(fit) => ranef.exact_rlrt(
ranef.powerSim(fit) => ranef.power(
ranef.makeLmer => simulate
ranef.tidy(fit) => fit.tidy()
ranef.r_squared_GLMM(fit) => fit.r2()
ranef.r2_nakagawa(fit) => fit.r2()
ranef.check_model(fit) => fit.plot()
ranef.check_singularity(fit) => fit.singular
ranef.check_overdispersion(glmm) => overdispersion()
ranef.simulateResiduals(glmm) => check_residuals()
ranef.tab_model(fit) => ranef.modelsummary(
ranef.ggpredict(fit, "Days") => fit.predictions(
ranef.str(fit) => print
ranef.lmerControl() => optimizer=
ranef.sleepstudy => ranef.datasets.load('sleepstudy')
ranef.data("sleepstudy") => ranef.datasets
"""

STATSMODELS = """
ranef.mixedlm("Reaction ~ Days", df, groups=df["Subject"]) => ranef.lmer(
ranef.MixedLM.from_formula("Reaction ~ Days", df, groups="Subject") => ranef.lmer(
from ranef import MixedLM => ranef.lmer(
ranef.lmer("Reaction ~ Days", df, groups=df["Subject"]) => (1 | group)
ranef.lmer("Reaction ~ Days", df, groups="Subject", re_formula="~Days") => (1 | group)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, vc_formula={}) => (1 | a)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, missing="drop") => dropped
ranef.lmer("Reaction ~ Days", df) => (1 | group)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df).fit() => fitted already
ranef.lmer("Reaction ~ Days + (1 | Subject)", df).fit(reml=False) => fitted already
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, method="lbfgs") => reml=
ranef.Model("Reaction ~ Days + (1 | Subject)", df).fit()
ranef.Model("Reaction ~ Days + (1 | Subject)", df).fit(method="lbfgs") => reml
ranef.Model("Reaction ~ Days + (1 | Subject)", df).fit(maxiter=10) => max_evaluations=
ranef.Model("Reaction ~ Days", df, groups="Subject") => (1 | group)
ranef.Model.from_formula("Reaction ~ Days", df) => ranef.Model(formula, data)
ranef.Model(df.Reaction, df[["Days"]]) => 'y ~ x + (x | g)'
ranef.ols("Reaction ~ Days", df) => statsmodels
ranef.GLM => glmer
ranef.glm("Reaction ~ Days", df) => glmer
ranef.GEE => statsmodels
ranef.wls => ranef.gls
ranef.api => ranef.lmer
fit.summary()
fit.summary().tables[1] => .fixed
fit.summary().as_text() => str(
fit.summary().as_latex() => to_latex()
fit.summary().as_html() => to_html()
fit.summary().as_csv() => .fixed
print(fit.summary2()) => fit.summary()
fit.summary(xname=["a", "b"]) => it takes
fit.params["Days"]
fit.params() => fit.params
fit.fe_params => fit.params
fit.bse["Days"]
fit.bse_fe => fit.bse
fit.bse_re => fit.component_table()
fit.tvalues
fit.pvalues
fit.pvalues() => fit.pvalues
fit.random_effects => fit.ranef
fit.random_effects["308"] => fit.ranef
fit.random_effects_cov => cond_var
fit.cov_re => fit.varcorr
fit.cov_re_unscaled => fit.varcorr
fit.vcomp => fit.varcorr
fit.scale => fit.sigma
fit.llf
fit.llf() => fit.llf
fit.llnull => ranef.anova
fit.aic
fit.bic
fit.hqic => fit.aic
fit.nobs
fit.k_fe => fit.params
fit.df_modelwc => fit.df_model_total
fit.df_model => fit.df_model_total
fit.use_t => fit.df
fit.converged
fit.converged_ => fit.converged
fit.mle_retvals => fit.optimum
fit.hist => fit.optimum
fit.freeparams => fit.model.theta_names
fit.fittedvalues
fit.resid
fit.resid_pearson => residuals
fit.wresid => residuals
fit.rsquared => fit.r2()
fit.rsquared_adj => fit.r2()
fit.conf_int(0.1) => level=0.9
fit.conf_int(alpha=0.1) => level=0.9
fit.conf_int(cols=[0]) => parameters=
fit.cov_params()
fit.normalized_cov_params => fit.cov_params()
fit.t_test("Days = 0") => fit.test(
fit.f_test("Days = 0") => fit.test(
fit.wald_test("Days = 0") => fit.test(
fit.t_test_pairwise("Days") => .pairs()
fit.test("Days = 0")
fit.test("Days > 0")
fit.test([0, 1])
fit.wald_test_terms() => fit.anova(type=3)
fit.compare_lr_test(small) => ranef.anova(
fit.get_robustcov_results() => fit.robust()
fit.predict(exog=df) => newdata=
fit.predict(df)
fit.predict(transform=True) => scale=
fit.get_prediction(df) => interval=
fit.get_prediction(df).summary_frame() => interval=
fit.get_influence() => fit.influence()
fit.get_margeff() => fit.slopes(
fit.model.exog => model.design.X
fit.model.endog => model.design.response
fit.model.exog_names => model.design.column_names
fit.model.exog_re => ranef.lme4.getME
fit.model.groups => model.design.factors
fit.model.group_labels => model.design.factors
fit.model.data => fit.augment()
fit.model.formula
fit.model.n_groups => model.design.factors
fit.model.loglike(fit.theta) => model.objective
fit.model.score(fit.theta) => model.gradient
fit.model.hessian(fit.theta) => fit.optimum
fit.profile_re(0, vtype="re") => fit.profile()
fit.remove_data() => pickle
fit.save("fit.pickle") => pickle
ranef.load_pickle("fit.pickle") => pickle
fit.plot_residuals() => fit.plot
ranef.graphics => ranef.plots
fit.initialize() => ranef.lmer(
"""

PANDAS_AND_SCIKIT = """
ranef.MixedEffectsModel() => ranef.lmer(
ranef.LinearMixedModel(df) => ranef.lmer(
ranef.LinearMixedEffects() => ranef.lmer(
ranef.LMM() => ranef.lmer(
ranef.LinearRegression() => ranef.lmer(
ranef.Regressor => ranef.lmer(
ranef.MERF => ranef.lmer(
from ranef import MixedModel => ranef.lmer(
ranef.lmer(df, "Reaction ~ Days + (1 | Subject)") => 'y ~ x + (x | g)'
ranef.lmer("Reaction ~ Days + (1 | Subject)") => data
ranef.lmer("Reaction ~ Days + (1 | Subject)", df.to_numpy()) => pandas
ranef.lmer("Reaction ~ Days + (1 | Subject)", "sleep.csv") => pandas
ranef.lmer("Reaction ~ Days + (1 | subject)", df) => Did you mean 'Subject'?
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, random_state=1) => nothing is drawn
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, sample_weight=df.Days + 1) => weights=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, family="binomial") => ranef.glmer(
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, n_jobs=2) => ranef.set_num_threads
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, max_iter=100) => max_evaluations=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, tol=1e-8) => tolerance=
ranef.fit("Reaction ~ Days + (1 | Subject)", df) => ranef.lmer(
fit.fit(df) => fitted already
fit.fit(df[["Days"]], df["Reaction"]) => fitted already
fit.coef_ => fit.params
fit.intercept_ => fit.params['Intercept']
fit.feature_names_in_ => fit.params
fit.n_features_in_ => fit.params
fit.n_iter_ => fit.optimum
fit.feature_importances_ => fit.anova()
fit.predict(df[["Days"]]) => Subject
fit.predict(X=df) => newdata=
fit.predict([[1, 2]]) => pandas
fit.predict(df, return_std=True) => se=True
fit.predict(df.head(2), interval=True) => 'confidence'
fit.predict_proba(df) => ranef.glmer() fit
fit.transform(df) => fit.predict(
fit.fit_predict(df) => fit.predict(
fit.score(df) => fit.r2()
fit.r2_score => fit.r2()
fit.mse => fit.resid
fit.rmse => fit.resid
fit.loss => fit.objective
fit.get_params() => fit.params
fit.set_params(reml=False) => ranef.lmer(
fit.is_fitted => fit.converged
fit.n_groups => fit.ngroups
fit.groups => fit.ngroups
fit["Days"] => fit.params['Days']
len(fit) => fit.nobs
[x for x in fit] => fit.params
fit.params["days"] => days
fit.head() => fit.tidy()
fit.describe() => fit.summary()
fit.info() => fit.summary()
fit.shape => fit.nobs
fit.columns => fit.params
fit.index => fit.params
fit.values => fit.params
fit.loc["Days"] => fit.params
fit.to_frame() => fit.tidy()
fit.to_dict() => fit.params
fit.to_csv("fit.csv") => fit.tidy()
fit.to_excel("fit.xlsx") => fit.tidy()
fit.to_json() => fit.tidy()
fit.to_pandas() => fit.tidy()
fit.to_latex() => fit.summary().to_latex()
fit.to_string() => str(
fit.copy() => copy
fit.results => fit.tidy()
fit.result => fit.tidy()
fit.coefficient => fit.params
fit.r2()
fit.plot()
fit.plot("Days") => fit.plot.
fit.plot(kind="residuals") => it takes
fit.plot.scatter() => fit.plot.
fit.plot.hist() => fit.plot.
fit.plot.resid() => fit.plot.residuals()
fit.plot_predictions() => fit.predictions(
fit.show() => fit.summary()
fit.print() => print
fit.cross_validate() => fit.predict(
ranef.cross_val_score(fit) => fit.predict(
ranef.train_test_split => fit.predict(
ranef.datasets.list() => names()
ranef.datasets.load_sleepstudy() => load('sleepstudy')
ranef.datasets.sleepstudy => load('sleepstudy')
ranef.datasets.load("sleep") => 'sleepstudy'
ranef.load_sleepstudy() => ranef.datasets.load
ranef.load_dataset("sleepstudy") => ranef.datasets.load(name)
ranef.read_csv("x.csv") => pandas
fit.bootstrap(10, random_state=1) => seed=
fit.bootstrap(10, seed=np.random.default_rng(1), progress=False)
fit.bootstrap(n_resamples=10) => n=
fit.bootstrap(10, n_jobs=2) => n_threads=
fit.bootstrap(10, seed=1, verbose=False) => progress=
result.summary() => conf_int()
result.mean() => to_frame().mean()
result.std() => to_frame().std()
result.standard_error => to_frame().std()
result.bias => to_frame()
result.confidence_interval => conf_int()
result.conf_int(method="bca")
result.conf_int(0.9) => level=
result.conf_int(alpha=0.1) => level=0.9
result.bootstrap_distribution => to_frame()
result.distribution => to_frame()
result.to_pandas() => to_frame()
result.to_numpy() => to_frame()
result.params => to_frame()
result.samples => to_frame()
result.replicates => to_frame()
result["Days"] => to_frame()
result.describe() => to_frame()
result.hist() => plot()
len(result)
means.to_pandas() => to_frame()
means["Days"] => to_frame()
means.plot()
means.summary() => to_frame()
means.contrasts() => contrast
means.pairwise() => pairs()
fit.simulate(10, random_state=1) => seed=
fit.resample(10) => fit.bootstrap(
fit.sample(10) => fit.simulate(
"""

PYMER4 = """
ranef.Lmer("Reaction ~ Days + (Days | Subject)", data=df) => ranef.lmer(
ranef.Lm("Reaction ~ Days", data=df) => ranef.gls(
ranef.Lm2("Reaction ~ Days", data=df, group="Subject") => ranef.lm_list(
from ranef import Lmer => ranef.lmer(
ranef.models.Lmer => ranef.lmer(
ranef.lmer("Reaction ~ Days + (Days | Subject)", data=df).fit() => fitted already
ranef.lmer("Reaction ~ Days + (Days | Subject)", data=df).fit(summarize=False) => fitted already
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, family="gaussian") => ranef.glmer(
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, factors={"Days": [0, 1]}) => C(x
fit.coefs => fit.params
fit.fixef => fit.params
fit.rnf => fit.ranef
fit.ranef_var => fit.varcorr
fit.ranef_corr => fit.varcorr
fit.grps => fit.ngroups
fit.fits => fit.fittedvalues
fit.residuals()
fit.resid
fit.logLike => fit.llf
fit.AIC => fit.aic
fit.BIC => fit.bic
fit.warnings => ranef.diagnose(fit)
fit.fitted => fit.fittedvalues
fit.data => fit.augment()
fit.design_matrix => fit.model.design.X
fit.anova()
fit.anova(force_orthogonal=True) => contr.sum
fit.anova(auto_ss_3=True) => type=
fit.anova(summary=True) => it takes
fit.post_hoc(marginal_vars="Days") => .pairs()
fit.emmeans("Days") => ranef.emmeans(fit
fit.empredict({"Days": 1}) => fit.predict(
fit.emtrends("Days") => ranef.emtrends(fit
fit.summary()
fit.report() => fit.summary()
fit.pprint() => print
fit.confint() => fit.conf_int()
fit.confint(method="boot") => fit.conf_int()
fit.jitter() => fit.refit
fit.vif()
fit.set_factors("Days") => C(x
fit.unset_factors() => C(x
fit.set_contrasts({"Days": "contr.sum"}) => C(x
fit.show_contrasts() => C(x
fit.set_transforms({"Days": "center"}) => scale(x)
fit.unset_transforms() => scale(x)
fit.result_fit => fit.tidy()
fit.result_anova => fit.anova()
fit.result_boots => fit.bootstrap(
fit.result_fit_stats => fit.glance()
fit.r_model => this package
fit.contrasts => .contrast(
fit.plot_summary() => fit.plot.coefficients()
fit.plot("Days", plot_fixef=True) => it takes
fit.plot_residuals() => fit.plot
fit.predict(df, use_rfx=False) => random=
fit.predict(df, verify_predictions=False) => allow_new_levels=
fit.predict(df, pred_type="link") => scale=
fit.simulate(2)
fit.simulate(2, use_rfx=True) => use_u=
ranef.compare(small, fit) => ranef.anova(
ranef.lrt(small, fit) => ranef.anova(
ranef.utils.lrt => ranef.anova
ranef.io.load_model("m.joblib") => pickle
ranef.load_model("m.joblib") => pickle
ranef.save_model(fit, "m.joblib") => pickle
ranef.get_resource_path() => ranef.datasets
ranef.load_dataset("sleep") => ranef.datasets.load(name)
fit.sig_type => fit.pvalues
fit.formula
fit.family => gaussian
"""

OTHERS = """
fit.isREML() => fit.reml
fit.optinfo => fit.optimum
fit.X => fit.model.design.X
fit.dotplot() => fit.plot.caterpillar()
fit.check_normality() => fit.plot.qq()
fit.check_heteroscedasticity() => ranef.diagnose
fit.ICC => 'icc'
fit.r2_marginal => fit.r2()
fit.n => fit.nobs
fit.z => fit.tvalues
fit.std => fit.varcorr
fit.theta() => fit.theta
fit.random => fit.varcorr
fit.equation() => fit.formula
fit.latex() => to_latex
fit.loo() => ranef.anova
fit.waic() => ranef.anova
fit.pbtest(small) => ranef.pbtest
fit.pb_modcomp(small) => ranef.pbtest
fit.kr_test() => kenward-roger
fit.extend(along="Subject", n=30) => ranef.power_curve
fit.hypotheses("Days = 0") => fit.test(
fit.conditional_effects() => fit.predictions(
fit.predict(df, type="response") => interval=
fit.coef_table(vcov="CR2") => fit.robust()
fit.tidy(conf_int=True) => level=
fit.model.endog_names => fit.formula
ranef.lmer("Reaction ~ Days", df, random="~1 | Subject") => (x | group)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df=df) => data=
ranef.gls("Reaction ~ Days", df, correlation="ar1(Days | Subject)") => residual=
ranef.gls("Reaction ~ Days", df, groups="Subject") => residual=
ranef.mmrm("Reaction ~ Days", df, subject="Subject", visit="Days") => us(visit | subject)
ranef.mmrm("Reaction ~ Days + us(Days | Subject)", df, covariance="ar1") => ar1(visit | subject)
ranef.anova(small, fit, test="Chisq") => likelihood-ratio
ranef.modelsummary(fit, small, output="latex") => to_latex()
ranef.families.Poisson() => family=
ranef.version => ranef.show_versions()
ranef.options => ranef.set_num_threads
ranef.plots.forest(fit) => fit.plot.coefficients()
ranef.plots.dotplot(fit) => fit.plot.caterpillar()
ranef.plots.predictions(fit) => fit.predictions(
ranef.plots.qqnorm(fit) => fit.plot.qq()
fit.profile()["Days"] => profile.conf_int()
fit.profile().splom() => ranef.plots.profile_pairs
result.sigma => result.to_frame()
glmm.odds_ratios() => exponentiate=True
glmm.tidy(exp=True) => exponentiate=
glmm.predict(type="response") => scale=
glmm.predict(kind="link") => scale=
glmm.dharma() => check_residuals
glmm.overdisp_fun() => overdispersion
"""

OTHER_FITS = """
glmm.fixef() => fit.params
glmm.ranef() => fit.ranef
glmm.VarCorr() => fit.varcorr
glmm.overdisp() => fit.overdispersion()
glmm.check_overdispersion() => fit.overdispersion()
glmm.check_zeroinflation() => fit.zeros()
glmm.simulateResiduals() => fit.check_residuals()
glmm.dispersion_test() => fit.overdispersion()
glmm.predict_proba() => fit.predict(
glmm.predict(type="link") => scale=
glmm.exp_coef() => exponentiate=True
glmm.summary()
glmm.link => fit.family
glmm.family
glmm.null_deviance => ranef.anova
glmm.df_resid
glmm.confint() => fit.conf_int()
ranef.glmer("Reaction ~ Days + (1 | Subject)", df, family=ranef.Binomial()) => family=
ranef.glmmTMB("Reaction ~ Days + (1 | Subject)", df) => ranef.glmer
ranef.glmer("Reaction ~ Days + (1 | Subject)", df, family="gamma", ziformula="~1") => zero inflation
ranef.glmer("Reaction ~ Days + (1 | Subject)", df, family="Gamma", control=1) => max_evaluations=
ranef.gls("Reaction ~ Days", df, correlation="ar1") => residual=
ranef.gls("Reaction ~ Days", df, weights=ranef.varIdent("Subject")) => dispersion=
trial.emmeans("arm") => ranef.emmeans(fit
trial.VarCorr() => fit.residual
trial.cov => fit.residual
trial.corr => fit.residual
trial.ranef => random effects
trial.random_effects => random effects
trial.varcorr => fit.residual
trial.icc() => fit.residual.corr()
trial.R => fit.residual
trial.df_adj() => coef_table
trial.component("theta_est") => fit.residual.parameters
trial.fixef() => fit.params
trial.contrast("trt.vs.ctrl") => .contrast(
trial.bootstrap(3, seed=1, progress=False)
trial.plot()
ar.correlation => fit.residual
ar.corStruct => fit.residual
ar.modelStruct => fit.residual
ar.rho => fit.residual
ar.ranef => random effects
ar.bootstrap(10, seed=1, progress=False)
ar.intervals() => fit.conf_int()
ar.getVarCov() => fit.residual
ar.acf()
ar.ACF() => fit.acf()
ar.Variogram() => fit.acf()
ar.emmeans("Days") => ranef.emmeans(fit
fit.posterior_predict() => fit.simulate(
fit.pp_check() => fit.plot
fit.marginal_effects("Days") => fit.slopes(
fit.avg_slopes() => fit.slopes(
fit.avg_comparisons("Days") => fit.comparisons(
fit.avg_predictions() => fit.predictions(
ranef.avg_slopes(fit) => fit.slopes(
ranef.plot_predictions(fit, "Days") => fit.predictions(
ranef.check_collinearity(fit) => fit.vif()
ranef.icc(fit) => fit.icc()
ranef.r2(fit) => fit.r2()
ranef.loo(fit) => fit.aic
fit.hypothesis("Days > 0") => fit.test(
fit.posterior => fit.bootstrap(
fit.cross_val_score() => fit.predict
fit.predict_interval(df) => interval=
fit.predictions("Days").df => to_frame
fit.predictions("Days").head() => to_frame
fit.predictions("Days")["estimate"] => to_frame
fit.slopes("Days").summary() => to_frame
fit.predictions("Days").conf_int() => to_frame
fit.slopes("Days", newdata=df) => at=
fit.predictions(newdata=df) => at=
fit.predictions(condition="Days") => write x
ranef.mmrm("fev1 ~ arm + us(visit | id)", asthma, method="Satterthwaite") => ddf=
ranef.mmrm("fev1 ~ arm + us(visit | id)", asthma, covariance="us") => formula
ranef.mmrm("fev1 ~ arm + us(visit | id)", asthma, weights=None)
ranef.mmrm("fev1 ~ arm + (1 | id)", asthma) => us(
ranef.datasets.sleepstudy() => load('sleepstudy')
result.coefficients => to_frame
result.ci() => conf_int
result.t => to_frame
result.df => to_frame
means.confint() => to_frame
means.cld() => pairs
"""

FURTHER = """
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="nbinom2")
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="betabinomial") => cbind(successes, failures)
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="tweedie") => R's glmmTMB
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="beta") => between 0 and 1
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="poisson", zi="~1") => zero inflation
ranef.glmer("incidence ~ period + (1 | herd)", cbpp, family="poisson", dispformula="~period") => dispersion=
ranef.lmer("Reaction ~ Days + us(Days | Subject)", df)
ranef.lmer("Reaction ~ Days + ar1(Days + 0 | Subject)", df) => (x | g)
ranef.lmer("Reaction ~ Days + exp(Days | Subject)", df) => exp(0 + x + y | g)
fit.sdr => fit.optimum
fit.fit.convergence => fitted already
fit.diagnose() => ranef.diagnose(fit)
ranef.Anova(fit, type="III") => fit.anova(
fit.ranef(condVar=True) => fit.ranef['group']
fit.zi => zero inflation
glmm.theta_nb => fit.dispersion
ranef.mmrm("fev1 ~ arm * visit + ar1h(visit | id)", asthma)
ranef.mmrm("fev1 ~ arm * visit + us(visit | arm / id)", asthma)
ranef.mmrm("fev1 ~ arm * visit + un(visit | id)", asthma) => us() here
ranef.mmrm("fev1 ~ arm * visit", asthma, subject="id", time="visit", type="un") => us(visit | subject)
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, time="visit") => us(visit | subject)
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, type="cs") => ar1(visit | subject)
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, vcov="Kenward-Roger") => 'kenward-roger'
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, control=None) => max_evaluations=
ranef.df_1d(trial, [0, 1]) => fit.test()
ranef.mmrm_control() => ranef.mmrm(
trial.lsmeans("arm")
trial.emmeans("arm", by="visit") => ranef.emmeans(fit
ranef.emmeans(trial, "arm", by="visit")
ranef.emmeans(trial, "arm | visit") => by='c'
ranef.emmeans(trial, "arm*visit") => ['a', 'b']
ranef.emmeans(trial, "treatment") => 'arm'
ranef.emmeans(fit, "Days", adjust="bonferroni") => .pairs(adjust=
means.pairs(adjust="lsd") => 'none'
ranef.proc_mixed => ranef.lmer(
ranef.glimmix => ranef.glmer(
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, ddfm="kr") => ddf='kenward-roger'
ranef.lmer("Reaction ~ Days", df, repeated="Days") => ranef.mmrm(
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, type="un") => cs(...)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, covtest=True) => fit.ranova()
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, where="Days > 2") => data[condition]
fit.lsmeans("Days", diff=True) => ranef.emmeans(fit
fit.type3 => fit.anova(type=3)
fit.tests3 => fit.anova(type=3)
fit.solutionF => fit.coef_table()
fit.solutionR => fit.ranef
fit.CovParms => fit.component_table()
fit.covtest() => fit.ranova()
fit.G => fit.varcorr
fit.V => fit.varcorr
fit.R => fit.sigma
fit.asycov => fit.cov_theta()
fit.ddfm => fit.df
fit.summary(ddfm="kr") => ddf=
fit.summary(ddf="kr") => 'kenward-roger'
fit.anova(type=3, ddf="satterth") => 'satterthwaite'
ranef.brm("Reaction ~ Days + (Days | Subject)", df) => brms or bambi
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, prior=[]) => brms or bambi
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, chains=4, iter=2000) => nothing is sampled
ranef.lmer("Reaction ~ s(Days) + (1 | Subject)", df) => bs(x, df=5)
ranef.lmer("Reaction ~ Days + (1 | gr(Subject, cov=A))", df) => column
fit.posterior_summary() => fit.bootstrap(n)
fit.posterior_epred() => fit.predict(
fit.add_criterion("loo") => fit.aic
fit.bayes_R2() => fit.r2()
fit.mcmc_plot() => fit.bootstrap(n)
fit.spaghetti() => fit.predictions(
ranef.xtmixed => ranef.lmer(
ranef.melogit => ranef.glmer(
ranef.mepoisson => ranef.glmer(
ranef.lmer("Reaction Days || Subject: Days", df) => ~
ranef.lmer("Reaction ~ Days || Subject: Days", df) => parentheses
ranef.lmer("Reaction ~ i.Days + (1 | Subject)", df) => Did you mean 'Days'?
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, covariance="unstructured") => cs(x | g)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, vce="robust") => fit.robust()
ranef.lmer("Reaction ~ Days", df, cluster="Subject") => (1 | cluster)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, mle=True) => reml=False
fit.margins("Days") => fit.slopes(
fit.marginsplot() => fit.predictions(
fit.estat_icc() => fit.icc()
fit.lincom("Days - Intercept") => fit.test(
ranef.lincom(fit) => fit.test(
fit.testparm("Days") => fit.test(
fit.nlcom("Days") => fit.test(
fit.predict(df, reffects=True) => random='all'
fit.predict(xb=True) => random=None
fit.reffects => fit.ranef
fit.reses => fit.ranef['group']
fit.store("a") => variable
fit.pwcompare("Days") => .pairs()
ranef.MIXED => ranef.lmer(
fit.estimated_marginal_means("Days") => ranef.emmeans(fit
fit.tests_of_fixed_effects => fit.anova(type=3)
fit.estimates_of_covariance_parameters => fit.varcorr
fit.information_criteria => fit.bic
fit.minus_two_ll => fit.objective
fit.caic => fit.aic
fit.bonferroni => adjust='bonferroni'
ranef.LinearMixedModel("Reaction ~ 1 + Days + (1 + Days | Subject)", df) => ranef.lmer(
ranef.fit(ranef.MixedModel, "Reaction ~ Days + (Days|Subject)", df) => ranef.lmer(
ranef.parametricbootstrap(100, fit) => fit.bootstrap(n)
ranef.shortestcovint(result) => conf_int()
result.shortestcovint() => conf_int()
result.tbl => to_frame()
result.allpars => to_frame()
fit.sigmas => fit.varcorr
fit.rhos => fit.varcorr
fit.stderror => fit.bse
fit.coeftable() => coef_table
fit.coefnames => fit.params.index
fit.fnames => fit.ngroups
fit.reterms => fit.varcorr
fit.λ => fit.theta
fit.optsum => fit.optimum
fit.raneftables() => fit.ranef
ranef.zerocorr => (x || g)
ranef.lmer("Reaction ~ Days + zerocorr(1 + Days | Subject)", df) => (x || g)
ranef.likelihoodratiotest(small, fit) => ranef.anova(
ranef.Grouping => no coding
ranef.Model("Reaction ~ Days + (Days|Subject)", df).fit(draws=100) => nothing is sampled
ranef.Model("Reaction ~ Days + (Days|Subject)", df, family="gaussian") => ranef.glmer(
ranef.Model("Reaction ~ Days + (Days|Subject)", df, priors={}) => brms or bambi
ranef.Model("Reaction ~ Days + (Days|Subject)", df).build() => model.fit()
ranef.Model("Reaction ~ Days + (Days|Subject)", df).plot_priors() => model.fit()
ranef.Model("Reaction ~ Days + (Days|Subject)", df).components => model.design.terms
ranef.Model("Reaction ~ Days + (Days|Subject)", df, dropna=True) => dropped
ranef.interpret.plot_predictions(fit, "Days") => fit.predictions(
ranef.plot_comparisons(fit, "Days") => fit.comparisons(
ranef.az => fit.bootstrap(n)
fit.plot_trace() => fit.bootstrap(n)
fit.idata => fit.bootstrap(n)
ranef.rm_anova(df, dv="Reaction", within="Days", subject="Subject") => ranef.lmer(
ranef.mixed_anova(df, dv="Reaction", within="Days", between="x") => ranef.lmer(
ranef.pairwise_tests(df, dv="Reaction", within="Days") => .pairs()
ranef.intraclass_corr(df) => fit.icc()
ranef.lmer(data=df, dv="Reaction", within="Days", subject="Subject") => y ~ x
ranef.rm_corr => ranef.lmer(
ranef.compute_effsize => .effect_size()
fit.cohens_d() => .effect_size()
fit.eta_squared() => fit.r2()
fit.power() => ranef.power(fit)
fit.sphericity() => ranef.mmrm(
fit.normality() => fit.plot.qq()
"""

R_USER = """
ranef.difflsmeans(fit) => ranef.emmeans(fit
ranef.show_tests(fit) => fit.anova(type=3)
ranef.findbars("y ~ (1|g)") => ranef.Model(formula
ranef.nobars("y ~ (1|g)") => ranef.Model(formula
ranef.lFormula("Reaction ~ Days + (1|Subject)", df) => ranef.Model(formula
ranef.mkLmerDevfun => ranef.Model(formula
ranef.as_data_frame(fit.ranef) => fit.tidy()
ranef.extractAIC(fit) => fit.aic
ranef.modelmatrix(fit) => fit.model.design.X
ranef.model_parameters(fit) => fit.tidy()
ranef.standardize_parameters(fit) => scale(x) in the formula
ranef.pwpp(means) => ranef.emmeans(fit
ranef.cld(means) => ranef.emmeans(fit
ranef.regrid(means) => ranef.emmeans(fit
ranef.ref_grid(fit) => ranef.emmeans(fit
ranef.cor(fit) => fit.cov_params()
fit.flist => ranef.lme4.getME(fit
fit.cnms => ranef.lme4.getME(fit
fit.summary().residuals => fit.resid
fit.predict(df, re_form=ranef.NA) => random=None in fit.predict()
ranef.lmer("Reaction ~ Days + (Days | Subject)", df, devFunOnly=True) => ranef.Model(formula
ranef.lmer("Reaction ~ I(Days^2) + (1 | Subject)", df) => I(x**2)
ranef.lmer("Reaction ~ ns(Days, 3) + (1 | Subject)", df) => cr(x, df=3
ranef.lmer("Reaction ~ . + (1 | Subject)", df) => name the columns
ranef.lmer("Reaction ~ relevel(Subject, ref='310') + (1 | Subject)", df) => C(f
ranef.lmer("Reaction ~ ifelse(Days > 2, 1, 0) + (1 | Subject)", df) => np.where(x > 0
ranef.lmer("Reaction ~ cut(Days, 3) + (1 | Subject)", df) => pandas.cut
ranef.vif(fit) => fit.vif()
ranef.ranova(fit) => fit.ranova()
ranef.lsmeans(fit, "Days") => ranef.emmeans(fit
ranef.ls_means(fit) => ranef.emmeans(fit
ranef.glmer_nb("incidence ~ period + (1 | herd)", cbpp) => ranef.glmer('y ~ x +
fit.ranef.condVar => fit.ranef.cond_var
ranef.REMLcrit(fit) => fit.objective
ranef.df_residual(fit) => fit.df_resid
ranef.confint_merMod(fit) => fit.conf_int()
ranef.plot_model(fit) => fit.predictions('x'
ranef.sjPlot => ranef.modelsummary(fit)
ranef.augment(fit) => fit.augment()
ranef.glance(fit) => fit.glance()
ranef.performance(fit) => fit.plot()
ranef.compare_performance(fit, small) => ranef.anova(smaller
ranef.effectsize(fit) => ranef.emmeans(fit
ranef.effect("Days", fit) => fit.predictions('x'
"""

STATSMODELS_USER = """
ranef.mixed_linear_model => ranef.lmer('y ~ x +
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, exog_re=df.Days) => a random term into the formula
ranef.GLMGam => bs(x
fit.k_vc => fit.varcorr
fit.k_re2 => fit.varcorr
fit.fit_history => fit.optimum
fit.method => fit.reml
fit.outlier_test() => fit.resid
fit.fvalue => fit.anova()
fit.f_pvalue => fit.anova()
fit.eigenvals => fit.optimum
fit.HC3_se => fit.robust()
fit.cov_HC0 => fit.robust()
fit.cov_kwds => fit.robust()
fit.pseudo_rsquared() => fit.r2()
ranef.iolib.summary2.summary_col([fit]) => ranef.modelsummary(fit)
ranef.summary_col([fit, small]) => ranef.modelsummary(fit)
ranef.show() => fit.summary()
ranef.MultiComparison => ranef.emmeans(fit
ranef.pairwise_tukeyhsd => ranef.emmeans(fit
ranef.lmer(formula="Reaction ~ Days + (1 | Subject)", data=df, subset=df.Days > 1) => give the rows you want
ranef.BinomialBayesMixedGLM => ranef.glmer('y ~ x +
ranef.BinomialBayesMixedGLM.from_formula("y ~ x", {}, df) => ranef.glmer('y ~ x +
ranef.PoissonBayesMixedGLM => ranef.glmer('y ~ x +
ranef.logit("y ~ x", df) => ranef.glmer('y ~ x +
ranef.Logit => ranef.glmer('y ~ x +
ranef.families.Binomial() => family='binomial' and the like
fit.summary(alpha=0.1) => conf_int=0.95
fit.summary().tables => summary.fixed
fit.k_re => fit.ngroups
fit.profile_re => fit.profile()
fit.model.predict(fit.params, df) => model.fit().predict()
fit.model.information => fit.optimum
fit.bootstrap(nrep=10) => n=
fit.resid_response => fit.resid
fit.resid_deviance => fit.resid
fit.zvalues => fit.tvalues
fit.ssr => fit.resid
fit.mse_resid => fit.sigma**2
fit.ess => fit.bootstrap(n)
fit.condition_number => ranef.diagnose(fit)
fit.cov_type => fit.robust()
fit.get_prediction().conf_int() => fit.predict(newdata
fit.get_prediction().predicted_mean => fit.predict(newdata
"""

TRIAL_STATISTICIAN = """
ranef.mixed("Reaction ~ Days", df) => ranef.lmer('y ~ x +
ranef.PROC => ranef.lmer('y ~ x +
ranef.mmrm("fev1 ~ baseline + arm * visit + UN(visit | id)", asthma) => us() here
ranef.mmrm("fev1 ~ baseline + arm * visit + ar(1)(visit | id)", asthma) => ar1() here
ranef.mmrm("fev1 ~ baseline + arm * visit + AR1(visit | id)", asthma) => ar1() here
ranef.mmrm("fev1 ~ baseline + arm * visit + ante1(visit | id)", asthma) => adh() here
ranef.mmrm("fev1 ~ baseline + arm * visit + vc(visit | id)", asthma) => diag() here
ranef.mmrm("fev1 = baseline + arm", asthma) => response ~ predictors +
ranef.mmrm("fev1 ~ baseline + arm|visit + us(visit | id)", asthma) => ( ... | group )
ranef.mmrm("fev1 ~ baseline arm visit arm*visit", asthma) => an operator is missing
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, repeated="visit") => it stands in the formula
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, ddfm="kr") => ddf=
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, ddf="kr2") => 'kenward-roger'
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, empirical=True) => vcov='CR0'
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, by="visit") => fit each part by itself
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, group="arm") => it stands in the formula
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, noint=True) => 0 + x
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, classvars=["arm"]) => C(x) into the formula
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, alpha=0.1) => intervals take the coverage
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, method="REML") => ddf= for the degrees of freedom
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, method="ML") => ddf= for the degrees of freedom
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, residual="cs") => it stands in the formula
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, ref="placebo") => the reference into the formula
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, maxiter=100) => max_evaluations=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, nobound=True) => a variance is never negative here
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, convh=1e-8) => tolerance=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, solution=True) => fit.summary() always has the estimates
ranef.lmer("Reaction ~ Days", df, random="intercept", subject="Subject") => into the formula
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, method="reml") => reml=True or reml=False
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, parms=[1, 2]) => start=
trial.lsmeans("arm*visit", diff=True) => emmeans(...).pairs()
trial.diffs() => ranef.emmeans(fit
trial.estimate("arm", [1, -1]) => fit.test('a - b = 0')
trial.contrast("arm", [1, -1]) => ranef.emmeans(fit
trial.slice("visit") => ranef.emmeans(fit
trial.covparms => fit.varcorr
trial.r => fit.residual
trial.rcorr => fit.residual
trial.G => fit.residual
trial.corrb => fit.cov_params()
trial.covb => fit.cov_params()
trial.tests3 => fit.anova(type=3)
trial.type3() => fit.anova(type=3)
trial.fitstatistics => fit.glance()
"""

DATA_SCIENTIST = """
ranef.LMERegressor() => ranef.lmer('y ~ x +
ranef.MixedLMRegressor() => ranef.lmer('y ~ x +
ranef.MixedEffects(df) => ranef.lmer('y ~ x +
ranef.lmer(X=df[["Days"]], y=df.Reaction, groups=df.Subject) => the first argument is a formula
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, fit_intercept=False) => 0 + x
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, alpha=1.0) => intervals take the coverage
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, C=1.0) => nothing is penalised
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, penalty="l2") => nothing is penalised
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, solver="lbfgs") => optimizer=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, cv=5) => fit.predict(newdata)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, device="gpu") => the core runs on the processor
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, dtype="float32") => double precision
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, callback=print) => the search reports nothing while it runs
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, warm_start=True) => start=
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, n_threads=2) => ranef.set_num_threads(n)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, backend="polars") => the library of the data
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, categorical_features=["Days"]) => C(x) into the formula
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, loss="huber") => the response is Gaussian
ranef.GPBoost => ranef.lmer('y ~ x +
ranef.GPModel(group_data=df.Subject) => ranef.lmer('y ~ x +
ranef.set_config(n_jobs=2) => ranef.set_num_threads(n)
ranef.make_pipeline() => formula text in place of a pipeline
ranef.Pipeline => formula text in place of a pipeline
ranef.GroupKFold => fit.predict(newdata)
ranef.StandardScaler => scale(x) in the formula
ranef.metrics.r2_score => fit.r2()
ranef.permutation_importance(fit) => fit.anova() for tests
ranef.shap => fit.anova() for tests
ranef.PartialDependenceDisplay => fit.predictions('x').plot()
ranef.get_config() => ranef.set_num_threads(n)
fit.weights => fit.model.design.weights
fit.y_ => fit.y
fit.partial_fit(df) => ranef.lmer(formula
fit.evaluate(df) => fit.r2()
fit.inverse_transform(df) => fit.predict(newdata)
fit.predict_log_proba(df) => fit.predict(newdata) of a ranef.glmer() fit is on the scale of the probability
fit.classes_ => fit.predict(newdata) of a ranef.glmer() fit is on the scale of the probability
fit.importance() => fit.anova() for tests
fit.explain() => fit.anova() for tests
fit.plot_importance() => fit.anova() for tests
fit.metrics => fit.glance()
fit.likelihood => fit.llf
fit.error => fit.resid
fit.t => fit.tvalues
"""

PSYCHOLOGIST = """
ranef.afex.mixed("Reaction ~ Days + (Days | Subject)", df) => ranef.lmer(
ranef.aov_ez("Subject", "Reaction", df, within="Days") => .anova()
ranef.aov_4("Reaction ~ Days + (Days | Subject)", data=df) => .anova()
ranef.lmer("Reaction ~ Days + Error(Subject/Days)", df) => (1 | subject / within)
ranef.afex_plot(fit, x="Days") => ranef.lmer(
ranef.sjPlot.tab_model(fit) => ranef.modelsummary(
ranef.modelsummary([small, fit])
ranef.compare_performance(small, fit) => ranef.anova(
ranef.model_performance(fit) => ranef.diagnose(fit)
ranef.check_outliers(fit) => ranef.diagnose(fit)
ranef.check_homogeneity(fit) => fit.plot.residuals()
ranef.check_predictions(fit) => fit.predictions(
ranef.check_autocorrelation(fit) => acf()
ranef.check_multicollinearity(fit) => fit.vif()
ranef.standardise_parameters(fit) => scale(x)
ranef.emmeans(fit, pairwise="Days") => .pairs()
ranef.emmeans(fit, "Days", cov_reduce=range) => at=
ranef.emmeans(fit, "Days", pbkrtest_limit=5000) => no limit
ranef.emmeans(fit, "Days", at="Days = 3") => a dict of column
means.contrast(method="eff") => the first argument
means.eff_size(sigma=1, edf=10) => effect_size
means.joint_tests() => means.test(
fit.ls_means() => ranef.emmeans(fit
fit.emm("Days") => ranef.emmeans(fit
ranef.lsmeansLT(fit) => ranef.emmeans(fit
ranef.as_lmerModLmerTest(fit) => fit.anova()
ranef.predictInterval(fit, df) => interval='prediction'
ranef.REsim(fit) => fit.ranef
ranef.plotREsim(fit) => fit.plot.caterpillar()
ranef.dummy_coef(fit) => fit.coef
ranef.lattice.dotplot(fit.ranef) => fit.plot()
ranef.broom_mixed.tidy(fit) => fit.tidy()
fit.variance_explained => fit.r2()
fit.group_variance => fit.varcorr
fit.formula() => without parentheses
fit.lme4.fixef => ranef.lme4.fixef(fit)
fit.tidy(conf_level=0.9) => level=
fit.summary(digits=3) => coef_table()
ranef.diagnose(fit).summary() => print()
ranef.diagnose(fit).problems => findings
fit.anova().pvalues => table['p']
fit.anova().to_pandas() => a pandas table
fit.anova().statistic => table['F']
fit.pca().loadings => it has
fit.summary().aic => summary
"""

ECOLOGIST = """
ranef.glmer("incidence ~ 1 + (1 | herd)", cbpp, "poisson", offset="log(size)") => the name of a column
ranef.hurdle("incidence ~ period", cbpp) => truncated_poisson
ranef.DHARMa.simulateResiduals(glmm) => check_residuals()
ranef.testSpatialAutocorrelation(glmm) => acf()
ranef.testTemporalAutocorrelation(glmm) => acf()
ranef.plotResiduals(glmm) => fit.plot
ranef.plotQQunif(glmm) => dir(ranef)
glmm.check_residuals().plotResiduals() => residuals
glmm.check_residuals().scaledResiduals => residuals
glmm.check_residuals().pvalue => it has
ranef.dredge(fit) => all subsets are not tried
ranef.model_sel(fit, small) => ranef.anova(
ranef.MuMIn.dredge(fit) => ranef.anova(
ranef.model_avg(fit, small) => not averaged
ranef.AICc(fit) => aicc
fit.AICc() => aicc
ranef.aictab([fit, small]) => ranef.anova(
ranef.QAIC(fit) => fit.aic
fit.predictions("Days [all]") => at=
fit.predictions("Days", back_transform=True) => scale=
ranef.visreg(fit, "Days") => fit.predictions(
ranef.numFactor([1, 2]) => exp(0 + x + y | g)
ranef.spaMM => relationship=
ranef.pglmm("y ~ x", df) => relationship=
glmm.family.inverse => it has
glmm.overdispersion().ratio
glmm.overdispersion().summary() => print()
"""

SECOND_TRIAL = """
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, estimation="reml") => reml=True
ranef.mmrm("fev1 ~ arm * visit", asthma, id="id") => us(visit | subject)
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, optimizer="BFGS") => max_evaluations=
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, accept_singular=True) => says so
ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", asthma, n_cores=2) => ranef.set_num_threads
trial.lsmeans("arm", at="visit=4") => a dict of column
trial.vcov() => without parentheses
trial.cov_struct => fit.residual
trial.estimate_statement => fit.test('a - b = 0')
trial.residual.vcov => cov
trial.residual.to_frame() => it has
trial.residual.rho => it has
trial.summary().tables => fit.coef_table()
trial.summary().covparms => it has
ranef.getVarCov(fit) => fit.varcorr
ranef.pdDiag("~Days") => (x || g)
ranef.varPower() => dispersion=
ranef.groupedData("Reaction ~ Days | Subject", df) => not needed
ranef.ancova(asthma) => ranef.lmer(
ranef.tipping_point(trial) => dir(ranef)
ar.fittedvalues() => without parentheses
ar.vcov() => without parentheses
ar.residual.phi_ => it has
ar.summary().coefficients
"""

SECOND_SCIENTIST = """
ranef.LinearMixedEffectModel() => ranef.lmer(
ranef.formula.api.mixedlm("Reaction ~ Days", df) => ranef.lmer(
ranef.report.Summary2 => ranef.report has no
ranef.train("Reaction ~ Days + (1 | Subject)", df) => ranef.lmer(
ranef.pymer4 => ranef.lmer(
ranef.Model("Reaction ~ Days + (1 | Subject)", df).params => model.fit().params
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, random_effects="Subject") => (x | group)
ranef.lmer("Reaction ~ Days + (1 | Subject)", df, group="Subject") => (1 | group)
fit.random_effects_table => fit.ranef
fit.get_random_effects() => fit.ranef
fit.fixed_effects_table => fit.params
fit.residual_variances => residual variance
fit.compute_aic() => aic
fit.zzz_unheard_of => dir(fit)
ranef.sums("Reaction ~ Days + (1 | Subject)", df).to_frame() => it has
ranef.sums("Reaction ~ Days + (1 | Subject)", df).summary() => print()
ranef.power(small, "Days", n=2, seed=1, progress=False).mean => it has
fit.robust().std_errors => it has
fit.test("Days = 0").pvals => pvalue
fit.test("Days = 0").summary() => print()
ranef.modelsummary(fit, small).to_pandas() => to_frame
ranef.allfit(small).best_fit => it has
"""

KINDS = {
    "lme4": LME4,
    "statsmodels": STATSMODELS,
    "pandas, scikit-learn": PANDAS_AND_SCIKIT,
    "pymer4": PYMER4,
    "glmmTMB, nlme, mmrm, brms": OTHER_FITS,
    "brms, easystats, simr, emmeans": OTHERS,
    "SAS, Stata, SPSS, Julia, bambi, pingouin": FURTHER,
    "an R user's second hour": R_USER,
    "a statsmodels user's": STATSMODELS_USER,
    "a trial statistician's": TRIAL_STATISTICIAN,
    "a data scientist's": DATA_SCIENTIST,
    "a psychologist's: afex, emmeans, performance, sjPlot": PSYCHOLOGIST,
    "an ecologist's: glmmTMB, DHARMa, MuMIn, ggeffects": ECOLOGIST,
    "a trial statistician's second": SECOND_TRIAL,
    "a data scientist's second": SECOND_SCIENTIST,
}
# What Python says of its own accord, and helps nobody.
BARE = re.compile(
    r"has no attribute|object is not (callable|subscriptable|iterable)|has no len\(|unexpected keyword"
)


class Outcome(NamedTuple):
    """What happened to a guess: whether a reader is helped, and the first line of the answer."""

    helped: bool
    text: str


def guesses() -> list[tuple[str, str, str]]:
    """Return (kind of user, code, what an error has to name) of every guess."""
    lines = [(kind, line) for kind, text in KINDS.items() for line in text.strip().splitlines()]
    return [(kind, *line.partition(" => ")[::2]) for kind, line in lines]


def objects() -> dict[str, Any]:
    """Return what the guesses talk of."""
    import numpy as np
    import pandas as pd
    import ranef

    df, asthma = ranef.datasets.load("sleepstudy"), ranef.datasets.load("asthma")
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", df)
    small = ranef.lmer("Reaction ~ Days + (1 | Subject)", df)
    counts, cbpp = "cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp")
    return {
        **{"np": np, "pd": pd, "ranef": ranef, "asthma": asthma, "cbpp": cbpp, "df": df},
        **{"fit": fit, "small": small},
        "glmm": ranef.glmer(counts, cbpp),
        "result": fit.bootstrap(20, seed=1, progress=False),
        "means": ranef.emmeans(fit, "Days"),
        "trial": ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", asthma),
        "ar": ranef.gls("Reaction ~ Days", df, residual="ar1(Days | Subject)"),
    }


def tried(code: str, named: str, known: dict[str, Any]) -> Outcome:
    """Run a guess and judge the answer."""
    try:
        exec(code, dict(known))
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"
        return Outcome(bool(named) and named in text and not BARE.search(text), " ".join(text.split()))
    return Outcome(not named, "works")


def main() -> int:
    """Print what happened to each guess."""
    warnings.simplefilter("ignore")
    known, alone = objects(), 0
    for kind, code, named in guesses():
        outcome = tried(code, named, known)
        alone += not outcome.helped
        if not outcome.helped or "-f" not in sys.argv:
            print(f"{'  ' if outcome.helped else '!!'} {kind:12.12} {code}\n       {outcome.text[:200]}")
    print(f"{len(guesses())} guesses, {alone} without help")
    return alone


if __name__ == "__main__":
    sys.exit(min(main(), 1))
