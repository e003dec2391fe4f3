"""Schools and universities: nested, crossed and large."""

from .description import NUMBERS, Column, Description

_MLMREV = "R package mlmRev"
_BANDS = ("bottom 25%", "mid 50%", "top 25%")
_DEPARTMENTS = "15 5 10 12 6 7 4 8 9 14 1 3 11 2"
_HSB_SCHOOLS = (
    "8367 8854 4458 5762 6990 5815 7172 4868 7341 1358 4383 2305 8800 3088 8775 7890 6144 6443 5192 6808 "
    "2818 9340 4523 6816 2277 8009 5783 3013 7101 4530 9021 4511 2639 3377 6578 9347 3705 3533 1296 4350 "
    "9397 4253 2655 7342 9292 3499 7364 8983 5650 2658 8188 4410 9508 8707 1499 8477 1288 6291 1224 4292 "
    "8857 3967 6415 1317 2629 4223 1462 9550 6464 4931 5937 7919 3716 1909 2651 2467 1374 6600 5667 5720 "
    "3498 3881 2995 5838 3688 9158 8946 7232 2917 6170 8165 9104 2030 8150 4042 8357 8531 6074 4420 1906 "
    "3992 3999 4173 4325 5761 6484 6897 7635 7734 8175 8874 9225 2458 3610 5640 3838 9359 2208 6089 1477 "
    "2768 3039 5819 6397 1308 1433 1436 1461 1637 1942 1946 2336 2526 2626 2755 2771 2990 3020 3152 3332 "
    "3351 3427 3657 4642 5404 5619 6366 6469 7011 7276 7332 7345 7688 7697 8193 8202 8627 8628 9198 9586 "
)

DESCRIPTIONS = (
    Description(
        "InstEval",
        "ratings of lecturers by students at ETH Zurich",
        "73,421 ratings by 2,972 students of 1,128 lecturers in 14 departments: large, partially crossed "
        "factors. The model below takes lme4 seconds. studage and lectage are ordered factors in R, plain "
        "ones here.",
        "R package lme4",
        "Maechler, M. & Bates, D.: data set InstEval of the R package lme4 (anonymised and slightly "
        "simplified).",
        73421,
        (
            Column("s", "2,972 students", levels=NUMBERS),
            Column("d", "1,128 lecturers", levels=NUMBERS),
            Column("studage", "semesters the student has been enrolled: 2, 4, 6, 8", levels=NUMBERS),
            Column("lectage", "semesters since the lecture, 1 to 6", levels=NUMBERS),
            Column("service", "1: held for another department than the lecturer's own", levels=NUMBERS),
            Column("dept", "14 departments", levels=tuple(_DEPARTMENTS.split())),
            Column("y", "rating, from 1 (poor) to 5 (very good)"),
        ),
        "y ~ service + (1 | s) + (1 | d) + (1 | dept)",
    ),
    Description(
        "Chem97",
        "A-level chemistry scores, Britain 1997",
        "31,022 pupils of 2,410 schools in 131 local education authorities: nested and large. The "
        "response has few distinct values and is far from normal; the data are for learning and for "
        "testing software.",
        _MLMREV,
        "Fielding, A., Yang, M. & Goldstein, H. (2003). Multilevel ordinal models for examination grades. "
        "Statistical Modelling 3, 127-153.",
        31022,
        (
            Column("lea", "131 local education authorities", levels=NUMBERS),
            Column("school", "2,410 schools", levels=NUMBERS),
            Column("student", "31,022 pupils", levels=NUMBERS),
            Column("score", "points in A-level chemistry, 0 to 10"),
            Column("gender", "M, F", levels=("M", "F")),
            Column("age", "age minus 222 months", "months"),
            Column("gcsescore", "average GCSE score"),
            Column("gcsecnt", "average GCSE score, centred"),
        ),
        "score ~ gcsecnt + (1 | lea/school)",
    ),
    Description(
        "ScotsSec",
        "attainment in Scottish secondary schools",
        "3,435 pupils from 148 primary schools in 19 secondary schools: partially crossed factors.",
        _MLMREV,
        "Paterson, L. (1991). Socio economic status and educational attainment: a multidimensional and "
        "multilevel study. Evaluation and Research in Education 5, 97-121.",
        3435,
        (
            Column("verbal", "verbal reasoning on entry"),
            Column("attain", "score at age 16"),
            Column("primary", "148 primary schools", levels=NUMBERS),
            Column("sex", "M, F", levels=("M", "F")),
            Column("social", "social class, from low to high"),
            Column("second", "19 secondary schools", levels=NUMBERS),
        ),
        "attain ~ sex + (1 | primary) + (1 | second)",
    ),
    Description(
        "Exam",
        "examination scores in inner London",
        "4,059 pupils of 65 schools.",
        _MLMREV,
        "Goldstein, H., Rasbash, J., Yang, M., Woodhouse, G., Pan, H., Nuttall, D. & Thomas, S. (1993). A "
        "multilevel analysis of school examination results. Oxford Review of Education 19, 425-433.",
        4059,
        (
            Column("school", "65 schools", levels=NUMBERS),
            Column("normexam", "examination score, normalised"),
            Column("schgend", "school: mixed, for boys, for girls", levels=("mixed", "boys", "girls")),
            Column("schavg", "average intake score of the school"),
            Column("vr", "band of verbal reasoning at intake", levels=_BANDS),
            Column("intake", "band of the intake score", levels=_BANDS),
            Column("standLRT", "London reading test, standardised"),
            Column("sex", "F, M", levels=("F", "M")),
            Column("type", "school: mixed or single sex", levels=("Mxd", "Sngl")),
            Column("student", "pupil; a number within the school, not unique", levels=NUMBERS),
        ),
        "normexam ~ standLRT + (standLRT | school)",
    ),
    Description(
        "Hsb82",
        "High School and Beyond, 1982",
        "7,185 students of 160 schools; the textbook example of a covariate centred within groups (cses) "
        "next to its group mean (meanses).",
        _MLMREV,
        "Raudenbush, S. W. & Bryk, A. S. (2002). Hierarchical Linear Models: Applications and Data "
        "Analysis Methods, 2nd ed. Sage, chapter 4.",
        7185,
        (
            Column("school", "160 schools, in R's order", levels=tuple(_HSB_SCHOOLS.split())),
            Column("minrty", "No, Yes: member of a minority", levels=("No", "Yes")),
            Column("sx", "Male, Female", levels=("Male", "Female")),
            Column("ses", "socio-economic status"),
            Column("mAch", "mathematics achievement"),
            Column("meanses", "mean of ses in the school"),
            Column("sector", "Public, Catholic", levels=("Public", "Catholic")),
            Column("cses", "ses minus meanses"),
        ),
        "mAch ~ meanses * cses + sector * cses + (cses | school)",
    ),
)
