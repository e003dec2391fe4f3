"""Made-up repeated measures with missing visits, as a table and as arrays for the dense oracle."""

import numpy as np
import pandas as pd
from repeated.visits_oracle import Dense

WEEKS = np.array([1.0, 2.0, 4.0, 7.0])


def table(seed=3, subjects=45, visits=4, missing=0.25):
    """A table with a random order of rows, two arms, a covariate far from zero, weights."""
    random = np.random.default_rng(seed)
    rows = []
    for i in range(subjects):
        base, level = random.normal(500, 20), random.normal(0, 2)
        for t in range(visits):
            if random.random() > missing or t == i % visits:
                y = 3 + 0.1 * (base - 500) + (i % 2) * t + level + random.normal(0, 1 + 0.5 * t)
                rows.append((f"s{i:02d}", "ab"[i % 2], t + 1, WEEKS[t], base, random.uniform(0.5, 2), y))
    frame = pd.DataFrame(rows, columns=["id", "arm", "visit", "week", "base", "w", "y"])
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def dense(frame, by_arm=False, weights=False, reml=True):
    """The same for the oracle, with the columns Intercept, arm[T.b], visit, base of "arm + visit + base"."""
    arm = (frame.arm == "b").to_numpy(int)
    X = np.column_stack([np.ones(len(frame)), arm, frame.visit, frame.base])
    return Dense(
        X,
        frame.y.to_numpy(),
        pd.factorize(frame.id)[0],
        frame.visit.to_numpy() - 1,
        arm if by_arm else None,
        frame.w.to_numpy() if weights else None,
        reml,
    )
