"""
Pooling: complete, no and partial, group by group
=================================================

Reaction times of twenty people who sleep three hours a night. Two are invented: 374 has two days, 373 one.
Complete pooling ignores that people differ, no pooling has no line at all for 373, partial pooling borrows
from the others.
"""

import ranef

sleep = ranef.datasets.load("sleep_gappy")
fit = ranef.lmer("reaction ~ days + (days | subject)", sleep)
axes = ranef.plots.pooling(fit)
