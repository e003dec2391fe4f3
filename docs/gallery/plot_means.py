"""
Marginal means
==============

Mean yields over the amounts of nitrogen, for each variety.
"""

import ranef

oats = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
means = ranef.emmeans(oats, ["nitro", "Variety"], at={"nitro": [0.0, 0.2, 0.4, 0.6]})
axis = means.plot()

# %%
# Means of a factor, and all differences between them, adjusted by Tukey's method.
machines = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
means = ranef.emmeans(machines, "Machine")
axis = means.plot()

# %%
axis = means.pairs().plot()
