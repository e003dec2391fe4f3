"""The data of a mixed-models lecture: sleep deprivation, simulated participants, students in schools."""

from .description import NUMBERS, TEXT, Column, Description

_BELENKY = (
    "Belenky, G., Wesensten, N. J., Thorne, D. R., Thomas, M. L., Sing, H. C., Redmond, D. P., Russo, M. "
    "B. & Balkin, T. J. (2003). Patterns of performance degradation and restoration during sleep "
    "restriction and subsequent recovery: a sleep dose-response study. Journal of Sleep Research 12, 1-12."
)
_SLIDES = "simulated for ranef's tutorial (tests/reference/scripts/make_data.R, seed 1)"
_OWN = "simulated, no publication"


def _participants(*columns: Column) -> tuple[Column, ...]:
    first = (
        Column("participant", "20 participants", levels=NUMBERS),
        Column("condition", "0 or 1; the true effect is 2"),
    )
    return (*first, *columns, Column("value", "response"))


DESCRIPTIONS = (
    Description(
        "sleepstudy",
        "reaction times in a sleep deprivation study",
        "18 subjects in the most deprived group (three hours in bed a night), each tested on ten days. "
        "Days 0 and 1 were adaptation and training, day 2 the baseline; deprivation started after day 2. "
        "The original study analysed speed, with day as a categorical predictor.",
        "R package lme4",
        _BELENKY,
        180,
        (
            Column("Reaction", "average reaction time of the day", "ms"),
            Column("Days", "days in the study", "days"),
            Column("Subject", "18 subjects", levels=NUMBERS),
        ),
        "Reaction ~ Days + (Days | Subject)",
    ),
    Description(
        "sleep_gappy",
        "sleepstudy and two participants with next to no data",
        "sleepstudy with lower-case names and two made-up participants: 374 was seen on two days, 373 on "
        "one. What partial pooling is for.",
        "R package lme4 (sleepstudy); the two participants from T. Mahr, 'Plotting partial pooling in "
        "mixed-effects models' (tjmahr.com, 2017)",
        _BELENKY,
        183,
        (
            Column("subject", "20 participants", levels=NUMBERS),
            Column("days", "days in the study", "days"),
            Column("reaction", "average reaction time of the day", "ms"),
        ),
        "reaction ~ days + (days | subject)",
    ),
    Description(
        "slides_outlier",
        "two conditions, one participant far off",
        "Twenty participants in two conditions (effect 2); participant 20 is 30 higher than the rest in "
        "both. The model says normal intercepts, and simulating from the fit shows that they are not.",
        _SLIDES,
        _OWN,
        40,
        _participants(),
        "value ~ condition + (1 | participant)",
    ),
    Description(
        "slides_mixture",
        "two conditions, two kinds of participants",
        "Twenty participants in two conditions (effect 2) whose intercepts come from two groups with "
        "means 1 and 10.",
        _SLIDES,
        _OWN,
        40,
        _participants(Column("group", "1 or 2: which kind of participant")),
        "value ~ condition + (1 | participant)",
    ),
    Description(
        "slides_variance",
        "two conditions, two groups with different variances",
        "Twenty participants in two conditions (effect 2); in group 2 the means are higher and ten times "
        "as variable. A model with one residual variance cannot represent it, whatever its random effects.",
        _SLIDES,
        _OWN,
        40,
        _participants(Column("group", "1 or 2: the second is the variable one")),
        "value ~ group + condition + (1 | participant)",
    ),
    Description(
        "schools",
        "students in classes in schools, simulated",
        "Six schools with four classes each, fifty students in a class. Every school calls its classes a "
        "to d, so a class is known only together with its school: nested is right, crossed is the "
        "tempting mistake. True values: mean 60, standard deviations 9 (school), 3 (class in school), 1 "
        "(student); open, agree and social have no effect.",
        "simulated (tools/simulate_schools.py, seeded); the shape is that of a data set used in many "
        "courses, the numbers are not",
        _OWN,
        1200,
        (
            Column("id", "student"),
            Column("extro", "extroversion"),
            Column("open", "openness"),
            Column("agree", "agreeableness"),
            Column("social", "social engagement"),
            Column("class", "a to d, the same four names in every school", levels=TEXT),
            Column("school", "I to VI", levels=TEXT),
        ),
        "extro ~ open + agree + social + (1 | school/class)",
    ),
)
