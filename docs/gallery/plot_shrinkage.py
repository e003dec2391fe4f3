"""
Shrinkage: partial pooling as a map
===================================

Without pooling every person has a line of their own. Partial pooling pulls it towards the others, the further
the less the person's rows say: 374 was seen twice and moves most. The map shows the density that the model
draws people from; everybody moves uphill on it.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
axis = fit.plot.shrinkage()

# %%
# The same as a topographic map.
axis = fit.plot.topographic()
