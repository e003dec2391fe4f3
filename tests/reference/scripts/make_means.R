## make_means.R -- marginal means, pairwise differences and their adjustments: tests/means.json
##   means: lmerTest::ls_means; Tukey: ptukey; single-step (mvt): multcomp::glht with mvtnorm; slopes: contest1D
## usage: REF_DIR=. Rscript --vanilla make_means.R
source(file.path(Sys.getenv("REF_DIR", "."), "ref_lib.R"))
suppressMessages({library(lmerTest); library(multcomp)})
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-13, ftol_abs = 1e-15, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
JOBS <- list(cake = c("angle ~ recipe + temperature + (1 | recipe:replicate)", "cake", "recipe", "temperature"),
  machines = c("score ~ Machine + (1 | Worker) + (1 | Worker:Machine)", "Machines", "Machine"), ergo = c("effort ~ Type + (1 | Subject)", "ergoStool", "Type"),
  oats = c("yield ~ nitro * Variety + (1 | Block/Variety)", "Oats", "Variety"), gappy = c("reaction ~ days + (1 | subject)", "sleep_gappy"))
out <- lapply(JOBS, function(j) {
  d <<- load_data(j[2]); for (k in names(d)) if (is.ordered(d[[k]])) d[[k]] <<- factor(d[[k]], ordered = FALSE)
  m <- suppressMessages(lmerTest::lmer(as.formula(j[1]), data = d, control = tight))
  terms <- lapply(setNames(nm = j[-(1:2)]), function(w) {
    means <- function(ddf) { s <- as.data.frame(ls_means(m, which = w, ddf = ddf)); list(levels = arr(s$levels), emmean = arr(s$Estimate), se = arr(s$`Std. Error`), df = arr(s$df), lower = arr(s$lower), upper = arr(s$upper)) }
    pw <- ls_means(m, which = w, pairwise = TRUE); L <- attr(pw, "hypotheses")[[1]]; s <- as.data.frame(pw); k <- nlevels(d[[w]]); t <- s$`t value`; df <- s$df
    p <- s$`Pr(>|t|)`; set.seed(1); gl <- summary(glht(parm(fixef(m), as.matrix(vcov(m)), df = as.integer(round(mean(df)))), linfct = as.matrix(L)), test = adjusted("single-step", abseps = 1e-6, maxpts = 5e6))
    list(satterthwaite = means("Satterthwaite"), kenward_roger = means("Kenward-Roger"),
         pairs = list(names = arr(rownames(s)), estimate = arr(s$Estimate), se = arr(s$`Std. Error`), df = arr(df), p = arr(p), tukey = arr(ptukey(abs(t) * sqrt(2), k, df, lower.tail = FALSE)),
                      holm = arr(p.adjust(p, "holm")), bonferroni = arr(p.adjust(p, "bonferroni")), sidak = arr(1 - (1 - p)^length(p)), mvt = arr(gl$test$pvalues), tukey_crit = arr(qtukey(0.95, k, df) / sqrt(2))))
  })
  c(list(formula = j[1], data = j[2], terms = terms), if (j[2] == "Oats") list(slopes = { Ls <- rbind(c(0, 1, 0, 0, 0, 0), c(0, 1, 0, 0, 1, 0), c(0, 1, 0, 0, 0, 1)); stopifnot(length(fixef(m)) == 6)
    s <- do.call(rbind, lapply(1:3, function(i) contest1D(m, Ls[i, ]))); list(names = arr(names(fixef(m))), levels = arr(levels(d$Variety)), estimate = arr(s$Estimate), se = arr(s$`Std. Error`), df = arr(s$df)) }))
})
write_json_file(out, file.path(REF, "tests", "means.json"))
