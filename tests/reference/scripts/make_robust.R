## make_robust.R -- cluster-robust covariances of lme4 fits by clubSandwich: tests/robust.json
## usage: REF_DIR=. Rscript --vanilla make_robust.R
source(file.path(Sys.getenv("REF_DIR", "."), "ref_lib.R"))
suppressMessages(library(clubSandwich))
JOBS <- list(gap = c("reaction ~ 1 + days + (1 + days | subject)", "sleep_gappy"), na = c("Reaction ~ Days + (Days | Subject)", "sleepstudy_na"),
  ergo = c("effort ~ Type + (1 | Subject)", "ergoStool"), oats = c("yield ~ nitro + Variety + (1 | Block/Variety)", "Oats"),
  ortho = c("distance ~ Sex * age + (age | Subject)", "Orthodont"), ml = c("Reaction ~ Days + (1 | Subject)", "sleepstudy", "ML"))
out <- lapply(JOBS, function(j) {
  d <<- load_data(j[2]); for (k in names(d)) if (is.ordered(d[[k]])) d[[k]] <<- factor(d[[k]], ordered = FALSE)
  m <- suppressMessages(lmer(as.formula(j[1]), data = d, REML = length(j) < 3, control = lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE,
    optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-13, ftol_abs = 1e-15, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))))
  c(list(formula = j[1], data = j[2], REML = length(j) < 3, theta = arr(getME(m, "theta")), names = arr(names(fixef(m)))),
    sapply(c("CR0", "CR1", "CR2"), function(type) { v <- vcovCR(m, type = type); ct <- coef_test(m, vcov = v, test = "Satterthwaite")
      list(cov = unname(as.matrix(v)), df = arr(ct[[intersect(c("df_Satt", "df"), names(ct))[1]]]), p = arr(ct[[intersect(c("p_Satt", "p_val"), names(ct))[1]]])) }, simplify = FALSE))
})
write_json_file(out, file.path(REF, "tests", "robust.json"))
