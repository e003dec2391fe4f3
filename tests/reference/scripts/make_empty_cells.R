## make_empty_cells.R -- comparisons where a cell of the design is empty, and how they count: tests/empty_cells.json
##   emmeans of lmerTest's fit (Satterthwaite), all pairs and within the levels of a factor, every adjustment but mvt (emmeans has NA there)
## usage: REF_DIR=. Rscript --vanilla make_empty_cells.R
source(file.path(Sys.getenv("REF_DIR", "."), "ref_lib.R"))
suppressMessages({library(lmerTest); library(emmeans)})
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-13, ftol_abs = 1e-15, xtol_rel = 0, ftol_rel = 0, maxeval = 20000))
d <- load_data("Machines")
d$part <- factor(rep(c("first", "second", "third"), length.out = nrow(d)))
d <- d[!(d$Machine == "C" & d$part == "third"), ]
m <- suppressMessages(lmerTest::lmer(score ~ Machine * part + (1 | Worker), data = d, control = tight))
table <- function(grid, adjust) {
  s <- as.data.frame(summary(pairs(grid), adjust = adjust, infer = c(TRUE, TRUE)))
  lapply(s[intersect(c("contrast", "part", "estimate", "SE", "df", "lower.CL", "upper.CL", "p.value"), names(s))], function(x) arr(if (is.factor(x)) as.character(x) else x))
}
all <- emmeans(m, ~ part * Machine, lmer.df = "satterthwaite"); within <- emmeans(m, ~ Machine | part, lmer.df = "satterthwaite")
ADJUST <- setNames(nm = c("tukey", "bonferroni", "holm", "sidak", "none"))
write_json_file(list(formula = "score ~ Machine * part + (1 | Worker)", version = as.character(packageVersion("emmeans")),
  all = lapply(ADJUST, function(a) table(all, a)), within = lapply(ADJUST, function(a) table(within, a))), file.path(REF, "tests", "empty_cells.json"))
