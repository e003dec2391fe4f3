# An animal model by lme4: the animals' columns times the factor of their relationship matrix.
suppressPackageStartupMessages({library(lme4); library(Matrix)})
folder <- commandArgs(trailingOnly = TRUE)[1]
pedigree <- read.csv(file.path(folder, "pedigree.csv"))
records <- read.csv(file.path(folder, "records.csv"))
m <- nrow(pedigree)
known <- function(parent) which(pedigree[[parent]] > 0)
rows <- c(seq_len(m), known("sire"), known("dam"))
columns <- c(seq_len(m), pedigree$sire[known("sire")], pedigree$dam[known("dam")])
inverse <- sparseMatrix(i = rows, j = columns, x = c(rep(1, m), rep(-0.5, length(rows) - m)), dims = c(m, m))
records$animal <- factor(records$animal, levels = pedigree$animal)
spent <- system.time({
  model <- lFormula(y ~ age + (1 | animal) + (1 | group), records, REML = TRUE,
    control = lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore"))
  Zt <- model$reTrms$Zt
  part <- which(names(model$reTrms$Ztlist) == "1 | animal")
  at <- seq(model$reTrms$Gp[part] + 1, model$reTrms$Gp[part + 1])
  present <- match(levels(model$reTrms$flist$animal), pedigree$animal)
  # L = T sqrt(D) of all animals; those without records keep a column each
  design <- sparseMatrix(i = present, j = seq_along(present), x = 1, dims = c(m, length(present)))
  factor_rows <- Diagonal(x = sqrt(pedigree$own)) %*% solve(t(inverse), design, sparse = TRUE)
  # lme4 wants as many columns as levels: the Cholesky factor of the animals with records
  root <- chol(crossprod(factor_rows))
  Zt[at, ] <- root %*% Zt[at, ]
  model$reTrms$Zt <- Zt
  criterion <- do.call(mkLmerDevfun, model)
  found <- optimizeLmer(criterion)
  fit <- mkMerMod(environment(criterion), found, model$reTrms, model$fr)
})
variances <- as.data.frame(VarCorr(fit))
share <- variances$vcov[variances$grp == "animal"] / sum(variances$vcov)
cat(sum(spent[1:2]), format(REMLcrit(fit), digits = 12), format(share, digits = 8), sep = ",")
