"""The stages between a formula and an answer, each built once per process, so that a benchmark times one of
them alone.

Straight on the extension module: the public `ranef.Model` hides exactly the borders that are measured here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from ranef import _core
from ranef.design import build_design

from benchmarks.problems import problem


@dataclass(frozen=True)
class Stages:
    design: object
    rows: object
    cross: object
    response: object
    reml: object  # _core.Problem


def factors_of(design):
    """The design's terms as `_core.Rows` takes them: one entry per distinct grouping factor."""
    factors, theta = {}, 0
    for term in design.terms:
        entry = {"codes": term.factor.codes, "levels": len(term.factor.levels), "blocks": []}
        entry = factors.setdefault(term.group, entry)
        entry["blocks"].append({"basis": term.basis, "intercept": term.intercept, "theta": theta})
        width = term.basis.shape[1]
        theta += width * (width + 1) // 2
    return list(factors.values())


def rows_of(design):
    return _core.Rows(design.X, design.constant, factors_of(design), design.weights)


@functools.cache
def stages(name):
    """Every stage of a problem by name."""
    p = problem(name)
    design = build_design(p.formula, p.frame())
    rows = rows_of(design)
    cross = _core.DesignCross(rows)
    response = _core.ResponseCross(rows, cross, np.asarray(design.response))
    return Stages(design, rows, cross, response, _core.Problem(cross, reml=True))
