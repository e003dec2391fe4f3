## make_inference.R -- tests of fixed effects on unbalanced designs: coefficients, joint hypotheses, anova types I to III,
## by Satterthwaite (lmerTest) and Kenward-Roger (pbkrtest). tests/inference.json
## usage: REF_DIR=. Rscript --vanilla make_inference.R [file]
source("ref_lib.R")
suppressMessages({library(lmerTest); library(pbkrtest)})
quiet <- function(e) suppressWarnings(suppressMessages(e))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), check.conv.grad = "ignore", check.conv.hess = "ignore")
table_of <- function(a) { a <- as.data.frame(a)
  list(term = arr(rownames(a)), sum_sq = arr(a[["Sum Sq"]]), mean_sq = arr(a[["Mean Sq"]]), num_df = arr(a[["NumDF"]]),
       den_df = arr(a[["DenDF"]]), F = arr(a[["F value"]]), p = arr(a[["Pr(>F)"]])) }

thin <- function(d, by, of, at_least) which((seq_len(nrow(d)) * by) %% of >= at_least)
every_third <- function(d) thin(d, 7, 11, 4)
no_cell <- function(d) setdiff(every_third(d), which(d$recipe == "A" & d$temperature == "225"))
no_cells <- function(d) { d$i <- seq_len(nrow(d)); d <- d[!(d$sector == "Catholic" & d$minrty == "Yes"), ]; d$i[(d$i * 7) %% 20 == 1] }
students <- function(every) function(d) which(as.integer(d$s) %% every == 1)

cases <- list(
  list(name = "two_factors", data = "cake", formula = "angle ~ recipe * temperature + (1 | recipe:replicate)", rows = every_third),
  list(name = "factor_by_number", data = "cake", formula = "angle ~ recipe * temp + (1 | recipe:replicate)", rows = every_third),
  list(name = "no_intercept", data = "cake", formula = "angle ~ 0 + recipe * temp + (1 | recipe:replicate)", rows = every_third),
  list(name = "slopes_only", data = "cake", formula = "angle ~ temp + temp:recipe + (1 | recipe:replicate)", rows = every_third),
  list(name = "missing_cell", data = "cake", formula = "angle ~ recipe * temperature + (1 | recipe:replicate)", rows = no_cell),
  list(name = "missing_cells", data = "Hsb82", formula = "mAch ~ sector * minrty * sx + (1 | school)", rows = no_cells),
  list(name = "sum_contrasts", data = "cake", formula = "angle ~ recipe * temperature + (1 | recipe:replicate)", rows = every_third,
       contrasts = list(recipe = "contr.sum", temperature = "contr.poly")),
  list(name = "vector_valued", data = "Machines", formula = "score ~ Machine + (Machine | Worker)", rows = function(d) thin(d, 5, 9, 2)),
  list(name = "crossed", data = "Penicillin", formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", rows = function(d) thin(d, 5, 9, 4)),
  list(name = "three_factors", data = "InstEval", formula = "y ~ service * studage * age + (1 | s) + (1 | d)", rows = students(90)),
  list(name = "inst_thin", data = "InstEval", formula = "y ~ service * dept + (1 | s) + (1 | d)", rows = students(60)),
  list(name = "slopes_crossed", data = "InstEval", formula = "y ~ service + studage + (1 | s) + (service | dept)", rows = students(80)))

run <- function(case) {
  d <- load_data(case$data)
  if (case$data == "InstEval") d$age <- as.numeric(as.character(d$lectage))
  rows <- case$rows(d)
  d <- droplevels(d[rows, ])
  ct <- case$contrasts
  m <- quiet(lmerTest::lmer(as.formula(case$formula), d, control = tight, contrasts = ct))
  X <- getME(m, "X"); p <- ncol(X); V <- vcov(m)
  s <- coef(summary(m, ddf = "Satterthwaite")); Va <- vcovAdj(m)
  kdf <- vapply(seq_len(p), function(i) Lb_ddf(diag(p)[i, ], V, Va), 0)
  out <- list(name = case$name, data = case$data, formula = case$formula, contrasts = ct, rows = arr(rows - 1L),
              theta = arr(getME(m, "theta")), sigma = sigma(m), criterion = REMLcrit(m), names = arr(colnames(X)), beta = arr(fixef(m)),
              dropped = arr(names(attr(X, "col.dropped"))),
              satterthwaite = list(se = arr(s[, "Std. Error"]), df = arr(s[, "df"])),
              kenward_roger = list(se = arr(sqrt(diag(as.matrix(Va)))), df = arr(kdf)))
  if (p > 2) {
    L <- diag(p)[2:min(p, 4), , drop = FALSE]; L[1, min(p, 4)] <- L[1, min(p, 4)] - 2
    rhs <- seq_len(nrow(L)) / 10
    out$joint <- list(L = L, rhs = arr(rhs), satterthwaite = table_of(contestMD(m, L, rhs = rhs)),
                      kenward_roger = table_of(quiet(contestMD(m, L, rhs = rhs, ddf = "Kenward-Roger"))))
  }
  for (type in c("I", "II", "III")) {
    a <- quiet(tryCatch(anova(m, type = type), error = function(e) NULL))
    if (!is.null(a)) out[[paste0("anova_", type)]] <- table_of(a)
    k <- quiet(tryCatch(anova(m, type = type, ddf = "Kenward-Roger"), error = function(e) NULL))
    if (!is.null(k) && nrow(d) < 500) out[[paste0("anova_", type, "_kr")]] <- table_of(k)
  }
  cat(case$name, nrow(d), "rows", p, "columns\n")
  out
}
out <- commandArgs(trailingOnly = TRUE)
write_json_file(lapply(cases, run), if (length(out)) out[1] else file.path(REF, "tests", "inference.json"))
