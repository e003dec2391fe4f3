"""Counts and proportions, for generalised models."""

from .description import NUMBERS, Column, Description

DESCRIPTIONS = (
    Description(
        "cbpp",
        "contagious bovine pleuropneumonia in herds of zebu cattle",
        "New cases among the animals of 15 herds in four periods: successes in trials, by herd. The usual "
        "example of a binomial mixed model.",
        "R package lme4",
        "Lesnoff, M., Laval, G., Bonnet, P. et al. (2004). Within-herd spread of contagious bovine "
        "pleuropneumonia in Ethiopian highlands. Preventive Veterinary Medicine 64, 27-40.",
        56,
        (
            Column("herd", "15 herds", levels=NUMBERS),
            Column("incidence", "new serological cases in the period"),
            Column("size", "animals at risk at its beginning"),
            Column("period", "four periods", levels=NUMBERS),
        ),
        "cbind(incidence, size - incidence) ~ period + (1 | herd)",
    ),
)
