# nlme and glmmTMB on the models that generated_structures.py wrote: one line of JSON for each call.
folder <- commandArgs(TRUE)[1]
suppressMessages({library(nlme); library(glmmTMB); library(jsonlite)})
lmec <- lmeControl(maxIter = 200, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12, niterEM = 50, returnObject = TRUE)
glsc <- glsControl(maxIter = 200, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12, returnObject = TRUE)
tmbc <- glmmTMBControl(optCtrl = list(iter.max = 2000, eval.max = 4000, rel.tol = 1e-13, x.tol = 1e-13))
read <- function(name) {
  d <- read.csv(file.path(folder, paste0(name, ".csv")))
  for (f in intersect(c("g", "v", "s", "h", "arm"), names(d))) d[[f]] <- factor(d[[f]])
  if ("px" %in% names(d)) d$pos <- numFactor(d$px, d$py)
  d
}
said <- function(m) {
  if (inherits(m, "list")) return(list(criterion = -2 * sum(sapply(m, function(one) as.numeric(logLik(one))))))
  beta <- if (inherits(m, "glmmTMB")) fixef(m)$cond else if (inherits(m, "lme")) fixef(m) else coef(m)
  V <- if (inherits(m, "glmmTMB")) vcov(m)$cond else vcov(m)
  list(criterion = -2 * as.numeric(logLik(m)), beta = unname(beta), se = unname(sqrt(diag(V))))
}
for (m in fromJSON(file.path(folder, "models.json"), simplifyVector = FALSE)) {
  d <- read(m$data)
  for (program in names(m$peers)) {
    call <- parse(text = m$peers[[program]])
    r <- tryCatch(said(suppressWarnings(eval(call))), error = function(e) list(error = conditionMessage(e)))
    cat(toJSON(c(list(id = m$id, program = program), r), auto_unbox = TRUE, digits = 15, null = "null"), "\n", sep = "")
  }
}
