## beside_glmer.R -- what R answers about fitted generalised models, to beside_glmer.json
## usage, from tests/generalised: Rscript --vanilla beside_glmer.R
suppressMessages({library(lme4); library(glmmTMB); library(emmeans); library(jsonlite)})
MAN <- fromJSON(gzfile("../reference_glmm/data/manifest.json.gz"), simplifyVector = FALSE)
load <- function(name) {
  f <- file.path("../reference_glmm/data", MAN[[name]]$file); d <- read.csv(if (file.exists(f)) f else paste0(f, ".gz"))
  for (k in names(MAN[[name]]$columns)) { about <- MAN[[name]]$columns[[k]]; if (about$type == "factor") d[[k]] <- factor(as.character(d[[k]]), levels = unlist(about$levels)) }
  d
}
tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14, x.tol = 1e-12))
tmb <- function(f, d, family, ...) suppressWarnings(glmmTMB(f, d, family = family, control = tight, ...))
frame <- function(x) lapply(as.list(as.data.frame(x)), function(v) if (is.factor(v)) as.character(v) else unname(v))
out <- list()

## marginal means, comparisons and slopes: logit, with numbers beside factors
con <- load("Contraception")
cf <- tmb(y ~ age * urban + livch + (1 | district), con, binomial)
out$contraception <- list(
  means = frame(emmeans(cf, ~ livch)), response = frame(emmeans(cf, ~ livch, type = "response")),
  pairs = frame(pairs(emmeans(cf, ~ livch), type = "response")), trends = frame(emtrends(cf, ~ urban, var = "age")),
  trend_pairs = frame(pairs(emtrends(cf, ~ urban, var = "age"))), interaction = frame(emmeans(cf, ~ urban | livch, at = list(age = 5))),
  drop1 = frame(drop1(tmb(y ~ age + urban + livch + (1 | district), con, binomial), test = "Chisq")))

## counts with an offset, and negative binomial
mme <- load("Mmmec")
mf <- tmb(deaths ~ uvb + offset(logE) + (1 | region), mme, poisson)
out$mmmec <- list(means = frame(emmeans(mf, ~ uvb, at = list(uvb = c(-5, 5)))), response = frame(emmeans(mf, ~ uvb, at = list(uvb = c(-5, 5)), type = "response")),
  zero = frame(emmeans(mf, ~ uvb, at = list(uvb = c(-5, 5)), offset = 0)))
sal <- load("Salamanders")
sf <- tmb(count ~ mined * spp + (1 | site), sal, nbinom2)
out$salamanders <- list(response = frame(emmeans(sf, ~ mined, type = "response")), ratios = frame(pairs(emmeans(sf, ~ mined | spp), type = "response", infer = TRUE)))

## predictions: known and new levels, with standard errors
new <- data.frame(age = c(-5, 3, 10), urban = factor(c("N", "Y", "N"), levels = levels(con$urban)), livch = factor(c("0", "2", "3+"), levels = levels(con$livch)), district = factor(c("1", "3", "nowhere")))
known <- new[1:2, ]; p <- function(...) { x <- predict(cf, newdata = ..., se.fit = TRUE); list(fit = unname(x$fit), se = unname(x$se.fit)) }
out$predict <- list(link = p(known, type = "link"), response = p(known, type = "response"),
  population = p(known, type = "response", re.form = NA), new = p(new, type = "link", allow.new.levels = TRUE))

## likelihood ratios, profiles, Wald: lme4 and glmmTMB
cb <- load("cbpp")
m0 <- tmb(cbind(incidence, size - incidence) ~ 1 + (1 | herd), cb, binomial); m1 <- tmb(cbind(incidence, size - incidence) ~ period + (1 | herd), cb, binomial); m2 <- tmb(cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | obs), cb, binomial)
out$anova <- frame(anova(m0, m1, m2))
g1 <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cb, binomial, control = glmerControl(tolPwrss = 1e-12, optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
## modes before the profile, which moves the model they are of
re <- ranef(g1, condVar = TRUE)$herd
out$ranef <- list(mode = re[[1]], variance = as.vector(attr(re, "postVar")), levels = rownames(re))
pr <- profile(g1); out$profile <- list(limits = unname(confint(pr)), names = rownames(confint(pr)))
out$wald <- unname(confint(m1, component = "cond", full = FALSE, parm = "beta_")[, 1:2])
nb <- suppressWarnings(glmer.nb(count ~ mined + DOP + (1 | site), sal)); nt <- tmb(count ~ mined + DOP + (1 | site), sal, nbinom2)
out$nb <- list(theta = getME(nb, "glmer.nb.theta"), m2ll = -2 * as.numeric(logLik(nb)), tmb_m2ll = -2 * as.numeric(logLik(nt)), beta = unname(fixef(nt)$cond), se = unname(sqrt(diag(vcov(nt)$cond))), size = sigma(nt))
write_json(out, "beside_glmer.json", digits = 17, auto_unbox = TRUE, pretty = FALSE)
