"""Draw the picture of README.md: python tools/make_docs_images.py (docs/ has its own drawn as it is built)"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import ranef

PICTURE = Path("docs") / "images" / "pooling.png"

fit = ranef.lmer("reaction ~ days + (days | subject)", ranef.datasets.load("sleep_gappy"))
axes = ranef.plots.pooling(fit)
axes[0].figure.savefig(Path(__file__).parents[1] / PICTURE, dpi=110, metadata={"Software": None})
print(PICTURE)
