# lme4's default fit of the files that optima.py writes: Rscript optima.R FOLDER writes FOLDER/lme4.csv.
suppressMessages(library(lme4))
folder <- commandArgs(TRUE)[1]
fits <- read.csv(file.path(folder, "fits.csv"), stringsAsFactors = FALSE)
control <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore",
                       check.nlev.gtr.1 = "ignore", calc.derivs = FALSE)
criterion <- function(row) {
  data <- read.csv(file.path(folder, paste0(row$number, ".csv")), stringsAsFactors = TRUE)
  fit <- do.call(lmer, list(as.formula(row$formula), data, REML = row$reml == "True", weights = data$w, control = control))
  if (row$reml == "True") REMLcrit(fit) else deviance(fit)
}
fits$lme4 <- vapply(split(fits, seq_len(nrow(fits))), function(row)
  tryCatch(suppressWarnings(suppressMessages(criterion(row))), error = function(e) NA_real_), 0)
write.csv(fits, file.path(folder, "lme4.csv"), row.names = FALSE)
