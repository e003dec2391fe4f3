## The lecture's five figures by lme4 and ggplot2, for docs/side_by_side.md:
##   Rscript --vanilla tools/side_by_side.R        (in the root of a checkout; writes docs/images/side_by_side)
suppressMessages({library(lme4); library(ggplot2)})
theme_set(theme_bw(base_size = 11))
data_of <- function(name) read.csv(file.path("python/ranef/datasets/data", paste0(name, ".csv")))
save_as <- function(name, plot, width = 7.2, height = 4.4)
  ggsave(file.path("docs/images/side_by_side", paste0(name, ".png")), plot, width = width, height = height, dpi = 90)

sleep <- data_of("sleep_gappy"); sleep$subject <- factor(sleep$subject)
fit <- lmer(reaction ~ days + (days | subject), sleep)

## the three kinds of line
complete <- coef(lm(reaction ~ days, sleep))
alone <- do.call(rbind, lapply(split(sleep, sleep$subject), function(d) coef(lm(reaction ~ days, d))))
pooled <- coef(fit)$subject
lines_of <- function(values, kind) data.frame(subject = rownames(values), intercept = values[, 1], slope = values[, 2], kind = kind)
everybody <- matrix(complete, nrow(pooled), 2, byrow = TRUE, dimnames = list(rownames(pooled), NULL))
lines <- rbind(lines_of(everybody, "complete pooling"), lines_of(alone, "no pooling"), lines_of(as.matrix(pooled), "partial pooling"))
lines <- lines[!is.na(lines$slope), ]
save_as("pooling", ggplot(sleep, aes(days, reaction)) +
  geom_abline(aes(intercept = intercept, slope = slope, colour = kind), lines) + geom_point(size = 0.8) +
  facet_wrap(~subject, nrow = 4) + labs(x = "days", y = "reaction [ms]", colour = NULL) + theme(legend.position = "top"), height = 6)

## shrinkage
both <- merge(lines[lines$kind == "no pooling", ], lines[lines$kind == "partial pooling", ], by = "subject", suffixes = c("", ".to"))
mean_line <- data.frame(intercept = fixef(fit)[1], slope = fixef(fit)[2])
save_as("shrinkage", ggplot(both, aes(intercept, slope)) +
  geom_segment(aes(xend = intercept.to, yend = slope.to), arrow = arrow(length = unit(0.15, "cm")), colour = "grey50") +
  geom_point(aes(colour = "no pooling")) + geom_point(aes(intercept.to, slope.to, colour = "partial pooling")) +
  geom_point(data = mean_line, aes(colour = "fixed effects"), shape = 18, size = 4) + labs(colour = NULL) + theme(legend.position = "top"),
  width = 5.6, height = 4.6)

## the topographic map
covariance <- VarCorr(fit)$subject[, ]
ellipse <- function(share) {
  angle <- seq(0, 2 * pi, length.out = 200)
  points <- t(fixef(fit) + sqrt(qchisq(share, 2)) * t(chol(covariance)) %*% rbind(cos(angle), sin(angle)))
  data.frame(intercept = points[, 1], slope = points[, 2], share = share)
}
rings <- do.call(rbind, lapply(c(0.1, 0.3, 0.5, 0.7, 0.9), ellipse))
save_as("topographic", ggplot(rings, aes(intercept, slope)) + geom_path(aes(group = share), colour = "grey60", linetype = 2) +
  geom_point(aes(colour = "no pooling"), both) + geom_point(aes(intercept.to, slope.to, colour = "partial pooling"), both) +
  geom_point(data = mean_line, aes(colour = "fixed effects"), shape = 18, size = 4) + labs(colour = NULL) + theme(legend.position = "top"),
  width = 5.6, height = 4.6)

## actual and simulated
outlier <- data_of("slides_outlier"); outlier$participant <- factor(outlier$participant)
model <- lmer(value ~ condition + (1 | participant), outlier)
drawn <- simulate(model, 5, seed = 1)
panels <- rbind(cbind(outlier[c("participant", "condition", "value")], panel = "data"),
  do.call(rbind, lapply(1:5, function(i) data.frame(outlier[c("participant", "condition")], value = drawn[[i]], panel = paste("simulated", i)))))
save_as("simulated", ggplot(panels, aes(condition, value, group = participant)) + geom_line(linewidth = 0.3) + geom_point(size = 0.6) + facet_wrap(~panel, nrow = 2))

## bootstrap
statistic <- function(m) c(Intercept = unname(fixef(m)[1]), days = unname(fixef(m)[2]), sd_days = attr(VarCorr(m)$subject, "stddev")[[2]], sigma = sigma(m))
boot <- suppressMessages(suppressWarnings(bootMer(fit, statistic, nsim = 1000, seed = 1)))
long <- stack(as.data.frame(boot$t))
limits <- do.call(rbind, lapply(split(long$values, long$ind), quantile, c(0.025, 0.975), na.rm = TRUE))
limits <- data.frame(ind = rownames(limits), at = c(limits))
save_as("bootstrap", ggplot(long, aes(values)) + geom_density(fill = "grey85") + geom_vline(aes(xintercept = at), limits, linetype = 2) +
  facet_wrap(~ind, scales = "free") + labs(x = NULL, y = NULL))
