"""Where the time of a workload goes, stage by stage, and each stage's floor measured in the same process.

`python -m benchmarks.profile PROBLEM` prints one JSON list of stages. Floors:

- coding the keys: the bytes of the grouping columns in Arrow's memory and of the codes, at memory bandwidth;
- the pass over the rows: their bytes at the measured memory bandwidth;
- an evaluation with a dense Schur complement: Cholesky and inverse of that order by the BLAS the core links;
- an evaluation of one grouping factor: the bytes of the groups' cross-products at memory bandwidth.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pyarrow
import ranef
from ranef import _core
from ranef.cross_products import cross_products
from ranef.design import build_design

from benchmarks import machine
from benchmarks.measure import clock
from benchmarks.problems import problem

GIGA = 1e9


class Profile:
    """Collects stages of one problem."""

    def __init__(self, name):
        self.problem = problem(name)
        self.frame = self.problem.frame()
        self.repeats = 1 if self.problem.huge else 5
        self.stages = []

    def add(self, stage, seconds, **more):
        place = {"number": self.problem.number, "problem": self.problem.name}
        self.stages.append(place | {"stage": stage, "seconds": seconds} | more)

    def run(self):
        whole = self.end_to_end()
        self.speed = machine.bandwidth()
        design = self.rows()
        evaluations = self.criterion(design)
        known = sum(stage["seconds"] for stage in self.stages if stage["stage"] in COUNTED)
        self.add("tables, estimates, the rest", max(0.0, whole - known))
        self.add("end to end", whole, count=evaluations)
        return self.stages

    def end_to_end(self):
        def call():
            fit = ranef.lmer(self.problem.formula, self.frame)
            return fit.bse

        if not self.problem.huge:
            call()
        return clock(call, self.repeats)[0]

    def rows(self):
        """What touches the rows."""
        seconds, design = clock(lambda: build_design(self.problem.formula, self.frame), self.repeats)
        size = self.key_bytes(design)
        floor = self.at_bandwidth(size, "reading the keys")
        self.add("formula, keys, columns", seconds, gbyte=size / GIGA, **floor)
        seconds, cross = clock(lambda: cross_products(design), self.repeats)
        size = self.row_bytes(design)
        self.add("cross-products", seconds, gbyte=size / GIGA, **self.at_bandwidth(size, "reading the rows"))
        self.cross = cross
        seconds, self.response = clock(lambda: cross.response(design.response), self.repeats)
        size = 8.0 * design.nobs + sum(4.0 * design.nobs for _ in cross.factors) + design.X.nbytes
        self.add("the response's", seconds, gbyte=size / GIGA, **self.at_bandwidth(size, "reading the rows"))
        return design

    def key_bytes(self, design):
        """Of the grouping columns, and of the codes made of them."""
        columns = {name for term in design.terms for name in term.group.split(":")}
        return sum(pyarrow.array(self.frame[name]).nbytes + 4.0 * design.nobs for name in sorted(columns))

    def row_bytes(self, design):
        bases = sum(term.basis.nbytes for term in design.terms if len(term.columns) > 1)
        return design.X.nbytes + bases + sum(4.0 * design.nobs for _ in {t.group for t in design.terms})

    def at_bandwidth(self, size, what):
        return {"floor": size / self.speed, "floor_is": f"{what} at {self.speed / GIGA:.3g} GB/s"}

    def criterion(self, design):
        """What does not touch the rows."""
        seconds, reml = clock(lambda: _core.Problem(self.cross.design, reml=True), self.repeats)
        self.add("plan", seconds)
        seconds, optimum = clock(lambda: reml.fit(self.response), self.repeats)
        count = optimum.evaluations
        plan = reml.plan
        large = plan["leading"] == "groups" and plan["order"] > 256
        work = self.dense(design, plan) if large else self.groups(design)
        scaled = {key: work[key] * count for key in ("gflop", "gbyte", "floor") if key in work}
        self.add("optimum", seconds, count=count, **scaled, floor_is=work["floor_is"])
        theta = optimum.theta
        self.add("estimates at the optimum", clock(lambda: reml.solve(self.response, theta), self.repeats)[0])
        beside = 1.01 * theta  # the fit's own state still stands at theta: nothing would be evaluated there
        self.add("one value", clock(lambda: reml.value(self.response, beside), self.repeats)[0])
        self.add(
            "one value with gradient", clock(lambda: reml.gradient(self.response, theta), self.repeats)[0]
        )
        if "pair_gflop" in work:
            self.add("Cholesky alone", work["cholesky"])
            self.add("inverse alone", work["inverse"])
        return count

    def dense(self, design, plan):
        """Cholesky and inverse of the Schur complement, and the rank update that fills it."""
        order = int(plan["order"])
        cholesky, inverse = machine.cholesky_and_inverse(order, 1 if order > 5000 else 3)
        pairs = self.pairs(design, plan)
        speed = order**3 / (cholesky + inverse) / GIGA
        return {
            "gflop": (float(order) ** 3 + 2.0 * pairs) / GIGA,
            "gbyte": 8.0 * pairs / GIGA,
            "floor": cholesky + inverse,
            "floor_is": f"evaluations x (Cholesky + inverse of order {order}, {speed:.3g} GFLOP/s)",
            "pair_gflop": 2.0 * pairs / GIGA,
            "cholesky": cholesky,
            "inverse": inverse,
        }

    def pairs(self, design, plan):
        """Products of columns that the groups of the leading factor add to the Schur complement."""
        leading = self.cross.factors[plan["leading_factor"]].group
        factors = {term.group: term.factor for term in design.terms}
        first = factors.pop(leading)
        met = np.zeros(first.n_levels)
        for other in factors.values():
            seen = np.unique(first.codes.astype(np.int64) * other.n_levels + other.codes)
            met += np.bincount(seen // other.n_levels, minlength=first.n_levels)
        return float((met * (met + 1) / 2).sum())

    def groups(self, design):
        """One grouping factor: read G_j, A_j and the response's part of every group once."""
        levels = design.terms[0].factor.n_levels
        r, p = sum(len(term.columns) for term in design.terms), design.X.shape[1]
        size = 8.0 * levels * (r * r + r * (p + 1))
        flop = levels * (r**3 + 2.0 * r * r * (p + 1) + 2.0 * r * (p + 1) ** 2)
        floor = self.at_bandwidth(size, "evaluations x reading the groups' cross-products")
        return {"gflop": flop / GIGA, "gbyte": size / GIGA} | floor


COUNTED = (
    "formula, keys, columns",
    "cross-products",
    "the response's",
    "plan",
    "optimum",
    "estimates at the optimum",
)


def main(name):
    print(json.dumps(Profile(name).run()))


if __name__ == "__main__":
    main(sys.argv[1])
