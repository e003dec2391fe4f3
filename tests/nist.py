"""NIST StRD one-way layouts SmLs01 .. SmLs09 by their rule, and the exact answers of the balanced one-way
random-effects model.

Nine groups; group i has mean c + 0.4 + (0, -0.1, +0.1, -0.1, ..., +0.1) and r observations: one at the mean,
half of the rest 0.1 below, half 0.1 above; r = 21, 201, 2001 and c = 1, 10^6, 10^12. Source: NIST
Statistical Reference Datasets, Analysis of Variance, after Simon & Lesage (1989), Assessing the accuracy of
ANOVA calculations in statistical software, Comput. Stat. Data Anal. 8, 325-332.

Certified, in closed form: SSB = 0.08 r (8 degrees of freedom), SSW = 0.09 (r - 1) (9 (r - 1)), F = r. In
double precision 10^12 + 0.4 is not what is stored, so a perfect program does not return the certified digits
there; `stored()` gives the exact answer for the numbers as stored::

    layout = one_way("SmLs08")
    fit = ranef.lmer("y ~ 1 + (1 | group)", layout.frame())
    answer = layout.stored()            # or layout.certified()
    answer.sigma(), answer.theta(reml=True), answer.se(reml=True), answer.criterion(reml=True)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pandas as pd

GROUPS = 9
NAMES = tuple(f"SmLs0{i}" for i in range(1, 10))


@dataclass(frozen=True)
class OneWayAnswer:
    """Maximum likelihood and REML in closed form from the sums of squares of a balanced one-way layout (F >
    9/8 assumed)."""

    groups: int
    replicates: int
    mean: float
    between: float  # sum of squares, groups - 1 degrees of freedom
    within: float  # sum of squares, groups * (replicates - 1) degrees of freedom

    @property
    def nobs(self):
        return self.groups * self.replicates

    @property
    def within_mean_square(self):
        return self.within / (self.nobs - self.groups)

    @property
    def f_statistic(self):
        return self.between / (self.groups - 1) / self.within_mean_square

    def sigma(self):
        """Residual sd: the root of the within mean square, for REML and ML alike."""
        return math.sqrt(self.within_mean_square)

    def inflation(self, reml=True):
        """1 + r theta^2, the eigenvalue of H that belongs to a group's mean: F for REML, (k-1)/k F for ML."""
        return self.f_statistic * (1 if reml else (self.groups - 1) / self.groups)

    def theta(self, reml=True):
        """sd of the groups over the residual sd."""
        return math.sqrt((self.inflation(reml) - 1) / self.replicates)

    def se(self, reml=True):
        """Standard error of the mean."""
        return math.sqrt(self.within_mean_square * self.inflation(reml) / self.nobs)

    def criterion(self, reml=True):
        """The REML criterion or the deviance at the optimum."""
        inflation = self.inflation(reml)
        nu = self.nobs - 1 if reml else self.nobs
        value = self.groups * math.log(inflation) + nu * (1 + math.log(2 * math.pi * self.within_mean_square))
        return value + (math.log(self.nobs / inflation) if reml else 0.0)


@dataclass(frozen=True)
class OneWay:
    """One data set's rule."""

    name: str
    replicates: int
    shift: int

    def __str__(self):
        return self.name

    def values(self):
        """The response, groups x replicates, each number the double nearest to its decimal."""
        means = 4 + np.array([0, -1, 1, -1, 1, -1, 1, -1, 1])
        within = np.append(0, np.tile([-1, 1], (self.replicates - 1) // 2))
        return (10 * self.shift + means[:, None] + within) / 10

    def frame(self):
        """DataFrame with y and group ("1" .. "9"), 9 r rows."""
        groups = np.repeat([str(i) for i in range(1, GROUPS + 1)], self.replicates)
        return pd.DataFrame({"y": self.values().ravel(), "group": groups})

    def certified(self):
        """The answer for the decimals of the definition."""
        r = self.replicates
        return OneWayAnswer(GROUPS, r, self.shift + 0.4, 8 * r / 100, 9 * (r - 1) / 100)

    def stored(self):
        """The answer for the doubles, by rational arithmetic."""
        rows = [[Fraction(float(value)) for value in row] for row in self.values()]
        means = [sum(row) / self.replicates for row in rows]
        mean = sum(means) / GROUPS
        between = self.replicates * sum((m - mean) ** 2 for m in means)
        within = sum((value - m) ** 2 for row, m in zip(rows, means, strict=True) for value in row)
        return OneWayAnswer(GROUPS, self.replicates, float(mean), float(between), float(within))


def one_way(name):
    """The layout "SmLs01" .. "SmLs09"."""
    index = NAMES.index(name)
    return OneWay(name, (21, 201, 2001)[index % 3], (1, 10**6, 10**12)[index // 3])


def all_layouts():
    return [one_way(name) for name in NAMES]
