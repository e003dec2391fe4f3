"""Classic designed experiments: the chemical industry, machines, fields, kitchens."""

from .description import NUMBERS, TEXT, Column, Description

_DAVIES = (
    "Davies, O. L. & Goldsmith, P. L., eds (1972). Statistical Methods in Research and Production, 4th "
    "ed. Oliver and Boyd, section {}."
)
_DEVORE = "Devore, J. L. (2000). Probability and Statistics for Engineering and the Sciences, 5th ed. Duxbury"
_NLME = "R package nlme"
_BATCH = Column("Batch", "6 batches of the intermediate product", levels=TEXT)

DESCRIPTIONS = (
    Description(
        "Dyestuff",
        "yield of dyestuff by batch",
        "Five preparations of a dyestuff (Naphthalene Black 12B) from each of six batches of an "
        "intermediate product. The balanced one-way layout: its REML estimates have a closed form.",
        "R package lme4",
        _DAVIES.format("6.4"),
        30,
        (_BATCH, Column("Yield", "yield of the preparation", "g of standard colour")),
        "Yield ~ 1 + (1 | Batch)",
    ),
    Description(
        "Dyestuff2",
        "the same layout with less variation between batches than within",
        "Constructed by Box and Tiao so that the between-batch mean square is below the within-batch one: "
        "the estimated variance between batches is exactly 0, a singular fit that is correct.",
        "R package lme4",
        "Box, G. E. P. & Tiao, G. C. (1973). Bayesian Inference in Statistical Analysis. Addison-Wesley, "
        "section 5.1.2.",
        30,
        (_BATCH, Column("Yield", "made-up yield")),
        "Yield ~ 1 + (1 | Batch)",
    ),
    Description(
        "Penicillin",
        "variation in penicillin testing",
        "Six samples of penicillin were each tested on each of 24 plates: completely crossed factors.",
        "R package lme4",
        _DAVIES.format("6.6"),
        144,
        (
            Column("diameter", "diameter of the zone of inhibited growth", "mm"),
            Column("plate", "24 assay plates, a to x", levels=TEXT),
            Column("sample", "6 samples, A to F", levels=TEXT),
        ),
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
    ),
    Description(
        "Pastes",
        "strength of a paste by batch and cask",
        "Three casks from each of ten delivery batches, two assays per cask. Casks are called a, b and c "
        "in every batch, so they are nested: `batch/cask`, or the factor `sample`, which says both.",
        "R package lme4",
        _DAVIES.format("6.5"),
        60,
        (
            Column("strength", "paste strength"),
            Column("batch", "10 delivery batches, A to J", levels=TEXT),
            Column("cask", "cask within the batch, a to c", levels=TEXT),
            Column("sample", "30 batch and cask pairs, A:a to J:c", levels=TEXT),
        ),
        "strength ~ 1 + (1 | batch/cask)",
    ),
    Description(
        "cake",
        "breakage angle of chocolate cakes",
        "A split plot: 15 replicates of each of three recipes, a batch of batter of each divided over six "
        "baking temperatures. A replicate is nested in its recipe. `temperature` is an ordered factor in "
        "R; here it is a plain one, so contrasts are treatment contrasts unless `C(temperature, "
        "contr.poly)` asks otherwise.",
        "R package lme4",
        "Cook, F. E. (1938). Chocolate cake, I. Optimum baking temperature. Master's thesis, Iowa State "
        "College; Cochran, W. G. & Cox, G. M. (1957). Experimental Designs, 2nd ed. Wiley, p. 300.",
        270,
        (
            Column("replicate", "15 replicates", levels=NUMBERS),
            Column("recipe", "A, B, C", levels=TEXT),
            Column("temperature", "baking temperature as a factor", levels=NUMBERS),
            Column("angle", "angle at which the cake broke", "degrees"),
            Column("temp", "baking temperature as a number", "degrees F"),
        ),
        "angle ~ recipe * temperature + (1 | recipe:replicate)",
    ),
    Description(
        "Machines",
        "productivity of workers on three brands of machine",
        "Six workers operated each of three machines three times. The worker's effect depends on the "
        "machine: a factor as a random slope.",
        _NLME,
        "Milliken, G. A. & Johnson, D. E. (1992). Analysis of Messy Data, vol. I. Chapman and Hall, p. "
        "285; Pinheiro, J. C. & Bates, D. M. (2000). Mixed-Effects Models in S and S-PLUS. Springer, "
        "appendix A.14.",
        54,
        (
            Column("Worker", "6 workers, by increasing best score", levels=("6", "2", "4", "1", "3", "5")),
            Column("Machine", "A, B, C", levels=TEXT),
            Column("score", "productivity: number and quality of components"),
        ),
        "score ~ Machine + (0 + Machine | Worker)",
    ),
    Description(
        "Oats",
        "a split plot of oat varieties and nitrogen",
        "Six blocks, each of three whole plots (varieties), each of four subplots (nitrogen concentrations).",
        _NLME,
        "Yates, F. (1935). Complex experiments. Journal of the Royal Statistical Society, Supplement 2, "
        "181-247.",
        72,
        (
            Column("Block", "6 blocks", levels=("VI", "V", "III", "IV", "II", "I")),
            Column("Variety", "Golden Rain, Marvellous, Victory", levels=TEXT),
            Column("nitro", "nitrogen concentration", "cwt/acre"),
            Column("yield", "yield", "bushels/acre"),
        ),
        "yield ~ nitro + Variety + (1 | Block/Variety)",
    ),
    Description(
        "ergoStool",
        "effort to arise from four kinds of stool",
        "Nine subjects tried each of four stools once: a randomised block design.",
        _NLME,
        "Wretenberg, P., Arborelius, U. P. & Lindberg, F. (1993). The effects of a pneumatic stool and a "
        "one-legged stool on lower limb joint load and muscular activity. Ergonomics 36, 519-535; as "
        f"cited by {_DEVORE}.",
        36,
        (
            Column("effort", "effort on the Borg scale"),
            Column("Type", "4 stools, T1 to T4", levels=TEXT),
            Column("Subject", "9 subjects", levels=("8", "5", "4", "9", "6", "3", "7", "1", "2")),
        ),
        "effort ~ Type + (1 | Subject)",
    ),
    Description(
        "Rail",
        "travel time of ultrasonic waves in railway rails",
        "Six rails chosen at random, each measured three times: a one-way layout with a large variance "
        "between groups.",
        _NLME,
        f"{_DEVORE}, example 10.10.",
        18,
        (
            Column("Rail", "6 rails, by increasing travel time", levels=("2", "5", "1", "6", "3", "4")),
            Column("travel", "travel time minus 36,100", "ns"),
        ),
        "travel ~ 1 + (1 | Rail)",
    ),
    Description(
        "Oxide",
        "thickness of the oxide layer on silicon wafers",
        "Three sites on each of three wafers from each of eight lots, four lots from each of two sources: "
        "nested. Wafers are called 1 to 3 in every lot.",
        _NLME,
        "Littell, R. C., Milliken, G. A., Stroup, W. W. & Wolfinger, R. D. (1996). SAS System for Mixed "
        "Models. SAS Institute, p. 155.",
        72,
        (
            Column("Source", "2 sources", levels=NUMBERS),
            Column("Lot", "8 lots", levels=NUMBERS),
            Column("Wafer", "wafer within the lot, 1 to 3", levels=NUMBERS),
            Column("Site", "site on the wafer, 1 to 3", levels=NUMBERS),
            Column("Thickness", "thickness of the layer"),
        ),
        "Thickness ~ 1 + (1 | Lot/Wafer)",
    ),
)
