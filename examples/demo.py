"""ranef in one minute: two fits, ten thousand refits, a picture.   make demo, or python examples/demo.py"""

import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws to a file, needs no screen

import ranef

REPLICATES = 10_000
PICTURE = Path("build") / "demo_bootstrap.png"
seconds = {}


@contextmanager
def step(name):
    """Time one step."""
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


heading("Reaction times under sleep deprivation: a line for each of 20 subjects, two of them hardly observed")
with step("read the sleep data"):
    sleep = ranef.datasets.load("sleep_gappy")
with step("fit, 183 rows"):
    fit = ranef.lmer("reaction ~ days + (days | subject)", sleep)
print(fit.summary())
print(f"\nWhy this is the optimum: {fit.optimum}")

heading("73,421 ratings of 1,128 lecturers by 2,972 students in 14 departments: crossed factors")
with step("read InstEval"):
    ratings = ranef.datasets.load("InstEval")
with step("fit, 73,421 rows"):
    lecturers = ranef.lmer("y ~ service + (1 | s) + (1 | d) + (1 | dept)", ratings)
print(lecturers.summary())

heading(f"{REPLICATES:,} bootstrap refits of the first model")
with step("compile (once, kept on disk)"):
    fit.bootstrap(1, seed=0, progress=False)
with step(f"bootstrap, {REPLICATES:,} refits"):
    boot = fit.bootstrap(REPLICATES, seed=1)
print(boot)

with step("draw the picture"):
    PICTURE.parent.mkdir(exist_ok=True)
    axes = ranef.plots.bootstrap(boot)
    axes[0].figure.savefig(PICTURE, dpi=150)

heading("What it took")
for name, spent in seconds.items():
    print(f"{name:<30}{spent:8.3f} s")
print(f"\nThe bootstrap distributions: {PICTURE}")
