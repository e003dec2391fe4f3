"""
Profiles of the likelihood
==========================

Zeta is a straight line where it is, and then a Wald interval is right. Standard deviations bend: their
intervals are longer to the right.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"), reml=False)
profile = fit.profile()
axes = profile.plot()

# %%
# The densities that this implies.
axes = profile.plot(kind="density")

# %%
# Two parameters at a time: regions of 50, 80 and 95 %, and where one goes when the other is held. Above the
# diagonal on the scale of zeta.
axes = ranef.plots.profile_pairs(profile, ["days", "sigma", "sd[subject.Intercept]", "sd[subject.days]"])
