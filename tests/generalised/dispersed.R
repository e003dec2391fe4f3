## dispersed.R -- glmmTMB's answers for dispersions with a formula, and an offset in the zero part, to dispersed.json
## usage, from tests/generalised: Rscript --vanilla dispersed.R
library(glmmTMB)
library(jsonlite)

read <- function(name) {
  file <- file.path("../reference_glmm/data", paste0(name, ".csv"))
  read.csv(if (file.exists(file)) file else gzfile(paste0(file, ".gz")), stringsAsFactors = TRUE)
}
crossed <- within(read("crossed_slopes"), { a <- factor(a); h <- factor(as.integer(b) %% 3) })
owls <- read.csv(gzfile("owls.csv.gz"), stringsAsFactors = TRUE)
tight <- glmmTMBControl(optimizer = nlminb, optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14, x.tol = 1e-12))

answers <- function(data, formula, family, dispersion = ~1, zero = ~0) {
  fit <- glmmTMB(formula, dispformula = dispersion, ziformula = zero, family = family, data = get(data), control = tight)
  o <- fit$obj
  par <- fit$fit$par
  for (again in 1:3) {
    found <- nlminb(par, o$fn, o$gr, control = list(rel.tol = 1e-15, x.tol = 1e-14, eval.max = 2000, iter.max = 2000))
    if (found$objective <= o$fn(par)) par <- found$par
  }
  V <- solve(numDeriv::jacobian(o$gr, par))
  se <- sqrt(diag((V + t(V)) / 2))
  second <- names(par) %in% c(if (identical(zero, ~0)) "betad" else "betazi")
  list(
    data = data, formula = deparse1(formula), family = family$family, link = family$link,
    dispersion = deparse1(dispersion), zero = deparse1(zero), objective = 2 * o$fn(par),
    beta = unname(par[names(par) == "beta"]), se = se[names(par) == "beta"],
    gamma = unname(par[second]), gamma_se = se[second],
    disp = unname(predict(fit, type = if (identical(zero, ~0)) "disp" else "zprob")[1:5])  # "disp": sigma of each row
  )
}

found <- list(
  answers("crossed", pos ~ x + (1 | a), Gamma("log"), ~x),
  answers("crossed", pos ~ x + (1 | a), gaussian("log"), ~h),
  answers("crossed", nb ~ x + (1 | a), nbinom2(), ~x),
  answers("crossed", nb ~ x + (1 | a), nbinom1(), ~ 0 + h),
  answers("crossed", prop ~ x + (1 | a), beta_family(), ~ x + h),
  answers("crossed", cbind(bb, tr - bb) ~ x + (1 | a), betabinomial(), ~x),
  answers("owls", calls ~ food + (1 | nest), nbinom2(), ~ food + offset(log(brood))),
  answers("owls", calls ~ food + (1 | nest), poisson(), zero = ~ arrival + offset(log(brood)))
)
write_json(found, "dispersed.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
