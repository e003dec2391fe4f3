"""
Effects: curves and intervals over the data
====================================================

A numeric predictor within an interaction: a curve for each group, over the range of the data, with partial
residuals behind it.
"""

import numpy as np
import ranef

oats = ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", ranef.datasets.load("Oats"))
curves = oats.predictions("nitro", by="Variety")
axis = curves.plot()

# %%
# Colours by one variable, panels by another. Faint ends lie beyond the data of that group.
exam = ranef.lmer("normexam ~ standLRT * sex + type + (standLRT | school)", ranef.datasets.load("Exam"))
axes = exam.predictions("standLRT", by=["sex", "type"]).plot("data")

# %%
# A generalised model, on the scale of the response; the points are the data.
cows = ranef.datasets.load("cbpp")
cows = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cows)
axis = cows.predictions("period").plot()

# %%
# Comparisons: here odds ratios, each period against the first.
differences = cows.comparisons("period", kind="odds_ratio")
axis = differences.plot()

# %%
# A grid that leaves the data says so, and the picture shows it.
axis = oats.predictions("nitro", at={"nitro": np.linspace(0, 1, 21)}).plot()
