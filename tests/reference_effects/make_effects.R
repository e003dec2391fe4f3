# R's emmeans for the tests of fit.predictions(), fit.comparisons(), fit.slopes(): Rscript make_effects.R > effects.json
suppressMessages({
  library(lme4); library(lmerTest); library(nlme); library(emmeans); library(jsonlite); library(glmmTMB)
})
emm_options(lmer.df = "satterthwaite", rg.limit = 1e6)
number <- function(x) unname(as.numeric(x))
rows <- function(object, names, ...) {
  table <- as.data.frame(summary(object, infer = TRUE, ...))
  setNames(lapply(names, function(name) number(table[[name]])), c("estimate", "se", "df", "lower", "upper"))
}
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
out <- list(versions = list(R = as.character(getRversion()), emmeans = as.character(packageVersion("emmeans")),
  lme4 = as.character(packageVersion("lme4"))))

oats <- lmer(yield ~ nitro * Variety + (1 | Block/Variety), Oats, control = tight)
t_names <- c("emmean", "SE", "df", "lower.CL", "upper.CL")
out$oats_curves <- rows(emmeans(oats, ~ nitro | Variety, at = list(nitro = c(0, 0.2, 0.4, 0.6))), t_names)
out$oats_slopes <- rows(emtrends(oats, ~ Variety, var = "nitro"), c("nitro.trend", t_names[-1]))
logged <- lmer(log(yield) ~ nitro + Variety + (1 | Block/Variety), Oats, control = tight)
out$oats_logged <- rows(emmeans(logged, ~ nitro, at = list(nitro = c(0, 0.3, 0.6)), type = "response"),
  c("response", t_names[-1]))

bent <- lmer(Reaction ~ log(Days + 1) + (1 | Subject), sleepstudy, control = tight)
out$sleep_log <- rows(emmeans(bent, ~ Days, at = list(Days = c(0, 3, 9))), t_names)
curved <- lmer(Reaction ~ poly(Days, 2) + (1 | Subject), sleepstudy, control = tight)
out$sleep_poly <- rows(emtrends(curved, ~ Days, var = "Days", at = list(Days = c(0, 9)), delta.var = 1e-4),
  c("Days.trend", t_names[-1]))

growth <- gls(distance ~ age * Sex, Orthodont, correlation = corCAR1(form = ~ age | Subject),
  control = glsControl(tolerance = 1e-10, msTol = 1e-12))
out$growth <- rows(emmeans(growth, ~ age | Sex, at = list(age = c(8, 11, 14)), mode = "df.error"), t_names)

# by glmmTMB, whose Hessian, as here, is exact; lme4's, by finite differences, gives errors 1 % smaller
cows <- glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)
z_names <- c("SE", "df", "asymp.LCL", "asymp.UCL")
periods <- emmeans(cows, ~ period, df = Inf)
out$cows <- rows(emmeans(cows, ~ period, type = "response", df = Inf), c("prob", z_names))
out$cows_difference <- rows(contrast(regrid(periods), "trt.vs.ctrl1", adjust = "none"), c("estimate", z_names))
out$cows_ratio <- rows(contrast(regrid(periods, "log"), "trt.vs.ctrl1", adjust = "none"),
  c("ratio", z_names), type = "response")
out$cows_odds <- rows(contrast(periods, "trt.vs.ctrl1", adjust = "none"),
  c("odds.ratio", z_names), type = "response")

# the slope of a probability, averaged over the rows, by hand: its gradient written out
sleepstudy$slow <- as.numeric(sleepstudy$Reaction > 300)
slow <- glmmTMB(slow ~ Days + (1 | Subject), sleepstudy, binomial)
b <- fixef(slow)$cond; V <- vcov(slow)$cond; X <- cbind(1, sleepstudy$Days)
slope <- function(X) {
  p <- plogis(X %*% b); w <- p * (1 - p)
  gradient <- colMeans(c(w * (1 - 2 * p) * b[2]) * X) + c(0, mean(w))
  c(mean(w) * b[[2]], sqrt(c(gradient %*% V %*% gradient)))
}
out$slow <- list(estimate = slope(X)[1], se = slope(X)[2])
at <- sapply(c(0, 4.5, 9), function(days) slope(cbind(1, days)))
out$slow_at <- list(estimate = at[1, ], se = at[2, ])

machines <- lmer(score ~ Machine + (1 | Worker), Machines, control = tight)
means <- emmeans(machines, "Machine")
out$d_46 <- as.data.frame(eff_size(means, sigma = sigma(machines), edf = 46))[, c("effect.size", "SE")]
total <- sqrt(sigma(machines)^2 + VarCorr(machines)$Worker[1])
out$d_total <- c(as.list(as.data.frame(eff_size(means, sigma = total, edf = Inf))[, c("effect.size", "SE")]), sd = total)

cat(toJSON(out, digits = NA, auto_unbox = TRUE, dataframe = "columns", pretty = TRUE), "\n")
