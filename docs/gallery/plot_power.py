"""
Power curves: how many people?
==============================

The power to find an effect of four milliseconds a day, by simulation from a fitted model, with the Monte
Carlo intervals of the simulated shares.
"""

import ranef

fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
settings = {"n": 400, "seed": 1, "progress": False}
curve = ranef.power_curve(fit, "Days", effects=4.0, groups=[10, 15, 20, 30, 40], **settings)
axis = ranef.plots.power(curve)

# %%
# Over the size of the effect, a line for each number of people.
grid = ranef.power_curve(fit, "Days", effects=[1, 2, 3, 4, 6, 8], groups=[10, 20, 40], **settings)
axis = ranef.plots.power(grid)
