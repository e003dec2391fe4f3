"""Clinical trials."""

from .description import TEXT, Column, Description

DESCRIPTIONS = (
    Description(
        "asthma",
        "lung function in a simulated trial of two arms",
        "200 simulated subjects with asthma in two arms, four visits in 16 weeks; 188 came to one or more. "
        "Variances rise over visits, correlations fall with their distance; visits that were missed, more "
        "often after a bad one, have no row.",
        "simulated for ranef by tools/make_asthma.py",
        "none: the data are made up",
        654,
        (
            Column("id", "188 subjects, S001 to S200", levels=TEXT),
            Column("arm", "placebo, active", levels=("placebo", "active")),
            Column("region", "Americas, Asia, Europe", levels=TEXT),
            Column("sex", "female, male", levels=TEXT),
            Column("baseline", "forced expiratory volume at the start", "% of predicted"),
            Column("visit", "4 visits, V1 to V4", levels=TEXT),
            Column("week", "planned time of the visit", "weeks"),
            Column("fev1", "forced expiratory volume", "% of predicted"),
        ),
        "fev1 ~ baseline + region + arm * visit + us(visit | id)",
    ),
)
