"""What users of lme4, statsmodels, scikit-learn, pandas and pymer4 type first, by what it is called here."""

from __future__ import annotations

from collections.abc import Mapping


def by_word(answers: Mapping[str, str]) -> dict[str, str]:
    """Return word elsewhere -> answer, from answer -> words, each of which has one answer."""
    found: dict[str, str] = {}
    for answer, words in answers.items():
        for word in words.split():
            if found.setdefault(word, answer) is not answer:
                raise ValueError(f"{word!r} has two answers: {found[word]!r} and {answer!r}")
    return found


OF_A_FIT = by_word(
    {
        "fit.params": (
            "fixef fe_params fixed_effects coef_ coefficient fe feature_names_in_ n_features_in_ "
            "columns index values loc iloc k_fe k_params to_dict items keys fixed_effects_params "
            "estimates estimate b betas "
        ),
        "fit.params, or fit.coef per group": "coefs coefficients",
        "fit.params['Intercept']": "intercept_",
        "fit.ranef": (
            "group_effects random_intercepts random_effects rnf blup modes random_effects_ re blups eblup "
            "u random_effect ranefs reffects raneftables empirical_blups solution_r"
        ),
        "fit.ranef, whose cond_var has the conditional variances": "random_effects_cov cond_var condVar",
        "fit.plot.coefficients()": "plot_summary plot_coefs dotwhisker forest",
        "fit.predictions('x', by='g').plot()": (
            "conditional_effects marginal_plot interaction_plot interact_plot emmip plot_predict "
            "plot_predictions plot_effects plot_fit marginsplot spaghetti"
        ),
        "fit.varcorr": (
            "VarCorr ranef_var vcomp cov_re k_vc k_re2 tau tau2 variance variance_components ranef_corr "
            "cov_re_unscaled "
            "variance_component var_comp vc variances random_variances sigma_u stddev sd corr "
        ),
        "fit.sigma**2, the residual variance; fit.sigma is its square root": (
            "scale sigma2 mse_resid s2 residual_variance error_variance"
        ),
        "fit.bse": "std_err se bse_fe std_errors stderr std_error standard_errors standard_error SE",
        "fit.tvalues": "t z zvalues tstats t_values tstat zstat z_values statistic",
        "fit.pvalues": "p_values pvalue pvals p pval sig_type sig",
        "fit.fittedvalues": "fitted fitted_values fits y_hat yhat fitted_ predicted",
        "fit.resid, or fit.residuals(type)": (
            "resids residual res rstudent rstandard wresid resid_pearson resid_deviance "
            "resid_response errors outlier_test error "
        ),
        "fit.llf": "likelihood logLik loglik loglike log_likelihood log_lik logLike log_lik_ ll loglik_",
        "fit.aic": "AIC",
        "fit.bic": "BIC",
        "ranef.anova(smaller, larger), whose column aicc corrects for small samples": "AICc aicc",
        "fit.aic, or fit.bic; there is no such criterion": "QAIC qaic hqic",
        "fit.objective": (
            "deviance REMLcrit criterion fun loss cost fopt remlcrit "
            "minus_two_log_likelihood minus_two_ll neg2loglik"
        ),
        "fit.df_resid": "df_residual",
        "fit.df_model_total": "df_model n_params df_modelwc df_modelwc_ k n_parameters npar",
        "fit.nobs": "n_obs n_samples n_rows shape n_obs_ size",
        "fit.ngroups": "k_re n_groups ngrps groups grps group_sizes levels n_levels fnames",
        "fit.conf_int()": "confint confidence_intervals intervals",
        "fit.cov_params()": "cov_beta covariance normalized_cov_params covb cov_fe",
        "fit.ranova()": "rand",
        "fit.ranova() for random terms, ranef.anova(smaller, larger) for two fits": "LRT",
        "fit.drop1()": "drop_one step stepwise backward",
        "ranef.allfit(fit)": "all_fit allFit allfit",
        "fit.singular": "isSingular is_singular",
        "fit.converged, and fit.optimum for the certificate": (
            "convergence convergence_warning converged_ is_fitted success convergence_ "
        ),
        "fit.optimum": (
            "history fit_history iterhistory jac message status eigenvals optinfo messages "
            "hist mle_retvals n_iter_ optimizer opt iterations hessian hess_inv gradient optsum sdr"
        ),
        "ranef.diagnose(fit), and fit.optimum.message": "warnings",
        "ranef.lme4.update(fit, '. ~ . - x'), or ranef.lmer() with another formula": "update",
        "ranef.lmer(..., reml=False), or ranef.lme4.refitML(fit)": "refitML",
        "ranef.lmer(..., reml=True)": "refitREML",
        "this is fitted already: lmer() does both; ranef.Model(formula, data).fit() does it in two steps": (
            "fit "
        ),
        "fit.bootstrap(n)": (
            "bootMer boot bootstraps resample result_boots boot_ci bootstrap_ci parametric_bootstrap boots "
        ),
        "fit.model.design.X; ranef.lme4.model_matrix(fit) has the names of its columns": "model_matrix exog",
        "fit.y": "endog y_",
        "ranef.lme4.getME(fit, name)": "getME flist cnms Gp Lambdat Ztlist",
        "fit.augment()": "frame",
        "fit.augment(); a fit does not keep the table it was given": "data",
        "fit.leverage()": "hatvalues leverages",
        "fit.influence()": "cooks cooksd cook cooks_distance dfbetas get_influence",
        "ranef.emmeans(fit, 'x')": "emmeans lsmeans marginal_means estimated_marginal_means lsmeansLT emm",
        "fit.predictions('x', by='g')": "ggpredict predict_response avg_predictions effects",
        "fit.slopes('x'), and fit.comparisons() for factors": (
            "get_margeff margeff marginal_effects ame avg_slopes avg_comparisons "
        ),
        "ranef.emmeans(fit, 'x').pairs()": (
            "post_hoc t_test_pairwise pairs pairwise "
            "pwcompare pairwise_tests pairwise_comparisons"
        ),
        "ranef.emmeans(fit, 'x').contrast(...), or fit.test('x = 0')": "contrasts",
        "ranef.emtrends(fit, 'group', 'x')": "emtrends",
        "fit.predict(newdata, interval='confidence')": (
            "get_prediction posterior_epred posterior_linpred fitted_draws"
        ),
        "fit.predict(newdata) of a ranef.glmer() fit is on the scale of the probability": (
            "predict_proba predict_log_proba classes_"
        ),
        "fit.model.design.weights": "weights prior_weights sample_weight",
        "ranef.lmer(formula, data) with all rows; ranef.merge() adds up the sums of parts": "partial_fit",
        "fit.anova() for tests, fit.comparisons('x') for the size of an effect": (
            "importance explain plot_importance permutation_importance shap_values"
        ),
        "this is fitted by likelihood: nothing is penalised or tuned": (
            "best_params_ cv_results_ fit_regularized alpha_ lambda_max"
        ),
        "fit.tidy(), fit.glance() and fit.augment()": "broom",
        "fit.tidy()": (
            "json dict to_frame to_pandas results result result_fit head tail table to_csv to_excel to_json "
            "to_parquet to_polars coefs_table fixed dataframe df_results "
        ),
        "fit.summary().to_latex()": "latex to_latex",
        "fit.summary().to_markdown()": "to_markdown",
        "fit.summary().to_html()": "to_html",
        "fit.summary()": "print_summary summary2 describe info report show summarize print_fit pretty_print",
        "fit.r2()": (
            "pseudo_rsquared evaluate r2_marginal r2_conditional rsquared r_squared rsquared_conditional "
            "score r2_score rsquared_adj rsquared_marginal variance_explained explained_variance "
            "r2_nakagawa R2 bayes_r2 loo_r2"
        ),
        "fit.r2(), fit.icc() and ranef.diagnose(fit)": "performance",
        "fit.plot() for pictures; fit.r2(), fit.icc() and ranef.diagnose(fit)": "check_model",
        "ranef.diagnose(fit)": "diagnose condition_number outliers",
        "fit.test('x = 0')": "hypotheses hypothesis_test t_test contest",
        "fit.test('a = 0, b = 0')": "f_test wald_test joint_test joint_tests",
        "fit.anova(type=3)": (
            "wald_test_terms type3 tests3 type_iii type_3_tests tests_of_fixed_effects fixed_effects_tests"
        ),
        "fit.test('a = b')": "linear_hypothesis",
        "fit.anova()": (
            "anova_table result_anova fvalue f_pvalue f_statistic feature_importances_ Anova anova_lm "
            "car_anova"
        ),
        "ranef.anova(smaller, larger)": "compare",
        "fit.params; a fit is not a scikit-learn estimator": "get_params",
        "fit.profile()": "profile_re profile_likelihood likelihood_profile",
        "fit.plot()": "plot_diagnostics",
        "fit.coef": "random_slopes group_coef group_coefficients coef_groups",
        "fit.model.design.X": "design_matrix",
        "fit.component_table()": "bse_re",
        "fit.sigma": "sigma_ residual_sd residual_std rse",
        "fit.df, the degrees of freedom of the tests; coef_table(ddf=) has other methods": (
            "use_t dof ddf degrees_of_freedom "
        ),
        "fit.resid: (fit.resid**2).mean() and the like, fit.sigma for the residual standard deviation": (
            "mse rmse mae mean_squared_error ssr sse "
        ),
        "fit.llf, and ranef.anova(smaller, fit) for a likelihood-ratio test": (
            "llnull llr llr_pvalue prsquared "
        ),
        "fit.anova(); its tests do not depend on the coding of factors, as contr.sum would ask elsewhere": (
            "set_orthogonal "
        ),
        "fit.glance()": "result_fit_stats fit_stats fitstatistics info_criteria metrics dimensions",
        "fit.simulate(n)": "sample sim sample_posterior draw",
        "ranef.allfit(fit) tries optimisers, ranef.lmer(start=) a start, fit.refit(y) another response": (
            "jitter "
        ),
        "print(fit), or str(fit)": "print pprint to_string display",
        "copy.copy(fit); a fit is never changed": "copy clone",
        "pickle or joblib: fits are saved by both": (
            "export download save remove_data to_pickle dump save_model serialize"
        ),
        "fit.model.theta_names, and fit.theta for the values": "freeparams",
        "ranef.anova(smaller, fit)": "compare_lr_test lrtest lrt compare_f_test likelihood_ratio_test",
        "fit.robust()": (
            "cov_HC0 HC3_se cov_kwds vcov_type get_robustcov_results cov_type robust_se sandwich vcovCR"
        ),
        "fit.predict(newdata)": (
            "inverse_transform transform fit_predict decision_function forecast empredict"
        ),
        "fit.predict(newdata) on rows that were left out of the fit": "cross_validate cv cross_val_score",
        "fit.plot": ("plot_residuals plot_ci graph boxplot qqplot plots "),
        "C(x), C(x, contr.sum) or scale(x) in the formula": (
            "set_factors unset_factors set_contrasts show_contrasts set_transforms unset_transforms "
            "show_factors factors "
        ),
        "ranef.lmer(...) with other arguments; a fit is never changed": "set_params initialize",
        "fit.formula": "terms call Terms name",
        "this package: ranef.lme4 has lme4's words, and no R behind them": "r_model r_formula",
        "ranef.glmer() for other families; a fit of ranef.lmer() is gaussian: fit.sigma": (
            "family link dispersion "
        ),
        "fit.pca()": "rePCA_ repca",
        "fit.simulate(n); a fit by likelihood has no posterior": "posterior_predict posterior_predictive",
        "fit.bootstrap(n), or fit.profile(); a fit by likelihood has no posterior": (
            "posterior posterior_samples as_draws draws hdi eti prior_summary rhat ess "
            "posterior_summary idata plot_trace plot_posterior mcmc_plot trace"
        ),
        "fit.aic, or fit.bic; a fit by likelihood has no posterior": "psis kfold add_criterion",
        "fit.plot.check()": "pp_check ppc posterior_check",
        "fit.predict(newdata, interval='prediction')": "predict_interval prediction_interval predictInterval",
        "ranef.anova(null, fit)": "null_deviance nulldev",
        "fit.model.design.X, and ranef.lme4.getME(fit, 'Z') of the random effects": "X Z Zt mm",
        "fit.reml": "isREML REML is_reml method",
        "fit.plot.caterpillar()": "dotplot ranef_plot plot_ranef",
        "fit.plot.qq()": "check_normality qqline normality",
        "fit.conf_int(method='profile')": "ci_profile profile_ci",
        "ranef.pbtest(larger, smaller)": "pbkrtest pb_modcomp PBmodcomp pbmodcomp",
        "fit.anova(ddf='kenward-roger'), or fit.test(..., ddf='kenward-roger')": (
            "kr_test KRmodcomp krmodcomp kenward_roger kr "
        ),
        "ranef.power_curve(fit, 'x', ...), which draws larger designs": "extend",
        "fit.formula; the summary has the estimates": "equation equatiomatic extract_eq",
        "fit.aic, and ranef.anova(smaller, larger); leaving out groups is fit.influence()": "loo waic elpd",
        "fit.nobs, and fit.ngroups": "n dims N",
        "fit.varcorr, and fit.ranef for the effects of each group": "random std var",
        "fit.theta": "lambda_ Lambda λ θ",
        "fit.params; of a generalised model fit.tidy(exponentiate=True)": (
            "odds_ratios odds_ratio exp_coef exp incidence_rate_ratios irr or_ rate_ratios "
        ),
        "glmm.overdispersion()": "overdisp_fun check_overdispersion testDispersion dispersion_test",
        "glmm.check_residuals()": "dharma DHARMa",
        "fit.varcorr, and fit.component_table() with standard errors": (
            "covparms cov_parms covariance_parameters estimates_of_covariance_parameters "
            "sigmas sigmarhos rho rhos random_effects_parameters "
        ),
        "fit.cov_theta()": "asycov",
        "fit.varcorr['group'].cov, the covariance matrix of a group's random effects": "G D",
        "fit.sigma**2 times the identity, unless lmer() was given residual= or dispersion=": "R",
        "fit.varcorr and fit.sigma: V is Z G Z' + R, and is never formed": "V",
        "fit.coef_table()": "solution_f estimates_of_fixed_effects",
        "fit.params.index": "coefnames fixefnames coef_names fixef_names",
        "fit.ranova() for random terms, fit.conf_int(method='profile') for their size": "covtest",
        "fit.df; summary(), anova() and test() take ddf='kenward-roger'": "ddfm",
        "fit.test('a - b = 0'), which takes any linear combination": "lincom linear_combination nlcom",
        "fit.test('a = 0, b = 0'), or fit.anova(type=3)": "testparm",
        "fit.icc(), fit.aic and fit.bic": "estat estat_icc intraclass_corr",
        "fit.ranef['group'], whose se_ columns and cond_var are the standard errors": "reses",
        "fit.aic and fit.bic": "information_criteria ics",
        "fit.aic; there is no other penalty": "caic bicc",
        "ranef.emmeans(fit, 'x').pairs(adjust='bonferroni')": "bonferroni tukey sidak holm",
        "this is not needed: a fit never changes, a variable keeps it": "store",
        "fit.varcorr for their covariance, fit.formula for how they were written": "reterms get_re_struc",
        "(x || g) in the formula": "zerocorr",
        "ranef.emmeans(fit, 'x').pairs().effect_size()": "effect_size cohens_d compute_effsize eff_size",
        "fit.r2(), the share of the variance that is explained": (
            "eta_squared partial_eta_squared omega_squared"
        ),
        "ranef.mmrm(), or residual= of ranef.lmer(): covariances that need no sphericity": "sphericity",
        "ranef.glmer(..., zero='~ 1') for zero inflation: such a fit has its coefficients as zero": (
            "zi ziformula zero_inflation"
        ),
    }
)

OF_A_GLMER = OF_A_FIT | by_word(
    {
        "fit.family.link": "link link_name linkinv linkfun",
        "fit.overdispersion()": "overdisp check_overdispersion dispersion_test testDispersion od",
        "fit.dispersion": "theta_nb phi",
        "fit.zeros()": "check_zeroinflation zeroinflation testZeroInflation",
        "fit.check_residuals()": "simulateResiduals DHARMa dharma testResiduals testUniformity",
        "fit.tidy('fixed', exponentiate=True)": (
            "exp_coef odds_ratios odds_ratio exp_coefs or_ irr rate_ratios hazard_ratios"
        ),
        "ranef.anova(null, fit), null being fitted without predictors": "null_deviance nulldev llnull",
        "fit.predict(newdata), which is on the scale of the probability": "predict_proba predict_prob",
    }
)

# Of a model for repeated measures, and of one by generalised least squares.
OF_A_TESTED_FIT = OF_A_FIT | by_word(
    {
        "fit.residual, which holds the covariance of the residuals": (
            "rcorr VarCorr varcorr_ vc variance_components R Sigma G corStruct modelStruct varStruct "
            "getVarCov "
            "cov covariance cov_re corr correlation rho phi covariance_matrix correlations random_variances"
        ),
        "fit.residual.parameters": "component theta_est theta_ varcorr_parameters corparms",
        "fit.coef_table(ddf=)": "df_adj df_1d df_md",
        "fit.conf_int() for coefficients, fit.residual for the rest": "intervals",
        "fit.acf()": "test_serial_correlation durbin_watson ACF Variogram variogram acf_plot",
        "fit.nsubjects": "n_patients n_subjects subjects",
        "fit.residuals(type='normalized')": "vciry scaled_residuals",
        "fit.augment()": "outp outpm",
        "fit.cov_params()": "corrb",
        "ranef.emmeans(fit, 'x').pairs()": "diffs pdiff",
        "ranef.emmeans(fit, 'x', by='z')": "slice simple_effects",
        "fit.test('a - b = 0'), or ranef.emmeans(fit, 'x').contrast({'name': [1, -1]})": (
            "estimate lsmestimate"
        ),
        "fit.optimum": "iterhistory iteration_history",
        "fit.residual: this model has no random effects": "random_effects rnf blup re ranefs random_effect",
    }
)

OF_A_MODEL = by_word(
    {
        "ranef.Model(formula, data)": "from_formula",
        "model.design.X": "X exog design_matrix model_matrix",
        "ranef.lme4.getME(fit, 'Z')": "Z exog_re random_design Zt",
        "model.design.response": "y endog",
        "model.fit().predict()": "predict",
        "model.fit().summary()": "summary",
        "model.design.column_names": "exog_names fixed_names param_names",
        "model.design.factors": "n_groups ngroups levels groups group_labels group_list",
        "fit.augment(), of the fit of the model; a model does not keep the table it was given": "data frame",
        "model.objective(theta), -2 log likelihood or the REML criterion": (
            "loglike loglikelihood deviance criterion logLik "
        ),
        "model.gradient(theta)": "score grad jac",
        "fit.optimum, of the fit of the model": "hessian information",
        "fit.formula, of the fit of the model": "endog_names",
        "model.fit(): the model is built already": "build compile setup",
        "model.design.terms, and model.design.column_names": "components common_terms group_specific_terms",
        "model.fit(): a fit by likelihood has no priors": "plot_priors set_priors prior_predictive",
    }
)
