"""What users of other packages ask of a bootstrap, a summary, a profile, of means and tables."""

from __future__ import annotations

from .words import by_word

# Of any object that prints itself and has no words of its own.
OF_WHAT_PRINTS = by_word(
    {
        "print() or str()": "summary show print display describe info as_text to_string text report head",
        "to_latex()": "latex as_latex",
        "to_html()": "html as_html",
        "to_markdown()": "markdown as_markdown",
    }
)
OF_WHAT_HAS_A_FIT = by_word({"fit.coef_table()": "tables table coefficients coef coefs params fixed as_csv"})
OF_WHAT_HAS_A_FRAME = by_word(
    {
        "to_frame()": (
            "to_pandas to_polars to_csv table df data frame as_data_frame summary_frame results values "
            "columns index loc iloc"
        )
    }
)

# A table of tests is a data frame.
OF_TESTS = by_word(
    {
        "table['p']": "pvalue pvalues p_value p_values pval",
        "table['F'], or table['chisq']": "fvalue f_value statistic statistics",
        "table.index": "terms",
        "this is a pandas table already": "to_frame to_pandas data df frame table",
        "print(table)": "summary",
    }
)

OF_A_BOOTSTRAP = by_word(
    {
        "result.conf_int(), or print the result": "summary",
        "result.to_frame().mean()": "mean",
        "result.to_frame().std()": "std se standard_error bse std_error sd se_boot",
        "result.to_frame()": (
            "coefficients coefficient coef "
            "sigma theta objective fixef to_pandas t samples bootstrap_distribution distribution "
            "to_numpy params replicates "
            "describe values draws thetastar boots df data statistics coefs to_polars head table "
            "to_csv columns "
        ),
        "result.plot()": "plots hist show draw boxplot",
        "result.conf_int()": (
            "confint confidence_interval ci interval quantiles confidence_intervals percentile "
        ),
        "result.conf_int(level=), or result.to_frame().quantile()": "quantile",
        "result.to_frame().mean() - result.estimates": "bias",
        "result.estimates": "t0 original observed",
        "result.conf_int(), whose method= says which interval": "shortestcovint hdi hpdi eti",
        "result.to_frame(), with a column per parameter": "tbl allpars coefpvalues fits",
    }
)

OF_A_SUMMARY = by_word(
    {
        "summary.fixed, the table of coefficients; fit.anova(), fit.varcorr and fit.glance() for the rest": (
            "tables table coefficients coef coefs params as_csv to_csv to_frame to_pandas "
        ),
        "str(summary)": "as_text to_string text to_text",
        "summary.to_latex()": "as_latex latex",
        "summary.to_html()": "as_html html",
        "fit.varcorr": "varcor varcorr random",
        "fit.sigma": "sigma scale",
        "fit.resid": "residuals resid",
        "fit.ngroups": "ngrps",
        "fit.llf": "logLik llf",
        "fit.cov_params()": "vcov",
        "print(summary)": "show print add_text",
    }
)

OF_EFFECTS = by_word(
    {
        "effects.to_frame()": (
            "df data head tail table to_pandas to_polars to_csv summary summary_frame columns index values "
            "shape frame iloc loc results result as_data_frame collect"
        ),
        "effects.to_frame()['estimate']": "estimate estimates mean predicted fitted fit_ slope dydx",
        "effects.to_frame()['se']": "std_error standard_error bse stderr",
        "effects.to_frame()['p']": "pvalue pvalues p_value p_values p",
        "effects.to_frame()[['lower', 'upper']]; the verb that made it takes level=": (
            "conf_int confint ci interval conf_low conf_high lower upper"
        ),
        "effects.plot()": "draw show plots",
        "fit.test(), or ranef.emmeans(fit, 'x').contrast(...)": "hypothesis hypotheses test contrast pairs",
    }
)

OF_MEANS = by_word(
    {
        "means.to_frame()": (
            "to_pandas summary summary_frame table df frame to_polars to_csv as_data_frame head "
        ),
        "means.pairs(); letters hide how sure a difference is": "cld letters compact_letter_display",
        "means.pairs()": "diffs pdiff diff pairwise pairwise_comparisons tukey posthoc post_hoc",
        "means.contrast(...)": "contrasts comparisons compare",
        "means.to_frame()[['lower', 'upper']]; the level goes to ranef.emmeans(level=)": (
            "conf_int confint ci "
        ),
        "means.to_frame()['p']": "pvalues p_values pvalue p",
        "means.test(alternative='equivalence', delta=)": "equivalence tost",
        "means.test(null=, alternative=)": "tests noninferiority non_inferiority superiority",
    }
)

OF_A_PROFILE = by_word(
    {
        "profile.conf_int()": "confint ci interval",
        "profile.curves": "to_pandas table as_data_frame",
        "profile.plot(), and ranef.plots.profile_pairs(profile)": "xyplot densityplot splom pairs",
    }
)

OF_PLOTS = by_word(
    {
        "fit.plot.residuals()": "resid residual residuals_plot fitted resid_fitted rvf",
        "fit.plot.residuals('scale-location')": "scale_location spread_level",
        "fit.plot.qq()": "qqplot qqnorm qqmath probplot",
        "fit.plot.caterpillar()": "ranef dotplot random_effects random effects_random re",
        "fit.plot.coefficients()": "forest fixef params coefs fixed summary dotwhisker coef plot_model "
        "modelplot",
        "fit.predictions('x', by='g').plot()": "predictions predict effects effect regression curves",
        "fit.plot.slopes()": "lines scatter fit",
        "fit.plot.check()": "hist density diagnostics check_model panel ppc posterior_predictive pp_check",
        "fit.plot.simulated()": "simulate simulation ppcheck",
        "ranef.plots.means(ranef.emmeans(fit, 'x'))": "means emmeans emmip marginal",
        "result.plot(), of a fit.bootstrap(n)": "bootstrap boot",
    }
)

OF_A_COMPONENT = by_word(
    {
        "component.sd": "stddev std sdcor standard_deviation sds",
        "component.corr": "correlation correlations",
        "component.cov": "covariance vcov matrix var variance variances to_numpy values",
        "component.columns": "names name terms",
    }
)

OF_COMPONENTS = by_word(
    {
        "varcorr.to_frame()": "to_pandas table as_data_frame df frame to_numpy summary values",
        "varcorr.sigma": "residual scale sc",
        "varcorr['group'].sd": "stddev sd std sdcor",
        "varcorr['group'].corr": "correlation corr",
        "varcorr['group'].cov": "cov covariance vcov matrix var variance",
        "varcorr['group']": "keys items groups names",
    }
)

OF_TABLES = by_word(
    {
        "fit.ranef.to_frame()": "to_pandas table as_data_frame df head loc iloc columns",
        "fit.ranef.cond_var": "condVar postVar cov variances condvar se",
        "fit.plot.caterpillar()": "plot dotplot qqmath caterpillar hist",
    }
)
