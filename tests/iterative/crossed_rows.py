"""Crossed rows, and fits to them by iterations and by the exact kinds."""

import functools

import numpy as np
import pandas as pd
import ranef

FORMULAS = {
    "two factors": "y ~ x + (1 | u) + (1 | i)",
    "three factors": "y ~ x + (1 | u) + (1 | i) + (1 | k)",
    "vectors": "y ~ x + z + (x | u) + (z | i)",
    "uncorrelated, other slopes": "y ~ x + z + (x || u) + (0 + z | i) + (1 | k)",
}
FEW = ranef.Iterations(error=0.05)


@functools.cache
def data(n=4000, users=300, items=150, seed=3):
    """Crossed data with slopes; items are met by popularity."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (np.arange(items) + 5.0)
    frame = pd.DataFrame(
        {
            "u": rng.integers(0, users, n),
            "i": rng.choice(items, n, p=popularity / popularity.sum()),
            "k": rng.integers(0, 20, n),
            "x": rng.normal(size=n),
            "z": rng.normal(2, 3, size=n),
            "w": rng.uniform(0.5, 2, size=n),
        }
    )
    effects = 0.7 * rng.normal(size=users)[frame.u] + 0.5 * rng.normal(size=items)[frame.i]
    slopes = 0.3 * frame.x * rng.normal(size=users)[frame.u] + 0.1 * frame.z * rng.normal(size=items)[frame.i]
    frame["y"] = (
        1 + 0.5 * frame.x + effects + 0.4 * rng.normal(size=20)[frame.k] + slopes + rng.normal(size=n)
    )
    return frame


@functools.cache
def pair(name, reml=True, weights=None):
    """(by iterations, exact)"""
    formula = FORMULAS[name]
    iterative = ranef.lmer(formula, data(), reml, weights, schur="iterative", iterations=FEW)
    return iterative, ranef.lmer(formula, data(), reml, weights, schur="dense")
