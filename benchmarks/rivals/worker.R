## One measurement of one R package, the counterpart of worker.py:
##   Rscript --vanilla worker.R folder=DIR package=lme4|glmmTMB task=fit|refit|replicate|expect budget=SECONDS family=[...] formula=...
## The folder has the columns as binary files (written by columns.py). Prints one JSON object a line.
pairs <- commandArgs(trailingOnly = TRUE)
arg <- setNames(as.list(sub("^[a-z]+=", "", pairs)), sub("=.*$", "", pairs))
suppressWarnings(suppressMessages(library(arg$package, character.only = TRUE)))
budget <- as.numeric(arg$budget)

number <- function(x) if (is.null(x) || length(x) != 1 || is.na(x)) "null" else if (is.logical(x)) tolower(x) else sprintf("%.17g", x)
vec <- function(x) paste0("[", paste(vapply(unname(x), number, ""), collapse = ", "), "]")
object <- function(...) { parts <- list(...); paste0("{", paste(sprintf("\"%s\": %s", names(parts), unlist(parts)), collapse = ", "), "}") }
say <- function(line) { cat(line, "\n", sep = ""); flush(stdout()) }
quiet <- function(expr) suppressMessages(suppressWarnings(expr))
clock <- function(expr) { t0 <- Sys.time(); force(expr); as.numeric(difftime(Sys.time(), t0, units = "secs")) }   # system.time() stops at 1 ms

## ---- data: doubles, or 32-bit codes with a file of levels
at <- function(...) file.path(arg$folder, ...)
meta <- read.csv(at("columns.csv"), stringsAsFactors = FALSE)
column <- function(i) {
  m <- meta[i, ]
  if (m$kind == "number") return(readBin(at(m$file), "double", m$rows))
  structure(readBin(at(m$file), "integer", m$rows), levels = readLines(at(m$levels)), class = "factor")
}
d <- as.data.frame(setNames(lapply(seq_len(nrow(meta)), column), meta$name), check.names = FALSE)
f <- as.formula(arg$formula)

## ---- memory, as measure.py does it
memory <- function(field) {
  if (!file.exists("/proc/self/status")) return(NA)
  line <- grep(paste0("^", field, ":"), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) * 1024
}
forget_peak <- function() { gc(full = TRUE); tryCatch({ cat("5", file = "/proc/self/clear_refs"); TRUE }, error = function(e) FALSE) }

measure <- function(call) {
  known <- forget_peak(); before <- memory("VmRSS")
  answer <- NULL
  first <- clock(answer <- call())
  say(object(first = number(first)))
  grown <- if (known) memory("VmHWM") - before else NA
  left <- budget - first
  if (first < 2) { known <- forget_peak(); before <- memory("VmRSS"); call(); grown <- if (known) memory("VmHWM") - before else NA }
  times <- numeric(); wanted <- if (first < 0.1) 50 else 5
  while (length(times) < wanted && first <= 30 && left > (if (length(times)) tail(times, 1) else first)) {
    times <- c(times, clock(call())); left <- left - tail(times, 1)
  }
  if (!length(times)) times <- first
  list(answer = answer, first = first, times = times, growth = grown)
}
report <- function(m, answer, items = 1)
  say(object(result = object(first = number(m$first / items), seconds = number(median(m$times) / items), fastest = number(min(m$times) / items),
    slowest = number(max(m$times) / items), repeats = number(length(m$times)), growth = number(m$growth),
    input = number(as.numeric(object.size(d))), items = number(items), answer = answer)))

## ---- the two packages
tight <- list(xtol_rel = 1e-10, xtol_abs = 1e-10, ftol_abs = 1e-10, maxeval = 20000)
control <- if (arg$package == "lme4") lmerControl(optCtrl = if (arg$task == "expect") tight else list(), calc.derivs = FALSE)   # global: bootMer looks it up
generalised <- nzchar(arg$family)
fit_lme4 <- function() {
  fit <- quiet(if (generalised) glmer(f, d, family = arg$family) else lmer(f, d, control = control))
  list(fit = fit, se = sqrt(diag(as.matrix(vcov(fit)))))
}
answer_lme4 <- function(a) object(criterion = number(if (generalised) -2 * as.numeric(logLik(a$fit)) else REMLcrit(a$fit)), beta = vec(fixef(a$fit)), se = vec(a$se), sigma = number(sigma(a$fit)),
  theta = vec(getME(a$fit, "theta")), evaluations = number(a$fit@optinfo$feval), converged = "null")
fit_glmmTMB <- function() {
  fit <- quiet(glmmTMB(f, d, family = if (generalised) arg$family else gaussian(), REML = !generalised, control = glmmTMBControl(parallel = 2)))
  list(fit = fit, se = sqrt(diag(vcov(fit)$cond)))
}
answer_glmmTMB <- function(a) object(criterion = number(2 * a$fit$fit$objective), beta = vec(fixef(a$fit)$cond), se = vec(a$se),
  sigma = number(sigma(a$fit)), evaluations = number(a$fit$fit$evaluations[["function"]]), converged = number(a$fit$fit$convergence == 0))

fit_with <- get(paste0("fit_", arg$package)); answer_of <- get(paste0("answer_", arg$package))

if (arg$task %in% c("fit", "expect")) {
  say(object(ready = "true"))
  m <- measure(fit_with)
  report(m, answer_of(m$answer))
} else if (arg$task == "refit") {
  fit <- fit_with()$fit
  count <- 50
  y <- matrix(readBin(at("responses.bin"), "double", count * nrow(d)), nrow(d))
  say(object(ready = "true"))
  m <- measure(function() { for (i in seq_len(count)) last <- quiet(refit(fit, y[, i])); list(fit = last, se = sqrt(diag(as.matrix(vcov(last))))) })
  report(m, answer_of(m$answer), count)
} else {
  fit <- fit_with()$fit
  count <- 200
  statistic <- function(m) c(fixef(m), getME(m, "theta"), sigma(m))
  say(object(ready = "true"))
  m <- measure(function() quiet(bootMer(fit, statistic, nsim = count, seed = 1)))
  report(m, "null", count)
}
