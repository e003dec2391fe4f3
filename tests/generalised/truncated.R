## truncated.R -- glmmTMB's answers for counts whose zeros are left out, to truncated.json
## usage, from tests/generalised: Rscript --vanilla truncated.R
suppressMessages({library(glmmTMB); library(jsonlite)})
MAN <- fromJSON(gzfile("../reference_glmm/data/manifest.json.gz"), simplifyVector = FALSE)
load <- function(name) {
  f <- file.path("../reference_glmm/data", MAN[[name]]$file); d <- read.csv(if (file.exists(f)) f else paste0(f, ".gz"))
  for (k in names(MAN[[name]]$columns)) { about <- MAN[[name]]$columns[[k]]; if (about$type == "factor") d[[k]] <- factor(as.character(d[[k]]), levels = unlist(about$levels)) }
  d
}
sal <- load("Salamanders"); sal <- sal[sal$count > 0, ]; cro <- load("crossed_slopes")
models <- list(
  poisson = list("Salamanders", count ~ mined + DOP + (1 | site), "count", "truncated_poisson"),
  nbinom2 = list("Salamanders", count ~ mined + DOP + (1 | site), "count", "truncated_nbinom2"),
  nbinom1 = list("Salamanders", count ~ cover + DOP + (1 | site), "count", "truncated_nbinom1"),
  crossed_poisson = list("crossed_slopes", n ~ x + (x | a) + (1 | b), "n", "truncated_poisson"),
  crossed_nbinom2 = list("crossed_slopes", nb ~ x + (1 | a) + (1 | b), "nb", "truncated_nbinom2"),
  crossed_nbinom1 = list("crossed_slopes", nb ~ x + (1 | a) + (1 | b), "nb", "truncated_nbinom1"))
out <- list()
for (name in names(models)) {
  m <- models[[name]]; d <- if (m[[1]] == "Salamanders") sal else cro; d <- d[d[[m[[3]]]] > 0, ]
  fit <- glmmTMB(m[[2]], d, family = get(m[[4]])(), control = glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14, x.tol = 1e-12)))
  p <- predict(fit, type = "response", se.fit = TRUE); rows <- 1:8
  sd <- unlist(lapply(VarCorr(fit)$cond, function(v) attr(v, "stddev")))
  out[[name]] <- list(data = m[[1]], formula = deparse1(m[[2]]), response = m[[3]], family = m[[4]], m2ll = -2 * as.numeric(logLik(fit)),
    beta = unname(fixef(fit)$cond), se = unname(sqrt(diag(vcov(fit)$cond))), sd = unname(sd), sigma = sigma(fit),
    fitted = unname(p$fit[rows]), fitted_se = unname(p$se.fit[rows]), link = unname(predict(fit)[rows]))
}
write_json(out, "truncated.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
