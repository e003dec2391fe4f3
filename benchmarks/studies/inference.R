# What lmerTest, pbkrtest and lme4 answer on a CSV file, with their seconds, as JSON: called by inference.py.
suppressMessages({library(lmerTest); library(pbkrtest); library(jsonlite)})
words <- commandArgs(trailingOnly = TRUE)
d <- read.csv(words[3], stringsAsFactors = TRUE)
for (name in intersect(names(d), c("service", "dept", "s", "d", "studage", "lectage", "g", "Subject"))) d[[name]] <- factor(d[[name]])
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10), calc.derivs = FALSE, check.rankX = "silent.drop.cols")
quiet <- function(e) suppressWarnings(suppressMessages(e))
seconds <- function(e) { t <- system.time(e); list(wall = t[["elapsed"]], cpu = t[["user.self"]] + t[["sys.self"]]) }
if (words[1] == "tests") {
  m <- quiet(lmer(as.formula(words[2]), d, control = tight)); out <- list()
  for (way in c("Satterthwaite", "Kenward-Roger")) {
    time <- seconds(s <- quiet(coef(summary(m, ddf = way))))
    out[[tolower(way)]] <- list(seconds = time, estimate = s[, "Estimate"], se = s[, "Std. Error"], df = s[, "df"])
  }
} else {
  m <- lme4::lmer(as.formula(words[2]), d, REML = FALSE, control = tight)
  time <- seconds(ci <- quiet(confint(m, method = "profile", quiet = TRUE)))
  out <- list(seconds = time, fixed = unname(ci[c("(Intercept)", "Days"), ]))
}
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
