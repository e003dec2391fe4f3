"""ranef in one minute: two fits, ten thousand refits, a picture.   make demo, or python examples/demo.py"""

from pathlib import Path
from time import perf_counter

import matplotlib

matplotlib.use("Agg")  # draws to a file, needs no screen

import ranef

PICTURE = Path("build") / "demo_bootstrap.png"
spent = {}


def timed(what, work):
    start = perf_counter()
    answer = work()
    spent[what] = perf_counter() - start
    return answer


print("Reaction times under sleep deprivation: a line for each of 20 subjects, two of them hardly observed\n")
sleep = timed("read sleep data", lambda: ranef.datasets.load("sleep_gappy"))
fit = timed("fit, 183 rows", lambda: ranef.lmer("reaction ~ days + (days | subject)", sleep))
print(fit.summary(), f"\n\nWhy this is the optimum: {fit.optimum}\n")

print("73,421 ratings of 1,128 lecturers by 2,972 students in 14 departments: crossed factors\n")
ratings = timed("read InstEval", lambda: ranef.datasets.load("InstEval"))
formula = "y ~ service + (1 | s) + (1 | d) + (1 | dept)"
print(timed("fit, 73,421 rows", lambda: ranef.lmer(formula, ratings)).summary(), "\n")

boot = timed("10,000 bootstrap refits", lambda: fit.bootstrap(10_000, seed=1))
print(boot, "\n\nWhat it took")
PICTURE.parent.mkdir(exist_ok=True)
timed("draw the picture", lambda: ranef.plots.bootstrap(boot)[0].figure.savefig(PICTURE, dpi=150))
print(*(f"{what:<30}{seconds:8.3f} s" for what, seconds in spent.items()), sep="\n")
print(f"\nThe bootstrap distributions: {PICTURE}")
