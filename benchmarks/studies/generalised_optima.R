# lme4's and glmmTMB's fits of the files that generalised_optima.py writes: Rscript generalised_optima.R FOLDER
# writes FOLDER/theirs.csv, without the fits that take either of them more than LONGEST seconds. lme4 where its criterion is
# the same approximation: canonical links without a dispersion.
suppressMessages({library(lme4); library(glmmTMB)})
LONGEST <- 10
folder <- commandArgs(TRUE)[1]
fits <- read.csv(file.path(folder, "fits.csv"), stringsAsFactors = FALSE)
family_of <- function(row) switch(row$family,
  binomial = binomial(row$link), betabinomial = glmmTMB::betabinomial(row$link), poisson = poisson(row$link),
  nbinom1 = nbinom1(row$link), nbinom2 = nbinom2(row$link), gamma = Gamma(row$link),
  inverse_gaussian = NULL, gaussian = gaussian(row$link), beta = beta_family(row$link))
one <- function(row, how) tryCatch(fitted_by(row, how), error = function(e) NA_real_)
fitted_by <- function(row, how) suppressWarnings(suppressMessages({
  setTimeLimit(elapsed = LONGEST, transient = TRUE)
  on.exit(setTimeLimit())
  data <- read.csv(file.path(folder, paste0(row$number, ".csv")), stringsAsFactors = TRUE)
  formula <- as.formula(row$formula)
  if (how == "lme4") {
    if (!paste(row$family, row$link) %in% c("binomial logit", "poisson log")) return(NA_real_)
    fit <- glmer(formula, data, family = family_of(row), control = glmerControl(tolPwrss = 1e-12, calc.derivs = FALSE))
  } else {
    if (is.null(family_of(row))) return(NA_real_)
    fit <- glmmTMB(formula, data, family = family_of(row))
  }
  as.numeric(-2 * logLik(fit))
}))
rows <- split(fits, seq_len(nrow(fits)))
fits$lme4 <- vapply(rows, one, 0, how = "lme4")
fits$glmmTMB <- vapply(rows, one, 0, how = "glmmTMB")
write.csv(fits, file.path(folder, "theirs.csv"), row.names = FALSE)
