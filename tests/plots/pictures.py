"""Every picture that is compared with a baseline: name -> a function that draws it.

`python -m tests.plots.pictures FOLDER` writes them at paper and screen size, to be looked at.
"""

import functools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import ranef
from ranef import plots


@functools.cache
def data(name):
    return ranef.datasets.load(name)


@functools.cache
def fit(name, formula, reml=True):
    return ranef.lmer(formula, data(name), reml=reml)


def gappy():
    return fit("sleep_gappy", "reaction ~ days + (days | subject)")


def lines():
    return fit("sleep_gappy", "reaction ~ days + (1 | subject)")


def dye(name="Dyestuff"):
    return fit(name, "Yield ~ 1 + (1 | Batch)")


def pastes():
    return fit("Pastes", "strength ~ 1 + (1 | batch/cask)")


def oats():
    return fit("Oats", "yield ~ nitro * Variety + (1 | Block/Variety)")


@functools.cache
def cows():
    return ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data("cbpp"))


def machines():
    return fit("Machines", "score ~ Machine + (1 | Worker)")


def exam():
    return fit("Exam", "normexam ~ standLRT + (standLRT | school)")


def girls():
    return fit("Exam", "normexam ~ standLRT * sex + type + schavg + (standLRT | school)")


def chem():
    return fit("Chem97", "score ~ gcsecnt + (1 | lea/school)")


def chem_slopes():
    return fit("Chem97", "score ~ gcsecnt + (gcsecnt | school)")


@functools.cache
def replicates():
    return gappy().bootstrap(1000, seed=1, progress=False)


@functools.cache
def profiled():
    return fit("sleep_gappy", "reaction ~ days + (days | subject)", reml=False).profile()


def curve(groups=(20,)):
    """What `ranef.power_curve` returns, by a formula: another draw of studies is not another picture."""
    grid = [(effect, count) for effect in (2.0, 4.0, 6.0, 8.0) for count in groups]
    table = pd.DataFrame(grid, columns=["effect", "groups"]).assign(per_group=10.0, n=200, failed=0)
    table["power"] = 1 / (1 + np.exp(4 - 0.2 * table["effect"] * np.sqrt(table["groups"])))
    half = 1.96 * np.sqrt(table["power"] * (1 - table["power"]) / 200)
    table = table.assign(nobs=10 * table["groups"], lower=table["power"] - half, upper=table["power"] + half)
    table.attrs["coefficient"] = "days"
    return table


def several():
    formulas = ("nitro", "nitro + Variety", "nitro * Variety")
    return [fit("Oats", f"yield ~ {text} + (1 | Block/Variety)") for text in formulas]


CHOSEN = ["Intercept", "days", "sigma", "sd[subject.Intercept]", "sd[subject.days]"]

PICTURES = {
    "bootstrap": lambda: plots.bootstrap(replicates()),
    "bootstrap_one": lambda: plots.bootstrap(replicates(), "days"),
    "bootstrap_pairs": lambda: plots.bootstrap_pairs(replicates(), CHOSEN[1:]),
    "caterpillar": lambda: plots.caterpillar(gappy()),
    "caterpillar_many": lambda: plots.caterpillar(exam()),
    "caterpillar_band": lambda: plots.caterpillar(chem(), "school:lea"),
    "coefficients": lambda: plots.coefficients(*several(), names=["nitrogen", "+ variety", "interaction"]),
    "criterion_one": lambda: plots.criterion(dye()),
    "criterion_zero": lambda: plots.criterion(dye("Dyestuff2")),
    "check": lambda: plots.check(gappy(), seed=1),
    "check_many": lambda: plots.check(chem(), seed=1),
    "criterion_two": lambda: plots.criterion(pastes(), points=61),
    "comparisons": lambda: plots.comparisons(oats().comparisons("nitro", by="Variety", contrast=(0, 0.6))),
    "comparisons_ratios": lambda: plots.comparisons(cows().comparisons("period", kind="odds_ratio")),
    "comparisons_sizes": lambda: plots.comparisons(
        ranef.emmeans(machines(), "Machine").pairs().effect_size()
    ),
    "effects": lambda: plots.effects(oats().predictions("nitro", by="Variety")),
    "effects_beyond": lambda: plots.effects(oats().predictions("nitro", at={"nitro": np.linspace(0, 1, 21)})),
    "effects_panels": lambda: plots.effects(girls().predictions("standLRT", by=["sex", "type"]), "data"),
    "effects_points": lambda: plots.effects(machines().predictions("Machine")),
    "effects_shares": lambda: plots.effects(cows().predictions("period")),
    "intervals": lambda: plots.intervals(replicates()),
    "means": lambda: plots.means(ranef.emmeans(machines(), "Machine")),
    "means_lines": lambda: plots.means(
        ranef.emmeans(oats(), ["nitro", "Variety"], at={"nitro": [0, 0.2, 0.4, 0.6]})
    ),
    "means_pairs": lambda: plots.means(ranef.emmeans(machines(), "Machine").pairs()),
    "pooling": lambda: plots.pooling(gappy()),
    "power": lambda: plots.power(curve()),
    "power_lines": lambda: plots.power(curve(groups=(10, 20, 40))),
    "profile": lambda: plots.profile(profiled()),
    "profile_density": lambda: plots.profile(profiled(), kind="density"),
    "profile_pairs": lambda: plots.profile_pairs(profiled(), CHOSEN[1:]),
    "qq": lambda: plots.qq(gappy()),
    "qq_modes": lambda: plots.qq(gappy(), "subject"),
    "residuals": lambda: plots.residuals(gappy()),
    "residuals_many": lambda: plots.residuals(chem()),
    "scale_location": lambda: plots.residuals(gappy(), "scale-location"),
    "shrinkage": lambda: plots.shrinkage(gappy()),
    "shrinkage_many": lambda: plots.shrinkage(chem_slopes()),
    "simulated": lambda: plots.simulated(gappy(), seed=1),
    "slopes": lambda: plots.slopes(gappy(), seed=1),
    "slopes_parallel": lambda: plots.slopes(lines(), seed=1),
    "topographic": lambda: plots.topographic(gappy()),
    "topographic_many": lambda: plots.topographic(chem_slopes()),
}


def figure_of(axes):
    """The figure that one Axes, or the first of several, belongs to."""
    return getattr(axes, "flat", [axes])[0].figure


def main(folder, *names):
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    Path(folder).mkdir(exist_ok=True)
    for name in names or PICTURES:
        for place, width, dpi in (("screen", None, 100), ("narrow", 3.5, 150), ("wide", 7.0, 120)):
            with plots.style(width=width):
                figure_of(PICTURES[name]()).savefig(Path(folder) / f"{name}_{place}.png", dpi=dpi)
            plt.close("all")


if __name__ == "__main__":
    main(*sys.argv[1:])
