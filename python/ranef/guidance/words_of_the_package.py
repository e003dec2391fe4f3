"""What users of other packages ask of the package: their functions, by what does the same here."""

from __future__ import annotations

from .words import by_word

OF_THE_PACKAGE = by_word(
    {
        "fit.params (ranef.lme4.fixef(fit))": "fixef",
        "fit.ranef (ranef.lme4.ranef(fit))": "ranef",
        "fit.coef (ranef.lme4.coef(fit))": "coef",
        "fit.varcorr (ranef.lme4.VarCorr(fit))": "VarCorr",
        "fit.summary()": "summary",
        "fit.conf_int() (ranef.lme4.confint(fit))": "confint",
        "fit.aic": "extractAIC",
        "fit.residuals()": "residuals",
        "fit.predict()": "predict",
        "fit.refit(y)": "refit",
        "fit.drop1()": "dropterm",
        "fit.ranova()": "ranova",
        "fit.singular": "check_singularity",
        "fit.bootstrap(n) (ranef.lme4.bootMer(fit, FUN, nsim))": "bootMer",
        "fit.bootstrap(n).conf_int()": "bootstrap_ci",
        "fit.profile()": "profile",
        "fit.tidy()": "model_parameters parameters as_data_frame broom_mixed",
        "fit.r2()": "r_squared_GLMM r_squaredGLMM",
        "fit.icc()": "intraclass_corr",
        "ranef.diagnose(fit)": "check_convergence check_heteroscedasticity",
        "ranef.datasets.load(name)": (
            "load_dataset get_resource_path example_data get_dataset load_data fetch_dataset "
        ),
        "ranef.datasets.load(name), ranef.bootstrap.load(path)": "load",
        "ranef.datasets": "data",
        "ranef.lmer('y ~ x + (x | g)', data)": (
            "lme mixedlm MixedLM Lmer LMM MixedEffectsModel LinearMixedModel LinearMixedEffects "
            "LinearMixedEffectsModel MixedModel MixedLMModel LMEM lmm MixedModels HLM Regressor "
            "Estimator LinearRegression MERF api models smf linear_mixed_model mixed_model mixed "
            "lmer_fit regress multilevel blmer rlmer "
            "proc_mixed xtmixed xtreg mixed_anova rm_anova rm_corr PROC hpmixed hlmixed mixed_linear_model "
            "LMERegressor MixedLMRegressor MixedEffects MixedEffectsRegressor MixedRegressor GPBoost GPModel "
            "GPBoostRegressor train pymer4"
        ),
        "ranef.gls('y ~ x', data); an ordinary regression is statsmodels' ols": "lm",
        "ranef.glmer('y ~ x + (1 | g)', data, family='binomial'); without a random term: statsmodels": (
            "glm GLM GLMM Glmer logit BinomialBayesMixedGLM glmm glmmPQL genmod LogisticRegression "
        ),
        "ranef.glmer('y ~ x + (1 | g)', data, family='nbinom2')": "glmmTMB glmer_nb",
        "ranef.lm_list(formula, data)": "lmList Lm2 lmlist LmList",
        "fit.predictions('x', by='g'), whose .plot() draws it": (
            "visreg plotPredy interactions "
            "ggpredict ggeffect ggemmeans predict_response predictions effect Effect allEffects "
            "plot_model marginaleffects avg_predictions plot_predictions "
        ),
        "fit.slopes('x')": "slopes avg_slopes marginal_slopes plot_slopes margins",
        "fit.comparisons('x')": "comparisons avg_comparisons plot_comparisons",
        "fit.vif()": "check_collinearity collinearity multicollinearity",
        "ranef.emmeans(fit, 'x').contrast(...)": "contrast",
        "ranef.emmeans(fit, 'x').pairs()": (
            "pairwise_ttests difflsmeans pwpp cld MultiComparison pairwise_tukeyhsd"
        ),
        "ranef.emmeans(fit, 'x', scale='link') or scale='response'": "regrid",
        "ranef.emmeans(fit, 'x', at={'z': 0}), whose at= sets the other predictors": "ref_grid",
        "fit.test('a - b = 0'), or ranef.emmeans(fit, 'x').contrast({'name': [1, -1]})": (
            "estimate lsmestimate estimable"
        ),
        "ranef.exact_rlrt(fit)": "exactRLRT",
        "ranef.power(fit, 'x', n=1000)": "powerSim power_analysis sample_size",
        "ranef.power_curve(fit, 'x', ...)": "powerCurve",
        "ranef.gls('y ~ x', data) for correlated or unequal residuals, else statsmodels' ols": (
            "ols OLS aov Lm "
        ),
        "ranef.gls('y ~ x', data)": "wls WLS GLS",
        "dispersion='~ group' of ranef.gls() and ranef.lmer()": (
            "varIdent varExp varFunc varPower varComb dispformula"
        ),
        "residual='ar1(time | group)' of ranef.gls() and ranef.lmer(), or ranef.mmrm()": (
            "corAR1 corCAR1 corCompSymm corSymm corExp corARMA"
        ),
        "brms or bambi for priors and posteriors: ranef.lmer() fits by likelihood": (
            "brm bf prior set_prior stan_lmer stan_glmer bambi "
        ),
        "statsmodels for GEE; ranef.glmer() has random effects": "GEE gee geeglm",
        "ranef.lmer() or ranef.glmer(): the predictor is linear here, nonlinear models are not available": (
            "nlmer nlme NLMM nlmixed nls saemix"
        ),
        "ranef.lmer(optimizer=, start=, max_evaluations=, tolerance=)": "lmerControl glmerControl control",
        "ranef.mmrm('y ~ arm * visit + us(visit | id)', data)": "MMRM",
        "pandas to read files: ranef.lmer(formula, pandas.read_csv(path))": (
            "read_csv read_table read_excel read_parquet DataFrame "
        ),
        "pickle or joblib: fits are saved and read by both": (
            "load_pickle load_model save_model save io dump loads "
        ),
        "ranef.anova(smaller, larger)": (
            "lrt lrtest utils stats compare_models model_comparison anova_lm compare_performance LRT "
            "likelihoodratiotest"
        ),
        "fit.influence()": "influence",
        "fit.plot.caterpillar()": "dotplot_ranef caterpillar plot_random plotREsim",
        "fit.plot.qq()": "qqmath qqnorm qqplot",
        "fit.plot()": "plot check performance diagnostics_plot lattice",
        "ranef.plots": "graphics plotting viz figures pictures",
        "fit.test('x = 0')": "contest1D contestMD glht linearHypothesis wald_test hypothesis test multcomp",
        "fit.simulate(), and fit.refit(y); a fit to data of your own making gives the design": (
            "makeLmer makeGlmer simr "
        ),
        "glmm.overdispersion()": "overdispersion",
        "glmm.check_residuals()": "simulateResiduals check_residuals",
        "glmm.zeros()": "check_zeroinflation testZeroInflation",
        "ranef.modelsummary(fit)": (
            "summary_col iolib tab_model stargazer texreg tbl_regression gtsummary sjPlot export_summs"
        ),
        "print(fit), fit.summary(), and dir(fit) for what it has": "str head describe",
        "fit.predict(newdata) on rows that were left out of the fit": (
            "train_test_split GridSearchCV KFold GroupKFold LeaveOneGroupOut"
        ),
        "fit.pca()": "rePCA",
        "fit.formula": "get_formula",
        "fit.robust()": "coef_test clubSandwich",
        "ranef.set_num_threads(n)": "set_threads n_jobs",
        "fit.conf_int()": "conf_int ci confint_merMod",
        "formula text, such as 'y ~ C(x) + scale(z) + (1 | g)'": "C Q scale bs poly patsy",
        "ranef.show_versions(), or ranef.__version__": "version versions",
        "ranef.set_num_threads(n); everything else is an argument": (
            "options config set_options set_config get_config"
        ),
        "dir(ranef), and help(ranef.lmer)": "help",
        "family='binomial' and the like, in ranef.glmer()": (
            "families family Binomial Gamma NegativeBinomial binomial poisson links "
        ),
        "ranef.glmer('y ~ x + (1 | g)', data, family=...)": (
            "PoissonBayesMixedGLM Poisson PoissonRegressor glimmix proc_glimmix meglm melogit mepoisson "
            "menbreg genlinmixed"
        ),
        "fit.test(), and fit.coef_table(ddf=) for the degrees of freedom": "df_1d df_md",
        "ranef.mmrm(max_evaluations=, tolerance=)": "mmrm_control",
        "fit.anova(type=3)": "Anova show_tests",
        "ranef.lmer('y ~ a * b + (1 | subject)', data).anova()": (
            "aov_ez aov_car aov_4 afex ancova AnovaRM ezANOVA ez_anova repeated_measures"
        ),
        "ranef.anova(smaller, larger), of models that you name: all subsets are not tried": (
            "dredge model_sel aictab get_models MuMIn subset_selection"
        ),
        "ranef.anova(smaller, larger) to choose; models are not averaged": "model_avg model_averaging",
        "fit.ranef, and its se_ columns": "REsim",
        "(x || g), cs(x | g) or diag(x | g) in the formula": "pdDiag pdSymm pdCompSymm pdIdent pdBlocked",
        "exp(0 + x + y | g) in the formula": "numFactor",
        "fit.varcorr; fits of ranef.gls() and ranef.mmrm() have residual": "getVarCov",
        "this is not needed: the formula says which rows belong together": "groupedData",
        "fit.summary() or fit.anova(), which have the tests": "as_lmerModLmerTest lmerTest",
        "ranef.lmer(formula, data, relationship=)": "spaMM fitme pglmm phyr pedigreemm lmekin coxme",
        "two fits: family='binomial' of zero or not, 'truncated_poisson' of the rest": "hurdle",
        "ranef.gls() or ranef.lmer(residual='ar1(time | group)'), whose fits have acf()": (
            "autocorrelation ACF durbin_watson"
        ),
        "fit.plot.residuals()": "homogeneity homoscedasticity linearity heteroscedasticity",
        "ranef.Model(formula, data), whose objective(theta) and gradient(theta) are the criterion": (
            "lFormula glFormula mkLmerDevfun mkGlmerDevfun optimizeLmer devfun"
        ),
        "ranef.Model(formula, data).design.terms for the random terms, .column_names for the fixed ones": (
            "findbars nobars expandDoubleVerts subbars"
        ),
        "fit.model.design.X": "modelmatrix model_matrix dmatrix dmatrices",
        "random=None in fit.predict(): no random effects": "NA",
        "scale(x) in the formula": "standardize_parameters standardize StandardScaler zscore center",
        "bs(x, df=5) or poly(x, 2) in the formula": "GLMGam gam gamm gamm4 s te SplineTransformer",
        "this is not needed: a formula has an intercept unless it says 0 + x": "add_constant Intercept",
        "fit.anova() for tests, fit.comparisons('x') for the size of an effect": (
            "feature_importance shap SHAP"
        ),
        "fit.predictions('x').plot()": "PartialDependenceDisplay partial_dependence plot_partial_dependence",
        "fit.r2(), or fit.resid": "metrics r2_score",
        "formula text in place of a pipeline: 'y ~ scale(x) + C(f) + (1 | g)'": (
            "Pipeline make_pipeline pipeline ColumnTransformer OneHotEncoder"
        ),
        "another package for multiple imputation; rows with a missing response say nothing here": (
            "mi mianalyze mice rbmi MICE pool"
        ),
        "fit.cov_params()": "cor",
        "fit.bootstrap(n)": "parametricbootstrap",
        "fit.bootstrap(n).conf_int(), whose method= says which interval": "shortestcovint",
        "this is not needed: levels of a group need no coding": "Grouping",
        "fit.predictions('x', by='g'), fit.comparisons() and fit.slopes(), each with .plot()": "interpret",
        "fit.bootstrap(n), or fit.profile(); a fit by likelihood has no posterior": "az arviz",
    }
)

# Modules that are called like the function elsewhere, or like a method.
OF_MODULES = by_word(
    {
        "fit.plot(), or a function of the module": "plots",
        "fit.bootstrap(n)": "bootstrap",
        "ranef.datasets.load(name)": "datasets",
        "fit.formula": "formula",
        "fit.summary()": "show report inference estimates",
        "ranef.Model(formula, data)": "model design",
        "fit.plan": "plan planning",
        "fit.residuals(), or residual= of ranef.lmer() and ranef.gls()": "residual",
        "ranef.diagnose(fit)": "diagnostics",
        "ranef.set_num_threads(n)": "threads",
        "fit.theta": "theta",
        "a function of ranef.lme4, such as ranef.lme4.fixef(fit)": "lme4",
    }
)
