"""The caller's own kind of table: polars in, polars out."""

import polars as pl
import ranef

machines = pl.from_pandas(ranef.datasets.load("Machines"))
fit = ranef.lmer("score ~ Machine + (1 | Worker / Machine)", machines)

print(fit.tidy())
print(fit.glance())
print(fit.augment(machines).sort(".cooksd", descending=True).head(3))
print(ranef.emmeans(fit, "Machine").pairs())
