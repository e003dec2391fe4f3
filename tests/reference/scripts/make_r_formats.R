# What R prints: format(), zapsmall(), format.pval(), abbreviate() on awkward numbers and names, and the summaries of
# lme4 and lmerTest for models of the battery at the optima of ../models.
#   Rscript make_r_formats.R ../data ../report/r_formats.json ../report/summaries.json
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})
args <- commandArgs(TRUE)
data_dir <- args[1]
set.seed(1)
write_to <- function(x, path) writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, pretty = 1, na = "null"), path)

vectors <- c(
  list(c(582.696, 35.033, 649.363), c(60.24, 0.0005404), c(0, 13.806), 1e5, 123456, 1e-5, c(1, NA), c(9.9999, 1),
       c(-3.97071, 0.0276), 0, c(1e10, 1), c(0.1, 0.25), c(99.995, 1), c(1e-300, 1), -0.5, c(100000, 1234567), 99999.5,
       c(0.00012, 0.5), 3.00001, c(1/3, 2/3), 1e15, 1e-15),
  lapply(1:120, function(i) signif(rnorm(sample(1:5, 1)) * 10^runif(1, -6, 7), 10)),
  lapply(1:60, function(i) signif(rnorm(sample(2:4, 1)) * 10^runif(3, -5, 5), 10))
)
one <- function(x) {
  digits <- sample(c(3, 4, 5, 7), 1); nsmall <- sample(c(0, 0, 2), 1)
  list(values = I(x), digits = digits, nsmall = nsmall, text = I(format(x, digits = digits, nsmall = nsmall)),
       zapped = I(zapsmall(x, digits)))
}
p <- lapply(1:60, function(i) 10^-runif(sample(1:4, 1), 0, 20))
name_sets <- list(
  c("(Intercept)", "MachineB", "MachineC"), c("Intercept", "recipe[T.B]", "recipe[T.C]", "I((temp - 200) / 25)",
  "recipe[T.B]:I((temp - 200) / 25)", "recipe[T.C]:I((temp - 200) / 25)"), c("open", "agree", "social"),
  c("poly(Days, 2)[1]", "poly(Days, 2)[2]"), c("a", "bb", "aeiou"), c("IQ.ver.cen", "IQ.per.cen", "cses:sectorCatholic"),
  c("a long name here", "a long name there"), c("C(nitro)[T.0.2]:Variety[T.Victory]", "C(nitro)[T.0.4]:Variety[T.Victory]"))
write_to(list(
  format = lapply(vectors, one),
  p_values = lapply(p, function(x) list(values = I(x), text = I(format.pval(x, digits = 3, eps = .Machine$double.eps)))),
  abbreviate = lapply(name_sets, function(x) list(names = I(x), six = I(unname(abbreviate(x, 6))), eleven = I(unname(abbreviate(x, 11)))))
), args[2])

load_csv <- function(name, factors) {
  d <- read.csv(file.path(data_dir, name))
  for (f in factors) d[[f]] <- factor(d[[f]])
  d
}
gap <- load_csv("sleep_gappy.csv", "subject"); ss <- load_csv("sleepstudy.csv", "Subject")
mach <- load_csv("Machines.csv", c("Machine", "Worker")); pen <- load_csv("Penicillin.csv", c("plate", "sample"))
pastes <- load_csv("Pastes.csv", c("batch", "cask")); dye2 <- load_csv("Dyestuff2.csv", "Batch")
oats <- load_csv("Oats.csv", c("Block", "Variety"))
problems <- list(
  gap_slope = list(reaction ~ days + (days | subject), gap), gap_uncorr = list(reaction ~ days + (days || subject), gap),
  gap_int = list(reaction ~ days + (1 | subject), gap), ss_slope = list(Reaction ~ Days + (Days | Subject), ss),
  ss_null = list(Reaction ~ 1 + (1 | Subject), ss), mach_slash = list(score ~ Machine + (1 | Worker/Machine), mach),
  mach_0 = list(score ~ Machine + (0 + Machine | Worker), mach), pen = list(diameter ~ 1 + (1 | plate) + (1 | sample), pen),
  pastes_slash = list(strength ~ 1 + (1 | batch/cask), pastes), dye2 = list(Yield ~ 1 + (1 | Batch), dye2),
  oats = list(yield ~ nitro * Variety + (1 | Block/Variety), oats))
out <- list()
for (name in names(problems)) for (reml in c(TRUE, FALSE)) {
  form <- problems[[name]][[1]]; d <- problems[[name]][[2]]
  model <- fromJSON(file.path(data_dir, "..", "models", paste0(name, if (reml) "_reml" else "_ml", ".json")))
  at <- lmerControl(optimizer = NULL)  # evaluates at start
  plain <- suppressWarnings(suppressMessages(lme4::lmer(form, d, REML = reml, start = model$theta, control = at)))
  tests <- suppressWarnings(suppressMessages(lmerTest::lmer(form, d, REML = reml, start = model$theta, control = at)))
  s <- suppressMessages(summary(tests))
  out[[paste0(name, if (reml) "_reml" else "_ml")]] <- list(
    criterion = if (reml) lme4::REMLcrit(plain) else deviance(plain),
    plain = I(capture.output(suppressMessages(print(summary(plain))))), tests = I(capture.output(suppressMessages(print(s)))),
    varcorr = I(capture.output(print(VarCorr(plain)))),
    df = I(unname(coef(s)[, "df"])), p = I(unname(coef(s)[, "Pr(>|t|)"])))
}
write_to(out, args[3])
