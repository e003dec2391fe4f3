"""Draw the pictures of README.md and docs/: python tools/make_docs_images.py"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import ranef

FOLDER = Path(__file__).parents[1] / "docs" / "images"


def save(axes, name):
    """Write the figure that the Axes belong to."""
    figure = (axes if hasattr(axes, "figure") else axes[0]).figure
    figure.savefig(FOLDER / f"{name}.png", dpi=110, metadata={"Software": None})
    print(f"docs/images/{name}.png")


FOLDER.mkdir(exist_ok=True)
fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
save(ranef.plots.pooling(fit), "pooling")
save(ranef.plots.shrinkage(fit), "shrinkage")
save(ranef.plots.caterpillar(fit), "caterpillar")
save(ranef.plots.bootstrap(fit.bootstrap(10_000, seed=1, progress=False)), "bootstrap")
