"""Write the simulated data set `schools`: students in classes in schools (1,200 rows).

    python tools/simulate_schools.py        # rewrites python/ranef/datasets/data/schools.csv.gz

Six schools (I to VI) with four classes each, fifty students in a class. Every school calls its classes
a, b, c and d, so a class is known by school and class together: `(1 | school/class)` is the right model and
`(1 | school) + (1 | class)` the tempting wrong one. Extroversion depends on school, on class within school
and on the student, and on nothing else.
"""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

TARGET = Path(__file__).parents[1] / "python" / "ranef" / "datasets" / "data" / "schools.csv.gz"
SEED = 2012

MEAN, SD_SCHOOL, SD_CLASS, SD_STUDENT = 60.0, 9.0, 3.0, 1.0
STUDENTS = 50


def simulate(seed=SEED):
    """The data frame, students in random order."""
    rng = np.random.default_rng(seed)
    school, group = (codes.ravel() for codes in np.meshgrid(range(6), range(4), indexing="ij"))
    mean = MEAN + rng.normal(0, SD_SCHOOL, 6)[school] + rng.normal(0, SD_CLASS, 24)
    school, group, mean = (np.repeat(values, STUDENTS) for values in (school, group, mean))
    n = mean.size
    columns = {
        "extro": mean + rng.normal(0, SD_STUDENT, n),
        "open": rng.normal(40, 6, n),
        "agree": rng.normal(35, 5, n),
        "social": rng.normal(100, 16, n),
    }
    frame = pd.DataFrame({name: np.round(values, 2) for name, values in columns.items()})
    frame["class"] = np.array(list("abcd"))[group]
    frame["school"] = np.array(["I", "II", "III", "IV", "V", "VI"])[school]
    frame = frame.iloc[rng.permutation(n)].reset_index(drop=True)
    frame.insert(0, "id", np.arange(1, n + 1))
    return frame


if __name__ == "__main__":
    text = simulate().to_csv(index=False, lineterminator="\n")
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"wrote {TARGET.name}")
