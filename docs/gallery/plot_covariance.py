"""
Residuals beside their covariance
=================================

A trial's residuals by the number of visits between them, and the correlations that an unstructured matrix
gives them.
"""

import ranef

trial = ranef.datasets.load("asthma")
fit = ranef.mmrm("fev1 ~ baseline + region + arm * visit + us(visit | id)", trial)
axis = fit.plot.acf()

# %%
# AR(1) lets the correlation fall too fast.
plain = ranef.mmrm("fev1 ~ baseline + region + arm * visit + ar1(visit | id)", trial)
axis = plain.plot.acf()

# %%
# Standard deviations by visit.
axis = fit.plot.spread()

# %%
# Normalized residuals against fitted values, and their quantiles.
axes = fit.plot()
