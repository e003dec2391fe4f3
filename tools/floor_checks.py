"""What is asked of the oldest versions in pyproject.toml: every room of the package (`tools/floors.py`)."""

from __future__ import annotations

import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import ranef
from ranef import lme4

SLEEP = ranef.datasets.load("sleepstudy")
FORMULA = "Reaction ~ Days + (Days | Subject)"
TABLES = {
    "pandas": SLEEP,
    "dict": {name: SLEEP[name].to_numpy() for name in SLEEP},
    "polars": pl.DataFrame(SLEEP.assign(Subject=SLEEP["Subject"].astype(str)).to_dict("list")),
    "pyarrow": pa.table(
        {name: list(values) for name, values in SLEEP.assign(Subject=SLEEP["Subject"].astype(str)).items()}
    ),
}


def tables(fit, table):
    fit.tidy(["fixed", "ran_pars", "ran_vals", "ran_coefs"])
    fit.augment(table)
    fit.glance()
    fit.predict(table)
    fit.predict(table, interval="prediction")


def of_a_fit(fit):
    str(fit.summary()), fit._repr_html_(), repr(fit), fit.summary().to("latex")
    fit.coef_table("kenward-roger"), repr(fit.anova()), fit.anova(1), fit.anova(2), fit.drop1(), fit.ranova()
    fit.conf_int(), fit.conf_int("profile"), fit.conf_int(parameters="all")
    fit.test("Days = 0"), fit.robust(), fit.influence("Subject"), fit.leverage(), fit.residuals()
    fit.pca(), fit.r2(), fit.icc(), str(fit.redundancy()), fit.cov_theta(), fit.component_table()
    str(ranef.allfit(fit)), str(ranef.diagnose(fit)), str(ranef.pooling(fit))
    fit.ranef["Subject"], fit.coef["Subject"], fit.ranef.conf_int(), str(fit.varcorr)


def of_the_dialect(fit):
    lme4.getME(fit, "ALL")
    lme4.model_matrix(fit), lme4.model_matrix(fit, "random"), lme4.confint(fit), lme4.fixef(fit)


def bootstraps(fit):
    result = fit.bootstrap(60, seed=1, progress=False, statistic=lambda f: f.sigma)
    str(result), result.to_frame(), result.conf_int("bca"), result.conf_int("studentized")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replicates.parquet"
        fit.bootstrap(20, seed=1, progress=False, resume=path)
        assert len(fit.bootstrap(40, seed=1, progress=False, resume=path)) == 40
        pd.read_parquet(path)
    for scheme in ("residual", "wild", "cases", "semiparametric"):
        fit.bootstrap(20, seed=1, progress=False, scheme=scheme)
    small = ranef.lmer("Reaction ~ 1 + (Days | Subject)", SLEEP)
    str(ranef.pbtest(small, fit, n=40, seed=1, progress=False))
    ranef.power(fit, "Days", 4.0, n=40, seed=1, progress=False)
    dye = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    ranef.exact_rlrt(dye, n=100, seed=1)


def factors():
    machines = ranef.datasets.load("Machines")
    for coding in ("Machine", "C(Machine, contr.sum)", "C(Machine, contr.helmert)", "C(Machine, contr.poly)"):
        fit = ranef.lmer(f"score ~ {coding} + (1 | Worker)", machines)
        fit.anova()
        str(ranef.emmeans(fit, "Machine").pairs())
        fit.predict(machines.iloc[:4])
    smooth = ("poly(Days, 2)", "bs(Days, df=4)", "cr(Days, df=4)", "scale(Days)", "np.log1p(Days) * Days")
    for fixed in (*smooth, "C(Days)"):
        fit = ranef.lmer(f"Reaction ~ {fixed} + (1 | Subject)", SLEEP)
        fit.anova(2)
        fit.predict(SLEEP.iloc[:3])
    alone = ranef.lm_list("Reaction ~ Days | Subject", SLEEP)
    str(alone), alone.conf_int()


def other_models():
    cbpp = ranef.datasets.load("cbpp")
    str(ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp).summary())
    visits = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    str(visits.summary()), visits.conf_int(), str(visits.lsmeans("arm", by="visit"))
    str(ranef.gls("Reaction ~ Days", SLEEP, residual="ar1(Days | Subject)").summary())
    str(ranef.lmer("Reaction ~ Days + ar1(0 + factor(Days) | Subject)", SLEEP).summary())
    ranef.lmer(FORMULA, ranef.batches(lambda: iter([SLEEP.iloc[:90], SLEEP.iloc[90:]])))
    if hasattr(pl.LazyFrame, "collect_batches"):  # else refused, with the remedy
        ranef.lmer(FORMULA, TABLES["polars"].lazy())
    str(ranef.modelsummary(ranef.lmer(FORMULA, SLEEP), ranef.lmer(FORMULA, SLEEP, reml=False)))
    ranef.show_versions()


def pictures(fit):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for draw in (fit.plot.caterpillar, fit.plot.residuals, fit.plot.qq, fit.plot.shrinkage):
        draw()
        plt.close("all")
    ranef.plots.coefficients(fit)
    ranef.plots.profile(fit.profile("fixed"))
    plt.close("all")


def main() -> int:
    fits = {name: ranef.lmer(FORMULA, table) for name, table in TABLES.items()}
    fit = fits["pandas"]
    tasks = {
        **{f"tables of {name}": lambda f=f, n=name: tables(f, TABLES[n]) for name, f in fits.items()},
        "a fit": lambda: of_a_fit(fit),
        "the dialect": lambda: of_the_dialect(fit),
        "bootstraps": lambda: bootstraps(fit),
        "factors": factors,
        "other models": other_models,
        "pictures": lambda: pictures(fit),
    }
    failed = 0
    for name, task in tasks.items():
        try:
            task()
            print(f"ok    {name}", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL  {name}\n{traceback.format_exc(limit=-6)}", flush=True)
    estimates = np.array([f.params.to_numpy() for f in fits.values()])
    failed += not np.allclose(estimates, [251.405105, 10.467286], rtol=1e-6)
    return failed


if __name__ == "__main__":
    warnings.filterwarnings("error", module="ranef")
    sys.exit(main())
