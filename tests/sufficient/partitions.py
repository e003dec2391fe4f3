"""Parts of data whose levels are partly their own, for every engine."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

FORMULA = "y ~ x * f + (x | g) + (1 | h)"


def rows(part):
    """One partition; its levels are partly its own."""
    rng = np.random.default_rng(part)
    n = 150
    frame = pd.DataFrame({"x": rng.normal(size=n) + 5, "f": rng.choice(["a", "b", f"c{part % 3}"], n)})
    frame["g"], frame["h"] = rng.integers(0, 8 + part, n), rng.choice(["u", "v", f"of {part}"], n)
    frame["y"] = frame.x + rng.normal(size=n)
    return frame


def die_once(part, folder):
    """The same partition; the first worker that reads number 3 ends on the spot."""
    mark = Path(folder) / "died"
    if part == 3 and not mark.exists():
        mark.touch()
        os._exit(1)
    return rows(part)
