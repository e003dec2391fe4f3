"""Growth curves: children measured again and again."""

from .description import NUMBERS, TEXT, Column, Description

_CHILDREN = (
    "M16 M05 M02 M11 M07 M08 M03 M12 M13 M14 M09 M15 M06 M04 M01 M10 "
    "F10 F09 F06 F01 F05 F07 F02 F08 F03 F04 F11"
)

DESCRIPTIONS = (
    Description(
        "Orthodont",
        "growth of an orthodontic distance",
        "27 children (16 boys, 11 girls) measured on X-rays every two years from 8 to 14. Columns nsex "
        "and nsexage are Sex as a number and its product with age, as textbooks need them.",
        "R package nlme; columns nsex and nsexage added",
        "Potthoff, R. F. & Roy, S. N. (1964). A generalized multivariate analysis of variance model "
        "useful especially for growth curve problems. Biometrika 51, 313-326.",
        108,
        (
            Column("distance", "pituitary to pterygomaxillary fissure", "mm"),
            Column("age", "age", "years"),
            Column("Subject", "27 children, by distance within sex", levels=tuple(_CHILDREN.split())),
            Column("Sex", "Male, Female", levels=("Male", "Female")),
            Column("nsex", "1 for Male"),
            Column("nsexage", "nsex times age"),
        ),
        "distance ~ age * Sex + (age | Subject)",
    ),
    Description(
        "Oxboys",
        "heights of boys in Oxford",
        "26 boys measured on nine occasions; age is standardised.",
        "R package mlmRev",
        "Goldstein, H. (1987). Multilevel Models in Educational and Social Research. Griffin.",
        234,
        (
            Column("Subject", "26 boys", levels=TEXT),
            Column("age", "standardised age"),
            Column("height", "height", "cm"),
            Column("Occasion", "9 occasions", levels=NUMBERS),
        ),
        "height ~ age + I(age**2) + (age | Subject)",
    ),
    Description(
        "egsingle",
        "mathematics scores in primary school",
        "1,721 pupils of 60 schools, tested in up to six years: a subset of the US Sustaining Effects Study.",
        "R package mlmRev",
        "Doran, H. C. & Lockwood, J. R. (2006). Fitting value-added models in R. Journal of Educational "
        "and Behavioral Statistics 31, 205-230; data distributed with the HLM software.",
        7230,
        (
            Column("schoolid", "60 schools", levels=NUMBERS),
            Column("childid", "1,721 pupils", levels=NUMBERS),
            Column("year", "year of the test, centred", "years"),
            Column("grade", "grade"),
            Column("math", "score on the IRT scale"),
            Column("retained", "0, 1: retained in a grade", levels=NUMBERS),
            Column("female", "Female, Male", levels=TEXT),
            Column("black", "0, 1", levels=NUMBERS),
            Column("hispanic", "0, 1", levels=NUMBERS),
            Column("size", "pupils in the school"),
            Column("lowinc", "pupils from families with low income", "percent"),
            Column("mobility", "pupils who change schools", "percent"),
        ),
        "math ~ year + (1 | schoolid/childid)",
    ),
)
