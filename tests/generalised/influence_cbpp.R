# Influence of the herds on glmer's fit of cbpp: the values in test_influence.py.
suppressMessages(library(lme4))
fit <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial,
             control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12))
found <- influence(fit, "herd")
print(cooks.distance(found), digits = 10)
print(found[["fixed.effects[-herd]"]], digits = 10)
print(dfbetas(found), digits = 10)
