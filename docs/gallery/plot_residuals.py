"""
Checks: residuals, quantiles, simulated responses
=================================================

All checks in one figure, which ``fit.plot()`` draws too. The observed response lies among the simulated ones.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
axes = fit.plot.check(seed=1)

# %%
# Residuals against fitted values: a bent line would mean a missing curve. Two points stand out.
axis = fit.plot.residuals()

# %%
# Their size against fitted values: a line that rises would mean that the variance grows with the mean.
axis = fit.plot.residuals("scale-location")

# %%
# Quantiles of the residuals against normal ones: both tails are heavier than a normal distribution's.
axis = fit.plot.qq()

# %%
# Quantiles of the conditional modes.
axes = fit.plot.qq("subject")
