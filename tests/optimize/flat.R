# The identified models of test_flat.py by lme4, lmerTest and pbkrtest: Rscript flat.R FOLDER, which has the tables of the
# fixtures `data` and `between` as flat.csv and between.csv (17 digits).
suppressMessages({library(lmerTest); library(pbkrtest)})
folder <- commandArgs(TRUE)[1]
control <- lmerControl(optimizer = "nloptwrap", check.nobs.vs.nRE = "ignore", calc.derivs = FALSE,
                       optCtrl = list(xtol_abs = 1e-14, ftol_abs = 1e-14, xtol_rel = 0, ftol_rel = 0, maxeval = 1e5))
show <- function(formula, data) {
  fit <- suppressWarnings(lmer(formula, data, control = control))
  cat(deparse(formula), format(c(REMLcrit(fit), sigma(fit)), digits = 12), "\n")
  print(as.data.frame(VarCorr(fit))[, c("grp", "var1", "var2", "sdcor")], digits = 9)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) print(coef(summary(fit, ddf = ddf))[, 1:3], digits = 10)
}
flat <- read.csv(file.path(folder, "flat.csv"), stringsAsFactors = TRUE)
flat$s <- factor(flat$s)
show(y ~ age + sex + (0 + female | s) + (0 + male | s), flat)
show(y ~ age + (1 | s), flat)
show(y ~ age + (age | s), flat)
show(y ~ age + site + (0 + age | site), flat)
between <- read.csv(file.path(folder, "between.csv"), stringsAsFactors = TRUE)
between$treated <- as.numeric(between$zf == "t")
between$control <- 1 - between$treated
show(y ~ x + zf + (0 + treated | g) + (0 + control | g), between)
