## make_getme.R -- what getME() of lme4 says of a model with slopes and of a nested one: tests/getME.json
## usage: Rscript --vanilla make_getme.R (writes getME.json to the working directory)
suppressMessages({library(lme4); library(jsonlite)})
ask <- function(f, d, ...) { m <- lmer(f, d, ...); g <- function(n) getME(m, n)
  Z <- as.matrix(g("Z")); L <- as.matrix(g("Lambda"))
  list(formula = deparse(f), n = g("n"), p = g("p"), q = g("q"), n_rtrms = g("n_rtrms"), n_rfacs = g("n_rfacs"), p_i = unname(g("p_i")), l_i = unname(g("l_i")), q_i = unname(g("q_i")),
    m_i = unname(g("m_i")), k = g("k"), m = g("m"), Gp = unname(g("Gp")), lower = ifelse(is.finite(unname(g("lower"))), 0, -1), REML = g("REML"), is_REML = g("is_REML"), theta = unname(g("theta")), u = unname(g("u")), b = as.vector(g("b")),
    Z_first = Z[1, ], Z_sums = unname(colSums(Z)), Lambda_diag = diag(L), Lambda_sum = sum(L), cnms = g("cnms"), flist = names(g("flist"))) }
d <- Pastes; d$batch <- factor(d$batch)
out <- list(sleepstudy = ask(Reaction ~ Days + (Days | Subject), sleepstudy), Pastes = ask(strength ~ 1 + (1 | batch/cask), Pastes, REML = FALSE))
write_json(out, "getME.json", digits = NA, auto_unbox = TRUE, pretty = FALSE)
