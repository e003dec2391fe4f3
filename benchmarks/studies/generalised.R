# One model of the battery by glmer and glmmTMB: CPU seconds and -2 log L. Arguments: the battery's folder, the model.
suppressMessages({library(lme4); library(glmmTMB); library(jsonlite)})
a <- commandArgs(TRUE)
m <- fromJSON(file.path(a[1], "models", paste0(a[2], ".json")))
about <- fromJSON(gzfile(file.path(a[1], "data", "manifest.json.gz")), simplifyVector = FALSE)[[m$data]]
f <- file.path(a[1], "data", about$file)
if (!file.exists(f)) f <- paste0(f, ".gz")
d <- read.csv(f)
for (k in names(about$columns)) if (about$columns[[k]]$type == "factor") d[[k]] <- factor(d[[k]], levels = unlist(about$columns[[k]]$levels))
family <- do.call(m$family, list(m$link))
cpu <- function(e) { t <- system.time(e); t[["user.self"]] + t[["sys.self"]] }
s <- cpu(g <- suppressWarnings(suppressMessages(glmer(as.formula(m$formula), d, family))))
cat("glmer", s, sprintf("%.8f", -2 * as.numeric(logLik(g))), "\n")
s <- cpu(t <- suppressWarnings(glmmTMB(as.formula(m$formula), d, family)))
cat("glmmTMB", s, sprintf("%.8f", -2 * as.numeric(logLik(t))), "\n")
