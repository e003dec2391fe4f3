## zero_inflated.R -- glmmTMB's answers for zero-inflated models, to zero_inflated.json; owls.csv, to be compressed
## usage, from tests/generalised: Rscript --vanilla zero_inflated.R
library(glmmTMB)
library(jsonlite)

data(Salamanders)
data(Owls)
owls <- with(Owls, data.frame(
  nest = Nest, food = FoodTreatment, sex = SexParent, arrival = ArrivalTime - 24, calls = SiblingNegotiation, brood = BroodSize
))
write.csv(owls, "owls.csv", row.names = FALSE)

tight <- glmmTMBControl(optimizer = nlminb, optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14, x.tol = 1e-12))

polished <- function(formula, zero, family, data) {
  fit <- glmmTMB(formula, ziformula = zero, family = family, data = data, control = tight)
  for (again in 1:3) {
    fit <- update(fit, start = with(fit$fit, list(
      beta = par[names(par) == "beta"], betazi = par[names(par) == "betazi"], theta = par[names(par) == "theta"]
    )))
  }
  fit
}

# Limits of 95 % profile intervals of all parameters, the last ones those of log standard deviations.
profiled <- function(fit) t(vapply(seq_along(fit$fit$par), function(i) TMB::tmbroot(fit$obj, name = i, trace = FALSE), c(0, 0)))

answers <- function(name, formula, zero, family, data, profile = FALSE) {
  fit <- polished(formula, zero, family, data)
  table <- summary(fit)$coefficients
  c(list(
    name = name, formula = deparse1(formula), zero = deparse1(zero), family = fit$modelInfo$family$family,
    objective = -2 * as.numeric(logLik(fit)), beta = unname(fixef(fit)$cond), se = unname(table$cond[, 2]),
    gamma = unname(fixef(fit)$zi), gamma_se = unname(table$zi[, 2]), sigma = sigma(fit),
    sd = unname(attr(VarCorr(fit)$cond[[1]], "stddev")),
    conditional = unname(predict(fit, type = "conditional")[1:5]), response = unname(predict(fit, type = "response")[1:5]),
    zero_probability = unname(predict(fit, type = "zprob")[1:5]),
    response_se = unname(predict(fit, type = "response", se.fit = TRUE)$se.fit[1:5]),
    pearson = unname(residuals(fit, type = "pearson")[1:5])
  ), if (profile) list(profile = profiled(fit)))
}

own <- count ~ spp + mined + (1 | site)
calls <- calls ~ food * sex + arrival + offset(log(brood)) + (1 | nest)
found <- list(
  answers("salamanders", own, ~1, poisson, Salamanders),
  answers("salamanders", own, ~mined, poisson, Salamanders, profile = TRUE),
  answers("salamanders", own, ~mined, nbinom2, Salamanders),
  answers("salamanders", own, ~spp, poisson, Salamanders),
  answers("owls", calls, ~1, poisson, owls),
  answers("owls", calls, ~food, nbinom2, owls),
  answers("owls", calls, ~arrival, nbinom1, owls)
)
write_json(found, "zero_inflated.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
