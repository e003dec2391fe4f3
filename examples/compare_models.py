"""Which random effects do the data support? Likelihood ratios, a bootstrap test, one table for the paper."""

import ranef

sleep = ranef.datasets.load("sleepstudy")
lines = ranef.lmer("Reaction ~ Days + (1 | Subject)", sleep)
slopes = ranef.lmer("Reaction ~ Days + (Days || Subject)", sleep)
correlated = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleep)

print("Is another variance worth its parameter? p_boundary knows that variances cannot be negative.\n")
print(ranef.anova(lines, slopes, correlated, names=["lines", "slopes", "correlated"]))

print("\nThe same question without asymptotics\n")
print(ranef.pbtest(lines, slopes, n=1000, seed=1))

print("\nThe table of a paper: text here, LaTeX and Markdown by .to(...)\n")
table = ranef.modelsummary(lines, slopes, correlated, names=["lines", "slopes", "correlated"])
print(table)
print(table.to_latex())
