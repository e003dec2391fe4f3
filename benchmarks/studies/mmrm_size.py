"""Size of the tests of a trial's treatment effect at 5 % on 1,000 null trials with dropout.

Two arms, four visits, an unstructured covariance, 20 and 50 subjects; after the first visit a subject leaves
with probability 0.1 at each. Tested: the difference at the last visit, and the joint test of arm by visit.

    python -m benchmarks.studies.mmrm_size > benchmarks/studies/mmrm_size.txt
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import ranef

TRIALS, ALPHA, VISITS = 1000, 0.05, 4
METHODS = ("normal", "satterthwaite", "kenward-roger", "kenward-roger-linear")
SIGMA = np.array([[1.0, 0.6, 0.5, 0.4], [0.6, 1.4, 0.9, 0.7], [0.5, 0.9, 1.8, 1.2], [0.4, 0.7, 1.2, 2.2]])
JOINT = "arm[T.b]:visit[T.2] = 0, arm[T.b]:visit[T.3] = 0, arm[T.b]:visit[T.4] = 0"


def null_trial(subjects: int, random: np.random.Generator) -> pd.DataFrame:
    """Rows of a trial without an effect."""
    y = random.multivariate_normal(np.zeros(VISITS), SIGMA, subjects)
    stays = np.cumprod(random.uniform(size=(subjects, VISITS)) > [-1, 0.1, 0.1, 0.1], axis=1)
    who, when = np.nonzero(stays)
    arm = np.array(["a", "b"])[who % 2]
    visits = pd.Categorical.from_codes(when, [str(v + 1) for v in range(VISITS)])
    return pd.DataFrame({"y": y[who, when], "id": who, "arm": arm, "visit": visits})


def last_visit() -> np.ndarray:
    """The contrast b minus a at the last visit: arm and its interaction."""
    contrast = np.zeros(2 * VISITS)
    contrast[1] = contrast[-1] = 1.0
    return contrast


def main() -> None:
    """Print how often each test rejects."""
    for subjects in (20, 50):
        random, rejected, used = np.random.default_rng(subjects), np.zeros((2, len(METHODS))), 0
        for _ in range(TRIALS):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fit = ranef.mmrm("y ~ arm * visit + us(visit | id)", null_trial(subjects, random))
            if not fit.converged or fit.singular:
                continue
            used += 1
            for k, ddf in enumerate(METHODS):
                rejected[:, k] += [fit.test(what, ddf=ddf).p < ALPHA for what in (last_visit(), JOINT)]
        print(f"{subjects} subjects, {used} of {TRIALS} trials converged")
        table = pd.DataFrame(rejected / used, ["last visit", "arm by visit"], METHODS)
        print(table.round(3).to_string(), "\n")


if __name__ == "__main__":
    main()
