## zero_inflated_means.R -- glmmTMB's predictions of a typical group over grids, averaged, to zero_inflated_means.json
## usage, from tests/generalised: Rscript --vanilla zero_inflated_means.R
library(glmmTMB)
library(emmeans)
library(jsonlite)

data(Salamanders)
data(Owls)
owls <- with(Owls, data.frame(
  nest = Nest, food = FoodTreatment, sex = SexParent, arrival = ArrivalTime - 24, calls = SiblingNegotiation, brood = BroodSize
))
tight <- glmmTMBControl(optimizer = nlminb, optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14, x.tol = 1e-12))

polished <- function(formula, zero, family, data) {
  fit <- glmmTMB(formula, ziformula = zero, family = family, data = data, control = tight)
  for (again in 1:3) fit <- update(fit, start = with(fit$fit, split(unname(par), names(par))))
  fit
}

# Combinations A of the predictions of rows, and their standard errors.
combined <- function(fit, grid, A) {
  found <- predict(fit, newdata = grid, re.form = NA, type = "response", se.fit = TRUE, cov.fit = TRUE)
  list(estimate = as.vector(A %*% found$fit), se = sqrt(diag(A %*% found$cov.fit %*% t(A))))
}

fit <- polished(count ~ spp + mined + (1 | site), ~mined, poisson, Salamanders)
grid <- with(Salamanders, expand.grid(spp = levels(spp), mined = levels(mined), site = NA))
means <- rbind(grid$mined == "yes", grid$mined == "no") / nlevels(Salamanders$spp)
counts <- summary(emmeans(fit, "mined", type = "response"))

second <- polished(calls ~ food + offset(log(brood)) + (1 | nest), ~arrival, nbinom1, owls)
third <- polished(calls ~ food + offset(log(brood)) + (1 | nest), ~ food + sex, poisson, owls)
zeros <- summary(emmeans(third, "food", component = "zi", type = "response", df = Inf))

step <- 1e-3
curve <- expand.grid(arrival = c(-2, 0, 4, -2 + step, -2 - step), food = levels(owls$food), brood = exp(mean(log(owls$brood))), nest = NA)
slope <- rbind(c(0, 0, 0, 1, -1, rep(0, 5)), c(rep(0, 5), 0, 0, 0, 1, -1)) / (2 * step)

write_json(list(
  means = combined(fit, grid, means), difference = combined(fit, grid, means[1, , drop = FALSE] - means[2, ]),
  zeros = with(zeros, list(estimate = response, se = SE, lower = asymp.LCL, upper = asymp.UCL)),
  counts = list(estimate = counts$rate, se = counts$SE),
  curve = combined(second, curve, diag(10)[c(1:3, 6:8), ]), slopes = combined(second, curve, slope)
), "zero_inflated_means.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
