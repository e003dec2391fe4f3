"""
Slopes of groups: data beside simulations
=========================================

A model with random intercepts alone. Its lines are parallel by construction. Least squares in each simulated
group alone are not, as noise tilts them; but never as much as in the data, which the last panel shows.
"""

import ranef

sleep = ranef.datasets.load("sleep_gappy")
parallel = ranef.lmer("reaction ~ days + (1 | subject)", sleep)
axes = parallel.plot.slopes(seed=1)

# %%
# With random slopes the data are one of the simulations. The partially pooled lines differ less than the true
# ones, and the lines of groups alone differ more: neither picture shows how much people differ.
fan = ranef.lmer("reaction ~ days + (days | subject)", sleep)
axes = fan.plot.slopes(seed=1)
