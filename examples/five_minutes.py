"""From a data frame to a fitted model, a bootstrap interval and a picture."""

import ranef

sleep = ranef.datasets.load("sleep_gappy")
fit = ranef.lmer("reaction ~ days + (days | subject)", sleep)
print(fit.summary())
print(fit.bootstrap(1000, seed=1, progress=False).conf_int())
ranef.plots.pooling(fit)[0].figure.savefig("pooling.png")
print("Lines of complete, no and partial pooling: pooling.png")
