"""
Generalised models: means and quantile residuals
================================================

Incidence over four periods: of a typical herd, whose random effect is zero, and averaged over herds.
"""

import matplotlib.pyplot as plt
import numpy as np
import ranef
from scipy.stats import norm

cattle = ranef.datasets.load("cbpp")
fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", cattle)

figure, axis = plt.subplots(figsize=(4.6, 3.4), layout="constrained")
kinds = {"typical herd": {"scale": "response"}, "averaged over herds": {"averaged": True}}
looks = ((-0.08, "#0072B2"), (0.08, "#D55E00"))
for (shift, colour), (label, kind) in zip(looks, kinds.items(), strict=True):
    table = ranef.emmeans(fit, "period", **kind).to_frame()
    mean, place = table["response"], np.arange(len(table)) + shift
    ends = [mean - table["lower"], table["upper"] - mean]
    axis.errorbar(place, mean, ends, fmt="o", color=colour, label=label)
axis.set_xticks(range(4), table["period"])
axis.spines[["top", "right"]].set_visible(False)
axis.set(xlabel="period", ylabel="incidence, 95 % interval", title="Two means of one model")
legend = axis.legend(frameon=False)

# %%
# Quantile residuals are normal where the model holds, whatever the distribution of the response.
residuals = np.sort(fit.residuals("quantile", seed=1))
expected = norm.ppf((np.arange(fit.nobs) + 0.5) / fit.nobs)
figure, axis = plt.subplots(figsize=(4.6, 3.4), layout="constrained")
axis.plot(expected, expected, color="grey", lw=1, label="normal")
axis.plot(expected, residuals, "o", color="#0072B2", ms=4, label="observed")
axis.spines[["top", "right"]].set_visible(False)
axis.set(xlabel="normal quantile", ylabel="quantile residual")
axis.set_title("Does the binomial distribution hold?")
legend = axis.legend(frameon=False)
