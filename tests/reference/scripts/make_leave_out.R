## make_leave_out.R -- fits to the rows outside one level of a grouping factor, for every factor of a model. tests/leave_out.json
## usage: REF_DIR=. Rscript --vanilla make_leave_out.R [file]
source("ref_lib.R")
quiet <- function(e) suppressWarnings(suppressMessages(e))
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), calc.derivs = FALSE, check.conv.singular = "ignore")
all_rows <- function(d) seq_len(nrow(d))
cases <- list(
  list(data = "Pastes", formula = "strength ~ 1 + (1 | batch/cask)"),
  list(data = "Penicillin", formula = "diameter ~ 1 + (1 | plate) + (1 | sample)"),
  list(data = "Penicillin", formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", reml = FALSE),
  list(data = "Machines", formula = "score ~ Machine + (Machine | Worker)"),
  list(data = "Machines", formula = "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)"),
  list(data = "sleepstudy", formula = "Reaction ~ Days + (Days | Subject)", weights = TRUE),
  list(data = "sleepstudy", formula = "Reaction ~ 0 + Days + (Days || Subject)", reml = FALSE),
  list(data = "InstEval", formula = "y ~ service + studage + (1 | s) + (service | dept)", rows = function(d) which(as.integer(d$s) %% 90 == 1)),
  list(data = "InstEval", formula = "y ~ service + (1 | s) + (1 | d) + (1 | dept)", rows = function(d) which(as.integer(d$s) %% 90 == 2)))

run <- function(case) {
  d <- load_data(case$data); rows <- if (is.null(case$rows)) all_rows(d) else case$rows(d); d <- droplevels(d[rows, ])
  reml <- !identical(case$reml, FALSE); d$w <- if (isTRUE(case$weights)) seq_len(nrow(d)) %% 3 + 1 else rep(1, nrow(d))
  fit <- function(d) { assign("part", droplevels(d), envir = globalenv())
    starts <- c(list(NULL), if (!is.null(whole)) list(getME(whole, "theta")))  # the default start can end at a false boundary
    fits <- lapply(starts, function(s) quiet(lmer(as.formula(case$formula), part, REML = reml, weights = w, control = tight, start = s)))
    fits[[which.min(vapply(fits, function(m) if (reml) REMLcrit(m) else deviance(m), 0))]] }
  whole <- NULL; whole <- fit(d)
  out <- list(); levels_of <- lapply(whole@flist, levels)
  for (g in names(levels_of)) {
    codes <- as.character(getME(whole, "flist")[[g]]); chosen <- head(unique(codes), 6)
    out[[g]] <- lapply(chosen, function(level) { m <- fit(d[codes != level, ]); v <- as.data.frame(VarCorr(m))
      list(level = level, criterion = if (reml) REMLcrit(m) else deviance(m), names = arr(names(fixef(m))), beta = arr(fixef(m)),
           vcov = as.matrix(vcov(m)), sigma = sigma(m), sd = arr(v$sdcor[is.na(v$var2)])) })
  }
  cat(case$formula, nrow(d), "rows\n")
  list(data = case$data, formula = case$formula, reml = reml, weights = isTRUE(case$weights), rows = arr(rows - 1L), theta = arr(getME(whole, "theta")), without = out)
}
out <- commandArgs(trailingOnly = TRUE)
write_json_file(lapply(cases, run), if (length(out)) out[1] else file.path(REF, "tests", "leave_out.json"))
