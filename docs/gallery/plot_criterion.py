"""
The criterion around its optimum
================================

One random intercept: the REML criterion over its relative standard deviation theta. There is no wall at
zero. The criterion is the same on the other side, and the optimiser may walk through.
"""

import ranef

dye = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
axis = dye.plot.criterion()

# %%
# Here the optimum is at zero: a singular fit, and an honest one.
flat = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2"))
axis = flat.plot.criterion()

# %%
# Two random intercepts.
pastes = ranef.lmer("strength ~ 1 + (1 | batch/cask)", ranef.datasets.load("Pastes"))
axis = pastes.plot.criterion()
