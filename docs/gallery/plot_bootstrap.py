"""
Bootstrap: densities, intervals, pairs of parameters
====================================================

Every replicate is drawn from the fitted model and fitted again.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
replicates = fit.bootstrap(10_000, seed=1, progress=False)
axes = replicates.plot()

# %%
# Two parameters at a time.
axes = ranef.plots.bootstrap_pairs(replicates, ["days", "sigma", "sd[subject.Intercept]", "sd[subject.days]"])

# %%
# Intervals of several kinds side by side.
axes = ranef.plots.intervals(replicates)
