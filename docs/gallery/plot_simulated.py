"""
Data beside simulated data
==========================

Twenty participants in two conditions. One is far off, and no simulated data set has anybody like that: the
model knows normal intercepts only. Looking costs one line.
"""

import ranef

outlier = ranef.lmer("value ~ condition + (1 | participant)", ranef.datasets.load("slides_outlier"))
axes = outlier.plot.simulated(n=5, seed=1)

# %%
# Two kinds of participants. The simulated ones lie between them, where nobody is.
mixture = ranef.lmer("value ~ condition + (1 | participant)", ranef.datasets.load("slides_mixture"))
axes = mixture.plot.simulated(n=5, seed=1)
