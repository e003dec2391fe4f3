# nlme, glmmTMB and (where it is installed) mmrm on the rows that structures.py wrote; CPU seconds and criteria.
folder <- commandArgs(TRUE)[1]
suppressMessages(library(nlme))
read <- function(name, factors) {
  d <- read.csv(file.path(folder, paste0(name, ".csv")))
  for (f in factors) d[[f]] <- factor(d[[f]])
  d
}
said <- function(workload, program, fit) {
  spent <- system.time(m <- tryCatch(fit, error = function(e) conditionMessage(e)))
  value <- if (is.character(m)) NA else -2 * as.numeric(logLik(m))
  cat(sprintf("%s,%s,%.3f,%.6f\n", workload, program, spent[["user.self"]] + spent[["sys.self"]], value))
}
have <- function(name) requireNamespace(name, quietly = TRUE)
d <- read("trial", c("id", "visit", "arm", "region"))
fixed <- y ~ base + region + arm * visit
if (have("mmrm")) said("trial", "mmrm", mmrm::mmrm(update(fixed, . ~ . + us(visit | id)), d, method = "Kenward-Roger"))
d$k <- as.integer(d$visit)
said("trial", "nlme", gls(fixed, d, correlation = corSymm(form = ~ k | id), weights = varIdent(form = ~ 1 | visit)))
d <- read("ar1", "id")
said("ar1", "nlme", lme(y ~ x + t, d, ~ 1 | id, correlation = corAR1(form = ~ t | id)))
d <- read("strata", c("s", "g"))
said("strata", "nlme", lme(y ~ x, d, ~ 1 | g, weights = varIdent(form = ~ 1 | s)))
if (have("glmmTMB")) said("strata", "glmmTMB", glmmTMB::glmmTMB(y ~ x + (1 | g), dispformula = ~ s, data = d, REML = TRUE))
