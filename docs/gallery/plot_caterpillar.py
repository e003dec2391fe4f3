"""
Caterpillar: random effects in order, with intervals
====================================================

The conditional modes with their intervals, sorted by the intercept. Filled points leave out zero.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
axes = fit.plot.caterpillar()

# %%
# Thousands of levels become a band: what can be read is the spread, and how sure the ends are.
schools = ranef.lmer("score ~ gcsecnt + (1 | lea/school)", ranef.datasets.load("Chem97"))
axis = schools.plot.caterpillar("school:lea")
