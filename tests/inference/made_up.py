"""Small unbalanced designs of every structure, drawn with a seed."""

import numpy as np
import pandas as pd

FORMULAS = (
    "y ~ x + (1 | a)",
    "y ~ x + z + (x | a)",
    "y ~ x + (x | a) + (1 | b)",
    "y ~ x * z + (x | a) + (z | b) + (1 | c)",
    "y ~ x + (1 | part / a)",
    "y ~ x + (x || a) + (z | b)",
    "y ~ z + (0 + c | a) + (1 | b)",
    "y ~ c + (1 | big) + (x | a)",
    "y ~ x + (1 | many) + (1 | big)",
    "y ~ x + (x | many) + (z | big)",
)


def made_up_data(n=90, seed=3):
    """A frame with factors a (8 levels), b (6), c (4), part (3, a is nested in it), big (40), many (60)."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "x": random.normal(5, 3, n),
        "z": random.normal(size=n),
        "a": random.integers(0, 8, n),
        "b": random.integers(0, 6, n),
        "c": random.integers(0, 4, n),
        "big": random.integers(0, 40, n),
        "many": random.integers(0, 60, n),
        "w": random.uniform(0.5, 3, n),
    })
    frame["part"] = frame["a"] % 3
    effect = random.normal(size=8)
    frame["y"] = 0.1 * frame["x"] + effect[frame["a"]] + random.normal(size=n)
    for name in ("a", "b", "c", "big", "many", "part"):
        frame[name] = pd.Categorical(name + frame[name].astype(str))
    return frame


def dense_crossing(rows=400, seed=5):
    """Two crossed factors where every level of the larger one meets most levels of the smaller one."""
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 40, rows), random.integers(0, 30, rows)
    return pd.DataFrame({
        "x": random.normal(size=rows),
        "a": pd.Categorical(a.astype(str)),
        "b": pd.Categorical(b.astype(str)),
        "w": random.uniform(0.5, 3, rows),
        "y": random.normal(size=40)[a] + random.normal(size=30)[b] + random.normal(size=rows),
    })
