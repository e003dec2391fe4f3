## One task of lme4's, timed. Called by lme4.py:
##   Rscript --vanilla lme4.R task=fit|refit|boot|expect csv=FILE formula=... repeats=N
## Prints lines "RESULT key value"; the data are read before the clock starts. (`expect`: a fit with tight tolerances.)
suppressMessages(library(lme4))
pairs <- commandArgs(trailingOnly = TRUE)
arg <- setNames(as.list(sub("^[a-z]+=", "", pairs)), sub("=.*$", "", pairs))
n <- as.integer(arg$repeats)
d <- read.csv(arg$csv, stringsAsFactors = TRUE, na.strings = "", check.names = FALSE)
f <- as.formula(arg$formula)
say <- function(key, value) cat("RESULT", key, paste(format(value, digits = 17, trim = TRUE, scientific = NA), collapse = " "), "\n")
clock <- function(expr) { t0 <- Sys.time(); force(expr); as.numeric(difftime(Sys.time(), t0, units = "secs")) }   # system.time() stops at 1 ms

control <- if (arg$task == "expect") lmerControl(optCtrl = list(xtol_rel = 1e-10, xtol_abs = 1e-10, ftol_abs = 1e-10, maxeval = 20000),
                                                calc.derivs = FALSE) else lmerControl()
quiet <- function(expr) suppressMessages(suppressWarnings(expr))
fit <- NULL
if (arg$task %in% c("fit", "expect")) {
  times <- vapply(seq_len(n), function(i) clock(fit <<- quiet(lmer(f, d, control = control))), 0)
  say("seconds", median(times))
} else {
  fit <- quiet(lmer(f, d))
  if (arg$task == "refit") {
    y <- simulate(fit, n, seed = 1)
    say("seconds", clock(for (i in seq_len(n)) quiet(refit(fit, y[[i]]))) / n)
  } else {
    statistic <- function(m) c(fixef(m), getME(m, "theta"), sigma(m))
    say("seconds", clock(quiet(bootMer(fit, statistic, nsim = n, seed = 1))) / n)
  }
}
say("criterion", REMLcrit(fit))
say("theta", unname(getME(fit, "theta")))
say("evaluations", fit@optinfo$feval)
say("version", as.character(packageVersion("lme4")))
