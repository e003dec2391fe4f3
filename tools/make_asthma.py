"""Make the simulated trial that comes with ranef, on standard output.

    python tools/make_asthma.py > python/ranef/datasets/data/asthma.csv

Two arms, 200 subjects, forced expiratory volume (percent of predicted) at four visits. Variances rise over
visits, correlations fall with their distance, and subjects who do worse miss more of the visits that
follow.
"""

import csv
import sys

import numpy as np

SUBJECTS, WEEKS = 200, (4, 8, 12, 16)
SD = np.array([7.0, 7.6, 8.3, 9.4])
CORRELATION = np.array(
    [
        [1.00, 0.62, 0.48, 0.40],
        [0.62, 1.00, 0.65, 0.52],
        [0.48, 0.65, 1.00, 0.68],
        [0.40, 0.52, 0.68, 1.00],
    ]
)
VISIT = np.array([0.0, 2.1, 3.6, 4.4])  # change under placebo
EFFECT = np.array([1.0, 2.2, 3.4, 4.2])  # of the treatment
REGIONS, SHIFT = ("Americas", "Asia", "Europe"), np.array([0.0, -2.5, 1.2])


def main() -> None:
    random = np.random.default_rng(20261129)
    factor = np.linalg.cholesky(CORRELATION * np.outer(SD, SD))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["id", "arm", "region", "sex", "baseline", "visit", "week", "fev1"])
    arms = random.permutation(np.repeat(["placebo", "active"], SUBJECTS // 2))
    for i in range(SUBJECTS):
        region, sex = random.integers(3), ("female", "male")[random.integers(2)]
        baseline = round(float(random.normal(48.0, 9.0)), 1)
        mean = 20.0 + 0.45 * baseline + SHIFT[region] + VISIT + (arms[i] == "active") * EFFECT
        y = mean + factor @ random.standard_normal(4)
        seen, left = [], False
        for t in range(4):
            worse = 0.0 if t == 0 else (mean[t - 1] - y[t - 1]) / SD[t - 1]
            left = left or random.random() < 0.055 + 0.035 * worse
            seen.append(not left and random.random() > 0.06)
        for t, week in enumerate(WEEKS):
            if seen[t]:
                who = [f"S{i + 1:03d}", arms[i], REGIONS[region], sex, baseline]
                out.writerow([*who, f"V{t + 1}", week, f"{y[t]:.1f}"])


if __name__ == "__main__":
    main()
