"""How the cost grows: twice the rows at fixed groups, and twice the groups of a one-factor model.

`python -m benchmarks.growth quick|all` prints one JSON list of points.
"""

from __future__ import annotations

import json
import sys

import ranef

from benchmarks.measure import clock
from benchmarks.simulated import one_factor

FORMULA = "y ~ x + w + (1 + x | g)"
GROUPS = 10_000
ROWS_PER_GROUP = 20
DOUBLINGS = {"quick": 4, "all": 6}


def sizes(which):
    """(series, rows, groups) of every point."""
    steps = range(DOUBLINGS[which])
    rows = [("rows", 125_000 * 2**k, GROUPS) for k in steps]
    return rows + [("groups", ROWS_PER_GROUP * 6_250 * 2**k, 6_250 * 2**k) for k in steps]


def point(series, rows, groups, repeats=5):
    """End to end, and one evaluation (value, gradient, second derivatives) of the criterion alone."""
    frame = one_factor(rows, groups)
    ranef.lmer(FORMULA, frame)
    seconds, _ = clock(lambda: ranef.lmer(FORMULA, frame), repeats)
    model = ranef.Model(FORMULA, frame)
    evaluations = model.fit().optimum.evaluations
    optimise, _ = clock(lambda: model.problem.fit(model.response), repeats)
    return {
        "series": series,
        "rows": rows,
        "groups": groups,
        "seconds": seconds,
        "evaluations": evaluations,
        "per_evaluation": optimise / evaluations,
    }


def main(which):
    print(json.dumps([point(*size) for size in sizes(which)]))


if __name__ == "__main__":
    main(sys.argv[1])
