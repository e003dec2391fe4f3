## make_shares.R -- R squared and intraclass correlations: tests/shares.json
##   performance::r2 and icc of lmer fits; models for which performance counts every random effect (see the docstring of ranef's r2)
## usage: REF_DIR=. Rscript --vanilla make_shares.R
source(file.path(Sys.getenv("REF_DIR", "."), "ref_lib.R"))
suppressMessages(library(performance))
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-13, ftol_abs = 1e-15, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
JOBS <- list(c("Reaction ~ Days + (Days | Subject)", "sleepstudy"), c("Reaction ~ Days + (0 + Days | Subject)", "sleepstudy"),
  c("Reaction ~ Days + offset(10 * Days) + (1 | Subject)", "sleepstudy"), c("score ~ Machine + (Machine | Worker)", "Machines"),
  c("strength ~ 1 + (1 | batch/cask)", "Pastes"), c("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin"))
write_json_file(list(version = as.character(packageVersion("performance")), cases = arr(lapply(JOBS, function(j) {
  d <<- load_data(j[2]); for (k in names(d)) if (is.ordered(d[[k]])) d[[k]] <<- factor(d[[k]], ordered = FALSE)
  m <- suppressMessages(lme4::lmer(as.formula(j[1]), data = d, control = tight)); r <- r2(m, tolerance = 1e-10); i <- icc(m, tolerance = 1e-10)
  slopes <- any(lengths(lme4::VarCorr(m)) > 1) || grepl("0 +", j[1], fixed = TRUE); g <- if (!slopes) icc(m, by_group = TRUE)
  list(formula = j[1], data = j[2], r2 = arr(c(r$R2_marginal, r$R2_conditional)), icc = arr(c(i$ICC_adjusted, i$ICC_unadjusted)),
       by_group = if (!slopes) setNames(as.list(g$ICC), g$Group) else NULL)
}))), file.path(REF, "tests", "shares.json"))
