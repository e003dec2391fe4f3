"""
Size and labels for a paper
===========================

A figure made as wide as its column keeps readable letters. Names with units come from wherever they are
known; the data sets that come with ranef know theirs.
"""

import ranef

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
labels = ranef.datasets.describe("sleep_gappy").labels

with ranef.plots.style(width=3.5, labels=labels):
    axes = fit.plot.pooling()

# %%
# Two columns wide, with your own names.
labels = {"days": "days of three hours' sleep", "reaction": "reaction time (ms)"}
with ranef.plots.style(width=7, labels=labels):
    axes = fit.plot.pooling()
